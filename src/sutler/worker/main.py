"""The worker as a program."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sutler.worker.api import Server
from sutler.worker.arguments import read_settings
from sutler.worker.errors import UnreachableError, WorkerError
from sutler.worker.loop import Worker
from sutler.worker.retry import Patience
from sutler.worker.settings import Settings
from sutler.worker.stop import Stop

_PATIENCE_WHEN_STOPPED_SECONDS = 20.0

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `sutler worker ARGV`, which begins with `run`, and return its exit code. Main thread only: it takes signals.

    What the user's command prints goes to standard output, the worker's own lines to standard error.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        settings = read_settings(arguments, os.environ)
    except WorkerError as error:
        sys.stderr.write(f"sutler worker: {error}\n")
        return error.exit_code
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    with _logging():
        return _work(settings)


def _work(settings: Settings) -> int:
    stop = Stop()

    def allowed_seconds() -> float:
        patience = settings.offline_patience_seconds
        return min(patience, _PATIENCE_WHEN_STOPPED_SECONDS) if stop.is_requested else patience

    server = Server(
        settings.url,
        project_id=settings.project_id,
        worker_id=settings.worker_id,
        token=settings.token,
        patience=Patience(allowed_seconds, pause=stop.pause),
    )
    _log.info("Worker %s works on project %d of %s.", settings.worker_id, settings.project_id, settings.url)
    if settings.outputs.patterns and settings.outputs.base is None:
        _log.info("Outputs are declared but not copied, as there is no --output-url.")
    with stop.watching():
        try:
            return Worker(settings, server, stop).work()
        except WorkerError as error:
            _log.error("%s", error)
            return stop.exit_code if stop.is_requested and isinstance(error, UnreachableError) else error.exit_code


@contextmanager
def _logging() -> Iterator[None]:
    """One line per event on standard error, with the time in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ sutler worker: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger = logging.getLogger("sutler.worker")
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
