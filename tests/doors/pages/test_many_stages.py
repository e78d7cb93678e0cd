"""The page of a campaign with more stages than are drawn at once."""

from __future__ import annotations

import re

import pytest
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.scene import Scene

from sutler import campaigns
from sutler.campaigns import NewCampaign, NewDependency, NewStage, StageSettings

DRAWN, STAGES = 200, 203
NAMES = [f"s{number:03}" for number in range(STAGES)]


@pytest.fixture
async def campaign_id(scene: Scene) -> int:
    """A campaign in which each stage feeds the next one."""
    said = StageSettings(dataset_query="files from nova:raw")
    new = NewCampaign(
        "nova",
        "long",
        stages=tuple(NewStage(name, "copy", "here", said) for name in NAMES),
        dependencies=tuple(NewDependency(name, NAMES[at + 1]) for at, name in enumerate(NAMES[:-1])),
    )
    return (await campaigns.create_campaign(scene.db, scene.producer, new=new)).id


def list_drawn(text: str) -> list[str]:
    return re.findall(r'class="stage-name"[^>]*>([^<]+)</a>', text)


def find_link(text: str, words: str) -> str:
    found = re.search(rf'href="/([^"]*)">{words}</a>', text)
    assert found, words
    return found[1].replace("&amp;", "&")


async def test_a_long_campaign_is_drawn_in_pages_and_says_so(producer: Browser, campaign_id: int) -> None:
    first = (await producer.get(f"campaigns/{campaign_id}")).text
    assert list_drawn(first) == NAMES[:DRAWN]
    assert "203 stages: not all are drawn, but 200 of them, the first" in first
    assert first.count('class="arrow"') == DRAWN - 1
    assert "First stages" not in first
    second = (await producer.get(find_link(first, "Next stages"))).text
    assert list_drawn(second) == NAMES[DRAWN:]
    assert second.count('class="arrow"') == STAGES - DRAWN - 1
    assert "Next stages" not in second
    assert list_drawn((await producer.get(find_link(second, "First stages"))).text) == NAMES[:DRAWN]


async def test_the_part_that_changes_stays_on_its_page_of_stages(producer: Browser, campaign_id: int) -> None:
    first = (await producer.get(f"campaigns/{campaign_id}")).text
    second = (await producer.get(find_link(first, "Next stages"))).text
    [part] = re.findall(r'hx-get="/([^"]*/part[^"]*)"', second)
    assert list_drawn((await producer.get(part)).text) == NAMES[DRAWN:]


async def test_a_campaign_that_is_drawn_whole_says_nothing_of_it(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    view = await campaigns.view_stage(scene.db, scene.producer, stage_id=stages[0])
    text = (await producer.get(f"campaigns/{view.campaign.id}")).text
    assert len(list_drawn(text)) == len(stages)
    assert "not all are drawn" not in text
    assert "Next stages" not in text


async def test_the_form_of_dependencies_has_those_of_all_pages(producer: Browser, campaign_id: int) -> None:
    text = (await producer.get(f"campaigns/{campaign_id}/dependencies")).text
    assert text.count(f"<option selected>{NAMES[-1]}</option>") == 1
    assert text.count(f"<option selected>{NAMES[1]}</option>") == 2


async def test_a_place_among_the_stages_that_no_page_gave_out_is_refused(producer: Browser, campaign_id: int) -> None:
    assert (await producer.get(f"campaigns/{campaign_id}?stages=nonsense")).status_code == 422
