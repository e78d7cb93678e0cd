"""What the metadata of all files hold: keys, ranges, values. Only for those who look after the experiment."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.experiments import choose_experiment
from sutler.compat.metacat.replies import reply_json


async def list_keys(call: SignedCall) -> Response:
    """Reply with all keys."""
    experiment = await _choose(call)
    return reply_json(await catalog.list_used_keys(call.db, call.who, experiment=experiment))


async def count_values(call: SignedCall) -> Response:
    """Reply with the number of values of each key, the smallest and the largest, compared as texts.

    The client prints them all, so a key without a value has an empty text.
    """
    keys = [key for key in call.query.get("keylist", "").split(",") if key]
    experiment = await _choose(call)
    found = await catalog.list_key_ranges(call.db, call.who, experiment=experiment, keys=keys)
    shape: dict[str, object] = {}
    for one in found:
        shape |= {f"{one.key}.count": one.count, f"{one.key}.max": one.last or "", f"{one.key}.min": one.first or ""}
    return reply_json(shape)


async def list_values(call: SignedCall) -> Response:
    """Reply with the different values of a key as texts."""
    key = call.query.get("key")
    if not key:
        raise BadCallError("key must be specified")
    experiment = await _choose(call)
    return reply_json(await catalog.list_key_values(call.db, call.who, experiment=experiment, key=key))


async def _choose(call: SignedCall) -> str | None:
    """Return the experiment that is asked about; None for all, which is what an administrator asks about."""
    if call.experiment is None and call.who.is_admin:
        return None
    _, experiment = await choose_experiment(call)
    return experiment
