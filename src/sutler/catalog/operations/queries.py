"""Asking the catalogue in MQL."""

from __future__ import annotations

from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import mql, rules, store
from sutler.catalog.model import FileReference
from sutler.catalog.mql import selection
from sutler.catalog.operations.namespaces import find_visible_in
from sutler.database import Database, into_list

DEFAULT_FILE_LIMIT = 1000
LARGEST_FILE_LIMIT = 100_000


async def query_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    limit: int = DEFAULT_FILE_LIMIT,
    with_metadata: bool = False,
) -> list[FileReference]:
    """Return the first files of a query by creation time and fid, among those that the caller may see.

    A limit in the query itself holds as well. Raises MqlSyntaxError and its kin, UnreadableQueryError,
    InvalidInputError for a limit that is not between 1 and 100,000, NotPermittedError.
    """
    if not 1 <= limit <= LARGEST_FILE_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_FILE_LIMIT}, not {limit}")])
    tree = read_query(query)
    async with db.read() as tx:
        scope = mql.Scope(namespaces=None, experiment_ids=await find_visible_in(tx, who, experiment=experiment))
        await store.plan_by_values(tx)
        statement = selection.select_files(tree, scope, limit=limit, with_metadata=with_metadata)
        return into_list(FileReference, await store.run_selection(tx, statement=statement))


async def count_files(db: Database, who: Principal, *, query: str, experiment: str | None) -> int:
    """Return how many files a query finds among those that the caller may see. Raises what `query_files` raises."""
    tree = read_query(query)
    async with db.read() as tx:
        scope = mql.Scope(namespaces=None, experiment_ids=await find_visible_in(tx, who, experiment=experiment))
        await store.plan_by_values(tx)
        rows = await store.run_selection(tx, statement=selection.count_files(tree, scope))
        return int(rows[0]["count"])


def check_query(text: str) -> None:
    """Read a query and forget it. Raises MqlSyntaxError and its kin for one that cannot be used."""
    read_query(text)


def read_query(text: str, *, default_namespace: str | None = None) -> mql.FileQuery:
    """Return the tree of a query; names without a namespace are of the default one, where there is one.

    Raises MqlSyntaxError and its kin; InvalidInputError for unusable characters.
    """
    problems = rules.check_text(text, "query")
    if problems:
        raise InvalidInputError(problems)
    return mql.parse(text, default_namespace=default_namespace)
