"""Switches that hold launches, stages on hold, and the launches that wait for a hold to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from sutler.campaigns.model import Hold, HoldKind, QueuedLaunch, QueueState, Stage
from sutler.campaigns.store.work import make_stage
from sutler.database import Tx, into, into_list, into_optional, load_statements
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import Fragment, sql, value

_SQL = load_statements("sutler.campaigns.store", "holds.sql")

_QUEUED: Final[LiteralString] = """
SELECT queued.id, queued.experiment_id, queued.stage_id, stage.name AS stage, campaign.name AS campaign,
       queued.launch_key, queued.request, queued.reason, queued.state, queued.outcome, queued.queued_by,
       launcher.username, stage.creator_role, stage.created_by AS stage_creator_id, queued.queued_at,
       queued.settled_at, submission.id AS submission_id
FROM campaigns.queued_launches AS queued
JOIN campaigns.stages AS stage ON stage.id = queued.stage_id
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
JOIN auth.user_names AS launcher ON launcher.id = queued.queued_by
LEFT JOIN campaigns.submissions AS submission ON submission.launch_key = queued.launch_key
"""
_OLDEST: Final = Key("queued.id", "bigint")


@dataclass(frozen=True)
class FoundHold:
    """What holds a stage: everything when neither experiment nor stage is named."""

    experiment: str | None
    stage: str | None
    username: str
    held_at: datetime
    reason: str


@dataclass(frozen=True)
class WaitingLaunch:
    """A launch that waits, or waited, as whoever releases it needs it."""

    id: int
    stage_id: int
    launch_key: str
    request: Mapping[str, object]
    state: QueueState
    reason: str
    outcome: str
    tries: int
    queued_by: int


@dataclass(frozen=True)
class SettledLaunch:
    """Which launch was settled, for its event."""

    experiment_id: int
    stage_id: int
    launch_key: str


async def create_hold(tx: Tx, *, experiment_id: int | None, kind: HoldKind, reason: str, held_by: int) -> bool:
    """Turn a switch on. False if it was on, which keeps its first reason."""
    created = await tx.value(
        _SQL.create_hold, experiment_id=experiment_id, kind=kind.value, reason=reason, held_by=held_by, now=tx.now
    )
    return created is not None


async def delete_hold(tx: Tx, *, experiment_id: int | None, kind: HoldKind) -> bool:
    """Turn a switch off. False if it was off."""
    return await tx.run(_SQL.delete_hold, experiment_id=experiment_id, kind=kind.value) > 0


async def list_holds(tx: Tx, *, experiment_ids: Sequence[int]) -> list[Hold]:
    """Read the switches that are on for everybody or for some experiments."""
    return into_list(Hold, await tx.rows(_SQL.list_holds, experiment_ids=list(experiment_ids)))


async def find_hold(tx: Tx, *, stage_id: int, experiment_id: int, kind: HoldKind) -> FoundHold | None:
    """Read what holds a stage, the widest first."""
    row = await tx.row(_SQL.find_hold, stage_id=stage_id, experiment_id=experiment_id, kind=kind.value)
    return into_optional(FoundHold, row)


async def lock_stages(tx: Tx, *, stage_ids: Sequence[int]) -> list[Stage]:
    """Read stages that were not removed, in the order of their ids, and lock them."""
    return [make_stage(row) for row in await tx.rows(_SQL.lock_stages, stage_ids=list(stage_ids))]


async def hold_stages(tx: Tx, *, stage_ids: Sequence[int], held_by: int | None, reason: str) -> None:
    """Put stages on hold, or release them with `held_by` None."""
    held_at = None if held_by is None else tx.now
    await tx.run(
        _SQL.hold_stages, stage_ids=list(stage_ids), held_by=held_by, held_at=held_at, reason=reason, now=tx.now
    )


async def create_queued_launch(
    tx: Tx,
    *,
    experiment_id: int,
    stage_id: int,
    launch_key: str,
    request: Mapping[str, object],
    reason: str,
    queued_by: int,
) -> int | None:
    """Let a launch wait and return its id; None if one with its key does or did."""
    created = await tx.value(
        _SQL.create_queued_launch,
        experiment_id=experiment_id,
        stage_id=stage_id,
        launch_key=launch_key,
        request=dict(request),
        reason=reason,
        queued_by=queued_by,
        now=tx.now,
    )
    return None if created is None else int(created)


async def find_queued_launch(tx: Tx, *, launch_key: str) -> WaitingLaunch | None:
    """Look a launch that waits or waited up by its key."""
    return into_optional(WaitingLaunch, await tx.row(_SQL.find_queued_launch, launch_key=launch_key))


async def list_queued_launches(
    tx: Tx,
    *,
    experiment_ids: Sequence[int],
    open_experiment_ids: Sequence[int],
    user_id: int,
    stage_id: int | None,
    state: QueueState | None,
    after: str | None,
    limit: int,
) -> Page[QueuedLaunch]:
    """Return launches that wait or waited, oldest first: all of open experiments, of the others those of one user."""
    whose = Fragment.join(
        " OR ",
        [
            sql("queued.experiment_id = ANY(") + value(list(open_experiment_ids), "bigint[]") + sql(")"),
            sql("queued.queued_by = ") + value(user_id, "bigint"),
        ],
    )
    filters = [
        sql("queued.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"),
        sql("(") + whose + sql(")"),
    ]
    if stage_id is not None:
        filters.append(sql("queued.stage_id = ") + value(stage_id, "bigint"))
    if state is not None:
        filters.append(sql("queued.state = ") + value(state.value, "text"))
    return await list_page(tx, QueuedLaunch, select=_QUEUED, filters=filters, key=_OLDEST, after=after, limit=limit)


async def lock_queued_launches(tx: Tx, *, queued_ids: Sequence[int]) -> list[QueuedLaunch]:
    """Read launches that wait or waited and keep others from settling them."""
    return into_list(QueuedLaunch, await tx.rows(_SQL.lock_queued_launches, queued_ids=list(queued_ids)))


async def claim_queued_launches(tx: Tx, *, count: int, pause: timedelta) -> list[WaitingLaunch]:
    """Take the oldest waiting launch of each stage that nothing holds, at most `count`, for as long as the pause."""
    rows = await tx.rows(_SQL.claim_queued_launches, count=count, now=tx.now, claimed_until=tx.now + pause)
    return sorted((into(WaitingLaunch, row) for row in rows), key=lambda launch: launch.id)


async def settle_queued_launches(
    tx: Tx, *, queued_ids: Sequence[int], state: QueueState, outcome: str, from_states: Sequence[QueueState]
) -> list[SettledLaunch]:
    """Write down what became of launches that are in one of some states; return those that were changed."""
    rows = await tx.rows(
        _SQL.settle_queued_launches,
        queued_ids=list(queued_ids),
        state=state.value,
        outcome=outcome,
        from_states=[each.value for each in from_states],
        now=tx.now,
    )
    return into_list(SettledLaunch, rows)


async def postpone_queued_launch(tx: Tx, *, queued_id: int, outcome: str, pause: timedelta) -> None:
    """Leave a waiting launch for later, with what stood in its way."""
    await tx.run(_SQL.postpone_queued_launch, queued_id=queued_id, outcome=outcome, due_at=tx.now + pause)
