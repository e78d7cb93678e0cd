"""Split types that other packages bring."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import NOON

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import BUILT_IN, Cut, Facts, NFiles, QueriedFiles, load_split_types, parse_split_type

pytestmark = pytest.mark.row(82)

PAIRS = '''
from dataclasses import dataclass, field
from typing import ClassVar

from sutler.campaigns.splits import COUNT, NUMBER, Cut, Parameter, QueriedFiles, SplitType, parameter


@dataclass(frozen=True)
class Pairs(SplitType):
    """Pairs of files."""

    count: int = field(metadata=parameter(COUNT, "How many pairs a slice has."))

    name: ClassVar[str] = "pairs"
    help: ClassVar[str] = "Pairs of files."
    example: ClassVar[str] = "pairs(3)"
    uses_ledger: ClassVar[bool] = True
    position_parameter: ClassVar[Parameter] = Parameter("pair", NUMBER, "How many pairs were given out.")

    def cut(self, base, position, facts):
        return Cut(QueriedFiles(base), uses_ledger=True, limit=2 * self.count)
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package `made-up` with a module and one entry point."""

    def install(source: str = PAIRS, *, name: str = "pairs", thing: str = "Pairs") -> None:
        metadata = tmp_path / "made_up-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[sutler.split_types]\n{name} = made_up_splits:{thing}\n")
        (tmp_path / "made_up_splits.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "made_up_splits", raising=False)

    return install


def test_without_plug_ins_there_are_the_built_in_ones() -> None:
    assert load_split_types() == BUILT_IN


def test_a_split_type_of_another_package_is_read_like_a_built_in_one(install: Install) -> None:
    install()
    split = parse_split_type(" pairs( count = 3 )")
    assert split.cut("a:b", {}, Facts(NOON)) == Cut(QueriedFiles("a:b"), uses_ledger=True, limit=6)
    assert str(split) == "pairs(3)"
    assert split.describe_position({"pair": 2}) == "at 2"
    assert parse_split_type("pairs_3") == split == parse_split_type("pairs(3)", load_split_types())
    assert list(load_split_types()) == [*BUILT_IN, "pairs"]
    with pytest.raises(SplitTypeError, match=r"There is no split type 'triples'\. .*, pairs\."):
        parse_split_type("triples(3)")


def test_the_example_of_the_documentation_is_a_split_type(install: Install) -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "contributors" / "add-a-split-type.md"
    install(page.read_text(encoding="utf-8").split("```python")[1].split("```")[0])
    split = parse_split_type("pairs(3)")
    assert split.cut("a:b", {}, Facts(NOON)) == Cut(QueriedFiles("a:b"), uses_ledger=True, limit=6)
    assert split == parse_split_type(split.example)


@pytest.mark.parametrize(
    ("source", "name", "thing", "reason"),
    [
        ("import nowhere", "pairs", "Pairs", "ModuleNotFoundError: No module named 'nowhere'."),
        ("x = y", "pairs", "Pairs", "NameError: name 'y' is not defined."),
        (PAIRS, "pairs", "Trios", "has no attribute 'Trios'."),
        ("Pairs = 3", "pairs", "Pairs", "it is not a class derived from SplitType."),
        ("class Pairs: ...", "pairs", "Pairs", "it is not a class derived from SplitType."),
        (PAIRS.replace("def cut", "def cute"), "pairs", "Pairs", "it lacks cut."),
        (PAIRS.replace("    help:", "    halp:"), "pairs", "Pairs", "it lacks help."),
        (PAIRS.replace("@dataclass(frozen=True)", ""), "pairs", "Pairs", "it is not a frozen dataclass whose fields"),
        (
            PAIRS.replace("metadata=parameter(COUNT, ", "metadata=dict(about="),
            "pairs",
            "Pairs",
            "it is not a frozen dataclass whose",
        ),
        (PAIRS, "couples", "Pairs", "its class calls itself pairs."),
        (PAIRS.replace('"pairs"', '"pairs_of"'), "pairs_of", "Pairs", "its name is not made of letters and digits."),
        (PAIRS.replace('"pairs"', '"nfiles"'), "nfiles", "Pairs", "there is another split type of this name."),
    ],
)
def test_a_plug_in_that_is_broken_is_named_with_what_is_wrong(
    install: Install, source: str, name: str, thing: str, reason: str
) -> None:
    install(source, name=name, thing=thing)
    with pytest.raises(SplitTypeError) as refused:
        load_split_types()
    assert f"The split type {name} of made-up (made_up_splits:{thing}) cannot be used: " in refused.value.sentence
    assert reason in refused.value.sentence
    assert refused.value.facts == {"split_type": name, "package": "made-up"}
    assert parse_split_type("nfiles(3)") == NFiles(3)
