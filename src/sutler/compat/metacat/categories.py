"""Categories: the rules for parameters of metadata."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.catalog import Category, CategoryNotFoundError
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.experiments import choose_experiment
from sutler.compat.metacat.owners import find_owners
from sutler.compat.metacat.reading import read_mapping, read_mode, read_object, read_rest, read_switch
from sutler.compat.metacat.replies import reply_json
from sutler.compat.metacat.shapes import show_category
from sutler.compat.reading import read_text
from sutler.compat.replies import reply_text


async def list_categories(call: SignedCall) -> Response:
    """Reply with the categories of the experiment by path."""
    _, experiment = await choose_experiment(call)
    found = await catalog.list_categories(call.db, call.who, experiment=experiment)
    owners = await find_owners(call)
    return reply_json([show_category(category, owners) for category in found])


async def get_category(call: SignedCall) -> Response:
    """Reply with one category; with null when there is none, which is what the clients expect."""
    _, experiment = await choose_experiment(call)
    try:
        category = await catalog.get_category(call.db, call.who, experiment=experiment, path=_read_path(call))
    except CategoryNotFoundError:
        return reply_json(None)
    return await _reply(call, category)


async def create_category(call: SignedCall) -> Response:
    """Make a category and reply with it."""
    body = await read_object(call)
    _, experiment = await choose_experiment(call)
    category = await catalog.create_category(
        call.db,
        call.who,
        experiment=experiment,
        path=_require_path(body.get("path")),
        owner_group=read_text(body.get("owner_role"), "owner_role") or None,
        restricted=bool(read_switch(body.get("restricted"), "restricted")),
        required=bool(read_switch(body.get("required"), "required")),
        description=read_text(body.get("description"), "description") or "",
        constraints=read_mapping(body.get("definitions"), "definitions") or {},
    )
    return await _reply(call, category)


async def update_category(call: SignedCall) -> Response:
    """Change what the body names of a category and reply with it."""
    body = await read_object(call)
    _, experiment = await choose_experiment(call)
    category = await catalog.update_category(
        call.db,
        call.who,
        experiment=experiment,
        path=_require_path(body.get("path")),
        owner_group=read_text(body.get("owner_role"), "owner_role") or None,
        restricted=read_switch(body.get("restricted"), "restricted"),
        required=read_switch(body.get("required"), "required"),
        description=read_text(body.get("description"), "description"),
        constraints=read_mapping(body.get("definitions"), "definitions"),
        mode=read_mode(body.get("mode")),
    )
    return await _reply(call, category)


async def remove_category(call: SignedCall) -> Response:
    """Remove a category."""
    _, experiment = await choose_experiment(call)
    await catalog.remove_category(call.db, call.who, experiment=experiment, path=_read_path(call))
    return reply_text("OK")


def _read_path(call: SignedCall) -> str:
    return _require_path(call.query.get("path") or read_rest(call))


def _require_path(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise BadCallError("path must be specified")
    return given


async def _reply(call: SignedCall, category: Category) -> Response:
    return reply_json(show_category(category, await find_owners(call)))
