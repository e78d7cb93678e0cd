"""From a tree to one SQL statement.

A set of files becomes conditions on `f`, one row of `catalog.files`: conditions of a join are put side by side, a union
and a cut become a set of ids to be in. So each file comes once, wide columns are read last, and the planner sees joins
that it can turn around. An inner statement may call its own row `f` too; the outer one is compared with from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.catalog.mql.conditions import compile_condition
from sutler.catalog.mql.datasets import find_lone, number_of_dataset, select_datasets
from sutler.catalog.mql.narrowing import narrow
from sutler.catalog.mql.passes import simplify
from sutler.catalog.mql.scope import Scope
from sutler.catalog.mql.selectors import DatasetSelector, QualifiedName
from sutler.catalog.mql.subjects import FILES
from sutler.catalog.mql.terms import Condition
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
    Parents,
    SelectedBy,
    Skip,
    Union,
    Where,
)
from sutler.database.sql import Fragment, sql, value

_NOT_RETIRED = sql("f.retired_at is null")
_IN_ORDER = sql(" order by f.created_at, f.fid")
_IN_ORDER_OF_MEMBERS = sql(" order by m.created_at, f.fid")


def compile_files(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement with one row `id, fid, namespace, name, created_at` per file, ordered by `created_at, fid`.

    Limits inside go by the same order, so the statement gives the same files each time. The server refuses a regular
    expression that it cannot read when the statement runs, not here. Named queries must have been replaced by what they
    say, and filters by what they leave.
    Raises `MqlMeaningError` or `MqlUnsupportedError` for a tree with a condition that makes no sense.
    """
    tree = simplify(tree)
    select = _select(sql("f.id, f.fid, f.namespace, f.name, f.created_at"), tree, scope)
    return select if isinstance(tree, Limit | Skip) else select + _order(tree)


def select_placed(tree: FileQuery, scope: Scope, *, more: Fragment | None = None) -> Fragment:
    """A statement with the same columns, and more of `f`, in no order. For statements that go around it.

    The planner makes it one with these, and knows an index for what they ask of `created_at` and its order. Raises what
    `compile_files` raises.
    """
    tree = simplify(tree)
    at = sql("f.created_at") if _find_dataset(tree) is None else sql("m.created_at")
    columns = sql("f.id, f.fid, f.namespace, f.name, ") + at + sql(" as created_at") + (more or sql(""))
    return _select(columns, tree, scope)


def find_horizon(tree: FileQuery, scope: Scope, *, after: datetime | None, count: int) -> Fragment | None:
    """A statement with at most one row `created_at`: up to where `count` files stand in the order, wanted or not.

    No row: there are not so many. For files of one dataset, and all files, that fulfil a condition; None for other
    sets, of which no index has the order, or of which all are wanted.
    """
    tree = simplify(tree)
    dataset = _find_dataset(tree)
    if not isinstance(tree, Where) or (dataset is None and not isinstance(tree.source, AllFiles)):
        return None
    if dataset is None:
        select, at = sql("select f.created_at from catalog.files f where true"), sql("f.created_at")
    else:
        select, at = sql("select m.created_at from catalog.dataset_files m where m.dataset_id = "), sql("m.created_at")
        select += number_of_dataset(dataset, scope)
    if after is not None:
        select += sql(" and ") + at + sql(" >= ") + value(after, "timestamptz")
    return select + sql(" order by ") + at + sql(" limit 1 offset ") + value(count, "bigint")


def select_columns(columns: Fragment, tree: FileQuery, scope: Scope, *, by_members: bool = False) -> Fragment:
    """A statement for columns of `f`, one row per file in no order. Raises what `compile_files` raises.

    With `by_members` a set that is about one dataset is found by going through all of its members, condition or not.
    """
    tree = simplify(tree)
    dataset = _find_dataset(tree) if by_members else _find_whole_dataset(tree)
    if dataset is None:
        return _select(columns, tree, scope)
    condition = _condition_of(tree.condition, scope) if isinstance(tree, Where) else []
    found = _all_of([*_visible(scope), _is_listed(_members(dataset, scope)), *condition])
    return sql("select ") + columns + sql(" from catalog.files f where ") + found


def is_about_dataset(tree: FileQuery) -> bool:
    """Whether a set is those files of one dataset that fulfil a condition."""
    tree = simplify(tree)
    return isinstance(tree, Where) and _find_dataset(tree) is not None


def is_in_order(tree: FileQuery) -> bool:
    """Whether an index has the files of a set in order, so that the first ones are found without the others."""
    tree = simplify(tree)
    return isinstance(tree, AllFiles) or _find_whole_dataset(tree) is not None


def select_in_order(
    columns: Fragment, tree: FileQuery, scope: Scope, *, after: tuple[datetime, str] | None, count: int
) -> Fragment:
    """A statement for columns of `f` of the next files, at most `count`, of a set that is in order (`is_in_order`).

    They come after a place in the order, the creation time and fid of a file.
    """
    tree = simplify(tree)
    at = sql("f.created_at") if _find_dataset(tree) is None else sql("m.created_at")
    select = _select(columns, tree, scope)
    if after is not None:
        created_at, fid = value(after[0], "timestamptz"), value(after[1], "text")
        select += sql(" and ") + at + sql(" >= ") + created_at
        select += sql(" and (") + at + sql(", f.fid) > (") + created_at + sql(", ") + fid + sql(")")
    return select + _order(tree) + sql(" limit ") + value(count, "bigint")


def find_kept_count(tree: FileQuery, scope: Scope) -> Fragment | None:
    """A statement with one row `count` for a whole dataset, whose number of files is kept; None for anything else."""
    tree = simplify(tree)
    dataset = _find_whole_dataset(tree)
    if dataset is None or scope.include_retired or scope.namespaces is not None:
        return None
    count = sql("select coalesce(sum(d.file_count), 0)::bigint as count from catalog.datasets d where d.id = ")
    return count + number_of_dataset(dataset, scope)


def _select(columns: Fragment, tree: FileQuery, scope: Scope) -> Fragment:
    if isinstance(tree, Limit | Skip):
        return _cut(columns, tree, scope)
    return sql("select ") + columns + _from_where(tree, scope)


def _from_where(tree: FileQuery, scope: Scope) -> Fragment:
    """Where to find the files of a set: those of one dataset by way of its members, which an index has in order."""
    dataset = _find_dataset(tree)
    if isinstance(tree, Parents | Children):
        return sql(" from catalog.files f where ") + _all_of([*_live(scope), _is_listed(_links(tree, scope))])
    if dataset is None:
        return sql(" from catalog.files f where ") + _all_of(_conditions(tree, scope))
    condition = _condition_of(tree.condition, scope) if isinstance(tree, Where) else []
    members = sql(" from catalog.dataset_files m join catalog.files f on f.id = m.file_id where m.dataset_id = ")
    return members + _all_of([number_of_dataset(dataset, scope), *_visible(scope), *condition])


def _find_dataset(tree: FileQuery) -> QualifiedName | None:
    """The one dataset that a set is about, perhaps with a condition."""
    source = tree.source if isinstance(tree, Where) else tree
    return find_lone(source.datasets) if isinstance(source, FromDatasets) else None


def _find_whole_dataset(tree: FileQuery) -> QualifiedName | None:
    """The one dataset that a set is, without any condition."""
    return _find_dataset(tree) if isinstance(tree, FromDatasets) else None


def _order(tree: FileQuery) -> Fragment:
    return _IN_ORDER if _find_dataset(tree) is None else _IN_ORDER_OF_MEMBERS


def _select_ids(tree: FileQuery, scope: Scope) -> Fragment:
    """A statement with one row `id` per file. To know the members of a dataset no file is read but retired ones."""
    dataset = _find_whole_dataset(tree)
    if dataset is None or scope.namespaces is not None:
        return _select(sql("f.id"), tree, scope)
    if scope.include_retired:
        return _members(dataset, scope)
    retired = sql("select from catalog.files r where r.id = m.file_id and r.retired_at is not null")
    return _members(dataset, scope) + sql(" and not exists (") + retired + sql(")")


def _members(dataset: QualifiedName, scope: Scope) -> Fragment:
    """The files of a dataset, retired ones too. They are of its experiment, so that it alone is asked about."""
    members = sql("select m.file_id as id from catalog.dataset_files m where m.dataset_id = ")
    return members + number_of_dataset(dataset, scope)


def _cut(columns: Fragment, tree: Limit | Skip, scope: Scope) -> Fragment:
    cut = sql("")
    source: FileQuery = tree
    if isinstance(source, Limit):
        cut += sql(" limit ") + value(source.count, "bigint")
        source = source.source
    if isinstance(source, Skip):
        cut += sql(" offset ") + value(source.count, "bigint")
        source = source.source
    return sql("select ") + columns + _from_where(source, scope) + _order(source) + cut


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
        case GivenFiles(ids):
            given = sql("f.id in (select unnest(") + value(list(ids), "bigint[]") + sql("))")
            return [*scope.restrict_files(), given]
        case Where(source, condition):
            return [*_conditions(source, scope), *_condition_of(condition, scope)]
        case Join(parts):
            return [condition for part in parts for condition in _conditions(part, scope)]
        case Minus(left, right):
            return [*_conditions(left, scope), _is_not_among(right, scope)]
        case Parents() | Children():
            return [*_live(scope), _is_one_of(_links(tree, scope))]
        case SelectedBy() | Filtered():
            raise TypeError(f"{type(tree).__name__} must be worked out before it is compiled")
        case _:
            return [_is_among(tree, scope)]


def _condition_of(condition: Condition, scope: Scope) -> list[Fragment]:
    """The condition itself, and after it what follows from it that an index on a key can tell."""
    return [compile_condition(condition, FILES), *narrow(condition, FILES, scope.indexed_keys)]


def _live(scope: Scope) -> list[Fragment]:
    return [_NOT_RETIRED, *scope.restrict_files()]


def _visible(scope: Scope) -> list[Fragment]:
    return scope.restrict_files() if scope.include_retired else _live(scope)


def _is_member(datasets: tuple[DatasetSelector, ...], scope: Scope) -> Fragment:
    lone = find_lone(datasets)
    if lone is not None:
        members = sql("f.id in (select m.file_id from catalog.dataset_files m where m.dataset_id = ")
        return members + number_of_dataset(lone, scope) + sql(")")
    members = sql("f.id in (select m.file_id from catalog.dataset_files m where m.dataset_id in (")
    return members + select_datasets(datasets, scope) + sql("))")


def _is_named(names: tuple[QualifiedName, ...]) -> Fragment:
    listed = value([n.namespace for n in names], "text[]") + sql(", ") + value([n.name for n in names], "text[]")
    return sql("(f.namespace, f.name) in (select * from unnest(") + listed + sql("))")


def _is_among(tree: FileQuery, scope: Scope) -> Fragment:
    parts = tree.parts if isinstance(tree, Union) else (tree,)
    selects = [sql("(") + _select_ids(part, scope) + sql(")") for part in parts]
    return _is_one_of(Fragment.join(" union all ", selects))


def _is_one_of(ids: Fragment) -> Fragment:
    """`f` is one of many, each once and in order: neighbours in the table are then read one after the other.

    Left to itself the planner makes them single by a hash, and each file is looked for at a place of its own.
    """
    ordered = sql("f.id in (select distinct many.id from (select one.id from (") + ids
    return ordered + sql(") one (id) order by one.id offset 0) many)")


def _is_not_among(tree: FileQuery, scope: Scope) -> Fragment:
    return sql("not exists (select from (") + _select_ids(tree, scope) + sql(") taken where taken.id = f.id)")


def _is_listed(ids: Fragment) -> Fragment:
    """`f` is one of many of which all are wanted: a list, for which the index is gone through once and in order.

    The planner takes any such list for a short one. So it is not for sets that a condition makes much smaller.
    """
    return sql("f.id = any(array(") + ids + sql("))")


def _links(tree: Parents | Children, scope: Scope) -> Fragment:
    """The relatives of the files of a set, with repeats."""
    sources = _select_ids(tree.source, scope) + sql(")")
    if isinstance(tree, Parents):
        return sql("select p.parent_id from catalog.provenance p where p.child_id in (") + sources
    return sql("select p.child_id from catalog.provenance p where p.parent_id in (") + sources
