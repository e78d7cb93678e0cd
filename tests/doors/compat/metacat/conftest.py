"""What the tests of the catalogue's old protocol stand on: people at its addresses, and a small catalogue."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.doors.compat.conftest import ClientOf, Parts

from sutler import auth, catalog
from sutler.auth import SYSTEM, Role
from sutler.base.did import Did

DATA = "http://sutler.test/metacat/data"


class Desk:
    """One person at the data service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, call: str, **arguments: str) -> httpx.Response:
        """Make a call by GET."""
        return await self.client.get(f"{DATA}/{call}", params=arguments)

    async def post(self, call: str, body: object = None, **arguments: str) -> httpx.Response:
        """Make a call with JSON, or with bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "text/json"}
        return await self.client.post(f"{DATA}/{call}", content=content, params=arguments, headers=headers)

    async def read(self, call: str, body: object = None, **arguments: str) -> Any:  # noqa: ANN401 - whatever it says
        """Make a call, insist on exactly 200 and JSON without a charset, and return that."""
        reply = await (self.get(call, **arguments) if body is None else self.post(call, body, **arguments))
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/json"
        return reply.json()

    async def stream(self, call: str, body: object = None, **arguments: str) -> list[Any]:
        """Make a call, insist on a JSON sequence, and return its objects."""
        reply = await (self.get(call, **arguments) if body is None else self.post(call, body, **arguments))
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/json-seq"
        return [json.loads(line) for line in reply.text.splitlines()]

    async def ask(self, query: str, **arguments: str) -> list[str]:
        """Return the names of the files of a query."""
        return [file["name"] for file in await self.stream("query", query.encode(), **arguments)]


async def sit_down(client_of: ClientOf, username: str) -> Desk:
    """Return the desk of a user."""
    return Desk(await client_of(username))


@pytest.fixture
async def at_anna(anna: httpx.AsyncClient, collection: None) -> Desk:
    """Anna, who owns `lab` and may declare in `shared`."""
    return Desk(anna)


@pytest.fixture
async def at_bob(bob: httpx.AsyncClient, collection: None) -> Desk:
    """Bob, who may declare in `shared` only."""
    return Desk(bob)


@pytest.fixture
async def at_admin(admin: httpx.AsyncClient, collection: None) -> Desk:
    """The administrator."""
    return Desk(admin)


@pytest.fixture
async def at_nobody(stranger: httpx.AsyncClient, collection: None) -> Desk:
    """Somebody without a token."""
    return Desk(stranger)


@pytest.fixture
async def collection(parts: Parts) -> None:
    """Anna's `lab` with `a`, `b`, `c`, of which `c` came of `a`, in `lab:all`; `shared` of `local_analysis`; `prod`."""
    anna = await auth.authenticate(
        parts.db,
        parts.signer,
        token=(await auth.issue_local_token(parts.db, parts.signer, username="anna", days=1)).text,
    )
    await catalog.create_namespace(parts.db, anna, experiment="local", name="lab", description="Anna's")
    await catalog.create_namespace(parts.db, anna, experiment="local", name="shared", owner_group="local_analysis")
    await catalog.create_namespace(parts.db, SYSTEM, experiment="local", name="prod", owner_role=Role.PRODUCTION)
    await catalog.create_dataset(parts.db, anna, did=Did("lab", "all"), metadata={"ds.kind": "test"})
    files = [
        catalog.NewFile("lab", "a", 1, {"adler32": "0000000a"}, {"core.run": 1}, (), "fid-a"),
        catalog.NewFile("lab", "b", 2, {}, {"core.run": 2}, (), "fid-b"),
        catalog.NewFile("lab", "c", 3, {}, {"core.run": 3}, (Did("lab", "a"),), "fid-c"),
    ]
    await catalog.declare_files(parts.db, anna, files=files, dataset=Did("lab", "all"))
    await catalog.declare_files(parts.db, SYSTEM, files=[catalog.NewFile("prod", "p", 9, fid="fid-p")])
