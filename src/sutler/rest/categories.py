"""Categories: rules for the metadata of files."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import catalog
from sutler.auth import Role
from sutler.rest.context import Here, Once
from sutler.rest.experiments import name_experiments
from sutler.rest.parameters import Experiment
from sutler.rest.showing import show
from sutler.wire import categories as wire
from sutler.wire.page import Page

ROOT = "."


def add_routes(router: APIRouter) -> None:
    """Add the routes of categories."""
    router.get("/categories")(list_categories)
    router.post("/categories", status_code=201)(create_category)
    router.get("/categories/{experiment}/{path:path}")(get_category)
    router.patch("/categories/{experiment}/{path:path}")(update_category)
    router.delete("/categories/{experiment}/{path:path}", status_code=204)(remove_category)


async def list_categories(here: Here, experiment: Experiment = None) -> Page[wire.Category]:
    """List categories by path, all of them."""
    found = await catalog.list_categories(here.db, here.who, experiment=experiment)
    names = await name_experiments(here, {category.experiment_id for category in found})
    return Page(tuple(_show(category, names[category.experiment_id]) for category in found))


async def create_category(here: Once, body: wire.NewCategory) -> wire.Category:
    """Make a category."""
    given = {**vars(body), "owner_role": _to_role(body.owner_role)}
    return _show(await catalog.create_category(here.db, here.who, **given), body.experiment)


async def get_category(here: Here, experiment: str, path: str) -> wire.Category:
    """Show a category. Without a path it is the root."""
    found = await catalog.get_category(here.db, here.who, experiment=experiment, path=path or ROOT)
    return _show(found, experiment)


async def update_category(here: Here, experiment: str, path: str, body: wire.CategoryChange) -> wire.Category:
    """Change a category: those fields that are not null. Without a path it is the root."""
    given = {**vars(body), "owner_role": _to_role(body.owner_role)}
    changed = await catalog.update_category(here.db, here.who, experiment=experiment, path=path or ROOT, **given)
    return _show(changed, experiment)


async def remove_category(here: Here, experiment: str, path: str) -> None:
    """Remove a category. Those below it stay. Without a path it is the root."""
    await catalog.remove_category(here.db, here.who, experiment=experiment, path=path or ROOT)


def _to_role(given: str | None) -> Role | None:
    return Role(given) if given else None


def _show(category: catalog.Category, experiment: str) -> wire.Category:
    return show(wire.Category, category, experiment=experiment, owner_user=category.owner_username)
