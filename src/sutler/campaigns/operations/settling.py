"""Writing down what became of something that had to follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sutler.auth import SYSTEM
from sutler.base.events import Event
from sutler.campaigns import store
from sutler.campaigns.model import CampaignEvent, IntentionKind, IntentionRow, IntentionState
from sutler.campaigns.rules import decide_retry_pause
from sutler.database import Tx

HELD_PAUSE: Final = timedelta(seconds=30)

_EVENTS: Final = {
    IntentionKind.RECOVERY: CampaignEvent.RECOVERY_SETTLED,
    IntentionKind.DEPENDANT: CampaignEvent.DEPENDANT_SETTLED,
}


async def settle_in(
    tx: Tx, intention: IntentionRow, state: IntentionState, reason: str, submission_id: int | None = None
) -> None:
    """Write down what became of something that had to follow, with its event."""
    await store.settle_intention(tx, intention_id=intention.id, state=state, reason=reason)
    subject = ("submission", str(intention.submission_id))
    kind = _EVENTS.get(intention.kind)
    if kind is None:
        tx.notify(*subject)
        return
    facts: dict[str, object] = {
        "key": intention.key,
        "state": state.value,
        "reason": reason,
        "submission": submission_id,
    }
    await tx.record(Event(kind, *subject, intention.experiment_id, facts), SYSTEM)


async def postpone_in(tx: Tx, intention: IntentionRow, reason: str, pause: timedelta | None = None) -> None:
    """Leave something that must follow for later, with the reason: for so long, or longer each time.

    What waits for a hold is made due when that ends.
    """
    pause = pause or max(HELD_PAUSE, decide_retry_pause(intention.tries))
    await store.postpone_intention(tx, intention_id=intention.id, reason=reason, pause=pause)
    tx.notify("submission", intention.submission_id)
