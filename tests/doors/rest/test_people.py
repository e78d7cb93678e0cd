"""Signing in, tokens, users, experiments and members through the API."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.doors.rest.conftest import Parts, SutlerOf

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.auth import Membership, NewUser


async def test_signing_in_gives_a_token_that_works_until_signing_out(parts: Parts, sutler: AsyncClient) -> None:
    issued = await sutler.sign_in("admin", "admin-password")
    assert issued.expires_at - parts.db.clock.now() == timedelta(days=7)
    assert sutler.token == issued.token
    identity = await sutler.whoami()
    assert (identity.username, identity.is_admin, identity.token_kind) == ("admin", True, "session")
    assert identity.memberships == (Membership("local", "superuser"),)
    await sutler.sign_out()
    with pytest.raises(client.NotAuthenticatedError, match="taken back"):
        await sutler.whoami()


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(stranger: httpx.AsyncClient) -> None:
    wrong = await stranger.post("/tokens", json={"username": "admin", "password": "guess"})
    unknown = await stranger.post("/tokens", json={"username": "nobody", "password": "guess"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "auth.wrong_password"


async def test_tokens_for_scripts_are_listed_without_their_text_and_can_be_taken_back(sutler: AsyncClient) -> None:
    issued = await sutler.create_token("nightly", days=30)
    [listed] = [token for token in (await sutler.list_tokens()).items if token.label == "nightly"]
    assert (listed.jti, listed.kind, listed.expires_at) == (issued.jti, "api", issued.expires_at)
    await sutler.revoke_token(issued.jti)
    sutler.token = issued.token
    with pytest.raises(client.NotAuthenticatedError):
        await sutler.list_tokens()


async def test_an_administrator_makes_users_and_others_may_not(sutler: AsyncClient, anna: AsyncClient) -> None:
    assert [user.username for user in (await sutler.list_users()).items] == ["admin", "anna"]
    with pytest.raises(client.ConflictError, match="anna"):
        await sutler.create_user(NewUser("anna", "anna-password"))
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.create_user(NewUser("eve", "short"))
    assert [problem.where for problem in refused.value.problems] == ["password"]
    for call in (anna.list_users, lambda: anna.create_user(NewUser("eve", "long-enough"))):
        with pytest.raises(client.NotPermittedError, match="administrator"):
            await call()


async def test_users_change_their_own_password_with_the_old_one(anna: AsyncClient) -> None:
    with pytest.raises(client.InvalidInputError):
        await anna.change_password("anna", "a-better-one", old_password="guess")
    await anna.change_password("anna", "a-better-one", old_password="anna-password")
    await anna.sign_in("anna", "a-better-one")
    with pytest.raises(client.NotPermittedError):
        await anna.change_password("admin", "mine-now", old_password="admin-password")


async def test_members_come_and_go_and_see_their_experiments_only(
    sutler: AsyncClient, anna: AsyncClient, sutler_of: SutlerOf
) -> None:
    created = await sutler.create_experiment("nova", full_name="NOvA")
    assert (created.name, created.full_name, created.is_active) == ("nova", "NOvA", True)
    assert [experiment.name for experiment in (await anna.list_experiments()).items] == ["local"]
    with pytest.raises(client.NotPermittedError):
        await anna.list_members("nova")
    await sutler.set_member("nova", "anna", "production-shifter")
    anna_again = await sutler_of("anna")
    members = {member.username: member.role for member in (await anna_again.list_members("nova")).items}
    assert members == {"admin": "superuser", "anna": "production-shifter"}
    await sutler.set_member("nova", "anna", None)
    assert len((await sutler.list_members("nova")).items) == 1


async def test_a_role_that_does_not_exist_is_refused_with_those_that_do(admin: httpx.AsyncClient) -> None:
    reply = await admin.put("/experiments/local/members/admin", json={"role": "emperor"})
    assert reply.status_code == 422
    assert "superuser" in reply.json()["detail"]
