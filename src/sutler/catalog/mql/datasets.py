"""From selectors to SQL: the datasets and the named queries that are meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sutler.catalog.mql.conditions import compile_condition
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.selectors import (
    DatasetQuery,
    DatasetSelector,
    NamePattern,
    NameRegexp,
    QualifiedName,
    QuerySearch,
    Subsets,
)
from sutler.catalog.mql.subjects import DATASETS, QUERIES
from sutler.database.sql import Fragment, sql, value

_SELECT = sql("select d.id from catalog.datasets d where ")


def compile_datasets(tree: DatasetQuery, scope: Scope) -> Fragment:
    """A statement with one row `id` per dataset, by namespace and name.

    Raises `MqlMeaningError` or `MqlUnsupportedError` for a condition that makes no sense.
    """
    chosen = _select(scope, sql("d.id in (") + select_datasets(tree.datasets, scope) + sql(")"))
    return chosen + sql(' order by d.namespace collate "C", d.name collate "C"')


def compile_sources(names: Sequence[QualifiedName], scope: Scope) -> Fragment:
    """A statement with one row `namespace, name, source` for each of the named queries that is there to be seen."""
    named = [_named("q", names), *scope.restrict_queries()]
    return sql("select q.namespace, q.name, q.source from catalog.named_queries q where ") + Fragment.join(
        " and ", named
    )


def compile_search(tree: QuerySearch, scope: Scope) -> Fragment:
    """A statement with one row per named query, all columns, by namespace and name. Raises what the above raises."""
    conditions = [*scope.restrict_queries()]
    if tree.matching:
        conditions.append(_matches("q", tree.matching))
    if tree.condition:
        conditions.append(compile_condition(tree.condition, QUERIES))
    columns = sql(
        "select q.namespace, q.name, q.experiment_id, q.source, q.description, q.metadata, q.parameters, q.created_at,"
        " q.created_by, q.updated_at, q.updated_by from catalog.named_queries q where "
    )
    order = sql(' order by q.namespace collate "C", q.name collate "C"')
    return columns + (Fragment.join(" and ", conditions) if conditions else sql("true")) + order


def select_datasets(selectors: tuple[DatasetSelector, ...], scope: Scope) -> Fragment:
    """A statement for the ids of the datasets; an id may come more than once."""
    plain = [s.name for s in selectors if isinstance(s.name, QualifiedName) and _is_plain(s)]
    others = [s for s in selectors if not (isinstance(s.name, QualifiedName) and _is_plain(s))]
    selects = [_select(scope, _named("d", plain))] if plain else []
    selects += [_select_one(selector, scope) for selector in others]
    return Fragment.join(" union all ", selects)


def find_lone(selectors: tuple[DatasetSelector, ...]) -> QualifiedName | None:
    """The one dataset that is meant, if it is one and said by its name alone."""
    if len(selectors) == 1 and isinstance(selectors[0].name, QualifiedName) and _is_plain(selectors[0]):
        return selectors[0].name
    return None


def number_of_dataset(dataset: QualifiedName, scope: Scope) -> Fragment:
    """The id of a dataset, null for an unknown one. The planner works it out, and so knows how large the dataset is."""
    name = value(dataset.namespace, "text") + sql(", ") + value(dataset.name, "text")
    limits = value(_list(scope.experiment_ids), "bigint[]") + sql(", ") + value(_list(scope.namespaces), "text[]")
    return sql("catalog.find_dataset_id(") + name + sql(", ") + limits + sql(")")


def _list(items: Sequence[object] | None) -> list[object] | None:
    return None if items is None else list(items)


def _is_plain(selector: DatasetSelector) -> bool:
    return selector.subsets is Subsets.NONE and selector.having is None


def _select(scope: Scope, *conditions: Fragment) -> Fragment:
    return _SELECT + Fragment.join(" and ", [*conditions, *scope.restrict_datasets()])


def _select_one(selector: DatasetSelector, scope: Scope) -> Fragment:
    having = [compile_condition(selector.having, DATASETS)] if selector.having else []
    if selector.subsets is Subsets.NONE:
        return _select(scope, _matches("d", selector.name), *having)
    tree = _tree(_select(scope, _matches("d", selector.name)), selector.subsets, scope)
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


def _matches(alias: Literal["d", "q"], wanted: QualifiedName | NamePattern | NameRegexp) -> Fragment:
    namespace = sql(alias) + sql(".namespace = ") + value(wanted.namespace) + sql(" and ") + sql(alias)
    match wanted:
        case QualifiedName():
            return namespace + sql(".name = ") + value(wanted.name)
        case NamePattern():
            return namespace + sql(".name like ") + value(_like(wanted.pattern))
        case NameRegexp():
            return namespace + sql(".name ~ ") + value(wanted.regexp)


def _named(alias: Literal["d", "q"], names: Sequence[QualifiedName]) -> Fragment:
    if len(names) == 1:
        return _matches(alias, names[0])
    columns = sql("(") + sql(alias) + sql(".namespace, ") + sql(alias) + sql(".name) in (select * from unnest(")
    listed = value([n.namespace for n in names], "text[]") + sql(", ") + value([n.name for n in names], "text[]")
    return columns + listed + sql("))")


def _like(pattern: str) -> str:
    return pattern.replace("\\", "\\\\").replace("*", "%").replace("?", "_")
