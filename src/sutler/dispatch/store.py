"""The statements of the room, one function each."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.base.did import Did
from sutler.database import Actor, Row, Tx, into, into_list, into_optional, load_statements
from sutler.database.transaction import encode_json
from sutler.dispatch.model import (
    Attempt,
    AttemptHeader,
    Counts,
    CreatedProject,
    EndedLease,
    Fate,
    Handle,
    HandleState,
    Holders,
    Lease,
    LockedLease,
    NewHandle,
    NewProject,
    Outcome,
    Output,
    ProducedFile,
    Project,
    ProjectHeader,
    ProjectState,
    RenewedLease,
    ReplicaAt,
    Report,
    ShareStanding,
    Wish,
)

_SQL = load_statements("sutler.dispatch")


async def find_project(tx: Tx, *, project_id: int) -> Project | None:
    """Return a project."""
    return into_optional(Project, await tx.row(_SQL.find_project, project_id=project_id))


async def find_header(tx: Tx, *, project_id: int, share_id: int | None = None) -> ProjectHeader | None:
    """Return the header of a project; its `share_id` is None when the project has no such share."""
    return into_optional(ProjectHeader, await tx.row(_SQL.find_header, project_id=project_id, share_id=share_id))


async def find_share(tx: Tx, *, share_id: int) -> ShareStanding | None:
    """Return the counts of a share and the state of its project."""
    row = await tx.row(_SQL.find_share, share_id=share_id)
    if row is None:
        return None
    return ShareStanding(row["share_id"], row["project_id"], ProjectState(row["state"]), into(Counts, row))


async def insert_project(tx: Tx, *, project: NewProject, owner_id: int, owner_role: str, count: int) -> int:
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
            count=count,
            now=tx.now,
        )
    )


async def insert_share(tx: Tx, *, project_id: int, experiment_id: int, count: int) -> int:
    """Start a share with `count` initial handles and return its id."""
    given = {"project_id": project_id, "experiment_id": experiment_id, "count": count, "now": tx.now}
    return int(await tx.value(_SQL.insert_share, **given))


async def insert_handles(
    tx: Tx, *, project: NewProject, created: CreatedProject, first_position: int, handles: Sequence[NewHandle]
) -> int:
    """Add handles to a project, numbered on from `first_position`; return how many have no usable replica."""
    return int(
        await tx.value(
            _SQL.insert_handles,
            project_id=created.project_id,
            share_id=created.share_id,
            experiment_id=project.experiment_id,
            is_virtual=project.is_virtual,
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
    outcome: Outcome,
    reason: str,
    actor: Actor,
    worker_id: str | None = None,
    measures: dict[str, object] | None = None,
    log_tail: str = "",
) -> list[EndedLease]:
    """End leases, given with the state that each handle goes to, and return those that still held.

    With `worker_id`, only leases of that worker. More than one lease must have been locked before.
    """
    rows = await tx.rows(
        _SQL.end_leases,
        project_id=project_id,
        attempt_ids=list(next_states),
        next_states=[state.value for state in next_states.values()],
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


async def list_attempts(tx: Tx, *, project_id: int, position: int) -> list[Attempt]:
    """Return the attempts of a handle, the newest first, with the one that runs."""
    return into_list(Attempt, await tx.rows(_SQL.list_attempts, project_id=project_id, position=position))


async def list_outputs(tx: Tx, *, share_id: int, name_like: str) -> list[ProducedFile]:
    """Return what a share produced, by a name pattern of SQL."""
    return into_list(ProducedFile, await tx.rows(_SQL.list_outputs, share_id=share_id, name_like=name_like))


async def list_pictures(tx: Tx, *, share_id: int) -> list[ProducedFile]:
    """Return the pictures that a share produced."""
    return into_list(ProducedFile, await tx.rows(_SQL.list_pictures, share_id=share_id))


def _make_lease(row: Row) -> Lease:
    replicas = tuple(ReplicaAt(copy["rse"], copy["url"]) for copy in row["replicas"])
    fields = {name: value for name, value in row.items() if name != "replicas"}
    return Lease(**fields, replicas=replicas)
