"""Asking the catalogue of an experiment in the name of a member."""

from __future__ import annotations

from sutler.auth import Action, Principal, Service, ServiceKind, Thing, find_service_in, get_experiment_in, permit
from sutler.catalog.errors import CatalogElsewhereError
from sutler.catalog.sources.finder import SourceFinder
from sutler.catalog.sources.port import CatalogSource
from sutler.database import Database


async def find_source(
    db: Database, who: Principal, catalogues: SourceFinder, *, experiment: str
) -> CatalogSource | None:
    """Return the catalogue that an experiment names, with the credential of the caller's side; None: the built-in one.

    Raises ExperimentNotFoundError, NotPermittedError, SealBrokenError.
    """
    service = await _find_service(db, who, experiment)
    if service is None:
        return None
    number = service.experiment_id
    return await catalogues.find(experiment_id=number, role=who.roles.get(number))


async def refuse_elsewhere(db: Database, who: Principal, *, experiment: str) -> None:
    """Go on if an experiment uses the built-in catalogue.

    Raises CatalogElsewhereError with the address of the one that it uses, ExperimentNotFoundError, NotPermittedError.
    """
    service = await _find_service(db, who, experiment)
    if service is not None:
        raise CatalogElsewhereError(experiment, service.server_url)


async def _find_service(db: Database, who: Principal, experiment: str) -> Service | None:
    async with db.read() as tx:
        found = await get_experiment_in(tx, name=experiment)
        permit(who, Action.VIEW, Thing("experiment", found.id))
        return await find_service_in(tx, experiment_id=found.id, kind=ServiceKind.METACAT)
