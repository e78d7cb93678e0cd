"""Pages that are looked at hear of changes, and only those who may."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene

from sutler import auth
from sutler.pages import live


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses of the stream, a tenth as long."""
    monkeypatch.setattr(live, "DEBOUNCE_SECONDS", 0.025)
    monkeypatch.setattr(live, "SPACING_SECONDS", 0.075)


async def _hear(heard: asyncio.Queue[str]) -> str:
    return await asyncio.wait_for(heard.get(), 10)


async def test_change_of_a_file_reaches_the_page_of_its_submission(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    submission_id = await scene.launch(stages[0])
    page = (await producer.get(f"submissions/{submission_id}")).text
    found = re.search(r'sse-connect="([^"]+)"', page)
    assert found is not None
    async with producer.listen(found[1]) as heard:
        assert await _hear(heard) == "200"
        assert live.CHANGED in await _hear(heard)
        await scene.work_off(submission_id)
        assert await _hear(heard) == live.CHANGED
    text = (await producer.get(f"submissions/{submission_id}/progress")).text
    assert re.search(r'id="percent">100<', text)


async def test_burst_of_changes_is_one_message(producer: Browser, scene: Scene, stages: list[int]) -> None:
    async with producer.listen(f"/live?subjects=stage/{stages[0]}") as heard:
        await _hear(heard)
        await _hear(heard)
        for _ in range(50):
            scene.db.notices.post([f"stage/{stages[0]}"])
        assert await _hear(heard) == live.CHANGED
        scene.db.notices.post(["stage/999999"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.get(), 0.4)


async def test_quiet_stream_looks_again_and_ends_with_the_session(
    producer: Browser, scene: Scene, stages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.05)
    async with producer.listen(f"/live?subjects=stage/{stages[0]}") as heard:
        assert await _hear(heard) == "200"
        assert live.CHANGED in await _hear(heard)
        assert await _hear(heard) == live.CHANGED
        await producer.post("sign-out", await producer.get(""))
        pieces = [await _hear(heard)]
        while pieces[-1] != "end":
            pieces.append(await _hear(heard))
        assert set(pieces) <= {live.CHANGED, "end"}


async def test_only_those_who_may_see_a_thing_may_follow_it(
    services: ServicesUnderTest, scene: Scene, stages: list[int]
) -> None:
    async with scene.db.connection() as connection:
        admin_id = await connection.fetchval("SELECT id FROM auth.users WHERE username = 'admin'")
    admin = await auth.get_principal_of(scene.db, user_id=admin_id)
    await auth.create_user(scene.db, admin, username="eve", password="correct horse")
    submission_id = await scene.launch(stages[0])
    view = await scene.view(submission_id)
    eve = Browser(make_app(services))
    await eve.sign_in("eve")
    for subject in (
        f"stage/{stages[0]}",
        f"submission/{submission_id}",
        f"campaign/{view.campaign.id}",
        f"project/{view.submission.project_id}",
    ):
        assert (await eve.get(f"live?subjects={subject}")).status_code == 403


async def test_nobody_follows_without_signing_in(browser: Browser) -> None:
    async with browser.listen("/live?subjects=stage/1") as heard:
        assert await _hear(heard) == "401"


@pytest.mark.parametrize(
    ("subjects", "status"),
    [
        ("", 422),
        ("user/1", 422),
        ("*", 422),
        ("stage/x", 404),
        ("stage/999999", 404),
        (",".join(["stage/1"] * 21), 422),
    ],
)
async def test_unusable_subjects_are_refused(producer: Browser, subjects: str, status: int) -> None:
    assert (await producer.get(f"live?subjects={subjects}")).status_code == status


async def test_streams_are_bounded_and_counted_back(
    producer: Browser, stages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_STREAMS_PER_USER", 1)
    address = f"/live?subjects=stage/{stages[0]}"
    for _ in range(2):
        async with producer.listen(address) as heard:
            await _hear(heard)
            await _hear(heard)
            assert (await producer.get(address[1:])).status_code == 429
