"""Telling the server how files went, and the worker's log what the server said to it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sutler.worker.api import Server
from sutler.worker.errors import RefusedError
from sutler.worker.messages import Lease
from sutler.worker.outputs import Output
from sutler.worker.run import Ending, Measures, Run

_REFUSED_CONTENT = frozenset({400, 409, 413, 422})

_log = logging.getLogger(__name__)


class Reporter:
    """Reports outcomes until they are answered. Its methods raise what `Server` raises when it insists."""

    def __init__(self, server: Server, *, host: str) -> None:
        """`host` is reported for files that never came to a run."""
        self._server = server
        self._no_run = Run(ending=Ending.NOT_STARTED, measures=Measures(host=host))

    def report_done(self, leases: Sequence[Lease], run: Run, outputs: Sequence[Output]) -> None:
        """Say done and declare the outputs.

        When the server cannot accept what is declared (a rule of the catalogue, a name already taken), the files are
        reported failed with its sentence: left alone, they would fail by a time-out that explains nothing.
        """
        try:
            results = self._server.report_done(
                [lease.attempt_id for lease in leases],
                measures=run.measures.to_document(),
                log_tail=run.log_tail,
                outputs=[output.to_document() for output in outputs],
            )
        except RefusedError as error:
            if error.status not in _REFUSED_CONTENT:
                raise
            self.report_failed(leases, f"the server refused what the run made: {error.detail}", run)
            return
        for result in results:
            if result.accepted:
                _log.info("Attempt %d is done; outputs declared: %d.", result.attempt_id, len(outputs))
            else:
                _log.warning("The result of attempt %d was not taken: %s", result.attempt_id, result.why)

    def report_failed(self, leases: Sequence[Lease], reason: str, run: Run | None = None) -> None:
        """Say failed and why; without a run another attempt may help."""
        run = run or self._no_run
        results = self._server.report_failed(
            [lease.attempt_id for lease in leases],
            reason=reason,
            retry=True,
            measures=run.measures.to_document(),
            log_tail=run.log_tail,
        )
        for result in results:
            _log.warning("Attempt %d failed: %s", result.attempt_id, reason)
            if not result.accepted:
                _log.warning("The failure of attempt %d was not taken: %s", result.attempt_id, result.why)

    def let_go(self, leases: Sequence[Lease], lost: dict[int, str], run: Run) -> None:
        """After the order to stop now: what was lost no longer counts; the rest of the group is given back."""
        for attempt_id, why in lost.items():
            _log.warning("The lease of attempt %d was lost and its run dropped: %s", attempt_id, why)
        kept = [lease for lease in leases if lease.attempt_id not in lost]
        if kept:
            why = next(iter(lost.values()))
            self.report_failed(
                kept, f"the run was stopped because the lease of another of its files was lost: {why}", run
            )
