"""From conditions to SQL.

A condition becomes an SQL expression with the same three values, null being unknown. What is about metadata only stays
together in one jsonpath predicate, so that the server looks at a file's metadata once and an index can answer for all
of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sutler.base.reading.conditions import And, Not, Op, Or
from sutler.catalog.mql import attributes, jsonpath
from sutler.catalog.mql.checks import check_term
from sutler.catalog.mql.subjects import Subject
from sutler.catalog.mql.terms import (
    AllOf,
    AnyOf,
    Attribute,
    Compare,
    Condition,
    Contains,
    InRange,
    InSet,
    Length,
    Parameter,
    Present,
    Term,
    Text,
    Values,
)
from sutler.database.sql import Fragment, sql, value

_INVERSE = {
    Op.EQ: Op.NE,
    Op.NE: Op.EQ,
    Op.LT: Op.GE,
    Op.GE: Op.LT,
    Op.LE: Op.GT,
    Op.GT: Op.LE,
    Op.MATCH: Op.NOT_MATCH,
    Op.NOT_MATCH: Op.MATCH,
    Op.MATCH_ANY_CASE: Op.NOT_MATCH_ANY_CASE,
    Op.NOT_MATCH_ANY_CASE: Op.MATCH_ANY_CASE,
}


@dataclass(frozen=True, slots=True)
class _Path:
    """A jsonpath predicate on the metadata."""

    text: str


def compile_condition(condition: Condition, subject: Subject) -> Fragment:
    """An SQL expression: true, false, or null where the condition is unknown.

    Raises `MqlMeaningError` or `MqlUnsupportedError` for a term that makes no sense about the subject.
    """
    return _as_sql(_translate(condition, subject), subject)


def _as_sql(translated: _Path | Fragment, subject: Subject) -> Fragment:
    if isinstance(translated, Fragment):
        return translated
    return subject.metadata + sql(" @@ ") + value(translated.text, "jsonpath")


def _translate(condition: Condition, subject: Subject) -> _Path | Fragment:
    match condition:
        case Not(item):
            translated = _translate(item, subject)
            if isinstance(translated, _Path):
                return _Path(jsonpath.negate(translated.text))
            return sql("not (") + translated + sql(")")
        case And(items):
            return _combine([_translate(item, subject) for item in items], subject, conjunction=True)
        case Or(items):
            return _combine([_translate(item, subject) for item in items], subject, conjunction=False)
        case _:
            check_term(condition, subject)
            return _translate_term(condition, subject)


def _combine(parts: list[_Path | Fragment], subject: Subject, *, conjunction: bool) -> _Path | Fragment:
    fragments = [part for part in parts if isinstance(part, Fragment)]
    paths = [part.text for part in parts if isinstance(part, _Path)]
    joined = _Path(jsonpath.combine("&&" if conjunction else "||", paths)) if paths else None
    if not fragments and joined:
        return joined
    if joined:
        fragments.append(_as_sql(joined, subject))
    return sql("(") + Fragment.join(" and " if conjunction else " or ", fragments) + sql(")")


def _translate_term(term: Term, subject: Subject) -> _Path | Fragment:
    match term:
        case Compare():
            return _translate_comparison(term, subject)
        case InSet() | InRange():
            return _translate_membership(term, subject)
        case Present(key, negated):
            present = subject.metadata + sql(" ? ") + value(key, "text")
            return sql("not (") + present + sql(")") if negated else present
        case Contains(constant, key, negated):
            values = jsonpath.values_of(Parameter(key))
            if isinstance(constant, Text):
                contained = jsonpath.contain(values, constant.text)
            else:
                contained = jsonpath.some(values, jsonpath.is_one_of((constant,)))
            return _Path(jsonpath.negate(contained) if negated else contained)


def _translate_comparison(term: Compare, subject: Subject) -> _Path | Fragment:
    match term.operand:
        case Attribute(name):
            return attributes.compare(subject.columns[name], term.op, term.constant)
        case Length(key):
            return attributes.compare(attributes.length(subject, key), term.op, term.constant)
        case AllOf() as operand:
            exception = jsonpath.compare(jsonpath.values_of(operand), _INVERSE[term.op], term.constant)
            return _Path(jsonpath.negate(exception))
        case operand:
            return _Path(jsonpath.compare(jsonpath.values_of(operand), term.op, term.constant))


def _translate_membership(term: InSet | InRange, subject: Subject) -> _Path | Fragment:
    match term.operand:
        case Attribute(name):
            return attributes.membership(subject.columns[name], term)
        case Length(key):
            return attributes.membership(attributes.length(subject, key), term)
        case operand:
            return _Path(_membership_path(operand, term))


def _membership_path(operand: Values, term: InSet | InRange) -> str:
    """`[any]` and `[all]` speak about elements, everything else about the whole: not in = the opposite of in."""
    values = jsonpath.values_of(operand)
    by_outsiders = isinstance(operand, AnyOf) if term.negated else isinstance(operand, AllOf)
    if isinstance(term, InSet):
        inside, outside = jsonpath.is_one_of(term.constants), jsonpath.is_none_of(term.constants)
    else:
        inside, outside = jsonpath.is_within(term.low, term.high), jsonpath.is_beyond(term.low, term.high)
    found = jsonpath.some(values, outside if by_outsiders else inside)
    affirmative = isinstance(operand, AnyOf) or not (term.negated or isinstance(operand, AllOf))
    return found if affirmative else jsonpath.negate(found)
