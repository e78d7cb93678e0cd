"""The statements of the room, one function each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sutler.base.did import Did
from sutler.database import Actor, Row, Tx, into, into_list, into_optional, load_statements
from sutler.database.transaction import encode_json
from sutler.dispatch.model import (
    Attempt,
    AttemptHeader,
    Counts,
    EndedLease,
    Fate,
    Handle,
    HandleState,
    HeldHandle,
    Holders,
    Lease,
    LockedHandle,
    LockedLease,
    NewHandle,
    NewProject,
    Outcome,
    Output,
    ProducedFile,
    Project,
    ProjectHeader,
    ProjectState,
    Remainder,
    RenewedLease,
    ReplicaAt,
    Report,
    Settings,
    ShareStanding,
    Wish,
)

_SQL = load_statements("sutler.dispatch")


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


async def find_share(tx: Tx, *, share_id: int) -> ShareStanding | None:
    """Return the counts of a share and the state of its project."""
    row = await tx.row(_SQL.find_share, share_id=share_id)
    if row is None:
        return None
    return ShareStanding(row["share_id"], row["project_id"], ProjectState(row["state"]), into(Counts, row))


async def insert_project(
    tx: Tx, *, project: NewProject, allowed_users: Sequence[int], owner_id: int, owner_role: str, count: int
) -> int:
    """Start a project with `count` initial handles and return its id."""
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
            count=count,
            now=tx.now,
        )
    )


async def insert_share(tx: Tx, *, project_id: int, experiment_id: int, count: int) -> int:
    """Start a share with `count` initial handles and return its id."""
    given = {"project_id": project_id, "experiment_id": experiment_id, "count": count, "now": tx.now}
    return int(await tx.value(_SQL.insert_share, **given))


async def insert_handles(
    tx: Tx,
    *,
    project_id: int,
    share_id: int | None,
    experiment_id: int,
    is_virtual: bool,
    first_position: int,
    handles: Sequence[NewHandle],
) -> int:
    """Add handles to a project, numbered on from `first_position`; return how many have no usable replica."""
    return int(
        await tx.value(
            _SQL.insert_handles,
            project_id=project_id,
            share_id=share_id,
            experiment_id=experiment_id,
            is_virtual=is_virtual,
            first_position=first_position,
            namespaces=[handle.namespace for handle in handles],
            names=[handle.name for handle in handles],
            fids=[handle.fid for handle in handles],
            sizes=[handle.size_bytes for handle in handles],
            attributes=[encode_json(dict(handle.attributes)) if handle.attributes else "{}" for handle in handles],
            now=tx.now,
        )
    )


async def refresh_statistics(tx: Tx) -> None:
    """Let the planner count the handles again."""
    await tx.rows(_SQL.refresh_statistics)


async def count_unlocated(tx: Tx, *, project_id: int, share_id: int, count: int) -> None:
    """Note how many handles of a new project were put aside."""
    await tx.run(_SQL.count_unlocated, project_id=project_id, share_id=share_id, count=count)


async def copy_handles(
    tx: Tx,
    *,
    source_id: int,
    header: ProjectHeader,
    share_id: int,
    attributes: dict[str, object],
    after: int,
    count: int,
) -> tuple[int, int, int | None]:
    """Copy the next handles of a project; return how many, how many without usable replica, and the last place."""
    row = await tx.row(
        _SQL.copy_handles,
        source_id=source_id,
        project_id=header.project_id,
        share_id=share_id,
        experiment_id=header.experiment_id,
        is_virtual=header.is_virtual,
        attributes=attributes,
        after=after,
        count=count,
        now=tx.now,
    )
    assert row is not None
    return row["count"], row["unlocated_count"], row["last"]


async def start_counts(tx: Tx, *, project_id: int, share_id: int, count: int, unlocated_count: int) -> None:
    """Note how many handles a new project has got."""
    given = {"project_id": project_id, "share_id": share_id, "count": count, "unlocated_count": unlocated_count}
    await tx.run(_SQL.start_counts, **given)


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


async def list_held_files(tx: Tx, *, project_id: int, dids: Sequence[Did]) -> set[Did]:
    """Return those among the files that a project holds."""
    rows = await tx.rows(_SQL.list_held_files, project_id=project_id, **_list_columns(dids))
    return {Did(row["namespace"], row["name"]) for row in rows}


async def find_next_position(tx: Tx, *, project_id: int) -> int:
    """Return the first place of a project that was never used."""
    return int(await tx.value(_SQL.find_next_position, project_id=project_id))


async def count_added(
    tx: Tx, *, project_id: int, share_id: int | None, count: int, unlocated_count: int, first_position: int
) -> None:
    """Note that handles were added to a project; one that had ended is active again."""
    await tx.run(
        _SQL.count_added,
        project_id=project_id,
        share_id=share_id,
        count=count,
        unlocated_count=unlocated_count,
        first_position=first_position,
    )


async def lock_ready(tx: Tx, *, project_id: int, is_all: bool, dids: Sequence[Did] = ()) -> int:
    """Keep ready handles of a project from being given out: all, or the named files. Returns how many."""
    given = {"project_id": project_id, "is_all": is_all, **_list_columns(dids)}
    return int(await tx.value(_SQL.lock_ready, **given))


async def lock_named_handles(tx: Tx, *, project_id: int, dids: Sequence[Did]) -> list[LockedHandle]:
    """Lock the named handles of a project; files that it does not hold are left out."""
    rows = await tx.rows(_SQL.lock_named_handles, project_id=project_id, **_list_columns(dids))
    return into_list(LockedHandle, rows)


async def remove_handles(tx: Tx, *, project_id: int, positions: Sequence[int]) -> list[Remainder]:
    """Take locked initial handles out of a project; return how open it is then, once for every share that changed."""
    rows = await tx.rows(_SQL.remove_handles, project_id=project_id, positions=list(positions))
    return into_list(Remainder, rows)


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


async def reserve_handles(
    tx: Tx, *, project_id: int, wish: Wish, count: int, first_rank: int, ready_from: int, actor: Actor
) -> list[Lease]:
    """Lease up to `count` handles at or behind the place `ready_from`; counts and event are moved with them."""
    rows = await tx.rows(
        _SQL.reserve_handles,
        project_id=project_id,
        share_id=wish.share_id,
        count=count,
        first_rank=first_rank,
        ready_from=ready_from,
        worker_id=wish.worker_id,
        site=wish.site,
        batch_job_id=wish.batch_job_id,
        request_id=wish.request_id,
        lease_for=wish.lease_for,
        now=tx.now,
        actor=actor.username,
    )
    return [_make_lease(row) for row in rows]


async def list_leases_of_request(tx: Tx, *, project_id: int, wish: Wish) -> list[Lease]:
    """Return the leases that the worker got for this very request and still has."""
    rows = await tx.rows(
        _SQL.list_leases_of_request, project_id=project_id, request_id=wish.request_id, worker_id=wish.worker_id
    )
    return [_make_lease(row) for row in rows]


async def list_attempt_headers(tx: Tx, *, attempt_ids: Sequence[int]) -> list[AttemptHeader]:
    """Return the projects of attempts, by attempt id; unknown ids are left out."""
    return into_list(AttemptHeader, await tx.rows(_SQL.list_attempt_headers, attempt_ids=list(attempt_ids)))


async def renew_leases(tx: Tx, *, worker_id: str, attempt_ids: Sequence[int]) -> list[RenewedLease]:
    """Move the ends of the leases that the worker still has, and return those."""
    given = {"worker_id": worker_id, "attempt_ids": list(attempt_ids), "now": tx.now}
    return into_list(RenewedLease, await tx.rows(_SQL.renew_leases, **given))


async def lock_leases(tx: Tx, *, attempt_ids: Sequence[int]) -> list[LockedLease]:
    """Lock leases in order and return those that are there."""
    return into_list(LockedLease, await tx.rows(_SQL.lock_leases, attempt_ids=list(attempt_ids)))


async def list_overdue_projects(tx: Tx, *, count: int) -> list[int]:
    """Return the projects of the first `count` overdue leases."""
    rows = await tx.rows(_SQL.list_overdue_projects, now=tx.now, count=count)
    return [row["project_id"] for row in rows]


async def lock_overdue_leases(tx: Tx, *, project_id: int, count: int) -> list[LockedLease]:
    """Lock overdue leases of a project, except those that somebody is just renewing or reporting."""
    given = {"project_id": project_id, "now": tx.now, "count": count}
    return into_list(LockedLease, await tx.rows(_SQL.lock_overdue_leases, **given))


async def lock_leases_of_jobs(tx: Tx, *, batch_job_ids: Sequence[str]) -> list[LockedLease]:
    """Lock the leases of batch jobs in order, with their projects."""
    return into_list(LockedLease, await tx.rows(_SQL.lock_leases_of_jobs, batch_job_ids=list(batch_job_ids)))


async def lock_leases_of_handles(tx: Tx, *, project_id: int, is_all: bool, dids: Sequence[Did]) -> list[LockedLease]:
    """Lock the leases of all handles of a project, or of the named files only."""
    rows = await tx.rows(
        _SQL.lock_leases_of_handles,
        project_id=project_id,
        is_all=is_all,
        namespaces=[did.namespace for did in dids],
        names=[did.name for did in dids],
    )
    return into_list(LockedLease, rows)


async def lock_ended_handles(
    tx: Tx, *, project_id: int, states: Sequence[HandleState], dids: Sequence[Did]
) -> list[int]:
    """Lock done and failed handles that are in one of the states or among the named files; return their positions."""
    rows = await tx.rows(
        _SQL.lock_ended_handles,
        project_id=project_id,
        states=[state.value for state in states],
        namespaces=[did.namespace for did in dids],
        names=[did.name for did in dids],
    )
    return [row["position"] for row in rows]


async def end_leases(
    tx: Tx,
    *,
    project_id: int,
    next_states: dict[int, HandleState],
    rests: Mapping[int, datetime],
    outcome: Outcome,
    reason: str,
    actor: Actor,
    worker_id: str | None = None,
    measures: dict[str, object] | None = None,
    log_tail: str = "",
) -> list[EndedLease]:
    """End leases, given with the state that each handle goes to, and return those that still held.

    `rests` says, by attempt id, until when handles pause that go back to be initial; others are ready at once.
    With `worker_id`, only leases of that worker. More than one lease must have been locked before.
    """
    rows = await tx.rows(
        _SQL.end_leases,
        project_id=project_id,
        attempt_ids=list(next_states),
        next_states=[state.value for state in next_states.values()],
        rest_until=[rests.get(attempt_id) for attempt_id in next_states],
        count=len(next_states),
        worker_id=worker_id,
        outcome=outcome.value,
        reason=reason,
        measures=measures or {},
        log_tail=log_tail,
        now=tx.now,
        actor=actor.username,
    )
    return into_list(EndedLease, rows)


async def count_time_outs(tx: Tx, *, attempt_ids: Sequence[int]) -> None:
    """Count on the handles of ended attempts that a lease of theirs ran out."""
    await tx.run(_SQL.count_time_outs, attempt_ids=list(attempt_ids))


async def list_rested_projects(tx: Tx, *, count: int) -> list[int]:
    """Return the projects of handles that have paused for long enough."""
    rows = await tx.rows(_SQL.list_rested_projects, now=tx.now, count=count)
    return [row["project_id"] for row in rows]


async def wake_handles(
    tx: Tx,
    *,
    project_id: int,
    until: datetime | None = None,
    is_all: bool = False,
    dids: Sequence[Did] = (),
    count: int | None = None,
) -> tuple[int, list[int]]:
    """End the pauses of handles: those that end until then, those of the named files, or all; at most `count`.

    Returns how many there were, and the shares that changed.
    """
    given = {"project_id": project_id, "until": until, "is_all": is_all, "count": count, **_list_columns(dids)}
    row = await tx.row(_SQL.wake_handles, **given)
    return (0, []) if row is None else (row["count"], list(row["share_ids"]))


async def end_project(tx: Tx, *, project_id: int, state: ProjectState) -> None:
    """Close a project."""
    await tx.run(_SQL.end_project, project_id=project_id, state=state.value, now=tx.now)


async def cancel_project(tx: Tx, *, project_id: int) -> int | None:
    """Cancel a project and return its experiment; None if it was not open."""
    experiment_id: int | None = await tx.value(_SQL.cancel_project, project_id=project_id, now=tx.now)
    return experiment_id


async def list_fates(tx: Tx, *, attempt_ids: Sequence[int]) -> list[Fate]:
    """Return what became of attempts; unknown ids are left out."""
    return into_list(Fate, await tx.rows(_SQL.list_fates, attempt_ids=list(attempt_ids)))


async def insert_late_reports(tx: Tx, *, report: Report, attempt_ids: Sequence[int], reason: str) -> None:
    """Keep what was reported about lost leases."""
    await tx.run(
        _SQL.insert_late_reports,
        attempt_ids=list(attempt_ids),
        worker_id=report.worker_id,
        reported=report.outcome.value,
        reason=reason,
        now=tx.now,
    )


async def insert_outputs(
    tx: Tx, *, attempt_id: int, project_id: int, share_id: int | None, outputs: Sequence[tuple[int, Output]]
) -> None:
    """Attach declared files, each with its id in the catalogue, to an attempt."""
    await tx.run(
        _SQL.insert_outputs,
        attempt_id=attempt_id,
        project_id=project_id,
        share_id=share_id,
        file_ids=[file_id for file_id, _ in outputs],
        media_types=[output.media_type for _, output in outputs],
        urls=[output.url for _, output in outputs],
    )


async def restart_handles(tx: Tx, *, header: ProjectHeader, positions: Sequence[int]) -> list[int]:
    """Put locked done and failed handles back, open the project, and return the shares that changed."""
    row = await tx.row(
        _SQL.restart_handles,
        project_id=header.project_id,
        experiment_id=header.experiment_id,
        is_virtual=header.is_virtual,
        positions=list(positions),
        now=tx.now,
    )
    return [] if row is None else list(row["share_ids"])


async def list_locatable_projects(tx: Tx, *, count: int) -> list[int]:
    """Return open projects among whose handles put aside some have a usable replica now."""
    return [row["project_id"] for row in await tx.rows(_SQL.list_locatable_projects, count=count)]


async def locate_handles(tx: Tx, *, project_id: int, experiment_id: int, count: int) -> tuple[int, list[int]]:
    """Make ready what has a usable replica now; return how many handles that were, and the shares that changed."""
    given = {"project_id": project_id, "experiment_id": experiment_id, "count": count}
    row = await tx.row(_SQL.locate_handles, **given)
    return (0, []) if row is None else (row["count"], list(row["share_ids"]))


async def find_holders(tx: Tx, *, project_id: int, share_id: int | None) -> Holders:
    """Return who holds leases of a project, or of one share of it."""
    row = await tx.row(_SQL.find_holders, project_id=project_id, share_id=share_id)
    assert row is not None
    return into(Holders, row)


async def find_handle(tx: Tx, *, project_id: int, position: int | None, did: Did | None) -> Handle | None:
    """Return a handle by its position or by its file."""
    row = await tx.row(
        _SQL.find_handle,
        project_id=project_id,
        position=position,
        namespace=None if did is None else did.namespace,
        name=None if did is None else did.name,
    )
    return into_optional(Handle, row)


async def find_held_handle(tx: Tx, *, project_id: int, did: Did, worker_id: str | None) -> HeldHandle | None:
    """Return a handle with its lease, and how the last attempt of this worker at it ended."""
    row = await tx.row(
        _SQL.find_held_handle, project_id=project_id, namespace=did.namespace, name=did.name, worker_id=worker_id
    )
    return into_optional(HeldHandle, row)


async def list_next_handles(tx: Tx, *, project_id: int, after: int, count: int) -> list[Handle]:
    """Return the next handles of a project behind a place, in order."""
    rows = await tx.rows(_SQL.list_next_handles, project_id=project_id, after=after, count=count)
    return into_list(Handle, rows)


async def list_attempts(tx: Tx, *, project_id: int, position: int) -> list[Attempt]:
    """Return the attempts of a handle, the newest first, with the one that runs."""
    return into_list(Attempt, await tx.rows(_SQL.list_attempts, project_id=project_id, position=position))


async def list_outputs(tx: Tx, *, share_id: int, name_like: str) -> list[ProducedFile]:
    """Return what a share produced, by a name pattern of SQL."""
    return into_list(ProducedFile, await tx.rows(_SQL.list_outputs, share_id=share_id, name_like=name_like))


async def list_pictures(tx: Tx, *, share_id: int) -> list[ProducedFile]:
    """Return the pictures that a share produced."""
    return into_list(ProducedFile, await tx.rows(_SQL.list_pictures, share_id=share_id))


def _list_columns(dids: Sequence[Did]) -> dict[str, object]:
    return {"namespaces": [did.namespace for did in dids], "names": [did.name for did in dids]}


def _make_lease(row: Row) -> Lease:
    replicas = tuple(ReplicaAt(copy["rse"], copy["url"]) for copy in row["replicas"])
    fields = {name: value for name, value in row.items() if name != "replicas"}
    return Lease(**fields, replicas=replicas)
