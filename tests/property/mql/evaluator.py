"""What a query means, said as plainly as can be: every rule in Python, without an index, a plan or a statement.

A condition is True, False or None for unknown. A list stands for its elements; what is in a list of lists compares
with nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import translate
from typing import Any

from tests.property.mql.catalogue import Catalogue, Dataset, File, Json, Metadata, Named
from tests.property.mql.filter_meanings import filtered, plain

from sutler.catalog.mql import (
    AllFiles,
    AllOf,
    And,
    AnyOf,
    Attribute,
    Boolean,
    Children,
    Compare,
    Condition,
    Constant,
    Contains,
    DatasetQuery,
    DatasetSelector,
    Day,
    Element,
    FileQuery,
    FilesById,
    Filtered,
    FromDatasets,
    InRange,
    InSet,
    Instant,
    Join,
    Length,
    Limit,
    Member,
    Minus,
    NamedFiles,
    NamePattern,
    NameRegexp,
    Not,
    Number,
    Op,
    Operand,
    Or,
    Ordered,
    Parents,
    Present,
    QualifiedName,
    QuerySearch,
    Scope,
    SelectedBy,
    Skip,
    Subsets,
    Text,
    Union,
    Where,
    parse,
)

Truth = bool | None
Values = list[Json]

_INVERSE = {
    Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.LE: Op.GT, Op.GT: Op.LE,
    Op.MATCH: Op.NOT_MATCH, Op.NOT_MATCH: Op.MATCH,
    Op.MATCH_ANY_CASE: Op.NOT_MATCH_ANY_CASE, Op.NOT_MATCH_ANY_CASE: Op.MATCH_ANY_CASE,
}  # fmt: skip
_ORDER: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq, Op.NE: operator.ne, Op.LT: operator.lt,
    Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge,
}  # fmt: skip


def evaluate(tree: FileQuery, catalogue: Catalogue, scope: Scope) -> list[str]:
    """The ids of the files in a set, in order."""
    return [file.key for file in _Evaluator(catalogue, scope).files(tree)]


def evaluate_datasets(tree: DatasetQuery, catalogue: Catalogue, scope: Scope) -> list[str]:
    """The names of the datasets that a search finds, in order."""
    evaluator = _Evaluator(catalogue, scope)
    numbers = {number for selector in tree.datasets for number in evaluator.selected(selector)}
    found = [evaluator.all_datasets[number] for number in numbers]
    return [f"{d.namespace}:{d.name}" for d in sorted(found, key=lambda d: (d.namespace, d.name))]


def evaluate_search(tree: QuerySearch, catalogue: Catalogue, scope: Scope) -> list[str]:
    """The names of the queries that a search finds, in order."""
    found = [query for query in catalogue.queries if _may_see(query, scope)]
    if tree.matching:
        found = [query for query in found if _is_named(query, tree.matching)]
    if tree.condition:
        found = [query for query in found if is_true(tree.condition, query.metadata, query.attributes())]
    return [f"{q.namespace}:{q.name}" for q in sorted(found, key=lambda q: (q.namespace, q.name))]


def is_true(condition: Condition, metadata: Metadata, attributes: dict[str, object]) -> Truth:  # noqa: PLR0911 - one return per kind of condition
    """Whether a condition holds."""
    match condition:
        case Not(item):
            truth = is_true(item, metadata, attributes)
            return None if truth is None else not truth
        case And(items):
            truths = [is_true(item, metadata, attributes) for item in items]
            return False if False in truths else None if None in truths else True
        case Or(items):
            return _any([is_true(item, metadata, attributes) for item in items])
        case Present(key, negated):
            return (key in metadata) != negated
        case Contains(constant, key, negated):
            return any(_contains(v, constant) for v in _elements(metadata, key)) != negated
        case Compare() | InSet() | InRange():
            if isinstance(condition.operand, Attribute):
                return _of_attribute(condition, attributes[condition.operand.name])
            if isinstance(condition.operand, Length):
                found = metadata.get(condition.operand.key)
                return _of_attribute(condition, len(found) if isinstance(found, list) else None)
            return _of_metadata(condition, condition.operand, metadata)


def _of_metadata(term: Compare | InSet | InRange, operand: Operand, metadata: Metadata) -> Truth:
    values = _values(operand, metadata)
    if isinstance(term, Compare):
        if isinstance(operand, AllOf):
            truth = _any([_compare(v, _INVERSE[term.op], term.constant) for v in values])
            return None if truth is None else not truth
        return _any([_compare(v, term.op, term.constant) for v in values])
    inside = any(_inside(v, term) for v in values)
    outside = any(_outside(v, term) for v in values)
    match operand:
        case AnyOf():
            return outside if term.negated else inside
        case AllOf():
            return not inside if term.negated else not outside
        case _:
            return inside != term.negated


def _any(truths: list[Truth]) -> Truth:
    return True if True in truths else None if None in truths else False


def _values(operand: Operand, metadata: Metadata) -> Values:
    match operand:
        case Element(key, index):
            if key not in metadata:
                return []
            found = metadata[key]
            items = found if isinstance(found, list) else [found]
            return _spread(items[index]) if 0 <= index < len(items) else []
        case Member(key, member):
            objects = [v for v in _elements(metadata, key) if isinstance(v, dict)]
            return [v for item in objects if member in item for v in _spread(item[member])]
        case Attribute() | Length():
            raise TypeError(operand)
        case _:
            return _elements(metadata, operand.key)


def _elements(metadata: Metadata, key: str) -> Values:
    return _spread(metadata[key]) if key in metadata else []


def _spread(value: Json) -> Values:
    return value if isinstance(value, list) else [value]


def _kind(value: object) -> str:
    if isinstance(value, bool | Boolean):
        return "boolean"
    if isinstance(value, int | float | Number | Instant | Day):
        return "number"
    return "text" if isinstance(value, str | Text) else "null" if value is None else "other"


def _compare(value: Json, op: Op, constant: Constant) -> Truth:
    if op.is_regexp:
        assert isinstance(constant, Text)
        if not isinstance(value, str):
            return False
        flags = re.IGNORECASE if op in {Op.MATCH_ANY_CASE, Op.NOT_MATCH_ANY_CASE} else 0
        return bool(re.search(constant.text, value, flags)) != (op in {Op.NOT_MATCH, Op.NOT_MATCH_ANY_CASE})
    if value is None:
        return op is Op.NE
    if _kind(value) != _kind(constant):
        return None
    if isinstance(constant, Day):
        return _compare_day(value, op, plain(constant), constant.ends_at.timestamp())
    return _ORDER[op](value, plain(constant))


def _compare_day(value: object, op: Op, begin: object, end: object) -> bool:
    within = _ORDER[Op.GE](value, begin) and _ORDER[Op.LT](value, end)
    match op:
        case Op.EQ | Op.NE:
            return within == (op is Op.EQ)
        case Op.LT | Op.GE:
            return _ORDER[op](value, begin)
        case Op.LE:
            return _ORDER[Op.LT](value, end)
        case _:
            return _ORDER[Op.GE](value, end)


def _inside(value: Json, term: InSet | InRange) -> bool:
    if isinstance(term, InSet):
        return any(_compare(value, Op.EQ, constant) is True for constant in term.constants)
    return _compare(value, Op.GE, term.low) is True and _compare(value, Op.LE, term.high) is True


def _outside(value: Json, term: InSet | InRange) -> bool:
    """For a range, a value of another type is neither inside nor outside."""
    if isinstance(term, InSet):
        return not _inside(value, term)
    return _kind(value) == _kind(term.low) and not _inside(value, term)


def _contains(value: Json, constant: Constant) -> bool:
    if isinstance(constant, Text) and isinstance(value, str):
        return constant.text in value
    return _compare(value, Op.EQ, constant) is True


def _of_attribute(term: Compare | InSet | InRange, found: object) -> Truth:  # noqa: PLR0911 - one return per form of term
    """As SQL has it: nothing is known about null."""
    if found is None:
        return None
    match term:
        case Compare(_, Op.LIKE, Text(text)):
            pattern = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in text)
            return bool(re.fullmatch(pattern, str(found), re.DOTALL))
        case Compare(_, op, Day() as day):
            return _compare_day(found, op, day.begins_at, day.ends_at)
        case Compare(_, op, constant) if op.is_regexp:
            return _compare(str(found), op, constant)
        case Compare(_, op, constant):
            return _ORDER[op](found, _beside(found, constant))
        case InSet(_, constants, negated):
            return any(found == _beside(found, constant) for constant in constants) != negated
        case InRange(_, low, Day() as high, negated):
            return (_ORDER[Op.GE](found, _beside(found, low)) and _ORDER[Op.LT](found, high.ends_at)) != negated
        case InRange(_, low, high, negated):
            within = _ORDER[Op.GE](found, _beside(found, low)) and _ORDER[Op.LE](found, _beside(found, high))
            return within != negated


def _beside(found: object, constant: Constant) -> object:
    if isinstance(found, datetime):
        match constant:
            case Number(number):
                return datetime.fromtimestamp(number, found.tzinfo)
            case Text(text):
                return datetime.fromisoformat(text).replace(tzinfo=found.tzinfo)
            case Instant(at):
                return at
            case Day():
                return constant.begins_at
    return plain(constant)


class _Evaluator:
    def __init__(self, catalogue: Catalogue, scope: Scope) -> None:
        self.scope = scope
        self.queries = {(q.namespace, q.name): q for q in catalogue.queries if _may_see(q, scope)}
        self.all_files = sorted(
            (file for file in catalogue.files if _may_see(file, scope)), key=lambda file: (file.created_at, file.key)
        )
        self.all_datasets = {dataset.number: dataset for dataset in catalogue.datasets if _may_see(dataset, scope)}

    def files(self, tree: FileQuery) -> list[File]:
        """Every set is in order, so that a cut is a cut of a list. A filter has its own order, and a limit keeps it."""
        match tree:
            case Limit(source, count):
                return self.files(source)[:count]
            case Skip(source, count):
                return self.in_order(self.files(source))[count:]
            case Ordered(source):
                return self.in_order(self.files(source))
            case SelectedBy(name):
                query = self.queries[name.namespace, name.name]
                return self.files(parse(query.source, default_namespace=query.namespace))
            case Filtered():
                return filtered(tree, [self.files(source) for source in tree.sources])
            case _:
                numbers = self.numbers(tree)
                return [file for file in self.all_files if file.number in numbers]

    def in_order(self, files: list[File]) -> list[File]:
        return [file for file in self.all_files if file in files]

    def numbers(self, tree: FileQuery) -> set[int]:  # noqa: PLR0911 - one return per kind of set
        match tree:
            case AllFiles():
                return self.visible()
            case FromDatasets(selectors):
                members = {n for s in selectors for number in self.selected(s) for n in self.all_datasets[number].files}
                return members & self.visible()
            case NamedFiles(names):
                wanted = {(name.namespace, name.name) for name in names}
                return {file.number for file in self.all_files if (file.namespace, file.name) in wanted}
            case FilesById(fids):
                return {file.number for file in self.all_files if file.key in fids}
            case Union(parts):
                return set.union(*(self.kept(part) for part in parts))
            case Join(parts):
                return set.intersection(*(self.kept(part) for part in parts))
            case Minus(left, right):
                return self.kept(left) - self.kept(right)
            case Parents(source):
                links = {parent for file in self.files(source) for parent in file.parents}
                return {file.number for file in self.all_files if file.number in links and not file.is_retired}
            case Children(source):
                sources = self.kept(source)
                return {f.number for f in self.all_files if sources.intersection(f.parents) and not f.is_retired}
            case Where(source, condition):
                kept = self.files(source)
                return {f.number for f in kept if is_true(condition, f.metadata, f.attributes())}
            case _:
                return self.kept(tree)

    def kept(self, tree: FileQuery) -> set[int]:
        return {file.number for file in self.files(tree)}

    def visible(self) -> set[int]:
        return {file.number for file in self.all_files if self.scope.include_retired or not file.is_retired}

    def selected(self, selector: DatasetSelector) -> set[int]:
        found = {number for number, dataset in self.all_datasets.items() if _is_named(dataset, selector.name)}
        rounds = {Subsets.NONE: 0, Subsets.DIRECT: 1, Subsets.RECURSIVE: len(self.all_datasets)}[selector.subsets]
        for _ in range(rounds):
            found |= {child for number in found for child in self.all_datasets[number].children} & set(
                self.all_datasets
            )
        if selector.having is None:
            return found
        datasets = [self.all_datasets[number] for number in found]
        return {d.number for d in datasets if is_true(selector.having, d.metadata, d.attributes())}


def _may_see(thing: File | Dataset | Named, scope: Scope) -> bool:
    return (scope.namespaces is None or thing.namespace in scope.namespaces) and (
        scope.experiment_ids is None or thing.experiment_id in scope.experiment_ids
    )


def _is_named(thing: Dataset | Named, wanted: QualifiedName | NamePattern | NameRegexp) -> bool:
    if thing.namespace != wanted.namespace:
        return False
    match wanted:
        case QualifiedName(_, name):
            return thing.name == name
        case NamePattern(_, pattern):
            return bool(re.match(translate(pattern.replace("%", "*").replace("_", "?")), thing.name))
        case NameRegexp(_, regexp):
            return bool(re.search(regexp, thing.name))
