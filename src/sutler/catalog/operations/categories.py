"""Categories: rules for the metadata of an experiment, each kept by its owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sutler.auth import (
    Action,
    GroupNotFoundError,
    Principal,
    Role,
    Thing,
    get_experiment_in,
    is_at_least,
    list_unknown_groups_in,
    permit,
)
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import CategoryExistsError, CategoryNotFoundError
from sutler.catalog.model import CatalogEvent, Category, ChangeMode
from sutler.catalog.operations.namespaces import find_visible_in
from sutler.database import Database, Tx, replayable

Constraints = Mapping[str, object]
"""By name; what each of them says is looked at before it is stored."""


async def list_categories(db: Database, who: Principal, *, experiment: str | None = None) -> list[Category]:
    """Return the categories of an experiment, or of all that the caller may see, by path.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        return await store.list_categories(tx, experiment_ids=await find_visible_in(tx, who, experiment=experiment))


async def get_category(db: Database, who: Principal, *, experiment: str, path: str) -> Category:
    """Return a category.

    Raises CategoryNotFoundError, ExperimentNotFoundError, InvalidInputError, NotPermittedError.
    """
    _refuse_if(rules.check_path(path))
    async with db.read() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("category", experiment_id))
        found = await store.list_categories_at(tx, experiment_id=experiment_id, paths=[path])
    if not found:
        raise CategoryNotFoundError(path)
    return found[0]


@replayable
async def create_category(
    db: Database,
    who: Principal,
    *,
    experiment: str,
    path: str,
    owner_role: Role | None = None,
    owner_group: str | None = None,
    restricted: bool = False,
    required: bool = False,
    description: str = "",
    constraints: Constraints | None = None,
) -> Category:
    """Make a category that belongs to a role or a group, or else to the caller, who must be of the role or group.

    It takes the owner of the nearest category above it; a superuser where there is none. Files that are there are not
    looked at. Raises CategoryExistsError, ExperimentNotFoundError, GroupNotFoundError, InvalidInputError saying what is
    wrong with which constraint, NotPermittedError.
    """
    constraints = constraints or {}
    _check(path, description, constraints)
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        upper_paths = rules.list_upper_paths(path)
        upper = await store.list_categories_at(tx, experiment_id=experiment_id, paths=upper_paths)
        permit(who, Action.EDIT, _thing_of(who, upper[0]) if upper else Thing("category", experiment_id))
        await _check_owner(tx, who, experiment_id, owner_role, owner_group)
        created = await store.insert_category(
            tx,
            experiment_id=experiment_id,
            path=path,
            owner_user_id=who.user_id if owner_role is None and owner_group is None else None,
            owner_role=owner_role,
            owner_group=owner_group,
            restricted=restricted,
            required=required,
            description=description,
            constraints=constraints,
            username=who.username,
        )
        if created is None:
            raise CategoryExistsError(path)
        await _record(tx, CatalogEvent.CATEGORY_CREATED, created, who)
        return created


@replayable
async def update_category(
    db: Database,
    who: Principal,
    *,
    experiment: str,
    path: str,
    owner_role: Role | None = None,
    owner_group: str | None = None,
    restricted: bool | None = None,
    required: bool | None = None,
    description: str | None = None,
    constraints: Constraints | None = None,
    mode: ChangeMode = "merge",
) -> Category:
    """Change what is given of a category and return it; None leaves things as they are.

    `merge` keeps the constraints of names that are not given, `replace` drops them. Files that are there are not looked
    at. Raises as `create_category`, and CategoryNotFoundError.
    """
    _check(path, description or "", constraints or {})
    async with db.write() as tx:
        known = await _lock(tx, who, experiment, path)
        changes: dict[str, object] = {
            name: given
            for name, given in (("restricted", restricted), ("required", required), ("description", description))
            if given is not None
        }
        if constraints is not None:
            changes["constraints"] = {**(known.constraints if mode == "merge" else {}), **constraints}
        if owner_role is not None or owner_group is not None:
            await _check_owner(tx, who, known.experiment_id, owner_role, owner_group)
            changes |= {"owner_user_id": None, "owner_role": owner_role, "owner_group": owner_group}
        wanted = replace(known, **changes)  # type: ignore[arg-type]  # of the types of its fields
        if wanted == known:
            return known
        _refuse_if(rules.check_constraints(wanted.constraints, "constraints"))
        changed = await store.change_category(tx, category=wanted, username=who.username)
        await _record(tx, CatalogEvent.CATEGORY_CHANGED, changed, who, fields=sorted(changes))
        return changed


@replayable
async def remove_category(db: Database, who: Principal, *, experiment: str, path: str) -> None:
    """Remove a category: the next one above it, if any, rules instead. Those below it stay.

    Raises CategoryNotFoundError, ExperimentNotFoundError, InvalidInputError, NotPermittedError.
    """
    _refuse_if(rules.check_path(path))
    async with db.write() as tx:
        known = await _lock(tx, who, experiment, path)
        await store.delete_category(tx, experiment_id=known.experiment_id, path=path)
        await _record(tx, CatalogEvent.CATEGORY_REMOVED, known, who)


async def _lock(tx: Tx, who: Principal, experiment: str, path: str) -> Category:
    experiment_id = (await get_experiment_in(tx, name=experiment)).id
    known = await store.lock_category(tx, experiment_id=experiment_id, path=path)
    if known is None:
        permit(who, Action.VIEW, Thing("category", experiment_id))
        raise CategoryNotFoundError(path)
    permit(who, Action.EDIT, _thing_of(who, known))
    return known


async def _check_owner(
    tx: Tx, who: Principal, experiment_id: int, owner_role: Role | None, owner_group: str | None
) -> None:
    """Go on if somebody may give a category to a role or a group. Raises NotPermittedError and what is wrong."""
    if owner_role is not None and owner_group is not None:
        raise InvalidInputError([Problem("owner_group", "a category belongs to a role or to a group, not to both")])
    if owner_group is not None and await list_unknown_groups_in(tx, experiment_id=experiment_id, names=[owner_group]):
        raise GroupNotFoundError("group", owner_group)
    if owner_role is not None:
        permit(who, Action.DECLARE, Thing("category", experiment_id, owner_role=owner_role))
    if owner_group is not None:
        permit(who, Action.DECLARE, Thing("category", experiment_id, owner_group=owner_group))


def _thing_of(who: Principal, category: Category) -> Thing:
    """A category as far as permission cares: whoever has the role that it belongs to is an owner of it."""
    role = category.owner_role
    is_held = role is not None and is_at_least(who.roles.get(category.experiment_id), role)
    return Thing(
        "category",
        category.experiment_id,
        owner_id=who.user_id if is_held else category.owner_user_id,
        owner_group=category.owner_group,
    )


def _check(path: str, description: str, constraints: Constraints) -> None:
    problems = rules.check_path(path) + rules.check_text(description, "description")
    _refuse_if(problems + rules.check_constraints(constraints, "constraints"))


def _refuse_if(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInputError(problems)


async def _record(
    tx: Tx, kind: CatalogEvent, category: Category, who: Principal, *, fields: list[str] | None = None
) -> None:
    facts: dict[str, object] = {"path": category.path} | ({} if fields is None else {"fields": fields})
    await tx.record(Event(kind, "category", category.path, category.experiment_id, facts), who)
