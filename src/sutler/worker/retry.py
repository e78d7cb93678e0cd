"""Insisting on an answer: growing, jittered pauses, up to a patience."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from sutler.worker.errors import TransientError, UnreachableError

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 15.0

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def pause_seconds_after(failures: int) -> float:
    """How long to wait after so many failures in a row: doubling to 15 s, jittered so that workers spread out."""
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 16))
    return random.uniform(max(_FIRST_PAUSE_SECONDS, longest / 2), longest)  # noqa: S311  spread, not a secret


class Patience:
    """Repeats calls that fail in passing. The clock of the patience starts at the first failure of each call."""

    def __init__(
        self,
        allowed_seconds: Callable[[], float],
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`allowed_seconds` is asked after every failure, so that an order to stop can shorten a patience under way."""
        self._allowed_seconds = allowed_seconds
        self._pause = pause
        self._clock = clock

    def insist(self, call: Callable[[], Answer]) -> Answer:
        """The first answer of `call`. Raises UnreachableError when the patience ends; other errors pass through."""
        failing_since: float | None = None
        failures = 0
        while True:
            try:
                answer = call()
            except TransientError as error:
                failures += 1
                if failing_since is None:
                    failing_since = self._clock()
                    _log.warning("%s Trying again for up to %.0f s.", error, self._allowed_seconds())
                self._pause(self._next_pause(error, failures, self._clock() - failing_since))
            else:
                if failing_since is not None:
                    _log.info("The server answers again after %.0f s.", self._clock() - failing_since)
                return answer

    def _next_pause(self, error: TransientError, failures: int, failing_for: float) -> float:
        left = self._allowed_seconds() - failing_for
        if left <= 0:
            sentence = f"Gave up after trying to reach the server for {failing_for:.0f} s. {error}"
            raise UnreachableError(sentence) from error
        return min(max(pause_seconds_after(failures), error.retry_after_seconds), left)
