"""Comparisons with attributes, which are columns, and with the length of lists. Null is unknown, as SQL has it.

The terms must have passed `check_term`.
"""

from __future__ import annotations

from decimal import Decimal

from sutler.base.reading.conditions import SQL_SIGNS, Op
from sutler.catalog.mql.instants import instant_of
from sutler.catalog.mql.subjects import Column, Nature, Subject
from sutler.catalog.mql.terms import Boolean, Constant, Day, InRange, InSet, Number, Text
from sutler.database.sql import Fragment, sql, value


def length(subject: Subject, key: str) -> Column:
    """The length of a list in the metadata; null when it is no list."""
    item = subject.metadata + sql(" -> ") + value(key, "text")
    of_list = sql("case when jsonb_typeof(") + item + sql(") = 'array' then jsonb_array_length(") + item + sql(") end")
    return Column(Nature.NUMBER, sql("(") + of_list + sql(")"))


def compare(column: Column, op: Op, constant: Constant) -> Fragment:
    """An attribute compared with a constant."""
    if isinstance(constant, Day):
        return _compare_day(column, op, constant)
    text = _sortable(column) if op.is_order else column.expression
    return text + sql(SQL_SIGNS[op]) + _value(column, constant)


def membership(column: Column, term: InSet | InRange) -> Fragment:
    """An attribute in a set or range of constants, or not in it."""
    if isinstance(term, InSet):
        inside = column.expression + sql(" = any(") + _values(column, term.constants) + sql(")")
    elif isinstance(term.high, Day):
        inside = compare(column, Op.GE, term.low) + sql(" and ") + compare(column, Op.LE, term.high)
    else:
        ends = _value(column, term.low) + sql(" and ") + _value(column, term.high)
        inside = _sortable(column) + sql(" between ") + ends
    return sql("not (" if term.negated else "(") + inside + sql(")")


def _compare_day(column: Column, op: Op, day: Day) -> Fragment:
    begins, ends = value(day.begins_at, "timestamptz"), value(day.ends_at, "timestamptz")
    within = column.expression + sql(" >= ") + begins + sql(" and ") + column.expression + sql(" < ") + ends
    match op:
        case Op.EQ:
            return sql("(") + within + sql(")")
        case Op.NE:
            return sql("not (") + within + sql(")")
        case Op.LT:
            return column.expression + sql(" < ") + begins
        case Op.LE:
            return column.expression + sql(" < ") + ends
        case Op.GT:
            return column.expression + sql(" >= ") + ends
        case _:
            return column.expression + sql(" >= ") + begins


def _sortable(column: Column) -> Fragment:
    """Texts sort by their characters' numbers, as they do in metadata, whatever the language of the database."""
    return column.expression + sql(' collate "C"') if column.nature is Nature.TEXT else column.expression


def _value(column: Column, constant: Constant) -> Fragment:
    match column.nature, constant:
        case Nature.INSTANT, _:
            return value(instant_of(constant), "timestamptz")
        case Nature.JSON, Text(text):
            # By way of text, for the driver may have been told to encode what is jsonb.
            return value(text, "text") + sql("::jsonb")
        case _, Number(number):
            return value(Decimal(repr(number)), "numeric")
        case _, Boolean(truth):
            return value(truth, "boolean")
        case _, Text(text):
            return value(text, "text")
        case _:
            raise TypeError(constant)


def _values(column: Column, constants: tuple[Constant, ...]) -> Fragment:
    match column.nature:
        case Nature.INSTANT:
            return value([instant_of(constant) for constant in constants], "timestamptz[]")
        case Nature.NUMBER:
            return value([Decimal(repr(c.number)) for c in constants if isinstance(c, Number)], "numeric[]")
        case Nature.FLAG:
            return value([c.truth for c in constants if isinstance(c, Boolean)], "boolean[]")
        case _:
            return value([c.text for c in constants if isinstance(c, Text)], "text[]")
