"""Faces: what a room's `__init__.py` lists is what other rooms use of it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.rooms import PLUMBING, SOURCE, label, parse, python_files, room_of, subject_rooms

WIRING = "server"


def imports_of(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield `(module, name, line)` for what a file takes from a module of the package."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sutler."):
            yield from ((node.module, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "", node.lineno) for alias in node.names if alias.name.startswith("sutler."))


def is_of_the_face(module: str, name: str) -> bool:
    """Whether a name is one that other rooms may take."""
    inner = module.split(".")[2:]
    if inner:
        return inner in (["model"], ["settings"])
    return not name or name in importlib.import_module(module).__all__


@pytest.mark.parametrize("room", [*subject_rooms(), "database"])
def test_a_face_is_sorted_and_whole(room: str) -> None:
    face = importlib.import_module(f"sutler.{room}")
    imported = {
        alias.asname or alias.name
        for node in parse(SOURCE / room / "__init__.py").body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    assert set(face.__all__) == imported
    assert face.__all__ == sorted(face.__all__, key=_order), "sort names like ruff does: constants, classes, functions"
    assert all(hasattr(face, name) for name in face.__all__)


@pytest.mark.parametrize("room", subject_rooms())
def test_a_face_says_what_the_room_is_and_holds_no_code(room: str) -> None:
    tree = parse(SOURCE / room / "__init__.py")
    assert len((ast.get_docstring(tree) or "").splitlines()) >= 5
    kinds = {type(node) for node in tree.body[1:]}
    assert kinds <= {ast.ImportFrom, ast.Assign}


def test_rooms_use_each_other_through_faces_and_models() -> None:
    rooms = subject_rooms()
    past_the_face = [
        f"{label(path)}:{line} takes {name or 'all'} from {module}"
        for path in python_files()
        for module, name, line in imports_of(path)
        if (room := module.split(".")[1]) in rooms and room_of(path) not in (room, WIRING)
        if not is_of_the_face(module, name)
    ]
    assert past_the_face == []


def test_plumbing_has_no_face_to_go_past() -> None:
    assert not set(PLUMBING) & set(subject_rooms())


def _order(name: str) -> tuple[int, str]:
    if name.isupper():
        return 0, name
    return (1, name) if name[:1].isupper() else (2, name)
