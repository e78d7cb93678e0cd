"""The rooms of the tree, as the architecture tests see them. The order of the street is read from the contracts."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import sutler

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sutler"
PLUMBING = ("database", "base")


@cache
def street() -> tuple[tuple[str, ...], ...]:
    """Return the rooms from top to bottom; rooms of one inner tuple are siblings."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["id"] == "rooms")
    return tuple(tuple(room.strip() for room in layer.split("|")) for layer in layers)


@cache
def subject_rooms() -> tuple[str, ...]:
    """Return the rooms that own tables and have a face: those with a store."""
    return tuple(room for layer in street() for room in layer if store_modules(room))


def store_modules(room: str) -> list[Path]:
    """Return the modules of a room that have a file of statements beside them: `store.py`, or those of `store/`."""
    places = [SOURCE / room / "store.py", *sorted((SOURCE / room / "store").glob("*.py"))]
    return [path for path in places if path.with_suffix(".sql").exists()]


def package_of(path: Path) -> str:
    """Return the package that a source file stands in, as it is imported."""
    return ".".join(("sutler", *path.parent.relative_to(SOURCE).parts))


def rooms_below(room: str) -> frozenset[str]:
    """Return the rooms that this one may call."""
    depth = next(index for index, layer in enumerate(street()) if room in layer)
    return frozenset(lower for layer in street()[depth + 1 :] for lower in layer)


def room_of(path: Path) -> str:
    """Return the room that a source file belongs to; the package's own files belong to none: ''."""
    inner = path.relative_to(SOURCE)
    return inner.parts[0] if len(inner.parts) > 1 else ""


def python_files(under: Path = SOURCE) -> list[Path]:
    """Return all source files, in order."""
    return sorted(path for path in under.rglob("*.py") if "__pycache__" not in path.parts)


@cache
def parse(path: Path) -> ast.Module:
    """Return the tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def label(path: Path) -> str:
    """Return how a file is called in messages."""
    return path.relative_to(ROOT).as_posix()


def is_program(name: str) -> bool:
    """Whether importing a module would run a program instead of defining things."""
    return name.endswith("__main__")


@cache
def import_everything() -> tuple[ModuleType, ...]:
    """Import every module of the package, so that all classes exist, and return them."""
    names = (found.name for found in pkgutil.walk_packages(sutler.__path__, "sutler."))
    return tuple(importlib.import_module(name) for name in names if not is_program(name))


def strings_without_docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the text constants of a file that are not documentation; pieces of f-strings too."""
    documentation = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            documentation |= {id(item.value) for item in node.body if isinstance(item, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node
