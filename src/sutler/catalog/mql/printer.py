"""From tree to text, in one canonical form. Parsing the text gives the same tree again."""

from __future__ import annotations

from collections.abc import Iterable

from sutler.base.reading.conditions import And, Not, Or
from sutler.catalog.mql.errors import MqlMeaningError
from sutler.catalog.mql.selectors import (
    DatasetQuery,
    DatasetSelector,
    NamePattern,
    NameRegexp,
    QualifiedName,
    QuerySearch,
)
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
    FileQuery,
    FilesById,
    Filtered,
    FromDatasets,
    GivenFiles,
    Join,
    Limit,
    Minus,
    NamedFiles,
    Ordered,
    Parents,
    Query,
    SelectedBy,
    Skip,
    Union,
    Where,
)

CUTS = Limit | Skip | Ordered


def to_text(tree: Query) -> str:
    """The query as text, always with namespaces and with quotes around texts.

    Raises `MqlMeaningError` for files that are known by their numbers only, which no text can say.
    """
    match tree:
        case DatasetQuery(datasets):
            return f"datasets {selectors_text(datasets)}"
        case QuerySearch(matching, condition):
            said = f" {_name(matching)}" if matching else ""
            return f"queries{said}{f' where {condition_text(condition)}' if condition else ''}"
        case _:
            return _files(tree)


def _files(tree: FileQuery) -> str:  # noqa: PLR0911 - one return per kind of set
    match tree:
        case AllFiles():
            return "files"
        case FromDatasets(datasets):
            return f"files from {selectors_text(datasets)}"
        case NamedFiles(names):
            return f"files {', '.join(f'{name.namespace}:{name.name}' for name in names)}"
        case FilesById(fids):
            return f"fids {', '.join(fids)}"
        case SelectedBy(name):
            return f"files selected by {name.namespace}:{name.name}"
        case Filtered(sources=sources):
            return f"{filter_text(tree)}({_list(sources)})"
        case GivenFiles():
            raise MqlMeaningError("files that are known by their numbers only cannot be written in a query.")
        case Union(parts):
            return f"union({_list(parts)})"
        case Join(parts):
            return f"join({_list(parts)})"
        case Parents(source):
            return f"parents({_files(source)})"
        case Children(source):
            return f"children({_files(source)})"
        case _:
            return _chain(tree)


def filter_text(node: Filtered) -> str:
    """A filter with its arguments, without what it filters."""
    arguments = [_constant(constant) for constant in node.positional]
    arguments += [f"{name}={_constant(constant)}" for name, constant in node.keywords]
    return f"filter {node.name}({', '.join(arguments)})"


def _chain(tree: Minus | Where | Limit | Skip | Ordered) -> str:
    match tree:
        case Minus(left, right):
            # A condition on a cut would otherwise take the whole difference, for that is what the cut would take.
            inner = right.source if isinstance(right, Where) else right
            brackets = isinstance(right, Minus) or isinstance(inner, CUTS)
            return f"{_files(left)} - {f'({_files(right)})' if brackets else _files(right)}"
        case Where(source, condition):
            # A cut of what has a condition or a difference needs brackets in the grammar of other servers only.
            brackets = isinstance(_uncut(source), Minus | Where)
            return f"{f'({_files(source)})' if brackets else _files(source)} where {condition_text(condition)}"
        case Limit(source, count):
            return f"{_files(source)} limit {count}"
        case Skip(source, count):
            return f"{_files(source)} skip {count}"
        case Ordered(source):
            return f"{_files(source)} ordered"


def _uncut(tree: FileQuery) -> FileQuery:
    while isinstance(tree, CUTS):
        tree = tree.source
    return tree


def _list(parts: Iterable[FileQuery]) -> str:
    return ", ".join(_files(part) for part in parts)


def selectors_text(selectors: Iterable[DatasetSelector]) -> str:
    """Datasets as they stand after `from` or `datasets`."""
    return ", ".join(_selector(selector) for selector in selectors)


def _selector(selector: DatasetSelector) -> str:
    having = f" having {condition_text(selector.having)}" if selector.having else ""
    return f"{_name(selector.name)}{selector.subsets.value}{having}"


def _name(name: QualifiedName | NamePattern | NameRegexp) -> str:
    match name:
        case QualifiedName():
            return f"{name.namespace}:{name.name}"
        case NamePattern(namespace, pattern):
            return f"matching {namespace}:{pattern}"
        case NameRegexp(namespace, regexp):
            return f'matching regexp {namespace}:"{regexp}"'


def condition_text(condition: Condition) -> str:  # noqa: PLR0911 - one return per kind of condition
    """A condition as text, with brackets only where the tree needs them."""
    match condition:
        case Or(items):
            return " or ".join(_nested(item, (Or,)) for item in items)
        case And(items):
            return " and ".join(_nested(item, (Or, And)) for item in items)
        case Not(item):
            return f"!{_nested(item, (Or, And))}"
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
