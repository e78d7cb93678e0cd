"""Namespaces: reading, counting and making them."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.experiments import choose_experiment
from sutler.compat.metacat.owners import find_owners
from sutler.compat.metacat.reading import read_json_if_any, read_name, read_rest
from sutler.compat.metacat.replies import reply_json
from sutler.compat.metacat.shapes import show_namespace

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


async def list_namespaces(call: SignedCall) -> Response:
    """Reply with the namespaces that the body names, else with all, or with those of one owner, by name.

    A user owns those of the groups that the user is in as well, unless `directly` is asked for.
    """
    names = await read_json_if_any(call)
    if names is not None and not isinstance(names, list):
        raise BadCallError("The body of the call must be a JSON list of names")
    owner_user, owner_role = call.query.get("owner_user") or None, call.query.get("owner_role") or None
    found = await catalog.list_namespaces(
        call.db,
        call.who,
        experiment=call.experiment,
        names=None if names is None else [read_name(name, "name") for name in names],
        owner_user=owner_user,
        only_direct=call.is_yes("directly"),
    )
    owners = await find_owners(call)
    shapes = [show_namespace(namespace, owners) for namespace in found]
    if owner_role and not owner_user:
        shapes = [shape for shape in shapes if shape["owner_role"] == owner_role]
    return reply_json(shapes)


async def get_namespace(call: SignedCall) -> Response:
    """Reply with one namespace."""
    name = read_name(call.query.get("name") or read_rest(call), "name")
    namespace = await catalog.get_namespace(call.db, call.who, name=name)
    return reply_json(show_namespace(namespace, await find_owners(call)))


async def create_namespace(call: SignedCall) -> Response:
    """Make a namespace that belongs to the caller or to a group that the caller is in."""
    _, experiment = await choose_experiment(call)
    namespace = await catalog.create_namespace(
        call.db,
        call.who,
        experiment=experiment,
        name=read_name(call.query.get("name") or read_rest(call), "name"),
        description=call.query.get("description", ""),
        owner_group=call.query.get("owner_role") or None,
    )
    return reply_json(show_namespace(namespace, await find_owners(call)))


async def count_namespace(call: SignedCall) -> Response:
    """Reply with how much a namespace holds. Pages of other sites may read it."""
    name = read_name(call.query.get("name") or read_rest(call), "name")
    counts = await catalog.count_namespace(call.db, call.who, name=name)
    reply = reply_json({"nfiles": counts.file_count, "ndatasets": counts.dataset_count, "nqueries": counts.query_count})
    reply.headers.update(ANY_ORIGIN)
    return reply
