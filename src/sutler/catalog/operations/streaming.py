"""All files of a query, however many."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sutler.auth import Principal
from sutler.catalog import mql, store
from sutler.catalog.model import File
from sutler.catalog.mql import selection
from sutler.catalog.operations.namespaces import find_visible_in
from sutler.catalog.operations.queries import read_query
from sutler.database import Database

FILES_AT_ONCE = 2_000


async def stream_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> AsyncIterator[list[File]]:
    """Yield the files of a query by creation time and fid, some at a time, among those that the caller may see.

    Which files they are is decided at once, what is known of each is read when its turn comes; only the ids are kept.
    Raises MqlSyntaxError and its kin, UnreadableQueryError, InvalidInputError, NotPermittedError, before anything is
    yielded.
    """
    tree = read_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        visible = await find_visible_in(tx, who, experiment=experiment)
        scope = mql.Scope(namespaces=None, experiment_ids=visible, include_retired=include_retired)
        await store.plan_by_values(tx)
        found = await store.run_selection(tx, statement=selection.gather_ids(tree, scope))
    ids: list[int] = found[0]["ids"] or []
    for start in range(0, len(ids), FILES_AT_ONCE):
        async with db.read() as tx:
            files = await store.list_files_numbered(tx, file_ids=ids[start : start + FILES_AT_ONCE])
        yield files
