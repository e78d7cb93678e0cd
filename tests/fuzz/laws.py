"""What must hold for any text that somebody sends as a query. Needs no database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sutler.base.reading import conditions
from sutler.catalog.model import KeyKind
from sutler.catalog.mql import (
    AllFiles,
    DatasetQuery,
    FileQuery,
    Filtered,
    GivenFiles,
    MqlError,
    Query,
    QuerySearch,
    Scope,
    SelectedBy,
    compile_datasets,
    compile_files,
    compile_search,
    compile_sources,
    expand,
    find_kind,
    is_in_order,
    names_in,
    operands_of,
    outline,
    parse,
    parse_query,
    rebuild,
    selection,
    to_text,
)
from sutler.catalog.mql.compile import select_in_order
from sutler.database import sql
from sutler.database.sql import Fragment

DEFAULT_NAMESPACE = "t"
PLACE = (datetime(2021, 1, 2, tzinfo=UTC), "f02")
LONGEST_ERROR = 1200
SQL_AT_LEAST, SQL_PER_CHARACTER = 3000, 800
"""How long a statement may be: so much, and so much more for each character of its query."""

_NOT_PLAIN = re.compile(r"traceback|0x[0-9a-f]{6}|<class|nonetype|error\(|asyncpg|sre_", re.IGNORECASE)
_SQL_TOKEN = re.compile(r"\$[0-9]+|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|'[^']*'|\S")


class EveryKey(frozenset[tuple[str, KeyKind]]):
    """A set with everything in it, as if each metadata key had an index."""

    def __contains__(self, item: object) -> bool:
        return True


EVERYTHING_RESTRICTED = Scope(("t", "u"), (1, 2), indexed_keys=EveryKey([("c.a", KeyKind.NUMBER)]))


def _literals(path: Path) -> Iterator[str]:
    """The texts that stand in a module, without those for people."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.Expr | ast.JoinedStr | ast.Raise) or not isinstance(child, ast.Constant):
                continue
            if isinstance(child.value, str):
                yield child.value


def _read_vocabulary() -> frozenset[str]:
    from sutler.catalog import mql

    folder = Path(mql.__file__).parent
    modules = [folder / f"{name}.py" for name in _COMPILING] + [Path(conditions.__file__), Path(sql.__file__)]
    return frozenset(token for path in modules for text in _literals(path) for token in _SQL_TOKEN.findall(text))


_COMPILING = (
    "attributes", "compile", "conditions", "datasets", "narrowing", "scope", "selection", "subjects",
)  # fmt: skip
VOCABULARY = _read_vocabulary()
"""Every word and sign that the compiler can write: it stands in its source."""


@dataclass
class Outcome:
    """What became of a text: the tree or the error, and the statements that were made of it."""

    tree: Query | None = None
    error: MqlError | None = None
    statements: list[Fragment] = field(default_factory=list)


def check_text(text: str, scope: Scope = EVERYTHING_RESTRICTED) -> Outcome:
    """Read, print, read again and compile a text. Raises AssertionError for whatever must not be."""
    assert find_kind(text) in {"files", "datasets", "queries"}
    try:
        tree = parse_query(text, default_namespace=DEFAULT_NAMESPACE)
    except MqlError as error:
        check_error(error, text)
        return Outcome(error=error)
    check_printed(tree)
    statements = list(compile_all(tree, scope))
    for statement in statements:
        check_statement(statement, text)
    return Outcome(tree=tree, statements=statements)


def check_error(error: MqlError, text: str) -> None:
    """An error says where in the text and what, in words for people, and not more than they want to read."""
    place = error.position
    assert place is not None, f"no position: {error}"
    assert 0 <= place.offset <= len(text)
    assert place.line == text.count("\n", 0, place.offset) + 1
    assert 1 <= place.column <= place.offset + 1
    assert error.excerpt.endswith("^")
    check_words(str(error), text)


def check_words(sentence: str, text: str) -> None:
    """A sentence is for people. What it repeats of the text may be anything."""
    assert sentence
    assert len(sentence) <= LONGEST_ERROR, f"{len(sentence)} characters: {sentence[:200]}"
    found = _NOT_PLAIN.search(sentence)
    assert found is None or found.group() in text, sentence


def check_printed(tree: Query) -> None:
    """A tree can be written, and what is written is read as the same tree."""
    printed = to_text(tree)
    again = parse_query(printed)
    assert again == tree, printed
    assert to_text(again) == printed
    assert outline(tree, {})
    kind = {DatasetQuery: "datasets", QuerySearch: "queries"}.get(type(tree), "files")
    assert find_kind(printed) == kind


def compile_all(tree: Query, scope: Scope) -> Iterator[Fragment]:
    """Every statement that is made of a query, as if its filters and named queries had been worked out."""
    match tree:
        case DatasetQuery():
            yield compile_datasets(tree, scope)
        case QuerySearch():
            yield compile_search(tree, scope)
        case _:
            yield from _compile_files(tree, scope)


def _compile_files(tree: FileQuery, scope: Scope) -> Iterator[Fragment]:
    names = [node.name for node in names_in(tree)]
    if names:
        yield compile_sources(names, scope)
    tree = without_filters(expand(tree, dict.fromkeys(names, parse("files where c.a = 1"))))
    if is_in_order(tree):
        yield select_in_order(sql.sql("f.id"), tree, scope, after=PLACE, count=3)
    yield compile_files(tree, scope)
    yield selection.select_files(tree, scope, limit=10, with_metadata=True)
    yield selection.gather_ids(tree, scope, most=5)
    yield selection.gather_candidates(tree, scope)
    yield selection.summarize_files(tree, scope)
    yield selection.count_files(tree, scope)
    yield selection.gather_keys(tree, scope)
    yield selection.estimate(selection.take_files(tree, scope, ledger_id=1, limit=3))


def without_filters(tree: FileQuery) -> FileQuery:
    """The tree with some files given in the place of each filter."""
    if isinstance(tree, Filtered):
        return GivenFiles((1, 2))
    if isinstance(tree, SelectedBy):
        return AllFiles()
    return rebuild(tree, tuple(without_filters(operand) for operand in operands_of(tree)))


def check_statement(statement: Fragment, text: str) -> None:
    """A statement is made of the compiler's own words only, and no longer than the query deserves."""
    rendered, values = statement.render()
    strange = strange_words(rendered)
    assert not strange, f"{strange} in {rendered}"
    assert len(rendered) <= SQL_AT_LEAST + SQL_PER_CHARACTER * len(text), f"{len(rendered)} for {len(text)}"
    assert rendered.count(";") == 0
    numbers = {int(number) for number in re.findall(r"\$([0-9]+)", rendered)}
    assert numbers == set(range(1, len(values) + 1))


def strange_words(statement: str) -> set[str]:
    """The words and signs of a statement that the compiler does not know."""
    return set(_placeless(_SQL_TOKEN.findall(statement))) - VOCABULARY


def _placeless(tokens: Iterable[str]) -> Iterator[str]:
    return (token for token in tokens if not token.startswith("$"))
