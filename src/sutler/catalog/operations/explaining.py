"""What a query means and how the database would answer it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sutler.auth import Principal
from sutler.catalog import mql, store
from sutler.catalog.model import ExplainedStatement, Explanation
from sutler.catalog.mql import selection
from sutler.catalog.operations.queries import begin_in, read_any_query
from sutler.catalog.operations.working_out import find_named_in
from sutler.database import Database, Tx
from sutler.database.sql import Fragment

SHOWN_ITEMS = 10


async def explain_query(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> Explanation:
    """Return a query as an outline, its statements with their values, and how many rows the database expects of each.

    Nothing is run, so a filter stands in the statements for no files; the sets that it filters have statements of their
    own, which come first. Raises MqlSyntaxError and its kin, UnreadableQueryError, NotPermittedError.
    """
    tree = read_any_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        if isinstance(tree, mql.DatasetQuery):
            parts = [("the datasets", mql.compile_datasets(tree, scope))]
            return Explanation(mql.outline(tree, {}), await _explain(tx, parts))
        if isinstance(tree, mql.QuerySearch):
            parts = [("the named queries", mql.compile_search(tree, scope))]
            return Explanation(mql.outline(tree, {}), await _explain(tx, parts))
        known = await find_named_in(tx, tree=tree, scope=scope, text=query)
        expanded = mql.expand(tree, known)
        parts = [*_list_inputs(expanded, scope), ("the files", mql.compile_files(_without_filters(expanded), scope))]
        return Explanation(mql.outline(tree, known), await _explain(tx, parts))


def _list_inputs(tree: mql.FileQuery, scope: mql.Scope) -> Iterator[tuple[str, Fragment]]:
    """The sets that are filtered, innermost first."""
    for operand in mql.operands_of(tree):
        yield from _list_inputs(operand, scope)
    if isinstance(tree, mql.Filtered):
        for number, source in enumerate(tree.sources, start=1):
            yield f"set {number} of the filter {tree.name}", mql.compile_files(_without_filters(source), scope)


def _without_filters(tree: mql.FileQuery) -> mql.FileQuery:
    if isinstance(tree, mql.Filtered):
        return mql.GivenFiles(())
    return mql.rebuild(tree, tuple(_without_filters(operand) for operand in mql.operands_of(tree)))


async def _explain(tx: Tx, parts: list[tuple[str, Fragment]]) -> tuple[ExplainedStatement, ...]:
    explained = []
    for purpose, statement in parts:
        rows = await store.run_selection(tx, statement=selection.estimate(statement))
        plan = next(iter(rows[0].values()))[0]["Plan"]
        text, values = statement.render()
        explained.append(ExplainedStatement(purpose, text, tuple(map(_show, values)), int(plan["Plan Rows"])))
    return tuple(explained)


def _show(item: object) -> str:
    """A value of a statement for people; of a long list only the first items."""
    if isinstance(item, list):
        more = f", … {len(item) - SHOWN_ITEMS} more" if len(item) > SHOWN_ITEMS else ""
        return f"[{', '.join(map(_show, item[:SHOWN_ITEMS]))}{more}]"
    return json.dumps(item, ensure_ascii=False) if isinstance(item, str | bool) else str(item)
