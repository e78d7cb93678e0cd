"""Which experiments a list is about."""

from __future__ import annotations

from sutler.auth import Principal, list_experiments_in
from sutler.base.errors import NotFoundError
from sutler.database import Tx


async def choose_experiments(tx: Tx, who: Principal, experiment: str | None) -> list[int]:
    """Return the ids of the experiments that a list is about: one by name, or all that the caller may see.

    Raises NotFoundError for a name that the caller cannot see.
    """
    chosen = [found.id for found in await list_experiments_in(tx, who) if experiment in (None, found.name)]
    if experiment is not None and not chosen:
        raise NotFoundError("experiment", experiment)
    return chosen
