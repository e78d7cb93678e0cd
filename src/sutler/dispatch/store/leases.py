"""Leases from the claim to the end, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sutler.base.did import Did
from sutler.database import Actor, Row, Tx, into, into_list, load_statements
from sutler.dispatch.model import (
    AttemptHeader,
    EndedLease,
    Fate,
    HandleState,
    Holders,
    Lease,
    LockedLease,
    Outcome,
    Output,
    RenewedLease,
    ReplicaAt,
    Report,
    Wish,
)

_SQL = load_statements("sutler.dispatch.store", "leases.sql")


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


async def find_holders(tx: Tx, *, project_id: int, share_id: int | None) -> Holders:
    """Return who holds leases of a project, or of one share of it."""
    row = await tx.row(_SQL.find_holders, project_id=project_id, share_id=share_id)
    assert row is not None
    return into(Holders, row)


def _make_lease(row: Row) -> Lease:
    replicas = tuple(ReplicaAt(copy["rse"], copy["url"]) for copy in row["replicas"])
    fields = {name: value for name, value in row.items() if name != "replicas"}
    return Lease(**fields, replicas=replicas)
