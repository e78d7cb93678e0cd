"""Whether the services that an experiment names can be used, seen from here and now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sutler.auth import Principal, Sealer, ServiceKind, get_experiment_to_check
from sutler.base.check_lines import CheckLine, CheckState
from sutler.catalog import Catalogues, check_catalog
from sutler.database import Database
from sutler.replicas import check_rucio

_WORST_FIRST = (CheckState.BROKEN, CheckState.DOUBTFUL)


@dataclass(frozen=True)
class ServiceCheck:
    """What was seen of one service. One that the experiment does not name has no lines."""

    kind: ServiceKind
    lines: tuple[CheckLine, ...]


async def check_services(
    db: Database, who: Principal, sealer: Sealer, catalogues: Catalogues, *, experiment: str
) -> list[ServiceCheck]:
    """Try the services of an experiment, all at once. It takes as long as the slowest; nothing is changed there.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    found = await get_experiment_to_check(db, who, experiment=experiment)
    catalogue, replicas = await asyncio.gather(
        check_catalog(catalogues, experiment_id=found.id), check_rucio(db, sealer, experiment_id=found.id)
    )
    return [ServiceCheck(ServiceKind.METACAT, tuple(catalogue)), ServiceCheck(ServiceKind.RUCIO, tuple(replicas))]


def find_worst_state(checks: Sequence[ServiceCheck]) -> CheckState:
    """Return the worst state of all lines; fine if there are none."""
    states = {line.state for check in checks for line in check.lines}
    return next((state for state in _WORST_FIRST if state in states), CheckState.FINE)
