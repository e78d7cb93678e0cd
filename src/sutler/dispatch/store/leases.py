"""Leases from the claim to the end, and what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sutler.base.did import Did
from sutler.database import Row, Tx, into, into_list, load_statements
from sutler.database.transaction import encode_json
from sutler.dispatch.model import (
    AttemptPlace,
    Claimed,
    EndedLease,
    Ending,
    Fate,
    Handle,
    HandleState,
    HeldPlace,
    Holders,
    Lease,
    LockedLease,
    Output,
    Pool,
    ProjectState,
    RenewedLease,
    Report,
    Slot,
)

_SQL = load_statements("sutler.dispatch.store", "leases.sql")


async def claim_handles(
    tx: Tx,
    *,
    project_id: int,
    share_id: int | None,
    reachable: Sequence[int],
    slots: Sequence[Slot],
    pools: Sequence[Pool],
    own_attempt_ids: Sequence[int],
) -> tuple[list[Claimed], int]:
    """Lease handles of pools to slots in one statement, with counts and events.

    Returns what was leased, and how many handles were put aside because none of their copies is on a storage element
    that is `reachable` now. A slot whose request holds leases gets none, unless all of them are among
    `own_attempt_ids`.
    """
    rows = await tx.rows(
        _SQL.claim_handles,
        project_id=project_id,
        share_id=share_id,
        reachable=reachable,
        worker_ids=[slot.wish.worker_id for slot in slots],
        request_ids=[slot.wish.request_id for slot in slots],
        request_ranks=[slot.rank for slot in slots],
        sites=[slot.wish.site for slot in slots],
        batch_job_ids=[slot.wish.batch_job_id for slot in slots],
        lease_fors=[slot.wish.lease_for for slot in slots],
        actors=[slot.actor for slot in slots],
        own_attempt_ids=own_attempt_ids,
        location_ids=[pool.location_id for pool in pools],
        from_attempts=[pool.mark[0] for pool in pools],
        from_positions=[pool.mark[1] for pool in pools],
        count=len(slots),
        now=tx.now,
    )
    claimed = [_make_claimed(row, project_id) for row in rows if row["attempt_id"] is not None]
    return claimed, rows[0]["lost_count"]


async def has_ready(tx: Tx, *, project_id: int, share_id: int | None, location_ids: Sequence[int]) -> bool:
    """Whether a handle at one of these locations could be given out, even if somebody is just taking it."""
    given = {"project_id": project_id, "share_id": share_id, "location_ids": list(location_ids)}
    return bool(await tx.value(_SQL.has_ready, **given))


async def list_leases_of_request(tx: Tx, *, request_id: UUID) -> list[tuple[str, Claimed]]:
    """Return what was leased for a request and still is, each with its worker."""
    rows = await tx.rows(_SQL.list_leases_of_request, request_id=request_id)
    return [
        (row["worker_id"], _make_claimed({**row, "ordinal": 1, "location_id": None}, row["project_id"])) for row in rows
    ]


async def list_attempt_places(tx: Tx, *, attempt_ids: Sequence[int]) -> list[AttemptPlace]:
    """Return the projects of attempts by attempt id; unknown ones are left out."""
    return into_list(AttemptPlace, await tx.rows(_SQL.list_attempt_places, attempt_ids=list(attempt_ids)))


async def list_held_places(tx: Tx, *, files: Sequence[tuple[int, Did]]) -> list[HeldPlace]:
    """Return the leases of files, each given with its project; what nobody has is left out."""
    rows = await tx.rows(
        _SQL.list_held_places,
        project_ids=[project_id for project_id, _ in files],
        namespaces=[did.namespace for _, did in files],
        names=[did.name for _, did in files],
    )
    return [_make_held_place(row) for row in rows]


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


async def lock_leases_of_jobs(tx: Tx, *, batch_job_ids: Sequence[str], share_id: int | None) -> list[LockedLease]:
    """Lock the leases of batch jobs in order, with their projects; with a share only those of the share."""
    given = {"batch_job_ids": list(batch_job_ids), "share_id": share_id}
    return into_list(LockedLease, await tx.rows(_SQL.lock_leases_of_jobs, **given))


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


async def end_leases(tx: Tx, *, project_id: int, endings: Sequence[Ending]) -> list[EndedLease]:
    """End leases of one project; return those that were still there, for the worker who was meant."""
    rows = await tx.rows(
        _SQL.end_leases,
        project_id=project_id,
        attempt_ids=[ending.attempt_id for ending in endings],
        worker_ids=[ending.worker_id for ending in endings],
        outcomes=[ending.outcome.value for ending in endings],
        next_states=[ending.state.value for ending in endings],
        rest_until=[ending.rest_until for ending in endings],
        reasons=[ending.reason for ending in endings],
        measures=[encode_json(dict(ending.measures)) if ending.measures else "{}" for ending in endings],
        log_tails=[ending.log_tail for ending in endings],
        actors=[ending.actor for ending in endings],
        count=len(endings),
        now=tx.now,
    )
    return [_make_ended(row) for row in rows]


async def count_time_outs(tx: Tx, *, attempt_ids: Sequence[int]) -> None:
    """Count on the handles of ended attempts that a lease of theirs ran out."""
    await tx.run(_SQL.count_time_outs, attempt_ids=list(attempt_ids))


async def note_put_back(tx: Tx, *, project_id: int, positions: Sequence[int]) -> None:
    """Note that the done and failed handles at these places were put back, so that lists by state pass them over."""
    await tx.run(_SQL.note_put_back, project_id=project_id, positions=list(positions))


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


async def find_holders(tx: Tx, *, project_id: int, share_id: int | None, limit: int) -> Holders:
    """Return who holds leases of a project, or of one share of it, as far as the first `limit` leases say."""
    row = await tx.row(_SQL.find_holders, project_id=project_id, share_id=share_id, limit=limit)
    assert row is not None
    return into(Holders, row)


def _make_claimed(row: Row, project_id: int) -> Claimed:
    lease = Lease(
        row["attempt_id"],
        row["attempt"],
        project_id,
        row["position"],
        row["share_id"],
        row["namespace"],
        row["name"],
        row["fid"],
        row["size_bytes"],
        row["attributes"],
        row["expires_at"],
    )
    copies = tuple(zip(row["rse_ids"] or (), row["urls"] or (), strict=True))
    return Claimed(row["ordinal"], row["location_id"], copies, lease)


def _make_ended(row: Row) -> EndedLease:
    return EndedLease(
        row["attempt_id"],
        row["share_id"],
        HandleState(row["state"]),
        row["experiment_id"],
        ProjectState(row["project_state"]),
        row["project_open_count"],
        row["project_failed_count"],
        row["share_open_count"],
    )


def _make_held_place(row: Row) -> HeldPlace:
    place = AttemptPlace(row["attempt_id"], row["attempt"], row["project_id"])
    handle = into(Handle, {**row, "state": HandleState.RESERVED})
    return HeldPlace(row["ordinal"], row["holder"], handle, place)
