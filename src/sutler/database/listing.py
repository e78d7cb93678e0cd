"""The one builder for lists: filters, an order, and pages by the last key seen rather than by counting rows."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar, cast

from sutler.base.errors import InvalidInputError, Problem
from sutler.database.rows import into
from sutler.database.sql import Fragment, sql, value
from sutler.database.transaction import Row, Tx

Item = TypeVar("Item")

_KINDS: dict[str, tuple[type, int | None]] = {"bigint": (int, 2**63), "integer": (int, 2**31), "text": (str, None)}

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list, and where the next one begins; None on the last page."""

    items: tuple[Item, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Key:
    """The column that orders a list: unique together with the filters, never null. `cast` is its SQL type."""

    column: LiteralString
    cast: LiteralString
    is_descending: bool = False


async def list_page(
    tx: Tx,
    model: type[Item] | Callable[[Row], Item],
    *,
    select: LiteralString,
    filters: Sequence[Fragment],
    key: Key,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Item]:
    """Run `select` with filters and return one page.

    `select` ends before WHERE and yields the key column under its own name. `model` is a dataclass whose fields are
    columns, or a function of a row. Raises InvalidInputError for a limit out of range or a broken cursor.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_LIMIT}, not {limit}")])
    conditions = [*filters]
    if after is not None:
        comparison = sql(" < ") if key.is_descending else sql(" > ")
        conditions.append(sql(key.column) + comparison + value(read_cursor(after, key), key.cast))
    where = sql(" WHERE ") + Fragment.join(" AND ", conditions) if conditions else Fragment()
    order = sql(" ORDER BY ") + sql(key.column) + (sql(" DESC") if key.is_descending else sql(""))
    rows = await tx.composed(sql(select) + where + order + sql(" LIMIT ") + value(limit + 1))
    make = _maker(model)
    name = key.column.rpartition(".")[2]
    is_more = len(rows) > limit
    return Page(
        items=tuple(make(row) for row in rows[:limit]),
        next_cursor=_write_cursor(rows[limit - 1][name]) if is_more else None,
    )


def _maker(model: Any) -> Callable[[Row], Any]:  # noqa: ANN401 - a class or a function
    def make(row: Row) -> Any:  # noqa: ANN401 - whatever the class makes
        return into(model, row)

    return make if isinstance(model, type) else cast("Callable[[Row], Any]", model)


def _write_cursor(last: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode().rstrip("=")


def read_cursor(text: str, key: Key) -> object:
    """Return the last key of the page that gave this cursor out.

    Raises InvalidInputError for anything else, also for what the column could not hold.
    """
    try:
        last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        last = None
    kind, bound = _KINDS[key.cast]
    is_of_kind = isinstance(last, kind) and not isinstance(last, bool)
    if not is_of_kind or (bound is not None and not -bound <= last < bound) or (kind is str and "\0" in last):
        raise InvalidInputError([Problem("cursor", "is not one that this list gave out")])
    return last
