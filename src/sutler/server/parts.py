"""Making the parts once and passing them on: nothing in the program is looked up from a global place."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from sutler import dispatch
from sutler.auth import Authenticator, FirstUser, Sealer, TokenSigner, ensure_first_user, load_signer, set_digest_login
from sutler.base.errors import SutlerError
from sutler.campaigns import Launcher, Site
from sutler.catalog import Catalogues
from sutler.database import Database, forget_unanswered_calls
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import check_is_current, get_status, upgrade
from sutler.dispatch import RefusalBook
from sutler.launch import Backend, LocalBackend
from sutler.server.configuration import Configuration
from sutler.server.sealing_key import load_sealer

WATCH_SECONDS = 1.0
log = structlog.get_logger(__name__)

WORKER_COMMAND = (sys.executable, "-m", "sutler.worker", "run")


@dataclass(frozen=True)
class Parts:
    """What doors and loops are given."""

    db: Database
    authenticator: Authenticator
    signer: TokenSigner
    sealer: Sealer
    catalogues: Catalogues
    lane: dispatch.Lane
    largest_project: int
    launcher: Launcher
    refusals: RefusalBook
    storage: Path
    first_user: FirstUser | None


@asynccontextmanager
async def open_database(configuration: Configuration) -> AsyncIterator[Database]:
    """Connect to the named server, or to the embedded one, which is started if need be.

    Raises the errors of `Database.open` and of the embedded server.
    """
    settings = configuration.settings
    async with AsyncExitStack() as stack:
        connect: Mapping[str, object] = {"dsn": settings.database_url.reveal()}
        if not settings.database_url:
            configuration.data_dir.mkdir(parents=True, exist_ok=True)
            embedded = await stack.enter_async_context(EmbeddedServer(configuration.data_dir))
            await stack.enter_async_context(_watched(embedded))
            connect = embedded.connect_arguments()
        db = await Database.open(
            connect,
            size=max(2, settings.database_connections),
            settings={"sutler.query_timeout": f"{settings.query_seconds}s"},
        )
        stack.push_async_callback(db.close)
        yield db


@asynccontextmanager
async def _watched(embedded: EmbeddedServer) -> AsyncIterator[None]:
    """Start the embedded server again whenever it has died; nothing that was committed is lost by that."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if not embedded.is_running:
                log.warning("database_died", log=str(embedded.log_file))
                try:
                    await embedded.start()
                except (SutlerError, OSError) as error:
                    log.warning("database_not_restarted", reason=str(error))

    watching = asyncio.create_task(watch(), name="database watch")
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def prepare_schema(db: Database, *, is_embedded: bool) -> None:
    """Bring an embedded or empty database up to date; ask for `sutler db upgrade` on any other that is behind.

    Raises SchemaOutdatedError, SchemaTooNewError.
    """
    status = await get_status(db)
    if is_embedded or not status.applied:
        await upgrade(db)
    await check_is_current(db)


@asynccontextmanager
async def open_parts(configuration: Configuration) -> AsyncIterator[Parts]:
    """Open everything the server needs and close it in the reverse order."""
    settings = configuration.settings
    sealer = load_sealer(configuration)
    async with open_database(configuration) as db:
        await prepare_schema(db, is_embedded=not settings.database_url)
        if not settings.database_url:
            await forget_unanswered_calls(db)
        await set_digest_login(db, is_on=settings.digest_login)
        first_user = await ensure_first_user(db, password=settings.admin_password.reveal() or None)
        signer = await load_signer(db)
        configuration.storage.mkdir(parents=True, exist_ok=True)
        backends: dict[str, Backend] = {
            "local": LocalBackend(configuration.data_dir / "jobs", slots=settings.job_slots or None)
        }
        site = Site(public_url=configuration.public_url, worker_command=WORKER_COMMAND)
        authenticator, catalogues = Authenticator(db, signer), Catalogues(db, sealer)
        try:
            async with dispatch.Lane(db) as lane, RefusalBook(db) as refusals:
                yield Parts(
                    db=db,
                    authenticator=authenticator,
                    signer=signer,
                    sealer=sealer,
                    catalogues=catalogues,
                    lane=lane,
                    largest_project=settings.largest_project,
                    launcher=Launcher(site, signer, backends, catalogues),
                    refusals=refusals,
                    storage=configuration.storage,
                    first_user=first_user,
                )
        finally:
            await catalogues.close()
            await authenticator.close()
