"""Storage elements: reading and changing them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from sutler import replicas
from sutler.base.errors import NotFoundError
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.experiments import choose_experiment
from sutler.compat.reading import read_flag, read_text
from sutler.compat.replies import reply_json
from sutler.compat.shapes import show_rse

INTERFACES = ("native", "wlcg")

UPDATE_KEYS: Mapping[str, str] = {
    "Description": "description",
    "Enabled": "is_enabled",
    "Available": "is_available",
    "Tape": "is_tape",
    "PinURL": "pin_url",
    "PollURL": "poll_url",
    "RemovePrefix": "remove_prefix",
    "AddPrefix": "add_prefix",
    "PinPrefix": "pin_prefix",
    "Preference": "preference",
    "Type": "interface",
}
"""The words of `update_rse`, which are not those of the reply."""


async def list_rses(call: SignedCall) -> Response:
    """Reply with all storage elements of the experiment, disabled ones too."""
    _, experiment = await choose_experiment(call)
    return reply_json([show_rse(rse) for rse in await replicas.list_rses(call.db, call.who, experiment=experiment)])


async def get_rse(call: SignedCall) -> Response:
    """Reply with one storage element."""
    name = call.query.get("name") or "/".join(call.words)
    _, experiment = await choose_experiment(call)
    return reply_json(show_rse(await replicas.get_rse(call.db, call.who, experiment=experiment, name=name)))


async def create_rse(call: SignedCall) -> Response:
    """Make a storage element and reply with it."""
    body = await call.read_document()
    name = read_text(body.get("name"), "name")
    if not name:
        raise BadCallError("RSE name must be specified")
    _, experiment = await choose_experiment(call)
    interface = body.get("interface")
    await replicas.create_rse(
        call.db,
        call.who,
        experiment=experiment,
        name=name,
        description=read_text(body.get("description"), "description") or "",
        is_tape=read_flag(body.get("is_tape"), default=False),
        preference=_read_preference(body.get("preference")) or 0,
        interface=interface if interface in INTERFACES else None,
        pin_url=read_text(body.get("pin_url"), "pin_url"),
        poll_url=read_text(body.get("poll_url"), "poll_url"),
        remove_prefix=read_text(body.get("remove_prefix"), "remove_prefix"),
        add_prefix=read_text(body.get("add_prefix"), "add_prefix"),
        pin_prefix=read_text(body.get("pin_prefix"), "pin_prefix"),
    )
    rse = await replicas.update_rse(
        call.db,
        call.who,
        experiment=experiment,
        name=name,
        is_enabled=read_flag(body.get("is_enabled"), default=True),
        is_available=read_flag(body.get("is_available"), default=True),
    )
    return reply_json(show_rse(rse))


async def update_rse(call: SignedCall) -> Response:
    """Change what is given of a storage element and reply with it. Null leaves a field as it is."""
    body = await call.read_document()
    name = read_text(body.get("Name"), "Name")
    if not name:
        raise BadCallError("RSE name must be specified")
    wishes: dict[str, object] = {}
    for key, given in body.items():
        if key != "Name" and key not in UPDATE_KEYS:
            raise BadCallError(f"Bad key: {key}")
        if key != "Name" and given is not None:
            wishes[UPDATE_KEYS[key]] = _read_wish(UPDATE_KEYS[key], given)
    _, experiment = await choose_experiment(call)
    changed = await replicas.update_rse(
        call.db,
        call.who,
        experiment=experiment,
        name=name,
        **wishes,  # type: ignore[arg-type]  # each name comes with its own type
    )
    return reply_json(show_rse(changed))


async def set_rse_availability(call: SignedCall) -> Response:
    """Say that a storage element is up or down and reply with it."""
    if call.query.get("available") not in ("yes", "no"):
        raise BadCallError('availability value must be specified as "yes" or "no"')
    _, experiment = await choose_experiment(call)
    rse = await replicas.update_rse(
        call.db, call.who, experiment=experiment, name=_get_name(call), is_available=call.is_yes("available")
    )
    return reply_json(show_rse(rse))


async def delete_rse(call: SignedCall) -> Response:
    """Delete a storage element without replicas and reply with null."""
    name = _get_name(call)
    _, experiment = await choose_experiment(call)
    try:
        await replicas.delete_rse(call.db, call.who, experiment=experiment, name=name)
    except replicas.RseNotFoundError as error:
        raise NotFoundError("RSE", name, "RSE not found") from error
    return reply_json(None)


def _get_name(call: SignedCall) -> str:
    name = call.query.get("name")
    if not name:
        raise BadCallError("RSE name must be specified")
    return name


def _read_wish(field: str, given: object) -> object:
    if field.startswith("is_"):
        return read_flag(given, default=False)
    return _read_preference(given) if field == "preference" else read_text(given, field)


def _read_preference(given: object) -> int | None:
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or abs(given) >= 2**31):
        raise BadCallError(f"preference must be a whole number, not {str(given)[:40]!r}")
    return given
