"""From tree to text, in one canonical form. Parsing the text gives the same tree again."""

from __future__ import annotations

from collections.abc import Iterable

from sutler.base.reading.conditions import And, Not, Or
from sutler.catalog.mql.terms import (
    AllOf,
    AnyOf,
    Attribute,
    Boolean,
    Compare,
    Condition,
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
    Operand,
    Parameter,
    Present,
    Text,
)
from sutler.catalog.mql.tree import (
    AllFiles,
    Children,
    DatasetPattern,
    DatasetRegexp,
    DatasetSelector,
    FileQuery,
    FilesById,
    FromDatasets,
    Join,
    Limit,
    Minus,
    NamedFiles,
    Ordered,
    Parents,
    QualifiedName,
    Skip,
    Union,
    Where,
)

CUTS = (Limit, Skip, Ordered)


def to_text(tree: FileQuery) -> str:  # noqa: PLR0911 - one return per kind of set
    """The query as text, always with namespaces and with quotes around texts."""
    match tree:
        case AllFiles():
            return "files"
        case FromDatasets(datasets):
            return f"files from {', '.join(_selector(selector) for selector in datasets)}"
        case NamedFiles(names):
            return f"files {', '.join(f'{name.namespace}:{name.name}' for name in names)}"
        case FilesById(fids):
            return f"fids {', '.join(fids)}"
        case Union(parts):
            return f"union({_list(parts)})"
        case Join(parts):
            return f"join({_list(parts)})"
        case Parents(source):
            return f"parents({to_text(source)})"
        case Children(source):
            return f"children({to_text(source)})"
        case _:
            return _chain(tree)


def _chain(tree: Minus | Where | Limit | Skip | Ordered) -> str:
    match tree:
        case Minus(left, right):
            # A condition on a cut would otherwise take the whole difference, for that is what the cut would take.
            inner = right.source if isinstance(right, Where) else right
            brackets = isinstance(right, Minus) or isinstance(inner, CUTS)
            return f"{to_text(left)} - {f'({to_text(right)})' if brackets else to_text(right)}"
        case Where(source, condition):
            return f"{_bracketed(source, (Minus, Where))} where {condition_text(condition)}"
        case Limit(source, count):
            return f"{to_text(source)} limit {count}"
        case Skip(source, count):
            return f"{to_text(source)} skip {count}"
        case Ordered(source):
            return f"{to_text(source)} ordered"


def _bracketed(tree: FileQuery, kinds: tuple[type, ...]) -> str:
    return f"({to_text(tree)})" if isinstance(tree, kinds) else to_text(tree)


def _list(parts: Iterable[FileQuery]) -> str:
    return ", ".join(to_text(part) for part in parts)


def _selector(selector: DatasetSelector) -> str:
    match selector.name:
        case QualifiedName(namespace, name):
            text = f"{namespace}:{name}"
        case DatasetPattern(namespace, pattern):
            text = f"matching {namespace}:{pattern}"
        case DatasetRegexp(namespace, regexp):
            text = f'matching regexp {namespace}:"{regexp}"'
    having = f" having {condition_text(selector.having)}" if selector.having else ""
    return f"{text}{selector.subsets.value}{having}"


def condition_text(condition: Condition) -> str:  # noqa: PLR0911 - one return per kind of condition
    """A condition as text, with brackets only where the tree needs them."""
    match condition:
        case Or(items):
            return " or ".join(_nested(item, (Or,)) for item in items)
        case And(items):
            return " and ".join(_nested(item, (Or, And)) for item in items)
        case Not(item):
            return f"!({condition_text(item)})"
        case Compare(operand, op, constant):
            return f"{_operand(operand)} {op.value} {_constant(constant)}"
        case InSet(operand, constants, negated):
            listed = ", ".join(_constant(constant) for constant in constants)
            return f"{_operand(operand)} {_in(negated)} ({listed})"
        case InRange(operand, low, high, negated):
            return f"{_operand(operand)} {_in(negated)} {_constant(low)}:{_constant(high)}"
        case Present(key, negated):
            return f"{key} {'not ' if negated else ''}present"
        case Contains(constant, key, negated):
            return f"{_constant(constant)} {_in(negated)} {key}"


def _nested(condition: Condition, kinds: tuple[type, ...]) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, kinds) else text


def _in(negated: bool) -> str:  # noqa: FBT001 - a field of the term
    return "not in" if negated else "in"


def _operand(operand: Operand) -> str:  # noqa: PLR0911 - one return per kind of operand
    match operand:
        case Attribute(name):
            return name
        case Parameter(key):
            return key
        case AnyOf(key):
            return f"{key}[any]"
        case AllOf(key):
            return f"{key}[all]"
        case Element(key, index):
            return f"{key}[{index}]"
        case Member(key, member):
            return f'{key}["{member}"]'
        case Length(key):
            return f"len({key})"


def _constant(constant: Constant) -> str:
    match constant:
        case Number(number):
            return repr(number)
        case Boolean(truth):
            return "true" if truth else "false"
        case Text(text):
            return f'"{text}"'
        case Instant(at):
            return f'datetime("{at.isoformat()}")'
        case Day(day, 0):
            return f'date("{day.isoformat()}")'
        case Day(day, minutes):
            hours, rest = divmod(abs(minutes), 60)
            return f'date("{day.isoformat()}", "{"-" if minutes < 0 else "+"}{hours:02}:{rest:02}")'
