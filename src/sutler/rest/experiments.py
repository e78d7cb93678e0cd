"""Between the names of experiments, which the wire carries, and their ids, which rooms keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sutler import auth
from sutler.rest.context import Context


async def name_experiments(here: Context, ids: Iterable[int]) -> Mapping[int, str]:
    """Return the names of experiments by id. Administrators see things of experiments that they are not in."""
    if set(ids) <= here.who.experiments.keys():
        return here.who.experiments
    return {experiment.id: experiment.name for experiment in await auth.list_experiments(here.db, here.who)}


async def name_experiment(here: Context, experiment_id: int) -> str:
    """Return the name of one experiment."""
    return (await name_experiments(here, [experiment_id]))[experiment_id]


async def get_experiment_id(here: Context, name: str) -> int:
    """Return the id of an experiment that the caller can see. Raises ExperimentNotFoundError."""
    found = next((key for key, known in here.who.experiments.items() if known == name), None)
    if found is not None:
        return found
    for experiment in await auth.list_experiments(here.db, here.who):
        if experiment.name == name:
            return experiment.id
    raise auth.ExperimentNotFoundError("experiment", name)
