"""Projects: reading and cancelling them."""

from __future__ import annotations

from collections.abc import Mapping

from sutler.auth import Action, Principal, Thing, get_experiment_in, may, permit
from sutler.base.events import Event, RecordedEvent
from sutler.database import Actor, Database, Tx, replayable
from sutler.database.listing import DEFAULT_LIMIT, Page
from sutler.dispatch import listings, store
from sutler.dispatch.errors import ProjectNotFoundError
from sutler.dispatch.model import DispatchEvent, Project, ProjectState
from sutler.dispatch.operations.access import load_project, open_header


async def set_project_attributes_in(tx: Tx, *, project_id: int, attributes: Mapping[str, object]) -> None:
    """Lay attributes over those that a project has. Raises ProjectNotFoundError."""
    if not await store.merge_attributes(tx, project_id=project_id, attributes=dict(attributes)):
        raise ProjectNotFoundError(project_id)
    tx.notify("project", project_id)


async def get_project(db: Database, who: Principal, *, project_id: int) -> Project:
    """Return a project. Raises ProjectNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        return await load_project(tx, project_id)


async def list_projects(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    state: ProjectState | None = None,
    owner: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Project]:
    """Return projects, the newest first: of one experiment, or of all that the caller may see.

    Raises ExperimentNotFoundError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        experiment_ids = await find_visible(tx, who, experiment)
        return await listings.list_projects(
            tx, experiment_ids=experiment_ids, state=state, owner=owner, after=after, limit=limit
        )


@replayable
async def cancel_project(db: Database, who: Principal, *, project_id: int, reason: str = "") -> Project:
    """Cancel a project and return it: nothing more is given out, and who renews is told to stop.

    Reserved handles stay reserved and may still be reported. A project that is over stays as it is.
    Raises ProjectNotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        await open_header(tx, who, Action.LAUNCH, project_id=project_id)
        await cancel_project_in(tx, project_id=project_id, reason=reason, actor=who)
        return await load_project(tx, project_id)


async def cancel_project_in(tx: Tx, *, project_id: int, reason: str, actor: Actor) -> bool:
    """Do what `cancel_project` does, in the transaction of a caller who asked for permission.

    False if the project was over already, or there is none.
    """
    experiment_id = await store.cancel_project(tx, project_id=project_id)
    if experiment_id is None:
        return False
    facts: dict[str, object] = {"reason": reason}
    kind = DispatchEvent.PROJECT_CANCELLED
    await tx.record(Event(kind, "project", str(project_id), experiment_id, facts), actor)
    return True


async def list_project_history(
    db: Database, who: Principal, *, project_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[RecordedEvent]:
    """Return what happened to a project, the newest first. Raises ProjectNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        return await listings.list_history(tx, project_id=project_id, after=after, limit=limit)


async def find_visible(tx: Tx, who: Principal, experiment: str | None) -> list[int] | None:
    """Return the experiments that a question is about; None means all, for an administrator."""
    if experiment is not None:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("experiment", experiment_id))
        return [experiment_id]
    if may(who, Action.ADMINISTER, Thing("installation", None)):
        return None
    return [number for number in sorted(who.roles) if may(who, Action.VIEW, Thing("experiment", number))]
