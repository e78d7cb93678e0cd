"""Several stages are held and released at once, after a question, with a result for each."""

from __future__ import annotations

import re

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene

from sutler import campaigns
from sutler.campaigns import NewSchedule, NewStage, StageSettings
from sutler.pages import stage_switches


@pytest.fixture
async def stages(scene: Scene) -> list[int]:
    """A campaign of three stages that nothing feeds."""
    settings = StageSettings(dataset_query="files from nova:raw")
    return await scene.make_campaign(*(NewStage(name, "copy", "here", settings=settings) for name in ("a", "b", "c")))


async def _find_campaign(scene: Scene, stage_id: int) -> int:
    return (await campaigns.view_stage(scene.db, scene.producer, stage_id=stage_id)).campaign.id


async def _list_held(scene: Scene, stages: list[int]) -> list[str]:
    views = [await campaigns.view_stage(scene.db, scene.producer, stage_id=stage_id) for stage_id in stages]
    return [view.stage.name for view in views if view.stage.held_at is not None]


async def _switch(browser: Browser, at: str, what: str, stages: list[int], **fields: str) -> dict[str, str]:
    """Tick stages, answer the question with yes, and return what became of each."""
    query = "&".join([f"what={what}", *(f"stage={stage_id}" for stage_id in stages)])
    question = await browser.get(f"{at}/change?{query}")
    assert question.status_code == 200, question.text
    hidden = re.findall(r'name="stage" value="([0-9]+)"', question.text)
    token = re.search(r'name="csrf" value="([^"]*)"', question.text)
    assert token is not None
    data = {"csrf": token[1], "what": what, "stage": hidden, **fields}
    reply = await browser.client.post(f"{at}/change", data=data)
    assert reply.status_code == 200, reply.text
    rows = re.findall(r"<tr><td><a[^>]*>(\w+)</a></td><td><span[^>]*>([^<]*)</span>", reply.text)
    return dict(rows)


async def test_stages_are_held_and_released_and_each_is_told_of(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=stages[0], is_held=True)
    assert await _switch(producer, at, "hold", stages[:2], reason="new <release>") == {
        "a": "was on hold before",
        "b": "on hold now",
    }
    assert await _list_held(scene, stages) == ["a", "b"]
    assert "new &lt;release&gt;" in (await producer.get(f"stages/{stages[1]}")).text
    assert (await producer.get(at)).text.count("chip-held") == 2
    assert await _switch(producer, at, "release", stages) == {"a": "released", "b": "released", "c": "was not on hold"}
    assert await _list_held(scene, stages) == []


async def test_schedules_of_several_stages_are_paused_and_resumed(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    for stage_id in stages[:2]:
        await campaigns.save_schedule(scene.db, scene.producer, stage_id=stage_id, new=NewSchedule("0 3 * * *"))
    assert await _switch(producer, at, "pause", stages) == {
        "a": "schedule is paused",
        "b": "schedule is paused",
        "c": "has no schedule that is active",
    }
    listed = (await producer.get(at)).text
    assert listed.count("paused by pia") == 2
    assert await _switch(producer, at, "resume", stages[1:]) == {
        "b": "schedule is resumed",
        "c": "has no schedule that is paused",
    }
    there = (await campaigns.list_schedules(scene.db, scene.producer)).items
    assert {one.stage: one.is_active for one in there} == {"a": False, "b": True}


async def test_hold_keeps_schedules_only_if_that_is_ticked(producer: Browser, scene: Scene, stages: list[int]) -> None:
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    for stage_id in stages[:2]:
        await campaigns.save_schedule(scene.db, scene.producer, stage_id=stage_id, new=NewSchedule("0 3 * * *"))
    await _switch(producer, at, "hold", stages[:1], keeps_schedule="yes")
    await _switch(producer, at, "hold", stages[1:2])
    there = (await campaigns.list_schedules(scene.db, scene.producer)).items
    assert {one.stage: one.is_active for one in there} == {"a": True, "b": False}


@pytest.mark.parametrize("query", ["what=hold", "what=burn&stage=1", "stage=1", "what=hold&stage=x"])
async def test_what_cannot_be_done_is_told_above_the_list(
    producer: Browser, scene: Scene, stages: list[int], query: str
) -> None:
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    reply = await producer.get(f"{at}/change?{query}")
    assert (reply.status_code, 'role="alert"' in reply.text) == (422, True)


async def test_stages_of_another_campaign_are_not_switched(producer: Browser, scene: Scene, stages: list[int]) -> None:
    [other] = await scene.make_campaign(
        NewStage("d", "copy", "here", settings=StageSettings(dataset_query="files from nova:raw"))
    )
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    page = await producer.get(f"{at}/change?what=hold&stage={stages[0]}")
    reply = await producer.post(f"{at}/change", page, what="hold", stage=str(other))
    assert reply.status_code == 422
    assert await _list_held(scene, [*stages, other]) == []


async def test_who_may_not_launch_looks_only(scene: Scene, stages: list[int], services: ServicesUnderTest) -> None:
    browser = Browser(make_app(services))
    await browser.sign_in("ann")
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    page = await browser.get(at)
    assert 'type="checkbox"' not in page.text
    assert (await browser.post(f"{at}/change", page, what="hold", stage=str(stages[0]))).status_code == 403
    assert await _list_held(scene, stages) == []


async def test_many_stages_stand_on_several_pages(
    producer: Browser, scene: Scene, stages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_switches, "STAGES_PER_PAGE", 2)
    at = f"campaigns/{await _find_campaign(scene, stages[0])}/stages"
    first = (await producer.get(at)).text
    following = re.search(r'href="/([^"]*)">Next stages</a>', first)
    assert following is not None
    second = (await producer.get(following[1].replace("&amp;", "&"))).text
    names = [re.findall(r'<a class="strong" href="/stages/[0-9]+">(\w+)</a>', text) for text in (first, second)]
    assert names == [["a", "b"], ["c"]]
