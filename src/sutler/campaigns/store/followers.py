"""What must follow the end of a submission, as durable rows with unique keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sutler.campaigns.model import BatchStatus, Follower, IntentionKind, IntentionRow, IntentionState, Overlooked
from sutler.database import Tx, into_list, load_statements

_SQL = load_statements("sutler.campaigns.store", "followers.sql")


async def create_intention(
    tx: Tx,
    *,
    experiment_id: int,
    key: str,
    kind: IntentionKind,
    submission_id: int,
    facts: Mapping[str, object],
    dependency_id: int | None = None,
) -> None:
    """Write down what must follow; a key that exists stays as it is."""
    await tx.run(
        _SQL.create_intention,
        experiment_id=experiment_id,
        key=key,
        kind=kind.value,
        submission_id=submission_id,
        dependency_id=dependency_id,
        facts=dict(facts),
        due_at=tx.now,
        now=tx.now,
    )


async def claim_due_intentions(
    tx: Tx, *, count: int, first_pause: timedelta, longest_pause: timedelta
) -> list[IntentionRow]:
    """Take the oldest intentions that are due, and put them off in case the try does not come to an end."""
    rows = await tx.rows(
        _SQL.claim_due_intentions, now=tx.now, count=count, first_pause=first_pause, longest_pause=longest_pause
    )
    return sorted(into_list(IntentionRow, rows), key=lambda intention: intention.id)


async def lock_pending_intention(tx: Tx, *, intention_id: int) -> bool:
    """Lock an intention; False if it was settled, or somebody else is just settling it."""
    return await tx.value(_SQL.lock_pending_intention, intention_id=intention_id) is not None


async def settle_intention(tx: Tx, *, intention_id: int, state: IntentionState, reason: str) -> None:
    """Write down what became of an intention."""
    await tx.run(_SQL.settle_intention, intention_id=intention_id, state=state.value, reason=reason, now=tx.now)


async def postpone_intention(tx: Tx, *, intention_id: int, reason: str, pause: timedelta) -> None:
    """Leave an intention for later, with the reason; one that was settled meanwhile stays as it is."""
    await tx.run(_SQL.postpone_intention, intention_id=intention_id, reason=reason, due_at=tx.now + pause)


async def hurry_intentions(tx: Tx, *, submission_id: int, kind: IntentionKind) -> None:
    """Make what must follow a submission due at once."""
    await tx.run(_SQL.hurry_intentions, submission_id=submission_id, kind=kind.value, now=tx.now)


async def hurry_held_intentions(tx: Tx, *, experiment_id: int | None) -> None:
    """Make due at once what was put off, of one experiment or, with None, of all."""
    await tx.run(_SQL.hurry_held_intentions, experiment_id=experiment_id, now=tx.now)


async def list_followers(tx: Tx, *, submission_id: int) -> list[Follower]:
    """Read what followed the end of a submission, and what is about to."""
    return into_list(Follower, await tx.rows(_SQL.list_followers, submission_id=submission_id))


async def renew_intention(
    tx: Tx,
    *,
    experiment_id: int,
    key: str,
    kind: IntentionKind,
    submission_id: int,
    facts: Mapping[str, object],
    dependency_id: int | None = None,
    states: Sequence[IntentionState],
) -> bool:
    """Write down what must follow, once more if it was settled in one of the states. False if it stays as it is."""
    touched = await tx.run(
        _SQL.renew_intention,
        experiment_id=experiment_id,
        key=key,
        kind=kind.value,
        submission_id=submission_id,
        dependency_id=dependency_id,
        facts=dict(facts),
        states=[state.value for state in states],
        now=tx.now,
    )
    return bool(touched)


async def vouch_for(tx: Tx, *, submission_id: int, user_id: int | None) -> None:
    """Note who says that a submission is complete as it is; None takes that back."""
    await tx.run(_SQL.vouch_for, submission_id=submission_id, user_id=user_id)


async def list_askers(tx: Tx, *, submission_id: int) -> list[int]:
    """Return the users as whom what follows a submission may run, each once, the one who launched it first."""
    rows = await tx.rows(_SQL.list_askers, submission_id=submission_id)
    return list(dict.fromkeys(row["user_id"] for row in rows))


async def list_recoveries(tx: Tx, *, submission_id: int) -> list[tuple[IntentionState, Mapping[str, object]]]:
    """Return state and facts of the recoveries that followed a submission by themselves, oldest first."""
    rows = await tx.rows(_SQL.list_recoveries, submission_id=submission_id)
    return [(IntentionState(row["state"]), row["facts"]) for row in rows]


async def close_intentions(
    tx: Tx, *, submission_id: int, kind: IntentionKind, state: IntentionState, reason: str
) -> None:
    """Settle what must follow a submission and has not yet."""
    await tx.run(
        _SQL.close_intentions,
        submission_id=submission_id,
        kind=kind.value,
        state=state.value,
        reason=reason,
        now=tx.now,
    )


async def has_dependency(tx: Tx, *, dependency_id: int) -> bool:
    """Whether a dependency is still there."""
    return bool(await tx.value(_SQL.has_dependency, dependency_id=dependency_id))


async def call_off(tx: Tx, *, submission_id: int, word: BatchStatus) -> None:
    """Note what a submission is to be called once its jobs are over; the first to say so decides."""
    await tx.run(_SQL.call_off, submission_id=submission_id, word=word.value)


async def find_called_off(tx: Tx, *, submission_id: int) -> BatchStatus | None:
    """Read what a submission is to be called once its jobs are over; None if nobody called it off."""
    word = await tx.value(_SQL.find_called_off, submission_id=submission_id)
    return None if word is None else BatchStatus(word)


async def forget_calling_off(tx: Tx, *, submission_id: int) -> None:
    """Take back that a submission is called off."""
    await tx.run(_SQL.forget_calling_off, submission_id=submission_id)


async def count_on_project(tx: Tx, *, project_id: int) -> int:
    """Count the submissions that work, or worked, on a project."""
    return int(await tx.value(_SQL.count_on_project, project_id=project_id))


async def list_unstopped(tx: Tx, *, count: int) -> list[tuple[str, str]]:
    """Return launch key and reason of submissions that were called off and whose jobs nobody has told to end."""
    return [(row["launch_key"], row["reason"]) for row in await tx.rows(_SQL.list_unstopped, count=count)]


async def list_enough_done(tx: Tx, *, count: int) -> list[Overlooked]:
    """Return submissions with jobs under way of which as many files are done as their stage asks for."""
    return into_list(Overlooked, await tx.rows(_SQL.list_enough_done, count=count))


async def withdraw_refusals(tx: Tx, *, submission_id: int) -> None:
    """Let earlier decisions that nothing follows a submission stand no longer."""
    await tx.run(_SQL.withdraw_refusals, submission_id=submission_id)
