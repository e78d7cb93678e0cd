"""Asking the catalogue in MQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import mql, rules, store
from sutler.catalog.model import FileReference, FileSummary, NamedQuery
from sutler.catalog.mql import selection
from sutler.catalog.operations.namespaces import find_visible_in
from sutler.catalog.operations.working_out import goes_by_members_in, work_out_in
from sutler.database import Database, Tx, into_list

DEFAULT_FILE_LIMIT = 1000
LARGEST_FILE_LIMIT = 100_000
LONG_TEXT = 20_000
"""From so many characters on a query is read in a thread: it takes longer than a statement then."""


async def query_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    limit: int = DEFAULT_FILE_LIMIT,
    with_metadata: bool = False,
    with_provenance: bool = False,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> list[FileReference]:
    """Return the first files of a query by creation time and fid, among those that the caller may see.

    The order is another one where the query is a filter. A limit in the query itself holds as well. Names without a
    namespace are of the default one. Raises MqlSyntaxError and its kin, UnreadableQueryError, QueryTooSlowError,
    FilterTooLargeError, InvalidInputError for a limit that is not between 1 and 100,000, NotPermittedError.
    """
    check_limit(limit)
    tree = await read_long_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        tree = await work_out_in(tx, tree=tree, scope=scope, text=query)
        statement = selection.select_files(tree, scope, limit=limit, with_metadata=with_metadata)
        files = into_list(FileReference, await store.run_selection(tx, statement=statement))
        return await _add_relatives_in(tx, files) if with_provenance else files


async def count_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> int:
    """Return how many files a query finds among those that the caller may see. Raises what `query_files` raises."""
    tree = await read_long_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        tree = await work_out_in(tx, tree=tree, scope=scope, text=query)
        by_members = await goes_by_members_in(tx, tree=tree, scope=scope)
        rows = await store.run_selection(tx, statement=selection.count_files(tree, scope, by_members=by_members))
        return int(rows[0]["count"])


async def summarize_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> FileSummary:
    """Return how many files a query finds and how large they are together. Raises what `query_files` raises."""
    tree = await read_long_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        tree = await work_out_in(tx, tree=tree, scope=scope, text=query)
        by_members = await goes_by_members_in(tx, tree=tree, scope=scope)
        rows = await store.run_selection(tx, statement=selection.summarize_files(tree, scope, by_members=by_members))
        return FileSummary(rows[0]["count"], int(rows[0]["size_bytes"]))


async def list_metadata_keys(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> list[str]:
    """Return the keys of the metadata of the files of a query, each once, in order. Raises as `query_files`."""
    tree = await read_long_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        tree = await work_out_in(tx, tree=tree, scope=scope, text=query)
        rows = await store.run_selection(tx, statement=selection.gather_keys(tree, scope))
        return sorted(row["key"] for row in rows)


async def search_queries(db: Database, who: Principal, *, query: str, experiment: str | None) -> list[NamedQuery]:
    """Return the named queries that a search finds, such as `queries matching demo:*`, by namespace and name.

    Raises MqlSyntaxError and its kin, MqlMeaningError for a query of another kind, UnreadableQueryError,
    QueryTooSlowError, NotPermittedError.
    """
    tree = read_any_query(query)
    if not isinstance(tree, mql.QuerySearch):
        raise mql.MqlMeaningError("this is no search for named queries, but one is needed here, like 'queries'.")
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment)
        rows = await store.run_selection(tx, statement=mql.compile_search(tree, scope))
        return into_list(NamedQuery, rows)


def check_limit(limit: int) -> None:
    """Go on if so many files may be asked for at once. Raises InvalidInputError."""
    if not 1 <= limit <= LARGEST_FILE_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_FILE_LIMIT}, not {limit}")])


def check_query(text: str) -> None:
    """Read a query and forget it. Raises MqlSyntaxError and its kin for one that cannot be used."""
    read_query(text)


def find_query_kind(text: str) -> mql.QueryKind:
    """Return what a query asks for, by its first word: files, datasets or (named) queries."""
    return mql.find_kind(text)


def read_query(text: str, *, default_namespace: str | None = None) -> mql.FileQuery:
    """Return the tree of a query; names without a namespace are of the default one, where there is one.

    Raises MqlSyntaxError and its kin; InvalidInputError for unusable characters.
    """
    _check_characters(text)
    return mql.parse(text, default_namespace=default_namespace)


async def read_long_query(text: str, *, default_namespace: str | None = None) -> mql.FileQuery:
    """Do what `read_query` does, in a thread if the text is long, so that others are served meanwhile."""
    if len(text) < LONG_TEXT:
        return read_query(text, default_namespace=default_namespace)
    return await asyncio.to_thread(read_query, text, default_namespace=default_namespace)


def read_any_query(text: str, *, default_namespace: str | None = None) -> mql.Query:
    """Return the tree of a query for files, datasets or named queries. Raises what `read_query` raises."""
    _check_characters(text)
    return mql.parse_query(text, default_namespace=default_namespace)


async def begin_in(tx: Tx, who: Principal, *, experiment: str | None, include_retired: bool = False) -> mql.Scope:
    """Prepare a transaction for queries and return what the caller may see. Raises NotPermittedError."""
    visible = await find_visible_in(tx, who, experiment=experiment)
    keys = await store.begin_query(tx)
    return mql.Scope(namespaces=None, experiment_ids=visible, include_retired=include_retired, indexed_keys=keys)


def _check_characters(text: str) -> None:
    problems = rules.check_text(text, "query")
    if problems:
        raise InvalidInputError(problems)


async def _add_relatives_in(tx: Tx, files: Sequence[FileReference]) -> list[FileReference]:
    ids = [file.id for file in files]
    parents = await store.list_parent_fids(tx, file_ids=ids)
    children = await store.list_child_fids(tx, file_ids=ids)
    return [replace(f, parents=parents.get(f.id, ()), children=children.get(f.id, ())) for f in files]
