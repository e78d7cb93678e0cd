"""The ways of a project besides its work: opening it again, deleting it, abandoning what is idle."""

from __future__ import annotations

from sutler.auth import SYSTEM, Action, Principal
from sutler.base.events import Event
from sutler.database import Database, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import ProjectFinalError
from sutler.dispatch.model import DispatchEvent, Project, ProjectState
from sutler.dispatch.operations.access import load_project, open_header
from sutler.dispatch.rules import sentences


@replayable
async def activate_project(db: Database, who: Principal, *, project_id: int) -> Project:
    """Open a project that was abandoned or cancelled, and return it. One that is active stays as it is.

    Raises ProjectNotFoundError, NotPermittedError, and ProjectFinalError when no handle is open.
    """
    async with db.write() as tx:
        header = await open_header(tx, who, Action.LAUNCH, project_id=project_id)
        is_opened = await store.activate_project(tx, project_id=project_id)
        if is_opened:
            facts: dict[str, object] = {"state": header.state.value}
            kind = DispatchEvent.PROJECT_ACTIVATED
            await tx.record(Event(kind, "project", str(project_id), header.experiment_id, facts), who)
        project = await load_project(tx, project_id)
        if not is_opened and project.state is not ProjectState.ACTIVE:
            raise ProjectFinalError(sentences.explain_closed(project.state, project.counts), state=project.state.value)
        return project


@replayable
async def delete_project(db: Database, who: Principal, *, project_id: int) -> None:
    """Delete a project with its handles, attempts and outputs' places. Its events and the declared files stay.

    Leases are gone with it: whoever renews or reports one is told that there is none.
    Raises ProjectNotFoundError, NotPermittedError, and StillInUseError while a submission refers to it.
    """
    async with db.write() as tx:
        header = await open_header(tx, who, Action.LAUNCH, project_id=project_id)
        await store.lock_ready(tx, project_id=project_id, is_all=True)
        await store.lock_leases_of_handles(tx, project_id=project_id, is_all=True, dids=[])
        await store.lock_project(tx, project_id=project_id)
        project = await load_project(tx, project_id)
        await store.delete_project(tx, project_id=project_id)
        facts: dict[str, object] = {"state": project.state.value, "count": project.total_count}
        kind = DispatchEvent.PROJECT_DELETED
        await tx.record(Event(kind, "project", str(project_id), header.experiment_id, facts), who)


@replayable
async def abandon_idle(db: Database, *, limit: int = 100) -> int:
    """Abandon active projects in which nothing happened for their idle time-out, at most `limit`. Returns how many.

    A lease that is being renewed is no idleness. Whoever asks for a file, reports one or activates the project opens
    it again.
    """
    async with db.write() as tx:
        abandoned = await store.abandon_projects(tx, count=limit)
        for project_id, experiment_id in abandoned:
            await tx.record(Event(DispatchEvent.PROJECT_ABANDONED, "project", str(project_id), experiment_id), SYSTEM)
        return len(abandoned)
