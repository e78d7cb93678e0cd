"""Statements that write the files of a set as lines of JSON, some at a time.

The database writes the lines, so that nothing has to be made for each file on the way out. A part has one row `lines,
count, created_at, fid`: the bytes of all lines, their number, and the place of the last one, after which the next part
begins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

from sutler.base.documents import Entry, Form, Shape
from sutler.catalog.mql.compile import select_in_order
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.tree import FileQuery
from sutler.database.sql import Fragment, sql, value

Place = tuple[datetime, str]
"""Where a file stands in the order: when it was created, and its fid."""

_TEXTS: Final[Mapping[str, LiteralString]] = {
    "fid": "to_json(f.fid)",
    "namespace": "to_json(f.namespace)",
    "name": "to_json(f.name)",
    "size_bytes": "f.size_bytes::text",
    "checksums": "f.checksums",
    "metadata": "f.metadata",
    "created_by": "to_json(f.created_by)",
    "updated_by": "to_json(f.updated_by)",
    "retired_by": "to_json(f.retired_by)",
}
_INSTANTS: Final[Mapping[str, LiteralString]] = {
    "created_at": "f.created_at",
    "updated_at": "f.updated_at",
    "retired_at": "f.retired_at",
}
_ALWAYS_THERE: Final = {"fid", "namespace", "name", "checksums", "metadata", "created_at", "created_by", "experiment"}


def write_next(tree: FileQuery, scope: Scope, shape: Shape, *, after: Place | None, count: int) -> Fragment:
    """A statement for the next files, at most `count`, of a set of which an index has the order (`is_in_order`)."""
    columns = _write(shape) + sql(" as line, f.created_at, f.fid")
    return _gather(select_in_order(columns, tree, scope, after=after, count=count))


def write_given(ids: Sequence[int], shape: Shape) -> Fragment:
    """A statement for files with these numbers, in their order; those that are gone are left out."""
    given = sql(" from unnest(") + value(list(ids), "bigint[]") + sql(") with ordinality as given (id, rank)")
    files = given + sql(" join catalog.files f on f.id = given.id order by given.rank")
    return _gather(sql("select ") + _write(shape) + sql(" as line, f.created_at, f.fid") + files)


def write_members(dataset_id: int, shape: Shape, *, after: int, count: int, include_retired: bool) -> Fragment:
    """A statement for the next members of a dataset by their numbers, `count` of them with those that were retired.

    Its row is `lines, count, last`: the lines are without retired files unless asked for, the other two are of all.
    Which they are is decided first, by the key alone: what is known of a dataset that grew a moment ago would mislead
    a join.
    """
    chosen = (
        sql("with chosen as materialized (select member.file_id from catalog.dataset_files member")
        + sql(" where member.dataset_id = ")
        + value(dataset_id, "bigint")
        + sql(" and member.file_id > ")
        + value(after, "bigint")
        + sql(" order by member.file_id limit ")
        + value(count, "bigint")
        + sql(") select ")
    )
    shown = sql("") if include_retired else sql(" filter (where written.is_live)")
    line = _write(shape) + sql(" as line, f.retired_at is null as is_live, f.id")
    files = sql(" from chosen join catalog.files f on f.id = chosen.file_id order by f.id) written")
    gathered = sql("convert_to(string_agg(written.line, '')") + shown + sql(", 'UTF8') as lines, count(*) as count, ")
    return chosen + gathered + sql("max(written.id) as last from (select ") + line + files


def _gather(select: Fragment) -> Fragment:
    """The lines of a statement as one row; they come in its order, and nothing else stands between the two."""
    gathered = sql(
        "select convert_to(string_agg(written.line, ''), 'UTF8') as lines, count(*) as count,"
        " (array_agg(written.created_at))[count(*)] as created_at, (array_agg(written.fid))[count(*)] as fid from ("
    )
    return gathered + select + sql(") written")


def _write(shape: Shape) -> Fragment:
    """An expression for the line of `f`."""
    parts: list[Fragment] = []
    text = ""
    for number, entry in enumerate(shape.entries):
        key = ("," if number else "{") + json.dumps(entry.key) + ":"
        if entry.fact is None:
            text += key + "null"
        elif entry.may_be_left_out:
            absent = sql("case when ") + _raw(entry.fact) + sql(" is null then '' else concat(")
            parts += [_literal(text), absent + _literal(key) + sql(", ") + _express(entry, shape) + sql(") end")]
            text = ""
        else:
            parts += [_literal(text + key), _express(entry, shape)]
            text = ""
    return sql("concat(") + Fragment.join(", ", [*parts, _literal(text + "}\n")]) + sql(")")


def _literal(text: str) -> Fragment:
    return value(text, "text")


def _express(entry: Entry, shape: Shape) -> Fragment:
    """What stands at a key, as JSON."""
    assert entry.fact is not None
    if entry.form is Form.PRESENCE:
        return sql("case when ") + _raw(entry.fact) + sql(" is null then 'false' else 'true' end")
    if entry.fact == "experiment":
        return _name_experiment(shape.experiments)
    written = _write_instant(entry) if entry.fact in _INSTANTS else sql(_TEXTS[entry.fact])
    return written if entry.fact in _ALWAYS_THERE else sql("coalesce(") + written + sql(", 'null')")


def _raw(fact: str) -> Fragment:
    return sql(_INSTANTS.get(fact) or _TEXTS[fact])


def _write_instant(entry: Entry) -> Fragment:
    """An instant: to the second where it is a whole one, else to the microsecond, as a number with a decimal point."""
    assert entry.fact is not None
    at = sql(_INSTANTS[entry.fact])
    if entry.form is Form.SECONDS:
        seconds = sql("date_part('epoch', ") + at + sql(")")
        whole = sql(" then ") + seconds + sql("::bigint::text || '.0' else ") + seconds + sql("::text end")
        return sql("case when ") + seconds + sql(" = floor(") + seconds + sql(")") + whole
    form = (
        sql(", case when date_trunc('second', ")
        + at
        + sql(") = ")
        + at
        + sql(r""" then '\"YYYY-MM-DD"T"HH24:MI:SS"Z"\"' else '\"YYYY-MM-DD"T"HH24:MI:SS.US"Z"\"' end)""")
    )
    return sql("to_char(") + at + sql(" at time zone 'UTC'") + form


def _name_experiment(experiments: Mapping[int, str]) -> Fragment:
    if not experiments:
        return sql("'null'")
    names = [
        sql(" when ") + value(number, "bigint") + sql(" then ") + _literal(json.dumps(name, ensure_ascii=False))
        for number, name in experiments.items()
    ]
    return sql("case f.experiment_id") + Fragment.join("", names) + sql(" else 'null' end")
