"""The hot calls of old clients answer as the ordinary ones do, byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.conftest import NOON
from tests.doors.compat.conftest import Parts, make_project, make_token

from sutler import compat, dispatch
from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.errors import TooMuchError, UnavailableError, UpstreamError
from sutler.database.errors import DatabaseUnreachableError
from sutler.dispatch import Handle, HandleState, Lease, NothingReady, ReplicaAt
from sutler.server.front import put_in_front

RETRY = {"handle": None, "reason": "retry", "retry": True}


@dataclass
class NotingLane:
    """Lane that give the same answers to everybody and remember what they were asked."""

    reply: dispatch.Reply = field(default_factory=lambda: dispatch.Reply((), NothingReady.WAIT))
    trouble: Exception | None = None
    asked: list[Any] = field(default_factory=list)

    async def reserve_next(self, who: Principal, *, project_id: int, wish: dispatch.Wish) -> dispatch.Reply:
        self._note(who.username, project_id, replace(wish, request_id=None))  # type: ignore[arg-type]  # a new one each
        return self.reply

    async def release_handle(self, who: Principal, *, project_id: int, did: Did, **more: object) -> Handle:
        self._note(who.username, project_id, did, more)
        return Handle(
            project_id=project_id,
            position=0,
            share_id=1,
            namespace=did.namespace,
            name=did.name,
            fid=None,
            size_bytes=None,
            attributes={"é": 1},
            state=HandleState.DONE,
            attempts=1,
            worker_id=None,
            reserved_at=NOON,
        )

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.trouble:
            raise self.trouble


@dataclass(frozen=True)
class Both:
    """The hot calls and the ordinary ones, which must not be told apart."""

    hot: httpx.AsyncClient
    ordinary: httpx.AsyncClient
    lane: NotingLane
    project_id: int

    async def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Make a call both ways, see that nothing differs, and return the reply."""
        replies, asked = [], []
        for client in (self.hot, self.ordinary):
            self.lane.asked.clear()
            replies.append(await client.request(method, path.replace("PROJECT", str(self.project_id)), headers=headers))
            asked.append(list(self.lane.asked))
        hot, ordinary = replies
        assert (hot.status_code, hot.content) == (ordinary.status_code, ordinary.content), path
        assert hot.headers.raw == ordinary.headers.raw
        assert asked[0] == asked[1], path
        return hot


@pytest.fixture
def noting(parts: Parts) -> NotingLane:
    """Lane without a database behind them."""
    return NotingLane()


@pytest.fixture
async def both(parts: Parts, noting: NotingLane, anna: httpx.AsyncClient) -> AsyncIterator[Both]:
    """Both ways to the same answers, with a token of anna, who has a project."""
    made = await make_project(anna, worker_timeout=60, project_attributes={"virtual": False, "n": 5})
    noted = replace(parts, lane=noting)  # type: ignore[arg-type]
    ordinary = Starlette(routes=compat.create_routes(noted))
    token = await make_token(parts, "anna")
    number = made["project_id"]
    assert isinstance(number, int)
    hot = put_in_front(ordinary, compat.HotCalls(noted).find)
    async with _connect(hot, token) as one, _connect(ordinary, token) as other:
        yield Both(one, other, noting, number)


def _connect(application: ASGIApp, token: str) -> httpx.AsyncClient:
    headers = {"X-Authentication-Token": token}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://sutler.test/dd", headers=headers
    )


def make_lease(project_id: int) -> Lease:
    """A lease with two copies."""
    return Lease(
        attempt_id=7,
        attempt=2,
        project_id=project_id,
        position=0,
        share_id=None,
        namespace="test",
        name="é b",
        fid=None,
        size_bytes=None,
        attributes={"n": [1, None]},
        expires_at=NOON + timedelta(seconds=90),
        replicas=(ReplicaAt("DISK1", "root://a//b", 7), ReplicaAt("DISK2", "root://c//d", None)),
    )


NEXT = "/next_file?project_id=PROJECT&worker_id=w1"
RELEASE = "/release?handle_id=PROJECT:test:a"


async def test_calls_in_order_do_not_need_the_ordinary_ones(parts: Parts, noting: NotingLane, both: Both) -> None:
    async def refuse(scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError(f"{scope['path']} was left to the ordinary calls")

    noted = replace(parts, lane=noting)  # type: ignore[arg-type]
    async with _connect(put_in_front(refuse, compat.HotCalls(noted).find), await make_token(parts, "anna")) as client:
        for path in (NEXT, RELEASE, f"/local{NEXT}", f"/local{RELEASE}&failed=yes"):
            for method in ("GET", "POST"):
                reply = await client.request(method, path.replace("PROJECT", str(both.project_id)))
                assert reply.status_code == 200
                assert reply.headers["content-type"] == "text/json; charset=utf-8"


async def test_a_file_comes_with_its_copies_and_how_far_they_are(both: Both) -> None:
    both.lane.reply = dispatch.Reply((make_lease(both.project_id),))
    reply = (await both.ask(f"{NEXT}&cpu_site=FNAL")).json()
    assert (reply["reason"], reply["retry"]) == ("reserved", False)
    handle = reply["handle"]
    assert (handle["name"], handle["worker_id"], handle["attempts"]) == ("é b", "w1", 2)
    assert handle["reserved_since"] == NOON.timestamp() + 30
    assert handle["project_attributes"] == {"virtual": False, "n": 5}
    shown = {rse: (copy["preference"], copy["proximity"]) for rse, copy in handle["replicas"].items()}
    assert shown == {"DISK1": (7, 7), "DISK2": (None, None)}
    [(username, _, wish)] = both.lane.asked
    assert (username, wish.site, wish.count, wish.lease_for) == ("anna", "FNAL", 1, None)


@pytest.mark.parametrize(
    ("nothing", "reason", "retry"), [(NothingReady.WAIT, "retry", True), (NothingReady.OVER, "project inactive", False)]
)
async def test_without_a_file_it_is_said_whether_to_ask_again(
    both: Both, nothing: NothingReady, reason: str, retry: bool
) -> None:
    both.lane.reply = dispatch.Reply((), nothing)
    assert (await both.ask(NEXT)).json() == {"handle": None, "reason": reason, "retry": retry}


async def test_a_project_that_has_ended_is_known_at_once(both: Both, anna: httpx.AsyncClient) -> None:
    assert (await both.ask(NEXT)).json() == RETRY
    await anna.get(f"/cancel_project?project_id={both.project_id}")
    both.lane.reply = dispatch.Reply((), NothingReady.OVER)
    reply = await both.ask(NEXT)
    assert (reply.status_code, reply.text) == (400, "Inactive project. State=cancelled")


async def test_a_project_is_read_once_for_many_files(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    await both.hot.get(NEXT.replace("PROJECT", str(both.project_id)))
    read: list[object] = []

    async def count(*_args: object, **_kwargs: object) -> None:
        read.append(1)

    monkeypatch.setattr("sutler.compat.hot.time.monotonic", lambda: 0.0)
    monkeypatch.setattr("sutler.dispatch.get_project", count)
    both.lane.reply = dispatch.Reply((make_lease(both.project_id),))
    for _ in range(5):
        reply = await both.hot.get(NEXT.replace("PROJECT", str(both.project_id)))
        assert reply.json()["handle"]["project_attributes"]["n"] == 5
    assert read == []


@pytest.mark.parametrize(
    "path",
    [
        "/next_file",
        "/next_file?project_id=PROJECT",
        "/next_file?worker_id=w",
        "/next_file?project_id=many&worker_id=w",
        "/next_file?project_id=-1&worker_id=w",
        "/next_file?project_id=0&worker_id=w",
        f"/next_file?project_id={2**63}&worker_id=w",
        f"/next_file?project_id={'9' * 5000}&worker_id=w",
        "/next_file?project_id=%D9%A1&worker_id=w",
        "/next_file?project_id=PROJECT&worker_id=%00",
        "/next_file?project_id=PROJECT&worker_id=%ff",
        "/next_file?project_id=PROJECT&worker_id=a+b&worker_id=c",
        "/next_file?project_id=PROJECT;worker_id=w",
        "/next_file/more?project_id=PROJECT&worker_id=w",
        "//next_file?project_id=PROJECT&worker_id=w",
        "/next_file/?project_id=PROJECT&worker_id=w",
        "/no-such-experiment/next_file?project_id=PROJECT&worker_id=w",
        "/project/next_file?project_id=PROJECT&worker_id=w",
        "/version/next_file",
        "/release/next_file?handle_id=PROJECT:test:a",
        "/a/b/next_file?project_id=PROJECT&worker_id=w",
        "/release",
        "/release?handle_id=PROJECT:test",
        "/release?handle_id=x:test:a",
        "/release?handle_id=PROJECT:test:a:b&failed=maybe&retry=no&worker_id=",
        "/release?handle_id=PROJECT:test:a+b&failed=yes&retry=yes&worker_id=w+1",
        "/release?handle_id=PROJECT%3Atest%3Aa%20b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT"])
async def test_odd_calls_are_answered_alike(both: Both, path: str, method: str) -> None:
    await both.ask(path, method=method)


@pytest.mark.parametrize(
    "trouble",
    [
        DatabaseUnreachableError("The database does not answer."),
        UpstreamError("storage", "no"),
        TooMuchError("Too much."),
        dispatch.ProjectNotFoundError(3),
        dispatch.HandleNotFoundError(3, "test:a"),
        dispatch.HandleNotReservedError(3, Did("test", "a"), "initial"),
        dispatch.WrongWorkerError(Did("test", "a"), "w", "v"),
        dispatch.InvalidWishError("No."),
    ],
)
async def test_what_is_raised_is_told_alike(both: Both, trouble: Exception) -> None:
    both.lane.trouble = trouble
    passes = isinstance(trouble, UnavailableError | UpstreamError | TooMuchError)
    assert ((await both.ask(NEXT)).status_code == 200) == passes
    for path in (RELEASE, f"{RELEASE}&worker_id=w"):
        assert (await both.ask(path)).status_code >= 400


async def test_a_defect_sends_no_worker_away(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    both.lane.trouble = KeyError("the secret inside")
    assert (await both.ask(NEXT)).json() == RETRY
    reply = await both.hot.get(RELEASE.replace("PROJECT", "1"))
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert "the secret inside" in capsys.readouterr().out


async def test_trouble_with_tokens_sends_no_worker_away(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    async def be_away(*_args: object) -> None:
        raise DatabaseUnreachableError("The database does not answer.")

    monkeypatch.setattr("sutler.auth.Authenticator.authenticate", be_away)
    assert (await both.ask(NEXT)).json() == RETRY
    assert (await both.ask(RELEASE)).status_code == 503


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Authentication-Token": ""},
        {"X-Authentication-Token": "nonsense"},
        {"X-Authentication-Token": "a.b.c"},
        {"X-Authentication-Token": "", "Authorization": "Bearer nonsense"},
        {"X-Authentication-Token": "", "Authorization": "Basic nonsense"},
        {"X-Authentication-Token": "", "Cookie": "auth_token=x"},
    ],
)
async def test_strangers_are_refused_alike(
    both: Both, headers: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []
    monkeypatch.setattr("sutler.dispatch.RefusalBook.note", lambda _book, project_id, *_: noted.append(project_id))
    for path in (NEXT, RELEASE):
        assert (await both.ask(path, headers=headers)).status_code == 401
    # Each call is made of the hot and of the ordinary door.
    assert noted == [both.project_id] * 4


async def test_a_token_may_also_come_as_bearer(both: Both) -> None:
    token = both.hot.headers["X-Authentication-Token"]
    headers = {"X-Authentication-Token": "", "Authorization": f"Bearer {token}"}
    assert (await both.ask(NEXT, headers=headers)).json() == RETRY


PART = st.text("abc=&%+:;0129/# \\", max_size=6) | st.sampled_from(["%00", "%ff", "é", "yes", "no", "PROJECT:test:a"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["next_file", "release", "local/next_file", "x/release"]),
    query=st.lists(
        st.tuples(
            st.sampled_from(["project_id", "worker_id", "cpu_site", "handle_id", "failed", "retry"]) | PART,
            PART | st.just("PROJECT"),
        ),
        max_size=4,
    ),
)
async def test_nonsense_is_answered_alike(both: Both, name: str, query: list[tuple[str, str]]) -> None:
    reply = await both.ask(f"/{name}?" + "&".join(f"{key}={value}" for key, value in query))
    assert reply.status_code in (200, 400, 404)
