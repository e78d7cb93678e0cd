"""Launching what waited in the queue, once nothing holds it any more: per stage strictly in the order it came."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sutler import auth, catalog, launch
from sutler.auth import SYSTEM, Principal
from sutler.base.errors import SutlerError, UnavailableError
from sutler.campaigns import rules
from sutler.campaigns.errors import SliceTakenError
from sutler.campaigns.model import (
    AnyRequest,
    Launched,
    LaunchOutcome,
    LaunchRequest,
    QueueState,
    RecoveryRequest,
    RelaunchRequest,
)
from sutler.campaigns.operations.launching import Launcher, launch_stage
from sutler.campaigns.operations.queueing import settle_queued_in
from sutler.campaigns.operations.recovering import recover_submission
from sutler.campaigns.operations.relaunching import relaunch_submission
from sutler.campaigns.rules.requests import decode_request
from sutler.campaigns.store import holds as store
from sutler.database import Database

CLAIM_PAUSE: Final = timedelta(minutes=1)
"""How long a launch is left alone when whoever took it does not come to an end."""

BUSY_STATUSES: Final = (408, 425, 429)
"""Of HTTP: a server that will take the same once it has time."""


def is_passing(trouble: SutlerError) -> bool:
    """Whether trouble may be over the next time: a database or a service that is away, a busy stage.

    What a service refuses for good, such as a query that it cannot read, is not.
    """
    if isinstance(trouble, catalog.RemoteCatalogRefusedError):
        return trouble.status is not None and (trouble.status >= 500 or trouble.status in BUSY_STATUSES)
    return isinstance(trouble, (UnavailableError, launch.BackendFailedError, SliceTakenError))


async def claim_queued_launches(db: Database, *, count: int) -> list[store.WaitingLaunch]:
    """Take waiting launches of stages that nothing holds, one of each stage, the oldest, and at most `count`."""
    async with db.write() as tx:
        return await store.claim_queued_launches(tx, count=count, pause=CLAIM_PAUSE)


async def release_queued_launch(db: Database, launcher: Launcher, *, waiting: store.WaitingLaunch) -> None:
    """Launch what waited, as the one who queued it and with its key, which makes it one launch whatever crashes.

    A refusal settles it with the reason. What is only away for a while leaves it in the queue, and with it the later
    ones of its stage. A launch by hand of the stage meanwhile does not wait behind it.
    """
    try:
        who = await auth.get_principal_of(db, user_id=waiting.queued_by)
        outcome = await _carry_out(db, launcher, who, decode_request(waiting.request))
    except SutlerError as refusal:
        if is_passing(refusal):
            await _postpone(db, waiting, refusal.sentence, rules.decide_retry_pause(waiting.tries))
        else:
            await _settle(db, waiting, QueueState.REFUSED, refusal.sentence)
    else:
        if isinstance(outcome, Launched):
            await _settle(db, waiting, QueueState.LAUNCHED, f"submission {outcome.submission_id}")
        else:  # held again meanwhile
            await _postpone(db, waiting, "", timedelta(0))


async def _carry_out(db: Database, launcher: Launcher, who: Principal, request: AnyRequest) -> LaunchOutcome:
    match request:
        case RecoveryRequest():
            return await recover_submission(
                db,
                launcher,
                who,
                submission_id=request.submission_id,
                recovery_type=request.recovery_type,
                key=request.key,
                methodology=request.methodology,
                parameter_overrides=request.parameter_overrides,
            )
        case RelaunchRequest():
            return await relaunch_submission(
                db,
                launcher,
                who,
                submission_id=request.submission_id,
                key=request.key,
                same_project=request.same_project,
            )
        case LaunchRequest():
            return await launch_stage(db, launcher, who, request=request)


async def _postpone(db: Database, waiting: store.WaitingLaunch, reason: str, pause: timedelta) -> None:
    async with db.write() as tx:
        await store.postpone_queued_launch(tx, queued_id=waiting.id, outcome=reason, pause=pause)
        tx.notify("stage", waiting.stage_id)


async def _settle(db: Database, waiting: store.WaitingLaunch, state: QueueState, outcome: str) -> None:
    async with db.write() as tx:
        await settle_queued_in(tx, SYSTEM, queued_ids=[waiting.id], state=state, outcome=outcome)
