"""Loading what an operation is about, together with the permission question."""

from __future__ import annotations

from sutler.auth import Action, Principal, Role, Thing, permit
from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.errors import ProjectNotFoundError
from sutler.dispatch.model import Project, ProjectHeader


def name_project(project: ProjectHeader) -> Thing:
    """Return a project as permission sees it."""
    return Thing(
        kind="project",
        experiment_id=project.experiment_id,
        owner_id=project.owner_id,
        owner_role=Role(project.owner_role),
        project_id=project.project_id,
    )


async def open_header(
    tx: Tx, who: Principal, action: Action, *, project_id: int, share_id: int | None = None
) -> ProjectHeader:
    """Return the header of a project if somebody may do this to it.

    Raises ProjectNotFoundError, NotPermittedError.
    """
    header = await store.find_header(tx, project_id=project_id, share_id=share_id)
    if header is None:
        raise ProjectNotFoundError(project_id)
    permit(who, action, name_project(header))
    return header


async def load_project(tx: Tx, project_id: int) -> Project:
    """Return a project that is there. Raises ProjectNotFoundError."""
    project = await store.find_project(tx, project_id=project_id)
    if project is None:
        raise ProjectNotFoundError(project_id)
    return project
