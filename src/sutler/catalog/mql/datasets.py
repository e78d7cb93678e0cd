"""From dataset selectors to SQL: the ids of the datasets that are meant."""

from __future__ import annotations

from sutler.catalog.mql.conditions import compile_condition
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.subjects import DATASETS
from sutler.catalog.mql.tree import DatasetPattern, DatasetRegexp, DatasetSelector, QualifiedName, Subsets
from sutler.database.sql import Fragment, sql, value

_SELECT = sql("select d.id from catalog.datasets d where ")


def select_datasets(selectors: tuple[DatasetSelector, ...], scope: Scope) -> Fragment:
    """A statement for the ids of the datasets; an id may come more than once."""
    plain = [s.name for s in selectors if isinstance(s.name, QualifiedName) and _is_plain(s)]
    others = [s for s in selectors if not (isinstance(s.name, QualifiedName) and _is_plain(s))]
    selects = [_select(scope, _named(plain))] if plain else []
    selects += [_select_one(selector, scope) for selector in others]
    return Fragment.join(" union all ", selects)


def _is_plain(selector: DatasetSelector) -> bool:
    return selector.subsets is Subsets.NONE and selector.having is None


def _select(scope: Scope, *conditions: Fragment) -> Fragment:
    return _SELECT + Fragment.join(" and ", [*conditions, *scope.restrict_datasets()])


def _select_one(selector: DatasetSelector, scope: Scope) -> Fragment:
    having = [compile_condition(selector.having, DATASETS)] if selector.having else []
    if selector.subsets is Subsets.NONE:
        return _select(scope, _matches(selector), *having)
    tree = _tree(_select(scope, _matches(selector)), selector.subsets, scope)
    return _select(scope, sql("d.id in (") + tree + sql(")"), *having)


def _tree(roots: Fragment, subsets: Subsets, scope: Scope) -> Fragment:
    """The datasets and their subsets. A union forgets what it has seen, so a circle of subsets comes to an end."""
    step = sql(
        " union select d.id from tree join catalog.dataset_children c on c.parent_id = tree.id"
        " join catalog.datasets d on d.id = c.child_id where "
    ) + Fragment.join(" and ", [sql("true"), *scope.restrict_datasets()])
    if subsets is Subsets.RECURSIVE:
        return sql("with recursive tree(id) as (") + roots + step + sql(") select id from tree")
    return sql("with tree(id) as (") + roots + sql(") select id from tree") + step


def _matches(selector: DatasetSelector) -> Fragment:
    match selector.name:
        case QualifiedName() as name:
            return _named([name])
        case DatasetPattern(namespace, pattern):
            return sql("d.namespace = ") + value(namespace) + sql(" and d.name like ") + value(_like(pattern))
        case DatasetRegexp(namespace, regexp):
            return sql("d.namespace = ") + value(namespace) + sql(" and d.name ~ ") + value(regexp)


def _named(names: list[QualifiedName]) -> Fragment:
    if len(names) == 1:
        return sql("d.namespace = ") + value(names[0].namespace) + sql(" and d.name = ") + value(names[0].name)
    listed = value([n.namespace for n in names], "text[]") + sql(", ") + value([n.name for n in names], "text[]")
    return sql("(d.namespace, d.name) in (select * from unnest(") + listed + sql("))")


def _like(pattern: str) -> str:
    return pattern.replace("\\", "\\\\").replace("*", "%").replace("?", "_")
