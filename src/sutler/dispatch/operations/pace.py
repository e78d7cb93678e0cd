"""How long the files of a project take, learned from its newest attempts, for workers whose time runs out."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.model import NothingReady, Pace, Reply, Wish
from sutler.dispatch.rules import sentences

FEWEST_ATTEMPTS = 10
"""As long as fewer attempts were done, nothing is known."""


async def load_pace(tx: Tx, *, project_id: int) -> Pace:
    """Read how long nine of ten of the newest done attempts of a project took at most."""
    return await store.find_pace(tx, project_id=project_id)


def fit_wish(wish: Wish, pace: Pace | None) -> Wish | Reply:
    """Return the wish for as many handles as the worker has time for, or the reply that it has none for any.

    Without a known pace, or without a limit of the worker's, the wish stays as it is.
    """
    if wish.time_left is None or pace is None or pace.nine_of_ten is None or pace.count < FEWEST_ATTEMPTS:
        return wish
    if wish.time_left < pace.nine_of_ten:
        return Reply((), NothingReady.NO_TIME, sentences.explain_no_time(pace.nine_of_ten, pace.count, wish.time_left))
    fitting = wish.time_left // max(pace.nine_of_ten, timedelta(microseconds=1))
    return dataclasses.replace(wish, count=min(wish.count, fitting))
