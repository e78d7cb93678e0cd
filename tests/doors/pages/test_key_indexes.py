"""The page of indexes on metadata keys."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.scene import Scene

from sutler import catalog
from sutler.auth import SYSTEM

ADDRESS = "catalog/indexes"


async def build_all(scene: Scene) -> None:
    while await catalog.build_key_indexes(scene.db):
        pass


@pytest.fixture
async def admin(browser: Browser, scene: Scene) -> AsyncIterator[Browser]:
    """A browser in which the administrator is signed in. Indexes are given up afterwards: tests share the tables."""
    await browser.sign_in("admin")
    yield browser
    for one in await catalog.list_indexed_keys(scene.db, SYSTEM):
        await catalog.drop_key_index(scene.db, SYSTEM, key=one.key, kind=one.kind)
    await build_all(scene)


async def test_an_administrator_asks_for_an_index_sees_it_ready_and_gives_it_up(admin: Browser, scene: Scene) -> None:
    page = await admin.get(ADDRESS)
    assert "No indexes yet" in page.text
    assert "every 4s" not in page.text
    reply = await admin.post(f"{ADDRESS}/add", page, key=" core.number ", kind="number")
    assert (reply.status_code, reply.headers["location"]) == (303, "/catalog/indexes")
    page = await admin.get(ADDRESS)
    assert "chip-building" in page.text
    assert "every 4s" in page.text
    await build_all(scene)
    page = await admin.get(ADDRESS)
    assert "chip-ready" in page.text
    assert "ranges of numbers and times" in page.text
    assert (await admin.post(f"{ADDRESS}/drop", page, key="core.number", kind="number")).status_code == 303
    assert "chip-dropping" in (await admin.get(ADDRESS)).text
    await build_all(scene)
    assert "No indexes yet" in (await admin.get(ADDRESS)).text


async def test_an_index_that_failed_says_why_and_can_be_tried_again(admin: Browser, scene: Scene) -> None:
    page = await admin.get(ADDRESS)
    await admin.post(f"{ADDRESS}/add", page, key="core.number", kind="text")
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE catalog.indexed_keys SET state = 'failed', reason = 'the disk is full'")
    page = await admin.get(ADDRESS)
    assert "the disk is full" in page.text
    assert "Try again" in page.text
    await admin.post(f"{ADDRESS}/add", page, key="core.number", kind="text")
    assert "chip-building" in (await admin.get(ADDRESS)).text


@pytest.mark.parametrize(("key", "kind"), [("number", "number"), ("core.number", "letters"), ("", "text")])
async def test_a_wish_that_cannot_be_comes_back_with_the_form(admin: Browser, key: str, kind: str) -> None:
    page = await admin.get(ADDRESS)
    reply = await admin.post(f"{ADDRESS}/add", page, key=key, kind=kind)
    assert reply.status_code == 422
    assert 'id="problem"' in reply.text
    assert f'name="key" value="{key}"' in reply.text


async def test_giving_up_what_is_not_there_is_a_page_that_says_so(admin: Browser) -> None:
    page = await admin.get(ADDRESS)
    assert (await admin.post(f"{ADDRESS}/drop", page, key="core.none", kind="text")).status_code == 404
    assert (await admin.post(f"{ADDRESS}/drop", key="core.none", kind="text")).status_code == 403


async def test_it_takes_an_administrator(producer: Browser) -> None:
    assert (await producer.get(ADDRESS)).status_code == 403
    search = await producer.get("search")
    assert "to-indexes" not in search.text
    reply = await producer.post(f"{ADDRESS}/add", search, key="core.number", kind="number")
    assert reply.status_code == 403
