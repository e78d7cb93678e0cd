"""Names of experiments, as addresses and pages have them."""

from __future__ import annotations

from collections.abc import Mapping

from sutler import auth
from sutler.auth import ExperimentNotFoundError
from sutler.database import Database
from sutler.pages.session import Visit


async def list_experiment_names(db: Database, visit: Visit) -> Mapping[int, str]:
    """Return the names by id of all experiments that somebody can see; an administrator sees those of others too."""
    if not visit.who.is_admin:
        return visit.who.experiments
    return {experiment.id: experiment.name for experiment in await auth.list_experiments(db, visit.who)}


async def name_experiment(db: Database, visit: Visit, experiment_id: int) -> str:
    """Return the name of an experiment; its number for one that is not the visitor's, to whom only a thing is open."""
    if experiment_id in visit.who.experiments:
        return visit.who.experiments[experiment_id]
    return (await list_experiment_names(db, visit)).get(experiment_id, str(experiment_id))


async def get_experiment_id(db: Database, visit: Visit, name: str) -> int:
    """Return the id of an experiment by its name. Raises ExperimentNotFoundError."""
    names = await list_experiment_names(db, visit)
    found = next((key for key, known in names.items() if known == name), None)
    if found is None:
        raise ExperimentNotFoundError("experiment", name)
    return found
