"""The door in process: the application, people with tokens, and a batch system that only takes notes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp
from tests.doors.rest.hot_scene import Both, NotingLane, connect, put_alone

from sutler import auth, campaigns, catalog, dispatch, launch
from sutler.client import AsyncClient
from sutler.database import Database
from sutler.rest import HotCalls, create_router
from sutler.server.front import put_in_front
from sutler.wire.auth import NewUser

CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

SutlerOf = Callable[[str], Awaitable[AsyncClient]]


@dataclass
class NotingBackend:
    """A back-end that starts nothing and remembers what it was given."""

    name: str = "local"
    plans: dict[str, launch.LaunchPlan] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    async def submit(self, key: str, plan: launch.LaunchPlan, secrets: Mapping[str, str]) -> launch.Receipt:
        self.plans[key] = plan
        return launch.Receipt(tuple(f"{key}#{number}" for number in range(plan.job_count)))

    async def find(self, key: str) -> launch.Receipt | None:
        plan = self.plans.get(key)
        return launch.Receipt(tuple(f"{key}#{number}" for number in range(plan.job_count))) if plan else None

    async def look(self, batch_job_ids: Sequence[str]) -> list[launch.JobStatus]:
        return [launch.JobStatus(batch_job_id, launch.JobState.RUNNING) for batch_job_id in batch_job_ids]

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        self.stopped += batch_job_ids
        return list(batch_job_ids)

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> launch.JobOutput:
        return launch.JobOutput(f"output of {batch_job_id}"[:limit_bytes], is_cut=False)


@dataclass
class Parts:
    """The services of a small installation; each test gets its own, the application keeps."""

    db: Database
    signer: auth.TokenSigner
    authenticator: auth.Authenticator
    lane: dispatch.Lane
    launcher: campaigns.Launcher
    backend: NotingBackend
    refusals: dispatch.RefusalBook
    sealer: auth.Sealer
    catalogues: catalog.Catalogues
    largest_project: int = 1000


@pytest.fixture(scope="session")
def installed() -> Parts:
    """What the application holds on to; every test fills it anew."""
    return Parts.__new__(Parts)


@pytest.fixture(scope="session")
def router(installed: Parts) -> APIRouter:
    """The routes, made once because sixty of them take their time."""
    return create_router(installed)


@pytest.fixture(scope="session")
def application(router: APIRouter) -> FastAPI:
    """An application with this door only."""
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    return app


@pytest.fixture(scope="session")
def front(application: FastAPI, installed: Parts) -> ASGIApp:
    """The application as the server puts it together: with the hot calls before it."""
    return put_in_front(application, HotCalls(installed, application).find)


@pytest.fixture
async def parts(db: Database, installed: Parts, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """An installation with its first user `admin`, whose password is `admin-password`."""
    monkeypatch.setattr("sutler.auth.passwords._HASHER", CHEAP_HASHER)
    signer = await auth.load_signer(db)
    await auth.ensure_first_user(db, password="admin-password")
    backend = NotingBackend()
    site = campaigns.Site(public_url="http://sutler.test", worker_command=("sutler", "worker"))
    launcher = campaigns.Launcher(site=site, signer=signer, backends={"local": backend})
    authenticator = auth.Authenticator(db, signer)
    async with dispatch.Lane(db) as lane:
        book = dispatch.RefusalBook(db)
        sealer = auth.Sealer(auth.make_sealing_key())
        catalogues = catalog.Catalogues(db, sealer)
        installed.__init__(  # type: ignore[misc]
            db, signer, authenticator, lane, launcher, backend, book, sealer, catalogues
        )
        yield installed
        await catalogues.close()
    await authenticator.close()


@pytest.fixture
async def stranger(front: ASGIApp, parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token."""
    transport = httpx.ASGITransport(front)
    async with httpx.AsyncClient(transport=transport, base_url="http://sutler.test/api/v1") as client:
        yield client


@pytest.fixture
async def sutler_of(parts: Parts, front: ASGIApp) -> AsyncIterator[SutlerOf]:
    """`await sutler_of("anna")` is the Python client with a token of that user."""
    made: list[AsyncClient] = []

    async def make(username: str) -> AsyncClient:
        issued = await auth.issue_local_token(parts.db, parts.signer, username=username, days=1)
        made.append(AsyncClient("http://sutler.test", token=issued.text, transport=httpx.ASGITransport(front)))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def sutler(sutler_of: SutlerOf) -> AsyncClient:
    """The Python client of the first user, `admin`."""
    return await sutler_of("admin")


@pytest.fixture
async def anna(sutler: AsyncClient, sutler_of: SutlerOf) -> AsyncClient:
    """The Python client of a member of the experiment `local` in the role analysis."""
    await sutler.create_user(NewUser("anna", "anna-password", "Anna"))
    await sutler.set_member("local", "anna", "analysis")
    return await sutler_of("anna")


@pytest.fixture
async def admin(stranger: httpx.AsyncClient, sutler: AsyncClient) -> httpx.AsyncClient:
    """The first user with a bare HTTP client."""
    stranger.headers["Authorization"] = f"Bearer {sutler.token}"
    return stranger


@pytest.fixture
def lane(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> NotingLane:
    """Lane without a database behind them."""
    noting = NotingLane()
    monkeypatch.setattr(parts, "lane", noting)
    monkeypatch.setattr("sutler.dispatch.renew", noting.renew)
    return noting


@pytest.fixture
async def both(front: ASGIApp, application: FastAPI, lane: NotingLane, sutler: AsyncClient) -> AsyncIterator[Both]:
    """Both ways to the same answers, with a token of the administrator."""
    async with connect(front, sutler.token) as hot, connect(application, sutler.token) as ordinary:
        yield Both(hot, ordinary, lane)


@pytest.fixture
async def alone(parts: Parts, lane: NotingLane, sutler: AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The hot calls with nothing behind them."""
    async with connect(put_alone(parts), sutler.token) as client:
        yield client
