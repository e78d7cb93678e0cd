"""Being told to stop by a signal.

A handler that sets a `threading.Event` can deadlock with a waiter in the same thread. This one sets plain attributes,
calls one listener that must be re-entrant (a SimpleQueue's `put`), and raises only inside a section that asked for it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequested(BaseException):
    """A signal arrived inside an interruptible section. An order, not an error: no `except Exception` stops it."""


class Stop:
    """Whether and how the worker was told to stop."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.signal: signal.Signals | None = None
        self.count = 0
        self._interruptible = False
        self._listener: Callable[[], None] | None = None

    @property
    def is_requested(self) -> bool:
        """Has a signal arrived?"""
        return self.signal is not None

    @property
    def reason(self) -> str:
        """The sentence for files that are given back because of it."""
        return f"the worker was told to stop ({self.signal.name})" if self.signal else ""

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, 0 where none came."""
        return 128 + self.signal if self.signal else 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for the length of the block. Main thread only."""
        before = {number: signal.signal(number, self._take) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` for every signal in the block, and once at the start if one came before."""
        self._listener = listener
        try:
            if self.is_requested:
                listener()
            yield
        finally:
            self._listener = None

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Leave the block with StopRequested, wherever it is, when a signal comes."""
        before, self._interruptible = self._interruptible, True
        try:
            if self.is_requested:
                raise StopRequested
            yield
        finally:
            self._interruptible = before

    def pause(self, seconds: float) -> None:
        """Sleep; the first signal ends it. In an interruptible section it ends the section too."""
        if self._interruptible or self.is_requested:
            time.sleep(seconds)
            return
        try:
            with self.interruptible():
                time.sleep(seconds)
        except StopRequested:
            return

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number)
        self.count += 1
        if self._listener:
            self._listener()
        if self._interruptible:
            self._interruptible = False
            raise StopRequested
