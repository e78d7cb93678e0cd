"""Every form of term on metadata, and metadata on both sides of every line that a term can draw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product

from tests.property.mql.catalogue import NEW_YEAR, Json

from sutler.catalog.mql import (
    AllOf,
    AnyOf,
    Boolean,
    Compare,
    Constant,
    Contains,
    Day,
    Element,
    InRange,
    InSet,
    Instant,
    Length,
    Member,
    Number,
    Op,
    Parameter,
    Present,
    Text,
)
from sutler.catalog.mql.terms import Term, Values

ORDER = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
REGEXP_OPS = (Op.MATCH, Op.MATCH_ANY_CASE, Op.NOT_MATCH, Op.NOT_MATCH_ANY_CASE)

_DAY = 86400
_SECONDS = (-7200, -1, 0, 1, _DAY - 7200, _DAY - 1, _DAY, 2 * _DAY, 5 * _DAY)
_EDGES: list[Json] = [NEW_YEAR.timestamp() + seconds for seconds in _SECONDS]
_EDGES += [-1, -1.5, 0, 0.5, 1, 2, 2.5, 3, 4, True, False, None]
_EDGES += ["raw", "Raw", "reco", "", "r.w", "1", "Ω", "%", "\\", [], {}, {"k": 1}, {"k": [1, "raw"]}, {"m": None}]
_OTHERS: list[Json] = [1, "raw", None, [1], True, {"k": 2}]
_FACTS: list[dict[str, Json]] = [{}, *({"c.a": edge} for edge in _EDGES)]
_FACTS += [{"c.a": [edge, other]} for edge, other in product(_EDGES, _OTHERS)]
FACTS = tuple(_FACTS)

_OPERANDS: tuple[Values, ...] = (
    Parameter("c.a"), AnyOf("c.a"), AllOf("c.a"), Element("c.a", 0), Element("c.a", 1), Element("c.a", -1),
    Member("c.a", "k"),
)  # fmt: skip
_NEXT = Instant(NEW_YEAR + timedelta(days=1))
_FIRST, _THIRD = Day(date(2021, 1, 1)), Day(date(2021, 1, 3), 120)
_CONSTANTS: tuple[Constant, ...] = (Number(1), Number(2.5), Text("raw"), Text(""), Boolean(truth=True), _NEXT, _FIRST)
_SETS: tuple[tuple[Constant, ...], ...] = ((Number(1),), (Number(2), Text("raw"), Boolean(truth=False)), (_NEXT,))
_RANGES: tuple[tuple[Constant, Constant], ...] = (
    (Number(1), Number(2.5)), (Text("Raw"), Text("raw")), (Boolean(truth=True), Boolean(truth=True)),
    (_FIRST, _FIRST), (_FIRST, _THIRD), (Number(0), _NEXT), (Number(2), Number(1)),
)  # fmt: skip


def every_form() -> Iterator[Term]:
    """Terms with every operand, operator and type of constant."""
    for operand, op, constant in product(_OPERANDS, ORDER, _CONSTANTS):
        yield Compare(operand, op, constant)
    for operand, op, regexp in product(_OPERANDS, REGEXP_OPS, ("raw", "^R", "r.w$", "^$")):
        yield Compare(operand, op, Text(regexp))
    for operand, negated in product(_OPERANDS, (False, True)):
        for constants in _SETS:
            yield InSet(operand, constants, negated)
        for low, high in _RANGES:
            yield InRange(operand, low, high, negated)
    for negated in (False, True):
        yield Present("c.a", negated)
        yield InSet(Length("c.a"), (Number(0), Number(2)), negated)
        yield InRange(Length("c.a"), Number(1), Number(2), negated)
        for constant in (Number(1), Text("raw"), Text("."), Text(""), Boolean(truth=True), _NEXT):
            yield Contains(constant, "c.a", negated)
    for op in ORDER:
        yield Compare(Length("c.a"), op, Number(2))
