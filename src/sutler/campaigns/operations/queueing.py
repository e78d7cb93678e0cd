"""The queue: launches that wait for a hold to end, in the order they came."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Action, Principal, Role, Thing, may, permit
from sutler.base.errors import InvalidInputError, NotFoundError, Problem
from sutler.base.events import Event
from sutler.campaigns.errors import LaunchKeyTakenError
from sutler.campaigns.model import (
    AnyRequest,
    CampaignEvent,
    Queued,
    QueuedLaunch,
    QueueState,
    Stage,
)
from sutler.campaigns.operations.scope import choose_experiments
from sutler.campaigns.rules.requests import encode_request
from sutler.campaigns.store import find_submission_by_key
from sutler.campaigns.store import holds as store
from sutler.database import Actor, Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, Page

MOST_DELETED = 1000


async def queue_launch_in(tx: Tx, who: Principal, *, stage: Stage, request: AnyRequest, reason: str) -> Queued:
    """Let a launch, recovery or relaunch wait until nothing holds the stage any more. The same key again gives the same
    place in the queue.

    What was deleted from the queue or refused stays so when its key comes again; the reason says it then. Permission
    to launch is the caller's to ask. Raises LaunchKeyTakenError when the key belongs to a submission already, or to
    another stage.
    """
    submission = await find_submission_by_key(tx, launch_key=request.key)
    if submission is not None:
        raise LaunchKeyTakenError(key=request.key, stage=submission[1])
    queued_id = await store.create_queued_launch(
        tx,
        experiment_id=stage.experiment_id,
        stage_id=stage.id,
        launch_key=request.key,
        request=encode_request(request),
        reason=reason,
        queued_by=who.user_id,
    )
    if queued_id is None:
        return await _repeat(tx, stage, request)
    facts: dict[str, object] = {"key": request.key, "reason": reason}
    await tx.record(Event(CampaignEvent.LAUNCH_QUEUED, "stage", str(stage.id), stage.experiment_id, facts), who)
    tx.notify("campaign", stage.campaign_id)
    return Queued(queued_id, reason)


async def list_queued_launches(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    stage_id: int | None = None,
    state: QueueState | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[QueuedLaunch]:
    """Return launches that wait or waited, oldest first, of the caller's experiments or of one.

    Whoever may launch what production made sees those of everybody, others their own. Raises NotFoundError for an
    experiment that the caller is not in, InvalidInputError.
    """
    async with db.read() as tx:
        experiment_ids = await choose_experiments(tx, who, experiment)
        return await store.list_queued_launches(
            tx,
            experiment_ids=experiment_ids,
            open_experiment_ids=[each for each in experiment_ids if _sees_all(who, each)],
            user_id=who.user_id,
            stage_id=stage_id,
            state=state,
            after=after,
            limit=limit,
        )


async def delete_queued_launches(db: Database, who: Principal, *, queued_ids: Sequence[int]) -> list[int]:
    """Take launches out of the queue, all or none: one's own, or those of stages that one may launch.

    Returns the ids of those that waited; others stay as they are. One that is being launched at this moment can still
    become a submission; the list says so then. Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    if len(queued_ids) > MOST_DELETED:
        raise InvalidInputError([Problem("queued_ids", f"may be {MOST_DELETED} at once, not {len(queued_ids)}")])
    async with db.write() as tx:
        found = await store.lock_queued_launches(tx, queued_ids=queued_ids)
        missing = set(queued_ids) - {launch.id for launch in found}
        if missing:
            raise NotFoundError("queued launch", min(missing))
        for launch in found:
            if launch.queued_by != who.user_id:
                permit(who, Action.LAUNCH, _thing_of_stage(launch))
        waiting = [launch.id for launch in found if launch.state is QueueState.QUEUED]
        outcome = f"{who.username} took it out of the queue"
        await settle_queued_in(tx, who, queued_ids=waiting, state=QueueState.DELETED, outcome=outcome)
        return waiting


async def settle_queued_in(tx: Tx, actor: Actor, *, queued_ids: Sequence[int], state: QueueState, outcome: str) -> None:
    """Write down what became of launches that waited, with an event for each; those settled already stay as they are.

    A launch that was made is one, even if somebody deleted it from the queue meanwhile.
    """
    from_states = [QueueState.QUEUED, *([QueueState.DELETED] if state is QueueState.LAUNCHED else [])]
    settled = await store.settle_queued_launches(
        tx, queued_ids=queued_ids, state=state, outcome=outcome, from_states=from_states
    )
    for launch in settled:
        facts: dict[str, object] = {"key": launch.launch_key, "state": state.value, "outcome": outcome}
        await tx.record(
            Event(CampaignEvent.LAUNCH_UNQUEUED, "stage", str(launch.stage_id), launch.experiment_id, facts), actor
        )


async def _repeat(tx: Tx, stage: Stage, request: AnyRequest) -> Queued:
    present = await store.find_queued_launch(tx, launch_key=request.key)
    assert present is not None, "a key that could not be entered is there"
    if present.stage_id != stage.id:
        raise LaunchKeyTakenError(key=request.key, stage=present.stage_id)
    return Queued(present.id, present.reason if present.state is QueueState.QUEUED else present.outcome)


def _sees_all(who: Principal, experiment_id: int) -> bool:
    return may(who, Action.LAUNCH, Thing("stage", experiment_id, owner_role=Role.PRODUCTION))


def _thing_of_stage(launch: QueuedLaunch) -> Thing:
    return Thing(
        kind="stage",
        experiment_id=launch.experiment_id,
        owner_id=launch.stage_creator_id,
        owner_role=Role(launch.creator_role),
    )
