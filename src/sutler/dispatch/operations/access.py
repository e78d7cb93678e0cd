"""Loading what an operation is about, together with the permission question."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Action, Principal, Role, Thing, list_unknown_groups_in, permit
from sutler.base.errors import Problem
from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.errors import InvalidProjectError, ProjectNotFoundError
from sutler.dispatch.model import AttemptPlace, Project, ProjectHeader


def name_project(project: ProjectHeader) -> Thing:
    """Return a project as permission sees it."""
    return Thing(
        kind="project",
        experiment_id=project.experiment_id,
        owner_id=project.owner_id,
        owner_role=Role(project.owner_role),
        project_id=project.project_id,
        allowed_users=frozenset(project.allowed_users),
        allowed_groups=frozenset(project.allowed_groups),
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


async def permit_processing_in(tx: Tx, who: Principal, *, project_id: int) -> None:
    """Go on if somebody may process the files of a project. Raises ProjectNotFoundError, NotPermittedError."""
    await open_header(tx, who, Action.PROCESS, project_id=project_id)


async def open_headers(tx: Tx, who: Principal, places: Sequence[AttemptPlace]) -> dict[int, ProjectHeader]:
    """Return the headers of the projects of attempts if somebody may process all of them. Raises NotPermittedError."""
    headers: dict[int, ProjectHeader] = {}
    for project_id in sorted({place.project_id for place in places}):
        headers[project_id] = await open_header(tx, who, Action.PROCESS, project_id=project_id)
    return headers


async def load_project(tx: Tx, project_id: int) -> Project:
    """Return a project that is there. Raises ProjectNotFoundError."""
    project = await store.find_project(tx, project_id=project_id)
    if project is None:
        raise ProjectNotFoundError(project_id)
    return project


async def find_allowed_users(tx: Tx, *, experiment_id: int, users: Sequence[str], groups: Sequence[str]) -> list[int]:
    """Return the numbers of the users whom a project is to be open for.

    Raises InvalidProjectError, which names users that are not known and groups that the experiment does not have.
    """
    found = await store.list_user_ids(tx, usernames=users) if users else {}
    unknown = await list_unknown_groups_in(tx, experiment_id=experiment_id, names=groups) if groups else []
    problems = [Problem("users", f"there is no user {name}") for name in sorted(set(users) - found.keys())]
    problems += [Problem("groups", f"the experiment has no group {name}") for name in unknown]
    if problems:
        raise InvalidProjectError(problems)
    return sorted(found.values())
