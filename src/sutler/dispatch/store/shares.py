"""Shares: putting handles into them, what they keep of those that left, and counting several together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sutler.database import Row, Tx, into, into_list, load_statements
from sutler.dispatch.model import (
    Counts,
    Handle,
    HandleState,
    LeftShare,
    LockedLease,
    MovedHandles,
    ProjectState,
    Remainder,
    ShareFile,
)

_SQL = load_statements("sutler.dispatch.store", "shares.sql")


async def lock_sharing(tx: Tx, *, project_id: int) -> None:
    """Keep others from putting handles of a project into other shares: the first lock of whoever does."""
    await tx.value(_SQL.lock_sharing, project_id=project_id)


async def close_share(tx: Tx, *, share_id: int, is_over: bool = False) -> bool:
    """Let others take what a share has not finished, and its own workers nothing more if it is over.

    False if it was closed already.
    """
    return bool(await tx.run(_SQL.close_share, share_id=share_id, is_over=is_over, now=tx.now))


async def reopen_share(tx: Tx, *, share_id: int) -> bool:
    """Let nobody else take what a share has. False if it was so already."""
    return bool(await tx.run(_SQL.reopen_share, share_id=share_id))


async def list_shares_of_project(tx: Tx, *, project_id: int, share_ids: Sequence[int]) -> set[int]:
    """Return those of some shares that a project has."""
    given = {"project_id": project_id, "share_ids": list(share_ids)}
    return {row["id"] for row in await tx.rows(_SQL.list_shares_of_project, **given)}


async def count_owned(tx: Tx, *, project_id: int) -> int:
    """Return how many initial handles of a project open shares own."""
    return int(await tx.value(_SQL.count_owned, project_id=project_id))


async def list_claimable(tx: Tx, *, project_id: int, count: int | None) -> list[int]:
    """Return the first places of a project whose initial handles no open share owns; all without a count."""
    rows = await tx.rows(_SQL.list_claimable, project_id=project_id, count=count)
    return [row["position"] for row in rows]


async def lock_places(tx: Tx, *, project_id: int, positions: Sequence[int]) -> set[int]:
    """Keep initial handles from being given out, and return their places; what is not initial any more is left out."""
    given = {"project_id": project_id, "positions": list(positions)}
    return {row["position"] for row in await tx.rows(_SQL.lock_places, **given)}


async def list_handles_of_shares(
    tx: Tx, *, project_id: int, share_ids: Sequence[int], states: Collection[HandleState]
) -> dict[int, HandleState]:
    """Return the places of handles of shares in some states, with the state of each."""
    rows = await tx.rows(
        _SQL.list_handles_of_shares,
        project_id=project_id,
        share_ids=list(share_ids),
        states=[state.value for state in states],
    )
    return _read_states(rows)


async def list_chosen_handles(
    tx: Tx,
    *,
    project_id: int,
    share_ids: Sequence[int],
    states: Collection[HandleState],
    positions: Sequence[int],
) -> dict[int, HandleState]:
    """Return those of some places where handles of shares are in some states, with the state of each."""
    rows = await tx.rows(
        _SQL.list_chosen_handles,
        project_id=project_id,
        share_ids=list(share_ids),
        states=[state.value for state in states],
        positions=list(positions),
    )
    return _read_states(rows)


async def lock_handles_at(tx: Tx, *, project_id: int, positions: Sequence[int]) -> dict[int, HandleState]:
    """Lock the handles at some places that nobody else holds a lock on; return the state at each."""
    return _read_states(await tx.rows(_SQL.lock_handles_at, project_id=project_id, positions=list(positions)))


async def lock_leases_of_shares(tx: Tx, *, project_id: int, share_ids: Sequence[int]) -> dict[int, LockedLease]:
    """Lock the leases of shares that nobody else holds a lock on; return them by place."""
    return _read_leases(await tx.rows(_SQL.lock_leases_of_shares, project_id=project_id, share_ids=list(share_ids)))


async def lock_chosen_leases(
    tx: Tx, *, project_id: int, share_ids: Sequence[int], positions: Sequence[int]
) -> dict[int, LockedLease]:
    """Lock the leases of shares at some places that nobody else holds a lock on; return them by place."""
    given = {"project_id": project_id, "share_ids": list(share_ids), "positions": list(positions)}
    return _read_leases(await tx.rows(_SQL.lock_chosen_leases, **given))


async def move_handles(tx: Tx, *, project_id: int, positions: Sequence[int], share_id: int) -> list[MovedHandles]:
    """Put locked handles that nobody has into a share, and return how many by the share that they left.

    Outcomes stay behind there. Shares and project are still to be counted.
    """
    given = {"project_id": project_id, "positions": list(positions), "share_id": share_id, "now": tx.now}
    return into_list(MovedHandles, await tx.rows(_SQL.move_handles, **given))


async def count_moved(tx: Tx, *, share_id: int, moved: Sequence[MovedHandles]) -> list[LeftShare]:
    """Count handles that were moved in the shares that have and had them; return those that they left."""
    rows = await tx.rows(
        _SQL.count_moved,
        share_id=share_id,
        left_share_ids=[of_share.share_id for of_share in moved],
        counts=[of_share.count for of_share in moved],
        initial_counts=[of_share.initial_count for of_share in moved],
        done_counts=[of_share.done_count for of_share in moved],
        failed_counts=[of_share.failed_count for of_share in moved],
        unlocated_counts=[of_share.unlocated_count for of_share in moved],
        resting_counts=[of_share.resting_count for of_share in moved],
    )
    return into_list(LeftShare, rows)


async def wake_project(tx: Tx, *, project_id: int) -> ProjectState:
    """Lock a project, note that something happens in it, and return its state; one that was abandoned is active."""
    return ProjectState(await tx.value(_SQL.wake_project, project_id=project_id, now=tx.now))


async def finish_handles(tx: Tx, *, project_id: int, positions: Sequence[int]) -> list[Remainder]:
    """Let locked initial handles be done without an attempt; return how open things are then, for every share."""
    rows = await tx.rows(_SQL.finish_handles, project_id=project_id, positions=list(positions), now=tx.now)
    return into_list(Remainder, rows)


async def list_gone_positions(
    tx: Tx, *, share_id: int, states: Sequence[HandleState], after: int, count: int
) -> list[int]:
    """Return the next places of a share whose handles went on in another one and were in one of the states then."""
    rows = await tx.rows(_SQL.list_gone_positions, share_id=share_id, states=list(states), after=after, count=count)
    return [row["position"] for row in rows]


async def list_share_files(
    tx: Tx,
    *,
    share_ids: Sequence[int],
    states: Collection[HandleState] | None,
    after: tuple[int, int],
    count: int | None,
) -> list[ShareFile]:
    """Return the next files of shares behind a project and a place of it; all without a count."""
    rows = await tx.rows(
        _SQL.list_share_files,
        share_ids=sorted(set(share_ids)),
        states=None if states is None else [state.value for state in states],
        after_project_id=after[0],
        after_position=after[1],
        count=count,
    )
    return into_list(ShareFile, rows)


async def count_merged(tx: Tx, *, share_ids: Sequence[int]) -> Counts:
    """Count the distinct files of shares by state."""
    row = await tx.row(_SQL.count_merged, share_ids=list(share_ids))
    assert row is not None
    return into(Counts, row)


async def list_done_files(tx: Tx, *, project_id: int, ledger_id: int, after: int, count: int | None) -> list[Handle]:
    """Return the next done files of a project, behind a place, that a ledger has not given out."""
    given = {"project_id": project_id, "ledger_id": ledger_id, "after": after, "count": count}
    return into_list(Handle, await tx.rows(_SQL.list_done_files, **given))


async def list_left_done_files(tx: Tx, *, project_id: int, ledger_id: int, count: int | None) -> list[Handle]:
    """Return the first done files of a project that a ledger has not given out; all without a count. Reads them all."""
    given = {"project_id": project_id, "ledger_id": ledger_id, "count": count}
    return into_list(Handle, await tx.rows(_SQL.list_left_done_files, **given))


def _read_states(rows: Sequence[Row]) -> dict[int, HandleState]:
    return {row["position"]: HandleState(row["state"]) for row in rows}


def _read_leases(rows: Sequence[Row]) -> dict[int, LockedLease]:
    return {row["position"]: LockedLease(row["attempt_id"], row["attempt"], row["project_id"]) for row in rows}
