"""Projects and their shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from sutler.database import Row, Tx, into, into_optional, load_statements
from sutler.dispatch.model import (
    Counts,
    NewProject,
    Project,
    ProjectHeader,
    ProjectState,
    Settings,
    ShareStanding,
)

_SQL = load_statements("sutler.dispatch.store", "projects.sql")


def make_project(row: Row) -> Project:
    """Make a project of its row."""
    return dataclasses.replace(into(Project, row), users=tuple(row["users"]), groups=tuple(row["groups"]))


async def find_project(tx: Tx, *, project_id: int) -> Project | None:
    """Return a project."""
    row = await tx.row(_SQL.find_project, project_id=project_id)
    return None if row is None else make_project(row)


async def find_header(tx: Tx, *, project_id: int, share_id: int | None = None) -> ProjectHeader | None:
    """Return the header of a project; its `share_id` is None when the project has no such share."""
    return into_optional(ProjectHeader, await tx.row(_SQL.find_header, project_id=project_id, share_id=share_id))


async def list_pools(tx: Tx, *, project_id: int) -> dict[int, tuple[int, ...]]:
    """Return the locations that a project has or had ready handles at, each with its storage elements."""
    rows = await tx.rows(_SQL.list_pools, project_id=project_id)
    return {row["location_id"]: tuple(row["rse_ids"]) for row in rows}


async def find_share(tx: Tx, *, share_id: int) -> ShareStanding | None:
    """Return the counts of a share and the state of its project."""
    row = await tx.row(_SQL.find_share, share_id=share_id)
    if row is None:
        return None
    state, counts = ProjectState(row["state"]), into(Counts, row)
    return ShareStanding(
        row["share_id"], row["project_id"], state, counts, row["gone_initial_count"], is_over=row["is_over"]
    )


async def insert_project(
    tx: Tx, *, project: NewProject, allowed_users: Sequence[int], owner_id: int, owner_role: str
) -> int:
    """Start a project without handles and return its id."""
    return int(
        await tx.value(
            _SQL.insert_project,
            experiment_id=project.experiment_id,
            owner_id=owner_id,
            owner_role=owner_role,
            query=project.query,
            attributes=dict(project.attributes),
            is_virtual=project.is_virtual,
            max_attempts=project.max_attempts,
            worker_timeout=project.worker_timeout,
            idle_timeout=project.idle_timeout,
            allowed_users=list(allowed_users),
            allowed_groups=list(project.groups),
            retry_on_timeout=project.retry_on_timeout,
            retry_pause=project.retry_pause,
            now=tx.now,
        )
    )


async def insert_share(tx: Tx, *, project_id: int, experiment_id: int) -> int:
    """Start a share without handles and return its id."""
    return int(await tx.value(_SQL.insert_share, project_id=project_id, experiment_id=experiment_id, now=tx.now))


async def list_user_ids(tx: Tx, *, usernames: Sequence[str]) -> dict[str, int]:
    """Return the numbers of users by name; unknown ones are left out."""
    rows = await tx.rows(_SQL.list_user_ids, usernames=list(usernames))
    return {row["username"]: row["id"] for row in rows}


async def lock_project(tx: Tx, *, project_id: int) -> int | None:
    """Lock a project; return the share that takes added handles, None if they belong to none."""
    row = await tx.row(_SQL.lock_project, project_id=project_id)
    assert row is not None
    return row["share_id"] if row["share_count"] == 1 else None


async def update_settings(tx: Tx, *, project_id: int, settings: Settings, allowed_users: Sequence[int]) -> None:
    """Change what can be changed about a project."""
    await tx.run(
        _SQL.update_settings,
        project_id=project_id,
        attributes=dict(settings.attributes),
        max_attempts=settings.max_attempts,
        worker_timeout=settings.worker_timeout,
        idle_timeout=settings.idle_timeout,
        retry_on_timeout=settings.retry_on_timeout,
        retry_pause=settings.retry_pause,
        allowed_users=list(allowed_users),
        allowed_groups=list(settings.groups),
        now=tx.now,
    )


async def move_lease_ends(tx: Tx, *, project_id: int, worker_timeout: timedelta | None) -> None:
    """Let a new worker time-out hold for the leases that there are."""
    await tx.run(_SQL.move_lease_ends, project_id=project_id, worker_timeout=worker_timeout)


async def activate_project(tx: Tx, *, project_id: int) -> bool:
    """Open a project that was abandoned or cancelled. False if it was not, or has no open handle."""
    return await tx.value(_SQL.activate_project, project_id=project_id, now=tx.now) is not None


async def abandon_projects(tx: Tx, *, count: int) -> list[tuple[int, int]]:
    """Abandon active projects that were idle for too long; return each with its experiment."""
    rows = await tx.rows(_SQL.abandon_projects, count=count, now=tx.now)
    return [(row["id"], row["experiment_id"]) for row in rows]


async def delete_project(tx: Tx, *, project_id: int) -> None:
    """Delete a locked project with everything that belongs to it."""
    await tx.run(_SQL.delete_project, project_id=project_id)


async def merge_attributes(tx: Tx, *, project_id: int, attributes: dict[str, object]) -> bool:
    """Lay attributes over those of a project. False if there is no such project."""
    return bool(await tx.run(_SQL.merge_attributes, project_id=project_id, attributes=attributes))


async def end_project(tx: Tx, *, project_id: int, state: ProjectState) -> None:
    """Close a project."""
    await tx.run(_SQL.end_project, project_id=project_id, state=state.value, now=tx.now)


async def cancel_project(tx: Tx, *, project_id: int) -> int | None:
    """Cancel a project and return its experiment; None if it was not open."""
    experiment_id: int | None = await tx.value(_SQL.cancel_project, project_id=project_id, now=tx.now)
    return experiment_id


async def refresh_statistics(tx: Tx) -> None:
    """Let the planner count the handles again."""
    await tx.rows(_SQL.refresh_statistics)


async def start_counts(
    tx: Tx, *, project_id: int, share_id: int, count: int, unlocated_count: int, share: tuple[int, int] | None = None
) -> None:
    """Note how many handles a new project has got; `share` says both numbers for its share, if that has not all."""
    share_count, share_unlocated_count = share or (count, unlocated_count)
    await tx.run(
        _SQL.start_counts,
        project_id=project_id,
        share_id=share_id,
        count=count,
        unlocated_count=unlocated_count,
        share_count=share_count,
        share_unlocated_count=share_unlocated_count,
    )


async def count_added(tx: Tx, *, project_id: int, share_id: int | None, count: int, unlocated_count: int) -> None:
    """Note that handles were added to a project; one that had ended is active again."""
    given = {"project_id": project_id, "share_id": share_id, "count": count, "unlocated_count": unlocated_count}
    await tx.run(_SQL.count_added, **given)
