"""From a tree to one SQL statement.

A set of files becomes conditions on `f`, one row of `catalog.files`: conditions of a join are put side by side, a union
and a cut become a set of ids to be in. So each file comes once, wide columns are read last, and the planner sees joins
that it can turn around. An inner statement may call its own row `f` too; the outer one is compared with from outside.
"""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog.mql.conditions import compile_condition
from sutler.catalog.mql.datasets import select_datasets
from sutler.catalog.mql.passes import simplify
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.subjects import FILES
from sutler.catalog.mql.tree import (
    AllFiles,
    Children,
    DatasetSelector,
    FileQuery,
    FilesById,
    FromDatasets,
    Join,
    Limit,
    Minus,
    NamedFiles,
    Parents,
    QualifiedName,
    Skip,
    Union,
    Where,
)
from sutler.database.sql import Fragment, sql, value

_NOT_RETIRED = sql("f.retired_at is null")
_IN_ORDER = sql(" order by f.created_at, f.fid")


def compile_files(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement with one row `id, fid, namespace, name, created_at` per file, ordered by `created_at, fid`.

    Limits inside go by the same order, so the statement gives the same files each time. The server refuses a regular
    expression that it cannot read when the statement runs, not here.
    Raises `MqlMeaningError` or `MqlUnsupportedError` for a tree with a condition that makes no sense.
    """
    tree = simplify(tree)
    columns = sql("select f.id, f.fid, f.namespace, f.name, f.created_at from catalog.files f where ")
    if isinstance(tree, Limit | Skip):
        return _cut(columns, tree, scope)
    return columns + _all_of(_conditions(tree, scope)) + _IN_ORDER


def _select_ids(tree: FileQuery, scope: Scope) -> Fragment:
    select = sql("select f.id from catalog.files f where ")
    if isinstance(tree, Limit | Skip):
        return _cut(select, tree, scope)
    return select + _all_of(_conditions(tree, scope))


def _cut(select: Fragment, tree: Limit | Skip, scope: Scope) -> Fragment:
    tail = _IN_ORDER
    source: FileQuery = tree
    if isinstance(source, Limit):
        tail += sql(" limit ") + value(source.count, "bigint")
        source = source.source
    if isinstance(source, Skip):
        tail += sql(" offset ") + value(source.count, "bigint")
        source = source.source
    return select + _all_of(_conditions(source, scope)) + tail


def _all_of(conditions: Sequence[Fragment]) -> Fragment:
    return Fragment.join(" and ", conditions) if conditions else sql("true")


def _conditions(tree: FileQuery, scope: Scope) -> list[Fragment]:  # noqa: PLR0911 - one return per kind of set
    """What must be true of `f` for it to be in a simplified tree."""
    match tree:
        case AllFiles():
            return _visible(scope)
        case FromDatasets(datasets):
            return [*_visible(scope), _is_member(datasets, scope)]
        case NamedFiles(names):
            return [*scope.restrict_files(), _is_named(names)]
        case FilesById(fids):
            return [*scope.restrict_files(), sql("f.fid = any(") + value(list(fids), "text[]") + sql(")")]
        case Where(source, condition):
            return [*_conditions(source, scope), compile_condition(condition, FILES)]
        case Join(parts):
            return [condition for part in parts for condition in _conditions(part, scope)]
        case Minus(left, right):
            return [*_conditions(left, scope), _is_not_among(right, scope)]
        case Parents(source):
            return [_NOT_RETIRED, *scope.restrict_files(), _is_parent(source, scope)]
        case Children(source):
            return [_NOT_RETIRED, *scope.restrict_files(), _is_child(source, scope)]
        case _:
            return [_is_among(tree, scope)]


def _visible(scope: Scope) -> list[Fragment]:
    return scope.restrict_files() if scope.include_retired else [_NOT_RETIRED, *scope.restrict_files()]


def _is_member(datasets: tuple[DatasetSelector, ...], scope: Scope) -> Fragment:
    members = sql("f.id in (select m.file_id from catalog.dataset_files m where m.dataset_id in (")
    return members + select_datasets(datasets, scope) + sql("))")


def _is_named(names: tuple[QualifiedName, ...]) -> Fragment:
    listed = value([n.namespace for n in names], "text[]") + sql(", ") + value([n.name for n in names], "text[]")
    return sql("(f.namespace, f.name) in (select * from unnest(") + listed + sql("))")


def _is_among(tree: FileQuery, scope: Scope) -> Fragment:
    parts = tree.parts if isinstance(tree, Union) else (tree,)
    selects = [sql("(") + _select_ids(part, scope) + sql(")") for part in parts]
    return sql("f.id in (") + Fragment.join(" union all ", selects) + sql(")")


def _is_not_among(tree: FileQuery, scope: Scope) -> Fragment:
    return sql("not exists (select from (") + _select_ids(tree, scope) + sql(") taken where taken.id = f.id)")


def _is_parent(source: FileQuery, scope: Scope) -> Fragment:
    links = sql("f.id in (select p.parent_id from catalog.provenance p where p.child_id in (")
    return links + _select_ids(source, scope) + sql("))")


def _is_child(source: FileQuery, scope: Scope) -> Fragment:
    links = sql("f.id in (select p.child_id from catalog.provenance p where p.parent_id in (")
    return links + _select_ids(source, scope) + sql("))")
