"""One word per idea: names in the source use the words of the glossary, not the ones it replaces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.rooms import SOURCE, label, parse, python_files

BANNED_WORDS = {
    "reservation": "lease",
    "reservations": "leases",
    "snapshot": "ledger, or config",
    "snapshots": "ledgers",
    "definition": "job type, or dataset",
    "definitions": "what is defined",
    "fetch": "get, find or list",
}
VAGUE_PLACES = {"common", "core", "helpers", "managers", "misc", "utils"}
VAGUE_VERBS = ("handle_", "process_", "do_", "manage_")


def defined_names(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the names that a file gives to things: itself, classes, functions, arguments, variables."""
    yield path.stem, 1
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def words_of(name: str) -> set[str]:
    """Split `snake_case` and `CamelCase` into lower-case words."""
    return {word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", part)}


@pytest.mark.parametrize(("banned", "better"), BANNED_WORDS.items())
def test_a_banned_synonym_names_nothing(banned: str, better: str) -> None:
    found = [
        f"{label(path)}:{line} {name}"
        for path in python_files()
        for name, line in defined_names(path)
        if banned in words_of(name)
    ]
    assert found == [], f"say {better}"


def test_no_file_or_folder_is_a_place_for_anything() -> None:
    parts = {path: set(path.relative_to(SOURCE).with_suffix("").parts) for path in python_files()}
    assert [label(path) for path in python_files() if parts[path] & VAGUE_PLACES] == []


def test_functions_say_what_they_do() -> None:
    vague = [
        f"{label(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.lstrip("_").startswith(VAGUE_VERBS)
    ]
    assert vague == []
