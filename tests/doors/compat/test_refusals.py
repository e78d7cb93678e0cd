"""Workers of old clients that were refused: they end without a word, so the project tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from tests.doors.compat.conftest import ClientOf, Parts, make_project, make_token, reserve

from sutler import auth, dispatch
from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock
from sutler.database.errors import DatabaseUnreachableError


async def list_noted(parts: Parts, project_id: object) -> list[tuple[str, str, int]]:
    """Return what was written down about a project: worker, reason, how often."""
    await parts.refusals.write()
    assert isinstance(project_id, int)
    noted = await dispatch.list_refusals(parts.db, SYSTEM, project_id=project_id)
    return sorted((refusal.worker_id, refusal.reason, refusal.times) for refusal in noted)


async def call(stranger: httpx.AsyncClient, path: str, token: str | None = None) -> int:
    """Make a call with a token, if there is one, and return the status."""
    headers: Mapping[str, str] = {} if token is None else {"X-Authentication-Token": token}
    return (await stranger.get(f"/dd{path}", headers=headers)).status_code


async def test_a_worker_without_a_token_is_counted_and_named(
    anna: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Parts
) -> None:
    number = (await make_project(anna))["project_id"]
    for _ in range(3):
        assert await call(stranger, f"/next_file?project_id={number}&worker_id=w1") == 401
    assert await call(stranger, f"/release?handle_id={number}:test:a&worker_id=w2") == 401
    assert await call(stranger, f"/release?handle_id={number}:test:a") == 401
    assert await list_noted(parts, number) == [
        (" a worker without a name", "It sent no token.", 1),
        ("w1", "It sent no token.", 3),
        ("w2", "It sent no token.", 1),
    ]


async def test_a_token_that_has_expired_says_when_and_whose_it_was(
    anna: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Parts, clock: MovableClock
) -> None:
    number = (await make_project(anna))["project_id"]
    token = await make_token(parts, "anna")
    clock.advance(timedelta(days=2))
    assert await call(stranger, f"/next_file?project_id={number}&worker_id=w1", token) == 401
    assert await list_noted(parts, number) == [("w1", "The token of anna expired on 2026-03-02 at 12:00:00 UTC.", 1)]


async def test_a_token_that_was_taken_back_and_one_that_is_none_are_told_apart(
    anna: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Parts
) -> None:
    number = (await make_project(anna))["project_id"]
    issued = await auth.issue_local_token(parts.db, parts.signer, username="bob", days=1)
    who = await auth.authenticate(parts.db, parts.signer, token=issued.text)
    await auth.revoke_token(parts.db, who, jti=issued.jti)
    path = f"/next_file?project_id={number}&worker_id=w1"
    secret = "a.secret.thing"
    assert [await call(stranger, path, token) for token in (issued.text, secret)] == [401, 401]
    noted = await list_noted(parts, number)
    assert [reason for _, reason, _ in noted] == [
        "The token of bob was taken back.",
        "What it sent is not a token of this installation.",
    ]
    assert secret not in str(noted)


async def test_a_user_without_the_right_is_named(anna: httpx.AsyncClient, bob: httpx.AsyncClient, parts: Parts) -> None:
    number = (await make_project(anna))["project_id"]
    await reserve(anna, number, "w1")
    assert (await bob.get(f"/next_file?project_id={number}&worker_id=w2")).status_code == 403
    assert (await bob.get(f"/release?handle_id={number}:test:a&worker_id=w2")).status_code == 403
    [(worker_id, reason, times)] = await list_noted(parts, number)
    assert (worker_id, times) == ("w2", 2)
    assert reason.startswith("bob may not process files of this project: it takes the role")


async def test_what_is_no_refusal_is_not_noted(
    anna: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Parts
) -> None:
    number = (await make_project(anna))["project_id"]
    await reserve(anna, number, "w1")
    assert (await anna.get(f"/release?handle_id={number}:test:a&worker_id=w2")).status_code == 403
    assert (await anna.get(f"/release?handle_id={number}:test:z&worker_id=w2")).status_code == 404
    assert await call(stranger, f"/project?project_id={number}") == 401
    assert await call(stranger, "/next_file?project_id=x&worker_id=w1") == 401
    assert await call(stranger, f"/next_file?project_id={'9' * 40}&worker_id=w1") == 401
    assert await call(stranger, "/release") == 401
    assert await list_noted(parts, number) == []


async def test_passing_trouble_is_no_refusal(
    anna: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await make_project(anna))["project_id"]

    async def fail(_token: str) -> auth.Principal:
        raise DatabaseUnreachableError

    with monkeypatch.context() as broken:
        broken.setattr(parts.authenticator, "authenticate", fail)
        reply = await anna.get(f"/next_file?project_id={number}&worker_id=w1")
    assert reply.json()["retry"] is True
    assert await list_noted(parts, number) == []


async def test_names_with_odd_characters_are_kept_so_that_they_can_be_shown(
    client_of: ClientOf, stranger: httpx.AsyncClient, parts: Parts
) -> None:
    number = (await make_project(await client_of("anna")))["project_id"]
    assert await call(stranger, f"/next_file?project_id={number}&worker_id=%00%0a<b>%ff+") == 401
    assert [name for name, _, _ in await list_noted(parts, number)] == ["\ufffd\ufffd<b>\ufffd+"]
