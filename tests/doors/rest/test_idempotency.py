"""Calls with an `Idempotency-Key`: made once, answered the same again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message
from tests.doors.rest.conftest import Parts
from tests.doors.rest.hot_scene import Wire
from tests.doors.rest.test_routes import assert_is_problem
from tests.waiting import wait_until

from sutler import auth, dispatch
from sutler.base.clock import MovableClock
from sutler.client import AsyncClient
from sutler.database import (
    Answer,
    Database,
    EarlierCall,
    HeldCall,
    IdempotentCall,
    begin_call,
    forget_unanswered_calls,
    keep_answer,
    renew_call,
)
from sutler.database.errors import CallTakenOverError
from sutler.loops import Surroundings, kept_answers
from sutler.rest.context import takes_key
from sutler.wire.dispatch import NewHandle, NewProject

PROJECT = {"experiment": "local", "is_virtual": True, "files": [{"namespace": "demo", "name": "a"}]}
WITHOUT_KEY = {
    "/tokens",  # its answer holds a token
    "/api_tokens",
    "/users",  # its request holds a password
    "/users/{username}/password",
    "/projects/{project_id}/next",  # have request ids of their own
    "/attempts/renew",
    "/attempts/done",
    "/attempts/failed",
    "/stages/{stage_id}/hold",  # may be said as often as one likes
    "/stages/{stage_id}/release",
    "/stages/hold",
    "/stages/release",
    "/holds/release",
    "/schedules/pause",
    "/schedules/resume",
    "/campaign_tags",
    "/campaigns/mark",
    "/queued_launches/delete",
    "/stages/{stage_id}/rehearsal",  # changes nothing
    "/stages/{stage_id}/forecast",
    "/campaign_texts/plan",
    "/files/list",  # only read; what they ask for is too long for an address
    "/files/datasets",
    "/files/query",
    "/files/count",
    "/files/keys",
    "/files/explain",
    "/files/stream",
    "/files/table",
    "/datasets/stream",
    "/experiments/{name}/check",  # changes nothing
    "/experiments/{name}/declarations/retry",  # may be said as often as one likes
}


def key(text: str = "") -> dict[str, str]:
    return {"Idempotency-Key": text or uuid4().hex}


class KilledError(BaseException):
    """The process ends here."""


async def die(*_: object, **__: object) -> None:
    raise KilledError


async def count_rows(db: Database, table: str = "database.idempotent_calls") -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


def test_every_post_takes_a_key_but_those_that_have_a_reason(router: APIRouter) -> None:
    posts = {
        route.path.removeprefix("/api/v1"): takes_key(route.dependant)
        for route in router.routes
        if isinstance(route, APIRoute) and route.methods == {"POST"}
    }
    assert {path for path, takes in posts.items() if not takes} == WITHOUT_KEY
    assert len(posts) > 25


async def test_the_description_tells_of_the_key(stranger: httpx.AsyncClient) -> None:
    paths = (await stranger.get("/openapi.json")).json()["paths"]
    [parameter] = paths["/api/v1/projects"]["post"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("Idempotency-Key", "header", False)
    assert "24 hours" in parameter["description"]


async def test_the_same_call_again_gets_the_first_answer_and_makes_nothing(admin: httpx.AsyncClient) -> None:
    headers = key()
    first = await admin.post("/projects", json=PROJECT, headers=headers)
    second = await admin.post("/projects", json=PROJECT, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"] == "application/json"
    assert len((await admin.get("/projects")).json()["items"]) == 1
    third = await admin.post("/projects", json=PROJECT, headers=key())
    assert third.json()["project_id"] != first.json()["project_id"]


async def test_a_refusal_is_answered_again_too(admin: httpx.AsyncClient) -> None:
    headers = key()
    body = {**PROJECT, "experiment": "nova"}
    first = await admin.post("/projects", json=body, headers=headers)
    assert_is_problem(first, 404)
    await admin.post("/experiments", json={"name": "nova"})
    second = await admin.post("/projects", json=body, headers=headers)
    assert (second.content, second.headers["content-type"]) == (first.content, "application/problem+json")


@pytest.mark.parametrize("difference", ["body", "path", "query"])
async def test_another_call_under_the_same_key_is_refused(admin: httpx.AsyncClient, difference: str) -> None:
    headers = key()
    await admin.post("/projects", json=PROJECT, headers=headers)
    path = {"path": "/experiments", "query": "/projects?a=b"}.get(difference, "/projects")
    body = {**PROJECT, "max_attempts": 2} if difference == "body" else PROJECT
    reply = await admin.post(path, json=body, headers=headers)
    assert_is_problem(reply, 409)
    assert reply.json()["code"] == "rest.idempotency_key_reused"
    assert len((await admin.get("/projects")).json()["items"]) == 1


async def test_a_key_is_good_for_its_caller_only(admin: httpx.AsyncClient, anna: AsyncClient) -> None:
    headers = key()
    first = await admin.post("/projects", json=PROJECT, headers=headers)
    of_anna = {"Authorization": f"Bearer {anna.token}"}
    second = await admin.post("/projects", json=PROJECT, headers=headers | of_anna)
    assert first.json()["project_id"] != second.json()["project_id"]


async def test_of_many_at_once_one_is_made_and_all_hear_of_it(admin: httpx.AsyncClient) -> None:
    headers = key()
    replies = await asyncio.gather(*(admin.post("/projects", json=PROJECT, headers=headers) for _ in range(8)))
    assert {reply.content for reply in replies} == {replies[0].content}
    assert {reply.status_code for reply in replies} == {201}
    assert len((await admin.get("/projects")).json()["items"]) == 1


async def test_while_the_first_runs_the_second_is_told_to_wait(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.idempotency.LONGEST_WAIT_SECONDS", 0.1)
    is_inside, may_go_on = asyncio.Event(), asyncio.Event()
    create = auth.create_experiment

    async def create_slowly(db: Database, who: auth.Principal, *, name: str, full_name: str) -> auth.Experiment:
        is_inside.set()
        await may_go_on.wait()
        return await create(db, who, name=name, full_name=full_name)

    monkeypatch.setattr("sutler.auth.create_experiment", create_slowly)
    headers = key()
    first = asyncio.create_task(admin.post("/experiments", json={"name": "nova"}, headers=headers))
    await is_inside.wait()
    second = await admin.post("/experiments", json={"name": "nova"}, headers=headers)
    assert_is_problem(second, 409)
    assert second.json()["code"] == "rest.still_running"
    may_go_on.set()
    assert (await first).status_code == 201
    third = await admin.post("/experiments", json={"name": "nova"}, headers=headers)
    assert third.content == (await first).content


async def test_a_call_that_was_left_by_a_dead_server_may_be_made_again_after_a_minute(
    admin: httpx.AsyncClient, parts: Parts, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.idempotency.LONGEST_WAIT_SECONDS", 0.0)
    headers = key()
    with monkeypatch.context() as patch:
        patch.setattr("sutler.auth.create_experiment", die)
        with pytest.raises(KilledError):
            await admin.post("/experiments", json={"name": "nova"}, headers=headers)
    clock.advance(timedelta(seconds=59))
    assert (await admin.post("/experiments", json={"name": "nova"}, headers=headers)).status_code == 409
    clock.advance(timedelta(seconds=2))
    other = await admin.post("/experiments", json={"name": "icarus"}, headers=headers)
    assert other.json()["code"] == "rest.idempotency_key_reused"
    assert (await admin.post("/experiments", json={"name": "nova"}, headers=headers)).status_code == 201


async def test_a_call_that_is_at_work_for_long_is_not_taken_for_left(
    admin: httpx.AsyncClient, parts: Parts, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.idempotency.LONGEST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr("sutler.rest.idempotency.RENEW_SECONDS", 0.01)
    is_inside, may_go_on = asyncio.Event(), asyncio.Event()

    async def create_slowly(*_: object, **__: object) -> None:
        is_inside.set()
        await may_go_on.wait()
        raise auth.ExperimentExistsError(name="nova")

    monkeypatch.setattr("sutler.auth.create_experiment", create_slowly)
    headers = key("long")
    first = asyncio.create_task(admin.post("/experiments", json={"name": "nova"}, headers=headers))
    await is_inside.wait()
    now = clock.advance(timedelta(minutes=5))

    async def is_renewed() -> bool:
        async with parts.db.connection() as connection:
            return bool(await connection.fetchval("SELECT begun_at FROM database.idempotent_calls") == now)

    await wait_until(is_renewed)
    second = await admin.post("/experiments", json={"name": "nova"}, headers=headers)
    assert second.json()["code"] == "rest.still_running"
    may_go_on.set()
    assert (await first).json()["code"] == auth.ExperimentExistsError.code
    assert (await admin.post("/experiments", json={"name": "nova"}, headers=headers)).content == (await first).content


async def test_who_was_taken_over_keeps_no_answer(db: Database, clock: MovableClock) -> None:
    call = IdempotentCall(1, "k", b"digest")
    first = await begin_call(db, call)
    clock.advance(timedelta(seconds=61))
    second = await begin_call(db, call)
    assert isinstance(first, HeldCall)
    assert isinstance(second, HeldCall)
    await keep_answer(db, first, Answer(200, {}, b"first"))
    assert not await renew_call(db, first)
    assert await begin_call(db, call) == EarlierCall(is_same=True, answer=None)
    await keep_answer(db, second, Answer(200, {"a": "b"}, b"second"))
    assert await begin_call(db, call) == EarlierCall(is_same=True, answer=Answer(200, {"a": "b"}, b"second"))


async def test_a_renewal_of_which_nobody_heard_does_not_keep_the_answer_away(db: Database, clock: MovableClock) -> None:
    """A call may end while it is being renewed, and not know whether it was."""
    call = IdempotentCall(1, "k", b"digest")
    held = await begin_call(db, call)
    assert isinstance(held, HeldCall)
    clock.advance(timedelta(seconds=15))
    await renew_call(db, held)
    await keep_answer(db, held, Answer(200, {}, b"said"))
    assert await begin_call(db, call) == EarlierCall(is_same=True, answer=Answer(200, {}, b"said"))


async def make_and_die(admin: httpx.AsyncClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a project; the server is killed before it can write down what it answered."""
    with monkeypatch.context() as patch:
        patch.setattr("sutler.rest.idempotency._settle", die)
        with pytest.raises(KilledError):
            await admin.post("/projects", json=PROJECT, headers=headers)


async def assert_is_lost(admin: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """The same call again makes nothing, and names what the first one made."""
    [project] = (await admin.get("/projects")).json()["items"]
    subject = f"project/{project['id']}"
    for _ in range(2):
        reply = await admin.post("/projects", json=PROJECT, headers=headers)
        assert_is_problem(reply, 409)
        problem = reply.json()
        assert problem["code"] == "rest.answer_lost"
        assert problem["facts"]["events"] == [{"kind": "dispatch.project_created", "subject": subject}]
        assert subject in problem["detail"]
    assert len((await admin.get("/projects")).json()["items"]) == 1


async def test_what_was_made_by_a_server_that_died_before_it_answered_is_not_made_again(
    admin: httpx.AsyncClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.idempotency.LONGEST_WAIT_SECONDS", 0.0)
    headers = key()
    await make_and_die(admin, headers, monkeypatch)
    waiting = await admin.post("/projects", json=PROJECT, headers=headers)
    assert waiting.json()["code"] == "rest.still_running"
    clock.advance(timedelta(seconds=61))
    await assert_is_lost(admin, headers)
    assert (await admin.post("/projects", json=PROJECT, headers=key())).status_code == 201


async def test_a_server_alone_on_its_database_knows_at_once_what_the_last_one_made(
    admin: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = key()
    await make_and_die(admin, headers, monkeypatch)
    await forget_unanswered_calls(parts.db)
    await assert_is_lost(admin, headers)


async def test_what_was_made_by_a_call_that_failed_afterwards_is_not_made_again(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the project is there")

    headers = key()
    with monkeypatch.context() as patch:
        patch.setattr("sutler.rest.creation.show", fail)
        assert (await admin.post("/projects", json=PROJECT, headers=headers)).status_code == 500
    await assert_is_lost(admin, headers)


async def test_a_streamed_project_whose_answer_was_lost_is_not_made_again(
    admin: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b'{"experiment": "local", "is_virtual": true}\n{"namespace": "demo", "name": "a"}\n'
    headers = key() | {"Content-Type": "application/x-ndjson"}
    with monkeypatch.context() as patch:
        patch.setattr("sutler.rest.idempotency._settle", die)
        with pytest.raises(KilledError):
            await admin.post("/projects", content=lines, headers=headers)
    await forget_unanswered_calls(parts.db)
    assert (await admin.post("/projects", content=lines, headers=headers)).json()["code"] == "rest.answer_lost"
    assert len((await admin.get("/projects")).json()["items"]) == 1


async def test_a_call_that_was_taken_over_does_nothing_any_more(
    admin: httpx.AsyncClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.idempotency.LONGEST_WAIT_SECONDS", 0.0)
    is_inside, may_go_on = asyncio.Event(), asyncio.Event()
    create = dispatch.create_project

    async def create_late(
        db: Database, who: auth.Principal, *, project: dispatch.NewProject
    ) -> dispatch.CreatedProject:
        if not is_inside.is_set():
            is_inside.set()
            await may_go_on.wait()
        return await create(db, who, project=project)

    monkeypatch.setattr("sutler.dispatch.create_project", create_late)
    headers = key()
    late = asyncio.create_task(admin.post("/projects", json=PROJECT, headers=headers))
    await is_inside.wait()
    clock.advance(timedelta(seconds=61))
    second = await admin.post("/projects", json=PROJECT, headers=headers)
    assert second.status_code == 201
    may_go_on.set()
    assert_is_problem(await late, 503)
    assert (await late).json()["code"] == CallTakenOverError.code
    assert len((await admin.get("/projects")).json()["items"]) == 1
    assert (await admin.post("/projects", json=PROJECT, headers=headers)).content == second.content


async def test_what_the_server_failed_at_may_be_tried_again_at_once(
    admin: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sutler.database.errors import DatabaseBusyError

    async def refuse(*_: object, **__: object) -> None:
        raise DatabaseBusyError(reason="test")

    headers = key()
    with monkeypatch.context() as patch:
        patch.setattr("sutler.auth.create_experiment", refuse)
        assert (await admin.post("/experiments", json={"name": "nova"}, headers=headers)).status_code == 503
    assert await count_rows(parts.db) == 0
    assert (await admin.post("/experiments", json={"name": "nova"}, headers=headers)).status_code == 201


async def test_an_answer_over_a_megabyte_is_not_kept(
    admin: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.idempotency.LARGEST_ANSWER_BYTES", 10)
    headers = key()
    assert (await admin.post("/experiments", json={"name": "nova"}, headers=headers)).status_code == 201
    again = await admin.post("/experiments", json={"name": "nova"}, headers=headers)
    assert again.json()["code"] == "rest.answer_lost"
    assert (await admin.post("/experiments", json={"name": "nova"}, headers=key())).status_code == 409
    assert await count_rows(parts.db) == 1


async def test_after_a_day_a_key_is_free_again_and_its_answer_is_swept(
    admin: httpx.AsyncClient, parts: Parts, clock: MovableClock
) -> None:
    around = Surroundings(parts.db, parts.launcher)
    headers = key()
    first = await admin.post("/projects", json=PROJECT, headers=headers)
    clock.advance(timedelta(hours=23))
    token = await auth.issue_local_token(parts.db, parts.signer, username="admin", days=30)
    admin.headers["Authorization"] = f"Bearer {token.text}"
    assert (await admin.post("/projects", json=PROJECT, headers=headers)).content == first.content
    assert await kept_answers.step(around) == 0
    clock.advance(timedelta(hours=2))
    again = await admin.post("/projects", json={**PROJECT, "max_attempts": 3}, headers=headers)
    assert again.status_code == 201
    assert again.json()["project_id"] != first.json()["project_id"]
    clock.advance(timedelta(hours=25))
    assert await kept_answers.step(around) == 1
    assert await count_rows(parts.db) == 0


@pytest.mark.parametrize("given", ["", "x" * 129, "a\tb", "ü"])
async def test_what_cannot_be_a_key_is_refused(admin: httpx.AsyncClient, given: str) -> None:
    headers = [(b"Idempotency-Key", given.encode("utf-8"))]
    reply = await admin.post("/projects", json=PROJECT, headers=headers)
    assert_is_problem(reply, 422)
    assert [problem["where"] for problem in reply.json()["problems"]] == ["Idempotency-Key"]
    assert (await admin.get("/projects")).json()["items"] == []


async def test_a_request_that_is_refused_before_it_is_read_leaves_its_key_free(
    admin: httpx.AsyncClient, parts: Parts
) -> None:
    headers = key()
    reply = await admin.post("/projects", content=b"{broken", headers=headers | {"Content-Type": "application/json"})
    assert_is_problem(reply, 422)
    assert await count_rows(parts.db) == 0
    assert (await admin.post("/projects", json=PROJECT, headers=headers)).status_code == 201


async def test_the_python_client_passes_a_key_on(sutler: AsyncClient) -> None:
    new = NewProject("local", (NewHandle("demo", "a"),), is_virtual=True)
    first = await sutler.create_project(new, key="mine")
    assert await sutler.create_project(new, key="mine") == first
    assert await sutler.create_project(new) != first


async def test_a_stream_that_breaks_off_leaves_nothing_under_its_key(
    front: ASGIApp, parts: Parts, sutler: AsyncClient
) -> None:
    lines = b'{"experiment": "local", "is_virtual": true}\n{"namespace": "demo", "name": "a"}\n'
    half: Message = {"type": "http.request", "body": lines, "more_body": True}
    for rest, status in (({"type": "http.disconnect"}, 400), ({"type": "http.request", "body": b""}, 201)):
        call = Wire("/projects", sutler.token, half, rest)
        call.scope["headers"] = [
            (b"authorization", f"Bearer {sutler.token}".encode()),
            (b"content-type", b"application/x-ndjson"),
            (b"idempotency-key", b"stream-1"),
        ]
        await call.call(front)
        assert call.sent[0]["status"] == status
        assert await count_rows(parts.db) == (status == 201)
    assert len((await sutler.list_projects()).items) == 1


async def test_a_server_alone_on_its_database_lets_calls_be_repeated_that_died_with_the_last_one(db: Database) -> None:
    call = IdempotentCall(1, "died", b"digest")
    await begin_call(db, call)
    assert isinstance(await begin_call(db, call), EarlierCall)
    await forget_unanswered_calls(db)
    assert not isinstance(await begin_call(db, call), EarlierCall)
