"""From tree to SQL: a condition on `dispatch.projects AS project` joined with its `owner`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from sutler.base.reading.conditions import SQL_SIGNS, And, Not, Or
from sutler.database.sql import Fragment, sql, value
from sutler.dispatch.search import paths
from sutler.dispatch.search.checks import INSTANTS, NUMBERS
from sutler.dispatch.search.constants import read_instant
from sutler.dispatch.search.tree import (
    Attribute,
    Compare,
    Condition,
    Constant,
    Contains,
    Field,
    InRange,
    InSet,
    Length,
    Number,
    Present,
    Term,
)

_COLUMNS: Mapping[Field, LiteralString] = {
    Field.ID: "project.id",
    Field.OWNER: 'owner.username COLLATE "C"',
    Field.STATE: 'project.state COLLATE "C"',
    Field.QUERY: 'project.query COLLATE "C"',
    Field.CREATED: "project.created_at",
    Field.ENDED: "project.ended_at",
    Field.WORKER_TIMEOUT: "extract(epoch FROM project.worker_timeout)",
    Field.IDLE_TIMEOUT: "extract(epoch FROM project.idle_timeout)",
}


def compile_condition(condition: Condition) -> Fragment:
    """Return an SQL expression that is true or false of every project, never null.

    The server refuses a regular expression that it cannot read when the statement runs, not here.
    """
    match condition:
        case And(items):
            return _bracket(Fragment.join(" AND ", map(compile_condition, items)))
        case Or(items):
            return _bracket(Fragment.join(" OR ", map(compile_condition, items)))
        case Not(item):
            return sql("NOT ") + _bracket(compile_condition(item))
        case _:
            return _compile_term(condition)


def _compile_term(term: Term) -> Fragment:
    match term:
        case Present(key, is_negated):
            present = _bracket(sql("project.attributes ? ") + value(key, "text"))
            return sql("NOT ") + present if is_negated else present
        case Contains(constant, operand, is_negated):
            if isinstance(operand, Attribute):
                return _about_attributes(paths.about_contents(operand, term))
            text = sql(_COLUMNS[operand])
            part = sql("strpos(") + text + sql(", ") + value(constant.written, "text") + sql(") > 0")
            return _settle(part, is_negated=is_negated)
        case Compare() | InSet() | InRange():
            return _compile_comparison(term)


def _compile_comparison(term: Compare | InSet | InRange) -> Fragment:
    match term.operand:
        case Field() as field:
            return _compare(field, term) if isinstance(term, Compare) else _place(field, term)
        case Length() as length:
            return _about_attributes(paths.about_length(length, term))
        case values:
            return _about_attributes(paths.about_values(values, term))


def _about_attributes(path: str) -> Fragment:
    return _bracket(sql("project.attributes @@ ") + value(path, "jsonpath"))


def _compare(field: Field, term: Compare) -> Fragment:
    compared = sql(_COLUMNS[field]) + sql(SQL_SIGNS[term.op])
    constant = value(term.constant.written, "text") if term.op.is_regexp else _value(field, term.constant)
    return _settle(compared + constant, is_negated=False)


def _place(field: Field, term: InSet | InRange) -> Fragment:
    column = sql(_COLUMNS[field])
    if isinstance(term, InSet):
        constants = Fragment.join(", ", [_value(field, constant) for constant in term.constants])
        inside = column + sql(" IN (") + constants + sql(")")
    else:
        inside = column + sql(" BETWEEN ") + _value(field, term.low) + sql(" AND ") + _value(field, term.high)
    return _settle(inside, is_negated=term.is_negated)


def _value(field: Field, constant: Constant) -> Fragment:
    if field in INSTANTS:
        return value(read_instant(constant), "timestamptz")
    if field in NUMBERS:
        assert isinstance(constant, Number)
        return value(constant.number, "numeric")
    return value(constant.written, "text")


def _settle(expression: Fragment, *, is_negated: bool) -> Fragment:
    """What cannot be told, because a project has no end, no query or no time-out, is false."""
    settled = sql("coalesce(") + expression + sql(", false)")
    return sql("NOT ") + settled if is_negated else settled


def _bracket(expression: Fragment) -> Fragment:
    return sql("(") + expression + sql(")")
