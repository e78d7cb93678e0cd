"""A tree for people: one line for each set, what it is made of below it and further in."""

from __future__ import annotations

from collections.abc import Mapping

from sutler.catalog.mql.printer import condition_text, filter_text, selectors_text, to_text
from sutler.catalog.mql.selectors import DatasetQuery, QualifiedName, QuerySearch
from sutler.catalog.mql.tree import (
    AllFiles,
    FileQuery,
    FilesById,
    Filtered,
    FromDatasets,
    GivenFiles,
    Limit,
    NamedFiles,
    Ordered,
    Query,
    SelectedBy,
    Skip,
    Where,
)
from sutler.catalog.mql.walking import operands_of

SHOWN_NAMES = 5
INDENT = "  "


def outline(tree: Query, known: Mapping[QualifiedName, FileQuery]) -> str:
    """The tree as indented lines. What a named query says stands below its name, if it is `known`."""
    if isinstance(tree, DatasetQuery | QuerySearch):
        return to_text(tree)
    lines: list[str] = []
    waiting: list[tuple[int, FileQuery]] = [(0, tree)]
    while waiting:
        depth, node = waiting.pop()
        lines.append(INDENT * depth + _describe(node))
        below = operands_of(node)
        if isinstance(node, SelectedBy) and node.name in known:
            below = (known[node.name],)
        waiting.extend((depth + 1, operand) for operand in reversed(below))
    return "\n".join(lines)


def _describe(tree: FileQuery) -> str:  # noqa: PLR0911 - one return per kind of set
    match tree:
        case AllFiles():
            return "all files"
        case FromDatasets(datasets):
            return f"files from {selectors_text(datasets)}"
        case NamedFiles(names):
            return _list("files by name", [f"{name.namespace}:{name.name}" for name in names])
        case FilesById(fids):
            return _list("files by id", list(fids))
        case GivenFiles(ids):
            return f"{len(ids)} files that a filter left"
        case SelectedBy(name):
            return f"files selected by {name.namespace}:{name.name}"
        case Filtered():
            return filter_text(tree)
        case Where(_, condition):
            return f"where {condition_text(condition)}"
        case Limit(_, count):
            return f"limit {count}"
        case Skip(_, count):
            return f"skip {count}"
        case Ordered():
            return "ordered"
        case _:
            return type(tree).__name__.lower()


def _list(what: str, items: list[str]) -> str:
    more = f" and {len(items) - SHOWN_NAMES} more" if len(items) > SHOWN_NAMES else ""
    return f"{what}: {', '.join(items[:SHOWN_NAMES])}{more}"
