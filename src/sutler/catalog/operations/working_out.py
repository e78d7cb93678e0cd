"""What a query needs before it is one statement: its named queries replaced by their texts, its filters by their files.

A filter is given the files of its sets in order, so these are asked for first, from the innermost filter outwards. What
it leaves takes its place in the tree as a list of numbers, and the rest of the query is one statement again.
"""

from __future__ import annotations

import asyncio
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from sutler.catalog import mql, store
from sutler.catalog.errors import FilterTooLargeError
from sutler.catalog.mql import selection
from sutler.catalog.mql.compile import is_about_dataset
from sutler.catalog.mql.errors import shorten
from sutler.database import Tx

MAX_FILTERS = 20
"""How many filters one query may have, with those of its named queries."""

FILE_NUMBERS = "files_pkey"
"""The index of files by their numbers."""

MAX_FILTERED_FILES = 2_000_000
"""How many files a filter takes; they are all in memory while it works."""


async def work_out_in(tx: Tx, *, tree: mql.FileQuery, scope: mql.Scope, text: str = "") -> mql.FileQuery:
    """Return the same set without named queries and filters. `text` is what the tree was read from, to tell places.

    Raises MqlMeaningError for a named query that is not there or cannot be used, and for too many filters;
    FilterTooLargeError, UnreadableQueryError, QueryTooSlowError.
    """
    expanded = await expand_in(tx, tree=tree, scope=scope, text=text)
    count = sum(isinstance(node, mql.Filtered) for _, node in mql.walk(expanded))
    if count > MAX_FILTERS:
        raise mql.MqlMeaningError(f"the query has {count} filters with its named queries; {MAX_FILTERS} are allowed.")
    return await _filter(tx, expanded, scope) if count else expanded


async def expand_in(tx: Tx, *, tree: mql.FileQuery, scope: mql.Scope, text: str = "") -> mql.FileQuery:
    """Return the same set without named queries. Raises MqlMeaningError for one that is not there or not usable."""
    known = await find_named_in(tx, tree=tree, scope=scope, text=text)
    return mql.expand(tree, known) if known else tree


async def find_named_in(
    tx: Tx, *, tree: mql.FileQuery, scope: mql.Scope, text: str = ""
) -> dict[mql.QualifiedName, mql.FileQuery]:
    """Return the trees of the named queries of a tree, and of those that stand in them. Raises MqlMeaningError."""
    known: dict[mql.QualifiedName, mql.FileQuery] = {}
    wanted = {node.name: _find_place(node, text) for node in mql.names_in(tree)}
    while wanted:
        if len(known) + len(wanted) > mql.MAX_NAMED_QUERIES:
            raise mql.MqlMeaningError(f"the query is made of more than {mql.MAX_NAMED_QUERIES} named queries.")
        rows = await store.run_selection(tx, statement=mql.compile_sources(list(wanted), scope))
        sources = {mql.QualifiedName(row["namespace"], row["name"]): row["source"] for row in rows}
        for name, place in wanted.items():
            if name not in sources:
                shown = shorten(f"{name.namespace}:{name.name}")
                raise mql.MqlMeaningError(f"there is no named query {shown}.", position=place)
            known[name] = _read_source(name, sources[name])
        inner = {node.name for name in wanted for node in mql.names_in(known[name])}
        wanted = dict.fromkeys(inner - known.keys())
    return known


async def gather_ids_in(tx: Tx, *, tree: mql.FileQuery, scope: mql.Scope, most: int | None = None) -> Sequence[int]:
    """Return the numbers of all files of a tree that is worked out, in order; eight bytes each.

    With `most` those of so many files at the beginning.
    Raises UnreadableQueryError, QueryTooSlowError.
    """
    if isinstance(tree, mql.GivenFiles):
        return tree.ids
    by_members = most is None and await goes_by_members_in(tx, tree=tree, scope=scope)
    statement = selection.gather_ids(tree, scope, most=most, by_members=by_members)
    found = await store.run_selection(tx, statement=statement)
    ids = array("q", found[0]["ids"] or b"")
    if sys.byteorder == "little":
        ids.byteswap()
    return ids


async def goes_by_members_in(tx: Tx, *, tree: mql.FileQuery, scope: mql.Scope) -> bool:
    """Tell whether a condition on a dataset is best asked of each member: whether the planner would look them all up.

    Going through a list of them takes half the time, but the planner knows too little of lists to find this itself.
    Raises UnreadableQueryError.
    """
    if not is_about_dataset(tree):
        return False
    [row] = await store.run_selection(tx, statement=selection.plan_files(tree, scope))
    return any(node.get("Index Name") == FILE_NUMBERS for node in _list_nodes(row["QUERY PLAN"][0]["Plan"]))


def _list_nodes(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _list_nodes(part))]


def _find_place(node: mql.SelectedBy, text: str) -> mql.Position | None:
    return mql.Position.at(text, node.offset) if text and node.offset is not None else None


def _read_source(name: mql.QualifiedName, source: str) -> mql.FileQuery:
    try:
        return mql.parse(source, default_namespace=name.namespace)
    except mql.MqlError as error:
        raise mql.MqlMeaningError(
            f"the named query {name.namespace}:{name.name} cannot be used: {error.what}"
        ) from error


async def _filter(tx: Tx, tree: mql.FileQuery, scope: mql.Scope) -> mql.FileQuery:
    operands = tuple([await _filter(tx, operand, scope) for operand in mql.operands_of(tree)])
    match tree, operands:
        case mql.Filtered(), _:
            inputs = [await _list_candidates(tx, tree.name, operand, scope) for operand in operands]
            return await asyncio.to_thread(_apply, tree, inputs)
        case mql.Limit(_, count), (mql.GivenFiles(ids),):
            return mql.GivenFiles(ids[:count])
        case _:
            return mql.rebuild(tree, operands)


def _apply(tree: mql.Filtered, inputs: Sequence[Sequence[mql.Candidate]]) -> mql.GivenFiles:
    return mql.GivenFiles(tuple(file.id for file in mql.read_filter(tree).apply(inputs)))


async def _list_candidates(tx: Tx, name: str, tree: mql.FileQuery, scope: mql.Scope) -> list[mql.Candidate]:
    limited = mql.limit(tree, MAX_FILTERED_FILES + 1)
    found = (await store.run_selection(tx, statement=selection.gather_candidates(limited, scope)))[0]
    ids, fids = found["ids"] or [], found["fids"] or []
    if len(ids) > MAX_FILTERED_FILES:
        raise FilterTooLargeError(name, MAX_FILTERED_FILES)
    if isinstance(tree, mql.GivenFiles):
        fid_of: Mapping[int, str] = dict(zip(ids, fids, strict=True))
        return [mql.Candidate(number, fid_of[number]) for number in tree.ids]
    return list(map(mql.Candidate, ids, fids))
