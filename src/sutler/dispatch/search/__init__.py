"""The search language of projects, compatible with Data Dispatcher's: from text to one SQL condition, without any I/O.

    text → lexer → parser → tree → compile → Fragment

Every condition is true or false, never unknown: a comparison with an attribute that is missing or of another type is
false, and `!` makes it true. Every error is a `SearchError`; one that comes from a text knows the place.
"""

from sutler.base.reading.conditions import And, Not, Op, Or
from sutler.dispatch.search.compile import compile_condition
from sutler.dispatch.search.errors import SearchError, SearchMeaningError, SearchSyntaxError, UnreadableSearchError
from sutler.dispatch.search.parser import parse
from sutler.dispatch.search.tree import (
    Attribute,
    Compare,
    Condition,
    Constant,
    Contains,
    Element,
    Every,
    Field,
    InRange,
    InSet,
    Length,
    Member,
    Number,
    Operand,
    Present,
    Some,
    Text,
    Truth,
)

__all__ = [
    "And",
    "Attribute",
    "Compare",
    "Condition",
    "Constant",
    "Contains",
    "Element",
    "Every",
    "Field",
    "InRange",
    "InSet",
    "Length",
    "Member",
    "Not",
    "Number",
    "Op",
    "Operand",
    "Or",
    "Present",
    "SearchError",
    "SearchMeaningError",
    "SearchSyntaxError",
    "Some",
    "Text",
    "Truth",
    "UnreadableSearchError",
    "compile_condition",
    "parse",
]
