"""Statements around the statement of a query: read its files, count them, take from them by a ledger.

A query that is wrapped like this stays one statement, so what is selected and what is entered into the ledger cannot
differ, and ids never travel.
"""

from __future__ import annotations

from datetime import datetime

from sutler.catalog.mql.compile import compile_files, find_kept_count, select_columns, select_placed
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.tree import FileQuery, GivenFiles
from sutler.catalog.mql.tree import limit as limited
from sutler.database.sql import Fragment, sql, value

Place = tuple[datetime, str]
"""Where a file stands in the order: when it was created, and its fid."""

IN_ORDER = sql(" order by wanted.created_at, wanted.fid")
_IN_ORDER = sql(" order by chosen.created_at, chosen.fid")


def select_files(tree: FileQuery, scope: Scope, *, limit: int | None, with_metadata: bool = False) -> Fragment:
    """A statement with one row `id, fid, namespace, name, size_bytes` and perhaps `metadata` per file, in order."""
    metadata = sql(", f.metadata") if with_metadata else sql("")
    if isinstance(tree, GivenFiles):
        return _read_given(tree.ids[:limit], metadata)
    tree = tree if limit is None else limited(tree, limit)
    chosen = sql("with chosen as materialized (") + compile_files(tree, scope) + sql(")")
    return chosen + _read_chosen(metadata) + _IN_ORDER


def gather_ids(tree: FileQuery, scope: Scope, *, most: int | None = None, by_members: bool = False) -> Fragment:
    """A statement with one row `ids`: those of all files in order, eight bytes each, high ones first; null for none.

    With `most` those of so many files at the beginning. `by_members` as for `select_columns`, here and below.
    """
    tree = tree if most is None else limited(tree, most)
    gathered = sql(
        "select string_agg(int8send(chosen.id), ''::bytea order by chosen.created_at, chosen.fid) as ids from ("
    )
    chosen = select_columns(sql("f.id, f.fid, f.created_at"), tree, scope, by_members=by_members)
    return gathered + chosen + sql(") chosen")


def gather_candidates(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement with one row `ids, fids`: lists of both, in order; null for none."""
    gathered = sql(
        "select array_agg(chosen.id order by chosen.created_at, chosen.fid) as ids,"
        " array_agg(chosen.fid order by chosen.created_at, chosen.fid) as fids from ("
    )
    return gathered + select_columns(sql("f.id, f.fid, f.created_at"), tree, scope) + sql(") chosen")


def summarize_files(tree: FileQuery, scope: Scope, *, by_members: bool = False) -> Fragment:
    """A statement with one row `count, size_bytes`: how many files, and how large they are together."""
    summed = sql("select count(*) as count, coalesce(sum(wanted.size_bytes), 0) as size_bytes from (")
    return summed + select_columns(sql("f.size_bytes"), tree, scope, by_members=by_members) + sql(") wanted")


def count_files(tree: FileQuery, scope: Scope, *, by_members: bool = False) -> Fragment:
    """A statement with one row `count`."""
    kept = find_kept_count(tree, scope)
    if kept is not None:
        return kept
    counted = select_columns(sql("f.id"), tree, scope, by_members=by_members)
    return sql("select count(*) as count from (") + counted + sql(") wanted")


def plan_files(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement with one row whose only value is how the planner would find the files."""
    return estimate(select_columns(sql("f.id"), tree, scope))


def gather_keys(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement with one row `key` for each metadata key that some file has, in no order."""
    wanted = sql("select distinct jsonb_object_keys(wanted.metadata) as key from (")
    return wanted + select_columns(sql("f.metadata"), tree, scope) + sql(") wanted")


def estimate(statement: Fragment) -> Fragment:
    """A statement with one row whose only value is the plan of another one, which is not run."""
    return sql("explain (format json) ") + statement


_READ_TAKEN = sql(
    " select chosen.id, chosen.fid, chosen.namespace, chosen.name, f.size_bytes, chosen.created_at from chosen "
    "cross join lateral (select own.size_bytes from catalog.files own where own.id = chosen.id offset 0) as f"
)
"""Each file is read by its key: `offset 0` keeps it so, whatever statistics say that are older than the files."""


def take_files(
    tree: FileQuery,
    scope: Scope,
    *,
    ledger_id: int | None,
    limit: int | None,
    after: Place | None = None,
    until: datetime | None = None,
) -> Fragment:
    """A statement that enters the first files which are not in the ledger, and yields them like `select_files`.

    They come after a place in the order, if one is given, and were created `until` then; each has its `created_at`.
    Without a ledger nothing is entered. Lock the ledger in a statement before: what others have taken is seen then, and
    nobody takes the same meanwhile.
    """
    picked = pick_untaken(select_placed(tree, scope), ledger_id=ledger_id, after=after, until=until)
    return take_rows(picked, ledger_id, limit)


def take_rows(wanted: Fragment, ledger_id: int | None, limit: int | None) -> Fragment:
    """A statement that enters the first files of what `pick_untaken` selects, and yields them as `take_files` does."""
    wanted += IN_ORDER
    if limit is not None:
        wanted += sql(" limit ") + value(limit, "bigint")
    chosen = sql("with chosen as materialized (") + wanted + sql(")")
    if ledger_id is not None:
        entered = sql(", entered as (insert into catalog.ledger_entries (ledger_id, file_key) select ")
        chosen += entered + value(ledger_id, "bigint") + sql(", chosen.fid from chosen)")
    return chosen + _READ_TAKEN + _IN_ORDER


def pick_untaken(
    rows: Fragment,
    *,
    ledger_id: int | None,
    after: Place | None = None,
    until: datetime | None = None,
    columns: Fragment | None = None,
    joined: Fragment | None = None,
) -> Fragment:
    """A statement for those rows, as of `select_placed`, that are not in a ledger and come after a place in the order.

    It ends in a condition on `wanted`, to which others can be added. The ledger is asked by its key, file by file, and
    only until there are enough: `offset 0` keeps it that way. As a join it would depend on statistics, and those of a
    ledger that grew a moment ago say that it is empty: then the planner compares each file with each entry.
    """
    plain = sql("wanted.id, wanted.fid, wanted.namespace, wanted.name, wanted.created_at")
    picked = sql("select ") + (columns or plain) + sql(" from (") + rows + sql(") wanted")
    picked += (joined or sql("")) + sql(" where true")
    if ledger_id is not None:
        picked += sql(" and not exists (select from catalog.ledger_entries entry where entry.ledger_id = ")
        picked += value(ledger_id, "bigint") + sql(" and entry.file_key = wanted.fid offset 0)")
    if after is not None:
        created_at = value(after[0], "timestamptz")
        picked += sql(" and wanted.created_at >= ") + created_at
        picked += sql(" and (wanted.created_at, wanted.fid) > (") + created_at + sql(", ")
        picked += value(after[1], "text") + sql(")")
    if until is not None:
        picked += sql(" and wanted.created_at <= ") + value(until, "timestamptz")
    return picked


def _read_chosen(more_columns: Fragment) -> Fragment:
    columns = sql(" select chosen.id, chosen.fid, chosen.namespace, chosen.name, f.size_bytes") + more_columns
    return columns + sql(" from chosen join catalog.files f on f.id = chosen.id")


def _read_given(ids: tuple[int, ...], more_columns: Fragment) -> Fragment:
    columns = sql("select f.id, f.fid, f.namespace, f.name, f.size_bytes") + more_columns
    given = sql(" from unnest(") + value(list(ids), "bigint[]") + sql(") with ordinality as given (id, rank)")
    return columns + given + sql(" join catalog.files f on f.id = given.id order by given.rank")
