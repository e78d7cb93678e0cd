"""The worker's life: next → run → done or failed, until the project is over, a limit is reached or a signal comes."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sutler.worker.api import Server
from sutler.worker.command import build_environment, fill_in
from sutler.worker.errors import CommandError, ScratchError, TransientError, WorkerError
from sutler.worker.inputs import Input, UnusableInput, choose_input
from sutler.worker.lease import LeaseKeeper
from sutler.worker.messages import Lease, NextReply, NextRequest
from sutler.worker.outputs import OutputError, collect_outputs
from sutler.worker.reasons import describe_failure
from sutler.worker.reports import Reporter
from sutler.worker.run import Ending, Limits, Mailbox, Run, run_command
from sutler.worker.scratch import make_scratch
from sutler.worker.settings import Settings
from sutler.worker.stop import Stop, StopRequested

_LONG_POLL_SECONDS = 20.0
_IDLE_PAUSE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Worker:
    """One worker on one project."""

    def __init__(self, settings: Settings, server: Server, stop: Stop) -> None:
        """Ask nothing yet."""
        self._settings = settings
        self._server = server
        self._stop = stop
        self._host = socket.gethostname()
        self._reporter = Reporter(server, host=self._host)
        self._taken_count = 0
        self._idle_since = time.monotonic()
        left = settings.time_left_seconds
        self._ends_at = None if left is None else self._idle_since + left
        self._is_last_run = False
        self._stdout_is_open = True

    def work(self) -> int:
        """Work until there is a reason to end, and return the exit code: 0, or 128 + the signal that stopped it.

        Raises WorkerError where it cannot go on; files it holds at that moment come back when their leases run out.
        """
        while not self._stop.is_requested and not self._is_last_run:
            count = self._count_wanted()
            if not count:
                _log.info("Ending: %d files were taken, as many as asked for.", self._taken_count)
                return 0
            if self._is_over_time():
                _log.info("Ending: the time of this worker is over.")
                return 0
            reply = self._ask(count)
            if reply and reply.leases:
                self._work_on(reply.leases)
            elif reply and self._may_end(reply):
                return 0
        _log.info("Ending: %s.", self._stop.reason or "the server said that this was the last run")
        return self._stop.exit_code

    def _count_wanted(self) -> int:
        settings = self._settings
        if not settings.max_files:
            return settings.files_per_run
        return min(settings.files_per_run, settings.max_files - self._taken_count)

    def _ask(self, count: int) -> NextReply | None:
        """The server's answer, or None when told to stop while asking."""
        settings = self._settings
        request = NextRequest(
            worker_id=settings.worker_id,
            count=count,
            request_id=str(uuid.uuid4()),
            wait_seconds=self._poll_seconds(),
            share_id=settings.share_id,
            site=settings.site,
            batch_job_id=settings.batch_job_id,
            ends_at=self._ends_at,
        )
        try:
            with self._stop.interruptible():
                return self._server.ask_next(request)
        except StopRequested:
            self._hand_back(request)
            return None

    def _poll_seconds(self) -> float:
        limits = [_LONG_POLL_SECONDS]
        if self._settings.max_wait_seconds is not None:
            limits.append(self._settings.max_wait_seconds - self._idle_for())
        if self._ends_at is not None:
            limits.append(self._ends_at - time.monotonic())
        return max(0.0, min(limits))

    def _hand_back(self, request: NextRequest) -> None:
        """Give back at once what an answer under way may have leased, which would else be held until it runs out."""
        try:
            reply = self._server.ask_next_once_more(replace(request, wait_seconds=0))
        except (TransientError, WorkerError) as error:
            _log.warning("Whether a file was leased while stopping is not known. %s", error)
            return
        if reply.leases:
            self._reporter.report_failed(reply.leases, self._stop.reason)

    def _may_end(self, reply: NextReply) -> bool:
        """Is there no use in asking again? Pauses a little otherwise, in case the server does not hold the call."""
        if reply.reason == "over" or not reply.retry:
            _log.info("Ending: %s", reply.why or "the project has nothing more for this worker.")
            return True
        limit = self._settings.max_wait_seconds
        if limit is not None and self._idle_for() >= limit:
            _log.info("Ending: nothing came for %g s. %s", limit, reply.why)
            return True
        _log.info("Waiting: %s", reply.why or "nothing can be worked on now.")
        self._stop.pause(_IDLE_PAUSE_SECONDS)
        return False

    def _is_over_time(self) -> bool:
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def _idle_for(self) -> float:
        return time.monotonic() - self._idle_since

    def _work_on(self, leases: Sequence[Lease]) -> None:
        self._taken_count += len(leases)
        if self._stop.is_requested:
            self._reporter.report_failed(leases, self._stop.reason)
            return
        chosen = [choose_input(lease) for lease in leases]
        for source in chosen:
            if isinstance(source, UnusableInput):
                self._reporter.report_failed([source.lease], source.reason)
        inputs = [source for source in chosen if isinstance(source, Input)]
        if inputs:
            self._run_on(inputs)
        self._idle_since = time.monotonic()

    def _run_on(self, inputs: Sequence[Input]) -> None:
        mailbox: Mailbox = Mailbox()
        leases = [source.lease for source in inputs]
        with LeaseKeeper(self._server, leases, on_lost=lambda: mailbox.put(Ending.LOST)) as keeper:
            try:
                with make_scratch(self._settings.scratch) as directory:
                    with self._stop.telling(lambda: mailbox.put(Ending.TOLD_TO_STOP)):
                        run = self._run(inputs, directory, mailbox)
                    self._report(leases, run, directory, dict(keeper.lost))
            except ScratchError as error:
                # The next file would fare no better on this machine, so it is left to others.
                self._reporter.report_failed(leases, f"{error} (on {self._host})")
                raise
        self._is_last_run = keeper.is_last_run

    def _run(self, inputs: Sequence[Input], directory: Path, mailbox: Mailbox) -> Run:
        settings = self._settings
        first = inputs[0].lease
        more = f" and {len(inputs) - 1} more" if len(inputs) > 1 else ""
        _log.info("Running on %s%s (attempt %d, id %d).", first.did, more, first.attempt, first.attempt_id)
        environment = build_environment(
            os.environ, inputs, directory=directory, attributes_as_list=settings.files_per_run > 1
        )
        limits = Limits(
            timeout_seconds=settings.run_timeout_seconds,
            grace_seconds=settings.kill_grace_seconds,
            tail_bytes=settings.log_tail_bytes,
        )
        return run_command(
            fill_in(settings.command, inputs),
            environment=environment,
            directory=directory,
            limits=limits,
            mailbox=mailbox,
            pass_on=self._pass_on,
            host=self._host,
        )

    def _report(self, leases: Sequence[Lease], run: Run, directory: Path, lost: dict[int, str]) -> None:
        if lost:
            self._reporter.let_go(leases, lost, run)
            return
        if not run.is_success:
            self._reporter.report_failed(leases, self._reason_for(run), run)
            if run.ending is Ending.NOT_STARTED:
                # Going on would fail every file of the project, here and as fast as the server can answer.
                raise CommandError(f"{run.trouble} (on {self._host})")
            return
        try:
            outputs = collect_outputs(directory, self._settings.outputs)
        except OutputError as error:
            self._reporter.report_failed(leases, str(error), run)
            return
        self._reporter.report_done(leases, run, outputs)

    def _reason_for(self, run: Run) -> str:
        # A batch system signals the command together with the worker, so the command's own end may be seen first.
        if self._stop.is_requested:
            return self._stop.reason
        return describe_failure(run, timeout_seconds=self._settings.run_timeout_seconds)

    def _pass_on(self, chunk: bytes) -> None:
        """Show what the command prints. When nobody reads our output any more, the run goes on all the same."""
        if not self._stdout_is_open:
            return
        try:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        except (OSError, ValueError):
            self._stdout_is_open = False
