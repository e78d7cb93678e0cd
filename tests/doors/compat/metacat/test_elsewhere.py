"""The address of an experiment whose catalogue is at another server."""

from __future__ import annotations

import pytest
from tests.doors.compat.conftest import Parts
from tests.doors.compat.metacat.conftest import Desk

from sutler.auth import SYSTEM, NewService, ServiceKind, set_service

ELSEWHERE = "https://metacat.example/dune"
LOCAL = "http://sutler.test/metacat/local/data"


@pytest.fixture
async def at_elsewhere(at_anna: Desk, parts: Parts) -> Desk:
    """Anna, whose experiment uses another server."""
    await set_service(parts.db, SYSTEM, experiment="local", service=NewService(ServiceKind.METACAT, ELSEWHERE))
    return at_anna


@pytest.mark.parametrize("call", ["namespaces", "file?fid=fid-a", "query?query=files", "create_namespace?name=fresh"])
async def test_every_call_is_told_where_the_catalogue_is(at_elsewhere: Desk, call: str) -> None:
    reply = await at_elsewhere.client.get(f"{LOCAL}/{call}")
    assert (reply.status_code, reply.text.strip()) == (400, f"The catalogue of local is at {ELSEWHERE}. Ask there.")


async def test_the_address_for_all_experiments_still_answers(at_elsewhere: Desk) -> None:
    assert (await at_elsewhere.read("file", fid="fid-a"))["name"] == "a"


async def test_nobody_is_told_without_a_token(at_elsewhere: Desk, at_nobody: Desk) -> None:
    reply = await at_nobody.client.get(f"{LOCAL}/namespaces")
    assert reply.status_code == 403
    assert ELSEWHERE not in reply.text
