"""Documentation: what the code has is described, generated pages are fresh, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.rooms import ROOT, label
from typer.main import get_command

from sutler.catalog.mql import parse
from sutler.cli.main import app

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"])
PARTS = ("tutorials", "how-to", "reference", "explanation", "decisions")
GENERATED = ("errors.md", "events.md", "settings.md", "states.md", "cli.md", "rest.md")

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?:^|\$\(|\$ )\s*(?:\S*/bin/)?sutler ([^|)#\n]+)", re.MULTILINE)
_CELL = re.compile(r"^\| (`.+?`) \|", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def headings(page: Path) -> list[str]:
    """Return the headings of a page."""
    return [match.strip() for match in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))]


def anchors(page: Path) -> set[str]:
    """Return what a link may name within a page: headings in lower case, without punctuation, blanks as hyphens."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def links(page: Path) -> Iterator[str]:
    """Yield the links of a page that stay in this project."""
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def test_generated_pages_are_fresh_and_cover_errors_events_settings_states_commands_and_routes() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "write_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_describes_something(name: str) -> None:
    assert len(headings(DOCS / "reference" / name)) > 3


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_lead_to_pages_and_headings_that_are_there(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_a_page_has_one_title_and_comes_first_with_it(page: Path) -> None:
    text = re.sub(r"<!--.*?-->\s*", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", _FENCE.sub("", text), re.MULTILINE)) == 1


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        waiting += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
    assert sorted(label(page) for page in set(DOCS.rglob("*.md")) - reached) == []


def test_the_parts_of_the_documentation_are_there() -> None:
    assert [part for part in PARTS if not any((DOCS / part).rglob("*.md"))] == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def commands(page: Path) -> list[str]:
    """Return the `sutler …` commands in the examples of a page, without the word itself."""
    return [match.strip() for fence in _FENCE.findall(page.read_text("utf-8")) for match in _COMMAND.findall(fence)]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=label)
def test_commands_in_examples_exist_with_their_options(page: Path) -> None:
    unknown = []
    for line in commands(page):
        command = get_command(app)
        words = line.split(" -- ")[0].split()
        while words and words[0] in getattr(command, "commands", {}):
            command = getattr(command, "commands", {})[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        is_whole = not hasattr(command, "commands")
        if not is_whole or (command.name != "worker" and {w for w in words if w.startswith("--")} - known):
            unknown.append(line)
    assert unknown == []


def mql_examples() -> list[str]:
    """Return the queries of the language reference, with A and B filled in."""
    text = (DOCS / "reference" / "mql.md").read_text(encoding="utf-8")
    sets, conditions = (
        text.partition("## Conditions")[0],
        text.partition("## Conditions")[2].partition("A name with")[0],
    )
    queries = [code for cell in _CELL.findall(sets) for code in _CODE.findall(cell)]
    filled = [re.sub(r"\b[AB]\b", "files from a:b", query) for query in queries]
    starts = ("limit", "skip", "ordered")
    whole = [f"files {query.replace(' n', ' 5')}" if query.startswith(starts) else query for query in filled]
    terms = [code for cell in _CELL.findall(conditions) for code in _CODE.findall(cell)]
    return whole + ["files where " + re.sub(r"\b[AB]\b", "a.b = 1", term) for term in terms]


def test_the_language_reference_has_examples_of_sets_and_conditions() -> None:
    assert len(mql_examples()) > 30


@pytest.mark.parametrize("query", mql_examples())
def test_examples_of_the_language_reference_can_be_read(query: str) -> None:
    parse(query)
