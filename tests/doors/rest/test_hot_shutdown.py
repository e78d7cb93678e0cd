"""A server that is told to stop answers the calls of workers that are under way, and closes the lane after that."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from demo.server import find_free_port

from sutler import auth, dispatch
from sutler.auth import Principal
from sutler.client import AsyncClient
from sutler.server.configuration import load_configuration
from sutler.server.parts import Parts
from sutler.server.serve import serve
from sutler.wire.dispatch import NewHandle, NewProject


@dataclass
class Running:
    """A server in this process, with a project of one file and a token to ask for it."""

    url: str
    port: int
    token: str
    project_id: int
    serving: asyncio.Task[None]

    async def ask(self, *, wait_seconds: float = 0) -> str:
        """Ask for a file and return the reason of the answer."""
        async with httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}) as client:
            body = {"worker_id": "w", "request_id": str(uuid4()), "wait_seconds": wait_seconds}
            reply = await client.post(f"/api/v1/projects/{self.project_id}/next", json=body, timeout=60)
        reason: str = reply.json()["reason"]
        return reason


@pytest.fixture
async def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A server that the test ends."""
    for name in [name for name in os.environ if name.startswith("SUTLER_")]:
        monkeypatch.delenv(name)
    ready: asyncio.Future[Parts] = asyncio.get_running_loop().create_future()
    configuration = load_configuration(data_dir=tmp_path / "data", command_line={"port": find_free_port()})
    serving = asyncio.create_task(serve(configuration, announce=ready.set_result))
    while not ready.done():
        assert not serving.done()
        await asyncio.sleep(0.02)
    parts = ready.result()
    token = (await auth.issue_local_token(parts.db, parts.signer, username="admin", days=1)).text
    async with AsyncClient(configuration.public_url, token=token) as client:
        created = await client.create_project(NewProject("local", (NewHandle("demo", "a"),), is_virtual=True))
    return Running(configuration.public_url, configuration.settings.port, token, created.project_id, serving)


async def test_a_call_under_way_is_answered_before_the_server_ends(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_go_on = asyncio.Event(), asyncio.Event()
    reserve_next = dispatch.Lane.reserve_next

    async def reserve_slowly(
        lane: dispatch.Lane, who: Principal, *, project_id: int, wish: dispatch.Wish
    ) -> dispatch.Reply:
        asked.set()
        await may_go_on.wait()
        return await reserve_next(lane, who, project_id=project_id, wish=wish)

    monkeypatch.setattr("sutler.dispatch.Lane.reserve_next", reserve_slowly)
    asking = asyncio.create_task(running.ask())
    await asyncio.wait_for(asked.wait(), 10)
    os.kill(os.getpid(), signal.SIGTERM)
    while await _is_listening(running.port):
        assert not asking.done()
        await asyncio.sleep(0.02)
    may_go_on.set()
    assert await asyncio.wait_for(asking, 10) == "reserved"
    await asyncio.wait_for(running.serving, 60)


async def test_a_worker_that_waits_is_told_to_ask_again_when_the_server_ends(running: Running) -> None:
    assert await running.ask() == "reserved"
    asking = [asyncio.create_task(running.ask(wait_seconds=30)) for _ in range(5)]
    # By then some of them are in the pause between two looks, where no notice wakes them.
    await asyncio.wait(asking, timeout=1)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(asyncio.gather(*asking), 10) == ["wait"] * 5
    await asyncio.wait_for(running.serving, 60)


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
