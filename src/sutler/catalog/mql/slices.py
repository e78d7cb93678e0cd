"""Statements that cut a slice otherwise than by a limit: by groups, by parts of a pass, by an amount.

Rows to cut from are those of a query, or those of a part; whatever is cut goes around them and around the ledger.
"""

from __future__ import annotations

import json
from datetime import datetime

from sutler.catalog.model import EVENT_COUNT, Measure, Part
from sutler.catalog.mql.compile import select_placed
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.selection import IN_ORDER, Place, pick_untaken
from sutler.catalog.mql.tree import FileQuery
from sutler.database.sql import Fragment, sql, value

_MORE = sql(", f.metadata, f.size_bytes")
_COLUMNS = sql("f.id, f.fid, f.namespace, f.name, f.created_at") + _MORE


def select_rows(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement for the files of a query, to cut from."""
    return select_placed(tree, scope, more=_MORE)


def select_kept_part(ledger_id: int, part: Part, scope: Scope) -> Fragment:
    """A statement for the files of a part as the ledger keeps it, to cut from; without those retired since."""
    kept = sql("select ") + _COLUMNS + sql(" from catalog.ledger_parts kept")
    kept += sql(" join catalog.files f on f.fid = kept.file_key where kept.ledger_id = ") + value(ledger_id, "bigint")
    kept += sql(" and kept.part = ") + value(part.number, "integer") + sql(" and ")
    return kept + Fragment.join(" and ", [sql("f.retired_at is null"), *scope.restrict_files()])


def select_part(tree: FileQuery, scope: Scope, part: Part) -> Fragment:
    """A statement for the files that a part would have if it were made now, to cut from."""
    placed = sql("select ") + _COLUMNS + sql(" from (") + _number(tree, scope) + sql(") placed")
    number = sql(" where (placed.position - 1) % ") + value(part.count, "bigint") + sql(" = ")
    return placed + sql(" join catalog.files f on f.id = placed.id") + number + value(part.number, "bigint")


def keep_parts(tree: FileQuery, scope: Scope, *, ledger_id: int, count: int) -> Fragment:
    """A statement that enters the files of a query into the parts of a ledger, one after the other in order."""
    entered = sql("insert into catalog.ledger_parts (ledger_id, file_key, part, position) select ")
    entered += value(ledger_id, "bigint") + sql(", placed.fid, (placed.position - 1) % ") + value(count, "bigint")
    return entered + sql(", placed.position from (") + _number(tree, scope) + sql(") placed order by placed.position")


def find_group(rows: Fragment, *, ledger_id: int | None, key: str, is_ascending: bool) -> Fragment:
    """A statement with at most one row `item`: the value of the next group, as JSON, of files not in the ledger.

    Ascending: the smallest number, or the first text when no number is left; else the first value of the first file.
    """
    values = sql(" cross join lateral catalog.list_group_values(wanted.metadata -> ") + value(key, "text")
    values += sql(") with ordinality as grouped (item, rank)")
    picked = pick_untaken(rows, ledger_id=ledger_id, columns=sql("grouped.item::text as item"), joined=values)
    if not is_ascending:
        return picked + IN_ORDER + sql(", grouped.rank limit 1")
    by_number = sql(" order by case jsonb_typeof(grouped.item) when 'number' then grouped.item::numeric end nulls last")
    return picked + by_number + sql(", grouped.item #>> '{}' collate \"C\" limit 1")


def is_in_group(key: str, item: str) -> Fragment:
    """A condition on `wanted`, to be added: it has a value, which is given as JSON.

    What an index on the metadata can tell stands beside what decides: in jsonpath a list is what its items are.
    """
    path = f"$.{json.dumps(key)}[*][0] == {item}"
    found = sql(" and wanted.metadata @@ ") + value(path, "jsonpath") + sql(" and ") + value(item, "text")
    values = sql("::jsonb in (select catalog.list_group_values(wanted.metadata -> ") + value(key, "text")
    return found + values + sql("))")


def count_passed_over(rows: Fragment, *, ledger_id: int | None, key: str) -> Fragment:
    """A statement with one row `count`: how many files not in the ledger are in no group."""
    picked = pick_untaken(rows, ledger_id=ledger_id, columns=sql("count(*) as count"))
    picked += sql(" and not exists (select from catalog.list_group_values(wanted.metadata -> ")
    return picked + value(key, "text") + sql("))")


def summarize_untaken(rows: Fragment, *, ledger_id: int | None) -> Fragment:
    """A statement with one row `count, size_bytes`: how many files are not in the ledger, and how large they are."""
    summed = sql("count(*) as count, coalesce(sum(wanted.size_bytes), 0) as size_bytes")
    return pick_untaken(rows, ledger_id=ledger_id, columns=summed)


def read_next(picked: Fragment, *, count: int) -> Fragment:
    """A statement for the next rows, at most `count`, of what `pick_measured` selects."""
    return picked + IN_ORDER + sql(" limit ") + value(count, "bigint")


def pick_measured(
    rows: Fragment,
    *,
    ledger_id: int | None,
    measure: Measure,
    after: Place | None = None,
    until: datetime | None = None,
) -> Fragment:
    """What `pick_untaken` selects, each file with its size and the `amount` that a budget counts for it."""
    columns = sql("wanted.id, wanted.fid, wanted.namespace, wanted.name, wanted.created_at, wanted.size_bytes, ")
    columns += _measure(measure) + sql(" as amount")
    return pick_untaken(rows, ledger_id=ledger_id, after=after, until=until, columns=columns)


def _measure(measure: Measure) -> Fragment:
    if measure is Measure.BYTES:
        return sql("coalesce(wanted.size_bytes, 0)::numeric")
    events = sql("wanted.metadata -> ") + value(EVENT_COUNT, "text")
    counted = sql("case jsonb_typeof(") + events + sql(") when 'number' then greatest((") + events
    return counted + sql(")::numeric, 0) else 0 end")


def _number(tree: FileQuery, scope: Scope) -> Fragment:
    position = sql("row_number() over (order by wanted.created_at, wanted.fid) as position")
    rows = sql(" from (") + select_placed(tree, scope) + sql(") wanted")
    return sql("select wanted.id, wanted.fid, ") + position + rows
