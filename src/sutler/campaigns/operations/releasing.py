"""Launching what waited in the queue, once nothing holds it any more: per stage strictly in the order it came."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sutler import auth
from sutler.auth import SYSTEM
from sutler.base.errors import SutlerError, UnavailableError, UpstreamError
from sutler.campaigns import rules
from sutler.campaigns.errors import SliceTakenError
from sutler.campaigns.model import Launched, QueueState
from sutler.campaigns.operations.launching import Launcher, launch_stage
from sutler.campaigns.operations.queueing import settle_queued_in
from sutler.campaigns.rules.requests import decode_request
from sutler.campaigns.store import holds as store
from sutler.database import Database

CLAIM_PAUSE: Final = timedelta(minutes=1)
"""How long a launch is left alone when whoever took it does not come to an end."""

PASSING: Final = (UnavailableError, UpstreamError, SliceTakenError)
"""Trouble that may be over the next time: a database or a service that is away, a busy stage."""


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
        outcome = await launch_stage(db, launcher, who, request=decode_request(waiting.request))
    except PASSING as trouble:
        await _postpone(db, waiting, trouble.sentence, rules.decide_retry_pause(waiting.tries))
    except SutlerError as refusal:
        await _settle(db, waiting, QueueState.REFUSED, refusal.sentence)
    else:
        if isinstance(outcome, Launched):
            await _settle(db, waiting, QueueState.LAUNCHED, f"submission {outcome.submission_id}")
        else:  # held again meanwhile
            await _postpone(db, waiting, "", timedelta(0))


async def _postpone(db: Database, waiting: store.WaitingLaunch, reason: str, pause: timedelta) -> None:
    async with db.write() as tx:
        await store.postpone_queued_launch(tx, queued_id=waiting.id, outcome=reason, pause=pause)
        tx.notify("stage", waiting.stage_id)


async def _settle(db: Database, waiting: store.WaitingLaunch, state: QueueState, outcome: str) -> None:
    async with db.write() as tx:
        await settle_queued_in(tx, SYSTEM, queued_ids=[waiting.id], state=state, outcome=outcome)
