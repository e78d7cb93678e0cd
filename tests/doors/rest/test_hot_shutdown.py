"""A server that is told to stop answers the calls of workers that are under way, and closes the lanes after that."""

from __future__ import annotations

import asyncio
import os
import signal
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


async def test_a_call_under_way_is_answered_before_the_server_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("SUTLER_")]:
        monkeypatch.delenv(name)
    asked, may_go_on = asyncio.Event(), asyncio.Event()
    ready: asyncio.Future[Parts] = asyncio.get_running_loop().create_future()
    reserve_next = dispatch.Lanes.reserve_next

    async def reserve_slowly(
        lanes: dispatch.Lanes, who: Principal, *, project_id: int, wish: dispatch.Wish
    ) -> dispatch.Reply:
        asked.set()
        await may_go_on.wait()
        return await reserve_next(lanes, who, project_id=project_id, wish=wish)

    monkeypatch.setattr("sutler.dispatch.Lanes.reserve_next", reserve_slowly)
    configuration = load_configuration(data_dir=tmp_path / "data", command_line={"port": find_free_port()})
    serving = asyncio.create_task(serve(configuration, announce=ready.set_result))
    while not ready.done():
        assert not serving.done()
        await asyncio.sleep(0.02)
    parts = ready.result()
    token = (await auth.issue_local_token(parts.db, parts.signer, username="admin", days=1)).text
    async with AsyncClient(configuration.public_url, token=token) as client:
        created = await client.create_project(NewProject("local", (NewHandle("demo", "a"),), is_virtual=True))
        asking = asyncio.create_task(_ask(configuration.public_url, token, created.project_id))
        await asyncio.wait_for(asked.wait(), 10)
    os.kill(os.getpid(), signal.SIGTERM)
    while await _is_listening(configuration.settings.port):
        assert not asking.done()
        await asyncio.sleep(0.02)
    may_go_on.set()
    assert await asyncio.wait_for(asking, 10) == "reserved"
    await asyncio.wait_for(serving, 60)


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _ask(url: str, token: str, project_id: int) -> str:
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        body = {"worker_id": "w", "request_id": str(uuid4())}
        reply = await client.post(f"/api/v1/projects/{project_id}/next", json=body, timeout=30)
    reason: str = reply.json()["reason"]
    return reason
