"""The door in process, with people and a few files to work on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from sutler import auth, compat, dispatch, replicas
from sutler.auth import SYSTEM, Principal, Role
from sutler.base.did import Did
from sutler.database import Database
from sutler.server.front import put_in_front

ADMIN_PASSWORD = "admin-password"
ANNA_PASSWORD = "anna-password"

ClientOf = Callable[[str], Awaitable[httpx.AsyncClient]]


@dataclass(frozen=True)
class Parts:
    """The services of a small installation."""

    db: Database
    signer: auth.TokenSigner
    authenticator: auth.Authenticator
    lane: dispatch.Lane
    refusals: dispatch.RefusalBook
    largest_project: int = 10_000


@pytest.fixture
async def parts(db: Database) -> AsyncIterator[Parts]:
    """An installation with `admin` and the experiment `local`; `anna` and `bob` are in it as analysis, `eve` is not."""
    await auth.ensure_first_user(db, password=ADMIN_PASSWORD)
    for username, password in (("anna", ANNA_PASSWORD), ("bob", "bob-password"), ("eve", "eve-password")):
        await auth.create_user(db, SYSTEM, username=username, password=password)
    for username in ("anna", "bob"):
        await auth.set_member(db, SYSTEM, experiment="local", username=username, role=Role.ANALYSIS)
    signer = await auth.load_signer(db)
    authenticator = auth.Authenticator(db, signer)
    async with dispatch.Lane(db) as lane:
        yield Parts(db, signer, authenticator, lane, dispatch.RefusalBook(db))
    await authenticator.close()


@pytest.fixture
def ordinary(parts: Parts) -> Starlette:
    """An application with the ordinary calls of this door only."""
    return Starlette(routes=compat.create_routes(parts))


@pytest.fixture
def application(ordinary: Starlette, parts: Parts) -> ASGIApp:
    """An application with this door only, put together as the server does it: with the hot calls before the others."""
    return put_in_front(ordinary, compat.HotCalls(parts).find)


@pytest.fixture
async def stranger(application: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token; addresses are relative to the whole server."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://sutler.test") as client:
        yield client


@pytest.fixture
async def client_of(parts: Parts, application: ASGIApp) -> AsyncIterator[ClientOf]:
    """`await client_of("anna")` shows a token of that user as old clients do; addresses are relative to `/dd`."""
    made: list[httpx.AsyncClient] = []

    async def make(username: str) -> httpx.AsyncClient:
        made.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(application),
                base_url="http://sutler.test/dd",
                headers={"X-Authentication-Token": await make_token(parts, username)},
            )
        )
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def anna(client_of: ClientOf) -> httpx.AsyncClient:
    """A member of `local` in the role analysis."""
    return await client_of("anna")


@pytest.fixture
async def bob(client_of: ClientOf) -> httpx.AsyncClient:
    """Another member of `local` in the role analysis."""
    return await client_of("bob")


@pytest.fixture
async def admin(client_of: ClientOf) -> httpx.AsyncClient:
    """The administrator."""
    return await client_of("admin")


async def make_token(parts: Parts, username: str) -> str:
    """Return the text of a token of a user, good for a day."""
    return (await auth.issue_local_token(parts.db, parts.signer, username=username, days=1)).text


async def make_project(client: httpx.AsyncClient, *names: str, **more: object) -> dict[str, object]:
    """Make a virtual project of files of the namespace `test` and return it."""
    attributes = {"virtual": True}
    given = more.pop("project_attributes", {})
    assert isinstance(given, Mapping)
    files = [{"namespace": "test", "name": name} for name in names or ("a", "b", "c")]
    body = {"files": files, "project_attributes": {**attributes, **given}, **more}
    reply = await client.post("/create_project", json=body)
    assert reply.status_code == 200, reply.text
    made: dict[str, object] = reply.json()
    return made


async def reserve(client: httpx.AsyncClient, project_id: object, worker_id: str = "w1") -> dict[str, object]:
    """Reserve the next file and return the handle."""
    reply = await client.get("/next_file", params={"project_id": str(project_id), "worker_id": worker_id})
    assert reply.status_code == 200, reply.text
    handle: dict[str, object] = reply.json()["handle"]
    return handle


async def add_copies(db: Database, names: Mapping[str, str], *, is_tape: bool = False) -> None:
    """Make storage elements and record a copy of each file of `test` on the one that stands beside it."""
    who: Principal = SYSTEM
    for rse in sorted(set(names.values())):
        await replicas.create_rse(db, who, experiment="local", name=rse, is_tape=is_tape)
    copies = [replicas.NewReplica(Did("test", name), rse, f"root://{rse}//{name}") for name, rse in names.items()]
    await replicas.add_replicas(db, who, experiment="local", replicas=copies)
