"""Renewing leases while a run is under way, and hearing what the server orders."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sutler.worker.api import Server
from sutler.worker.errors import TransientError, WorkerError
from sutler.worker.messages import Lease, Order, Renewal
from sutler.worker.retry import pause_seconds_after

_END_TIMEOUT_SECONDS = 1.0

_log = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews the leases of one run in a thread, for the length of a `with` block.

    `lost` maps the attempts that the server took back to its sentences; `is_last_run` tells that the worker is to stop
    after this run. Both are only ever added to.
    """

    def __init__(self, server: Server, leases: Sequence[Lease], *, on_lost: Callable[[], None]) -> None:
        """`on_lost` is called in the thread, at most once, at the first order to stop now."""
        self.lost: dict[int, str] = {}
        self.is_last_run = False
        self._server = server
        self._attempt_ids = [lease.attempt_id for lease in leases]
        self._renew_seconds = min(lease.renew_seconds for lease in leases)
        self._expires_at = min((lease.expires_at for lease in leases if lease.expires_at), default=None)
        self._on_lost = on_lost
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        # A renewal under way may hang in the network; its answer no longer matters, so it is not waited for.
        self._ended.set()
        self._thread.join(_END_TIMEOUT_SECONDS)

    def _keep(self) -> None:
        wait_seconds = self._renew_seconds
        failures = 0
        while not self._ended.wait(wait_seconds):
            try:
                renewals = self._server.renew(self._attempt_ids)
            except TransientError as error:
                failures += 1
                self._tell_of_failure(failures, error)
                wait_seconds = min(self._renew_seconds, max(pause_seconds_after(failures), error.retry_after_seconds))
            except WorkerError as error:
                # The run may still be worth finishing; whether its outcome counts is said when it is reported.
                _log.warning("The lease was not renewed. %s", error)
                wait_seconds = self._renew_seconds
            else:
                failures = 0
                wait_seconds = self._renew_seconds
                self._obey(renewals)

    def _tell_of_failure(self, failures: int, error: TransientError) -> None:
        if failures == 1:
            _log.warning("The lease was not renewed, trying again. %s", error)
        if self._expires_at and datetime.now(UTC) > self._expires_at:
            _log.warning("The lease ran out at %s; the server will say whether it still counts.", self._expires_at)
            self._expires_at = None

    def _obey(self, renewals: Sequence[Renewal]) -> None:
        if self._ended.is_set():
            return
        had_lost = bool(self.lost)
        for renewal in renewals:
            if renewal.order is Order.STOP_NOW:
                self.lost.setdefault(renewal.attempt_id, renewal.why or "the server gave no reason")
            elif renewal.order is Order.FINISH_AND_STOP and not self.is_last_run:
                self.is_last_run = True
                _log.info("The server tells the worker to stop after this run. %s", renewal.why)
        self._expires_at = min((r.expires_at for r in renewals if r.expires_at), default=self._expires_at)
        if self.lost and not had_lost:
            self._on_lost()
