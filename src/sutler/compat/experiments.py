"""Which experiment a call is about."""

from __future__ import annotations

from collections.abc import Iterable

from sutler import auth, catalog
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError


async def choose_experiment(call: SignedCall, namespaces: Iterable[str] = ()) -> tuple[int, str]:
    """Return id and name: of the address, else of the namespaces of files, else the caller's only one.

    Raises ExperimentNotFoundError, and BadCallError when none of these tells.
    """
    if call.experiment is not None:
        known = await list_experiments(call)
        found = next(((key, name) for key, name in known.items() if name == call.experiment), None)
        if found is None:
            raise auth.ExperimentNotFoundError("experiment", call.experiment)
        return found
    own = call.who.experiments
    if len(own) == 1 and not call.who.is_admin:
        return next(iter(own.items()))
    owners = await _list_owners(call, set(namespaces))
    if len(owners) > 1:
        raise BadCallError("The files belong to namespaces of several experiments; make one project for each.")
    chosen = owners or set(own)
    if len(chosen) == 1:
        number = chosen.pop()
        return number, (await list_experiments(call))[number]
    names = ", ".join(sorted(own.values())) or "none"
    raise BadCallError(
        f"It is not clear which experiment is meant; you belong to: {names}. Put its name into the address of the "
        "server, as in https://HOST/dd/EXPERIMENT."
    )


async def list_experiments(call: SignedCall) -> dict[int, str]:
    """Return the names of the experiments that the caller can see, by id."""
    if not call.who.is_admin:
        return dict(call.who.experiments)
    return {experiment.id: experiment.name for experiment in await auth.list_experiments(call.db, call.who)}


async def _list_owners(call: SignedCall, namespaces: set[str]) -> set[int]:
    if not namespaces:
        return set()
    known = await catalog.list_namespaces(call.db, call.who)
    return {namespace.experiment_id for namespace in known if namespace.name in namespaces}
