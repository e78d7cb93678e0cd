"""Who calls: the places of a token, and the words for one that is not accepted."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from tests.doors.compat.conftest import Parts, make_project, make_token

from sutler import auth, compat
from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock


async def test_without_a_token_nothing_is_shown(stranger: httpx.AsyncClient) -> None:
    for path in ("projects", "project?project_id=1", "handles?project_id=1", "rses", "get_rse/A", "next_file"):
        reply = await stranger.get(f"/dd/{path}")
        assert (reply.status_code, reply.text) == (401, "Token not found"), path


async def test_version_and_probe_are_open(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/dd/version")).text == "2.0.3"
    assert (await stranger.get("/dd/probe")).text == "OK"
    assert (await stranger.get("/metacat/probe")).text == "OK"


async def test_a_token_counts_in_either_header_and_for_reading_in_the_cookie(
    stranger: httpx.AsyncClient, parts: Parts
) -> None:
    token = await make_token(parts, "anna")
    for headers in (
        {"X-Authentication-Token": token},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"bearer {token}"},
        {"Cookie": f"auth_token={token}"},
    ):
        reply = await stranger.get("/dd/projects", headers=headers)
        assert (reply.status_code, reply.text) == (200, "[]")


@pytest.mark.parametrize(
    "path",
    [
        "next_file?project_id=1&worker_id=w",
        "release?handle_id=1:a:b",
        "cancel_project?project_id=1",
        "activate_project?project_id=1",
        "delete_project?project_id=1",
        "set_rse_availability?name=A&available=no",
        "delete_rse?name=A",
    ],
)
async def test_a_cookie_changes_nothing(
    stranger: httpx.AsyncClient, anna: httpx.AsyncClient, parts: Parts, path: str
) -> None:
    await make_project(anna)
    reply = await stranger.get(f"/dd/{path}", headers={"Cookie": f"auth_token={await make_token(parts, 'admin')}"})
    assert reply.status_code == 401
    assert reply.text.startswith("Token not found in a header")


async def test_an_expired_token_says_so(stranger: httpx.AsyncClient, parts: Parts, clock: MovableClock) -> None:
    token = await make_token(parts, "anna")
    clock.advance(timedelta(days=2))
    reply = await stranger.get("/dd/projects", headers={"X-Authentication-Token": token})
    assert (reply.status_code, reply.text) == (401, "Token expired")


async def test_words_for_tokens_that_are_none(stranger: httpx.AsyncClient, parts: Parts) -> None:
    header, claims, signature = (await make_token(parts, "anna")).split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    for token, words in {
        "garbage": "Not enough segments",
        f"{header}.{claims}.{signature[::-1]}": "Token verification failed",
        f"{unsigned}.{claims}.": "Invalid token algorithm",
        "!.!.!": "Token verification failed",
    }.items():
        reply = await stranger.get("/dd/projects", headers={"X-Authentication-Token": token})
        assert (reply.status_code, reply.text) == (401, words)


async def test_a_token_that_was_taken_back_says_so(stranger: httpx.AsyncClient, parts: Parts) -> None:
    issued = await auth.issue_local_token(parts.db, parts.signer, username="anna", days=1)
    await auth.revoke_token(parts.db, SYSTEM, jti=issued.jti)
    reply = await stranger.get("/dd/projects", headers={"X-Authentication-Token": issued.text})
    assert (reply.status_code, reply.text) == (401, "Token revoked")


async def test_a_token_of_nobody_names_the_user(stranger: httpx.AsyncClient, parts: Parts) -> None:
    token = await make_token(parts, "anna")
    async with parts.db.connection() as connection:
        await connection.execute("UPDATE auth.users SET is_active = false WHERE username = 'anna'")
    reply = await stranger.get("/dd/projects", headers={"X-Authentication-Token": token})
    assert (reply.status_code, reply.text) == (401, "user anna not found")


async def test_an_answer_about_a_token_comes_before_the_call_is_looked_at(stranger: httpx.AsyncClient) -> None:
    reply = await stranger.get("/dd/next_file?project_id=nonsense")
    assert (reply.status_code, reply.text) == (401, "Token not found")


async def test_every_route_of_the_door_is_one_of_three_protocols(parts: Parts, application: Starlette) -> None:
    prefixes = {str(getattr(route, "path", "")).split("/")[1] for route in compat.create_routes(parts)}
    assert prefixes == {"dd", "metacat", "auth"}
