"""Searching projects by GET /projects?q=, by the Python client and on the command line."""

from __future__ import annotations

import httpx
import pytest
from tests.doors.rest.conftest import SutlerOf

from sutler.client import ApiError, AsyncClient
from sutler.wire.auth import NewUser
from sutler.wire.dispatch import NewHandle, NewProject

FILES = (NewHandle("demo", "a.root"),)


async def make_project(sutler: AsyncClient, number: int, *, experiment: str = "local") -> int:
    new = NewProject(experiment, FILES, attributes={"n": number, "tags": ["nightly"]}, is_virtual=True)
    return (await sutler.create_project(new)).project_id


@pytest.fixture
async def ids(sutler: AsyncClient) -> list[int]:
    """Projects whose attribute n is their place in this list."""
    return [await make_project(sutler, number) for number in range(4)]


async def find(client: AsyncClient, query: str, **filters: str) -> list[int]:
    return [project.id for project in (await client.list_projects(query=query, **filters)).items]  # type: ignore[arg-type]


async def test_a_search_finds_projects_newest_first(sutler: AsyncClient, ids: list[int]) -> None:
    assert await find(sutler, "n in 1:2 and tags[any] = nightly") == [ids[2], ids[1]]
    assert await find(sutler, "n > 5") == []
    assert await find(sutler, " ") == ids[::-1]


async def test_a_search_narrows_the_other_filters(sutler: AsyncClient, ids: list[int]) -> None:
    await sutler.cancel_project(ids[1])
    assert await find(sutler, "n < 3", state="cancelled", owner="admin", experiment="local") == [ids[1]]
    assert await find(sutler, "state = cancelled or n = 0") == [ids[1], ids[0]]


async def test_the_pages_of_a_search_hold_each_project_once(sutler: AsyncClient, ids: list[int]) -> None:
    found = [p.id async for p in sutler.iterate(sutler.list_projects, query="! (n = 2)", limit=1)]
    assert found == [ids[3], ids[1], ids[0]]


async def test_a_search_finds_nothing_that_the_caller_may_not_see(
    sutler: AsyncClient, sutler_of: SutlerOf, ids: list[int]
) -> None:
    await sutler.create_experiment("other")
    hidden = await make_project(sutler, 0, experiment="other")
    await sutler.create_user(NewUser("anna", "anna-password", "Anna"))
    await sutler.set_member("local", "anna", "analysis")
    anna = await sutler_of("anna")
    assert await find(sutler, "n = 0") == [hidden, ids[0]]
    assert await find(anna, "n = 0 or n not in (0)") == ids[::-1]
    assert await find(anna, f"id = {hidden}") == []


@pytest.mark.parametrize(
    ("query", "code", "facts"),
    [
        ("n = 1 nad x", "dispatch.search_syntax", {"line": 1, "column": 7, "suggestion": "and"}),
        ("n = 1 and\n id ~ x", "dispatch.search_meaning", {"line": 2, "column": 2, "excerpt": " id ~ x\n ^"}),
        ("n = 1 and x ~ '('", "dispatch.unreadable_search", {}),
        ("owner ~ '['", "dispatch.unreadable_search", {}),
    ],
)
async def test_a_search_that_cannot_be_used_is_refused_with_the_place(
    sutler: AsyncClient, ids: list[int], query: str, code: str, facts: dict[str, object]
) -> None:
    with pytest.raises(ApiError) as caught:
        await sutler.list_projects(query=query)
    assert (caught.value.status, caught.value.code) == (422, code)
    assert facts.items() <= caught.value.facts.items()


async def test_a_search_needs_a_token(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/projects", params={"q": "n = 1"})).status_code == 401
