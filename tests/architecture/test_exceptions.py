"""Catching everything is for the edges: translators of doors, the runners of loops and the lane, launch back-ends."""

from __future__ import annotations

import ast

from tests.architecture.rooms import SOURCE, label, parse, python_files

EDGES = (
    "rest/",
    "compat/",
    "pages/",
    "cli/main.py",
    "loops/runner.py",
    "loops/isolation.py",
    "dispatch/lane/queue.py",
    "dispatch/refusal_book.py",
    "launch/backends/",
    "worker/run.py",
    "client/",
)
EVERYTHING = {"Exception", "BaseException"}


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Whether it would catch any error at all."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in EVERYTHING) for kind in kinds)


def passes_it_on(handler: ast.ExceptHandler) -> bool:
    """Whether it ends by raising what it caught again: cleaning up, not swallowing."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_only_the_edges_catch_everything() -> None:
    inside = [
        f"{label(path)}:{node.lineno}"
        for path in python_files()
        if not path.relative_to(SOURCE).as_posix().startswith(EDGES)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node) and not passes_it_on(node)
    ]
    assert inside == []


def test_each_door_has_at_most_one_translator() -> None:
    for door in ("rest", "compat", "pages"):
        translators = {
            label(path)
            for path in python_files(SOURCE / door)
            for node in ast.walk(parse(path))
            if isinstance(node, ast.ExceptHandler) and catches_everything(node)
        }
        assert len(translators) <= 1
