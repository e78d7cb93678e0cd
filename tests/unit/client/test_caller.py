"""Calls, patience and errors, against a scripted transport."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from sutler import client
from sutler.client import Client
from sutler.wire.auth import Member
from sutler.wire.campaigns import CampaignChange
from sutler.wire.page import Page

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the client made, without making them."""
    made: list[float] = []
    monkeypatch.setattr("sutler.client._sync.caller.time.sleep", made.append)
    return made


def client_with(answer: Answer) -> Client:
    return Client("http://sutler.test/", token="secret", transport=httpx.MockTransport(answer))


def problem(status: int, **more: object) -> httpx.Response:
    document = {"type": "t", "title": "T", "status": status, "detail": "What happened.", "code": "room.case", **more}
    return httpx.Response(status, json=document)


def test_the_token_is_sent_and_filters_that_are_none_are_left_out() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"items": [], "next_cursor": None})

    with client_with(answer) as sutler:
        sutler.list_submissions(is_open=True, stage_id=7)
    assert seen[0].headers["Authorization"] == "Bearer secret"
    assert dict(seen[0].url.params) == {"is_open": "true", "stage_id": "7", "limit": "100"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, client.NotAuthenticatedError),
        (403, client.NotPermittedError),
        (404, client.NotFoundError),
        (405, client.InvalidInputError),
        (409, client.ConflictError),
        (412, client.ChangedMeanwhileError),
        (413, client.TooMuchError),
        (422, client.InvalidInputError),
        (429, client.TooMuchError),
        (500, client.ServerDefectError),
        (502, client.UpstreamError),
        (503, client.UnavailableError),
    ],
)
def test_each_status_is_an_error_of_its_own_with_what_the_server_said(status: int, kind: type[client.ApiError]) -> None:
    answer = problem(status, facts={"id": 7}, problems=[{"where": "name", "what": "is bad"}], incident="abc")
    with client_with(lambda _: answer) as sutler, pytest.raises(kind, match="What happened") as caught:
        sutler.whoami()
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status, caught.value.facts) == ("room.case", status, {"id": 7})
    assert [(p.where, p.what) for p in caught.value.problems] == [("name", "is bad")]
    assert caught.value.incident == "abc"


def test_an_error_page_of_a_proxy_is_an_error_too() -> None:
    page = httpx.Response(502, html="<h1>Bad gateway</h1>")
    with client_with(lambda _: page) as sutler, pytest.raises(client.UpstreamError, match="answered 502 Bad Gateway"):
        sutler.whoami()


def test_an_answer_that_is_not_of_the_api_says_so() -> None:
    page = httpx.Response(200, html="<h1>Welcome</h1>")
    with client_with(lambda _: page) as sutler, pytest.raises(client.UnexpectedAnswerError, match="cannot be underst"):
        sutler.whoami()


def test_a_server_that_cannot_be_reached_is_named() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with client_with(refuse) as sutler, pytest.raises(client.UnreachableError, match=r"http://sutler\.test cannot be"):
        sutler.whoami()


def test_a_busy_server_is_asked_again_after_the_pause_that_it_names(pauses: list[float]) -> None:
    answers = [
        httpx.Response(503, json={}, headers={"Retry-After": "3"}),
        httpx.Response(200, json={"items": [], "next_cursor": None}),
    ]
    with client_with(lambda _: answers.pop(0)) as sutler:
        assert sutler.list_experiments().items == ()
    assert len(pauses) == 1
    assert 3 <= pauses[0] <= 4


def test_a_server_that_stays_busy_is_asked_four_times(pauses: list[float]) -> None:
    with client_with(lambda _: problem(503)) as sutler, pytest.raises(client.UnavailableError):
        sutler.list_experiments()
    assert len(pauses) == 3


def test_a_change_is_asked_once_but_a_launch_again_with_the_same_key(pauses: list[float]) -> None:
    keys: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers.get("Idempotency-Key"))
        return problem(503)

    with client_with(answer) as sutler:
        with pytest.raises(client.UnavailableError):
            sutler.create_experiment("nova")
        assert keys == [None]
        with pytest.raises(client.UnavailableError):
            sutler.launch_stage(3)
    assert len(keys) == 5
    assert keys[1] is not None
    assert len(set(keys[1:])) == 1


def test_iterating_goes_through_all_pages() -> None:
    pages = {
        None: {"items": [{"username": "a", "display_name": "", "role": "analysis"}], "next_cursor": "2"},
        "2": {"items": [{"username": "b", "display_name": "", "role": "analysis"}], "next_cursor": None},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=pages[request.url.params.get("cursor")])

    with client_with(answer) as sutler:

        def list_members(*, cursor: str | None = None) -> Page[Member]:
            return sutler.get(Page[Member], "/api/v1/experiments/x/members", cursor=cursor)

        assert [member.username for member in sutler.iterate(list_members)] == ["a", "b"]


def test_names_in_paths_are_quoted_and_keep_their_slashes() -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return problem(404)

    with client_with(answer) as sutler, pytest.raises(client.NotFoundError):
        sutler.get_dataset("demo:2026/a b:c")
    assert seen == [b"/api/v1/datasets/demo/2026/a%20b%3Ac"]


def test_a_change_names_the_revision_that_was_looked_at() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return problem(412)

    with client_with(answer) as sutler:
        for revision in (7, 0):
            with pytest.raises(client.ChangedMeanwhileError):
                sutler.edit_campaign(3, CampaignChange(name="x"), revision=revision)
    assert [request.headers["If-Match"] for request in seen] == ['"7"', "*"]


def test_a_launch_that_waits_says_where_and_why() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(202, json={"submission_id": None, "queued_id": 5, "reason": "Launches are on hold."})

    with client_with(answer) as sutler:
        assert sutler.request_launch(3).queued_id == 5
        with pytest.raises(client.QueuedError, match=r"in the queue as 5\. Launches are on hold\.") as queued:
            sutler.launch_stage(3)
    assert (queued.value.queued_id, queued.value.reason) == (5, "Launches are on hold.")


def test_what_is_asked_in_the_address_of_a_change_stays_there() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return problem(409)

    with client_with(answer) as sutler:
        with pytest.raises(client.ConflictError):
            sutler.send(Member, "POST", "/x?a=1")
        with pytest.raises(client.ConflictError):
            sutler.send(Member, "POST", "/x", filters={"b": [1, 2]})
    assert [request.url.query for request in seen] == [b"a=1", b"b=1&b=2"]
