"""Running everything in one process: `sutler serve`."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import structlog
import uvicorn
import uvloop

from sutler.base.errors import ConflictError, InvalidInputError, Problem
from sutler.database.embedded import DataDirectoryLock
from sutler.loops import LOOPS, Loops, Surroundings
from sutler.server.app import create_app
from sutler.server.configuration import Configuration
from sutler.server.connections import JoiningProtocol
from sutler.server.parts import Parts, open_parts

SIGNALS = (signal.SIGINT, signal.SIGTERM)

COLLECTOR_THRESHOLDS = (50_000, 20, 50)

log = structlog.get_logger(__name__)


class PortInUseError(ConflictError):
    """The port is taken by another program."""

    code = "server.port_in_use"


class AddressUnusableError(InvalidInputError):
    """The address cannot be listened on."""

    code = "server.address_unusable"


async def serve(configuration: Configuration, *, announce: Callable[[Parts], None]) -> None:
    """Serve until a signal ends it. `announce` is called once everything is ready to answer.

    The port and the data directory are taken before anything is started, so that a second server says so at once.
    Raises PortInUseError, AddressUnusableError, DataDirectoryInUseError, and what the database raises.
    """
    settings = configuration.settings
    with contextlib.ExitStack() as stack:
        stack.enter_context(_cancelled_by_sigterm())
        listening = stack.enter_context(contextlib.closing(bind(settings.host, settings.port)))
        if not settings.database_url:
            configuration.data_dir.mkdir(parents=True, exist_ok=True)
            stack.enter_context(DataDirectoryLock(configuration.data_dir))
        async with open_parts(configuration) as parts:
            await _serve_parts(parts, configuration, listening, announce)


def run_quickly(serving: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end like `asyncio.run`, on the event loop that answers most calls a second."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def _serve_parts(
    parts: Parts, configuration: Configuration, listening: socket.socket, announce: Callable[[Parts], None]
) -> None:
    loops = Loops(Surroundings(parts.db, parts.launcher), LOOPS)
    server = _Server(
        uvicorn.Config(
            create_app(parts, loops),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
            timeout_keep_alive=75,
            server_header=False,
            http=JoiningProtocol,
        ),
        lambda: announce(parts),
        parts.db.notices.end_waiting,
    )
    _put_aside_what_stays()
    background = asyncio.create_task(loops.run(), name="loops")
    try:
        await server.serve(sockets=[listening])
    finally:
        background.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await background
    log.info("stopped", url=configuration.public_url)


def _put_aside_what_stays() -> None:
    """Spare the garbage collector what was made at the start and lives as long as the process.

    Looking through all of it, as a full collection does, takes a fifth of a second in which nobody is answered; and the
    hot calls make so many short-lived objects that it would come several times a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


class _Server(uvicorn.Server):
    """Says when it has begun to answer and when it is about to stop, and after a signal lets us close what we opened.

    The base class raises the signal again once it has shut down, which would end the process with the database still
    running.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], end_waiting: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self._end_waiting = end_waiting

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Shut down at the first signal, at once at the second."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then announce it."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Have those who wait answered at once, and stop when everybody has an answer, or after the grace."""
        self._end_waiting()
        await super().shutdown(sockets)


@contextlib.contextmanager
def _cancelled_by_sigterm() -> Iterator[None]:
    """Make an early SIGTERM cancel this task, so that what was opened by then is closed."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def bind(host: str, port: int) -> socket.socket:
    """Take the port, or say who cannot. Raises PortInUseError, AddressUnusableError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit it. Without it the second part of an answer waits 40 ms for a word from the client.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"Port {port} on {host} is taken by another program. Choose another one with --port.",
                host=host,
                port=port,
            ) from error
        raise AddressUnusableError([Problem("host", f"{host}:{port} cannot be listened on: {error}")]) from error
    listening.listen(2048)
    return listening
