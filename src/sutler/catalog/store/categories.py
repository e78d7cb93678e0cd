"""Categories of metadata, and what datasets require."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.catalog.model import Category, CategoryRule
from sutler.database import Tx, into, into_list, into_optional, load_statements

_SQL = load_statements("sutler.catalog.store", "categories.sql")


async def insert_category(
    tx: Tx,
    *,
    experiment_id: int,
    path: str,
    owner_user_id: int | None,
    owner_role: str | None,
    owner_group: str | None,
    restricted: bool,
    required: bool,
    description: str,
    constraints: Mapping[str, object],
    username: str,
) -> Category | None:
    """Make a category. None if there is one at that path."""
    row = await tx.row(
        _SQL.insert_category,
        experiment_id=experiment_id,
        path=path,
        owner_user_id=owner_user_id,
        owner_role=owner_role,
        owner_group=owner_group,
        restricted=restricted,
        required=required,
        description=description,
        constraints=dict(constraints),
        now=tx.now,
        username=username,
    )
    return into_optional(Category, row)


async def list_categories(tx: Tx, *, experiment_ids: Sequence[int] | None) -> list[Category]:
    """Return the categories of the experiments by path; of all for None."""
    ids = None if experiment_ids is None else list(experiment_ids)
    return into_list(Category, await tx.rows(_SQL.list_categories, experiment_ids=ids))


async def list_categories_at(tx: Tx, *, experiment_id: int, paths: Sequence[str]) -> list[Category]:
    """Return those of the paths that are categories, the deepest first."""
    rows = await tx.rows(_SQL.list_categories_at, experiment_id=experiment_id, paths=list(paths))
    return into_list(Category, rows)


async def list_rules(tx: Tx, *, experiment_id: int) -> list[CategoryRule]:
    """Return what the categories of an experiment say of metadata, in no order."""
    return [CategoryRule(**row) for row in await tx.rows(_SQL.list_rules, experiment_id=experiment_id)]


async def list_requirements_of_files(
    tx: Tx, *, file_ids: Sequence[int]
) -> dict[int, list[Mapping[str, Mapping[str, object]]]]:
    """Return what the datasets of each file require of it; files of which nothing is required are left out."""
    found: dict[int, list[Mapping[str, Mapping[str, object]]]] = {}
    for row in await tx.rows(_SQL.list_requirements_of_files, file_ids=list(file_ids)):
        found.setdefault(row["file_id"], []).append(row["requirements"])
    return found


async def lock_category(tx: Tx, *, experiment_id: int, path: str) -> Category | None:
    """Return a category if it exists, locked against changes."""
    return into_optional(Category, await tx.row(_SQL.lock_category, experiment_id=experiment_id, path=path))


async def change_category(tx: Tx, *, category: Category, username: str) -> Category:
    """Let a category be what is given, but for its path and who made it, and return it."""
    row = await tx.row(
        _SQL.change_category,
        experiment_id=category.experiment_id,
        path=category.path,
        owner_user_id=category.owner_user_id,
        owner_role=category.owner_role,
        owner_group=category.owner_group,
        restricted=category.restricted,
        required=category.required,
        description=category.description,
        constraints=dict(category.constraints),
        now=tx.now,
        username=username,
    )
    assert row is not None
    return into(Category, row)


async def delete_category(tx: Tx, *, experiment_id: int, path: str) -> None:
    """Remove a category; nothing happens if it is not there."""
    await tx.run(_SQL.delete_category, experiment_id=experiment_id, path=path)
