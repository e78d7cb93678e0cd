"""Submissions of all campaigns are looked for on one page."""

from __future__ import annotations

import re

import pytest
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.scene import Scene

from sutler.campaigns import NewStage, StageSettings
from sutler.pages import submission_search

SETTINGS = StageSettings(dataset_query="files from nova:raw")


def _list_ids(text: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="submission-([0-9]+)"', text)]


async def test_filters_choose_submissions_of_all_campaigns(producer: Browser, scene: Scene) -> None:
    [first] = await scene.make_campaign(NewStage("reco", "copy", "here", settings=SETTINGS))
    [second] = await scene.make_campaign(NewStage("ana", "copy", "here", settings=SETTINGS))
    one, other = await scene.launch(first), await scene.launch(second)
    test = await scene.launch(second, is_test=True)
    view = await scene.view(one)
    expected = {
        "": [test, other, one],
        "stage=rec": [one],
        "stage=a*": [test, other],
        f"campaign={view.campaign.name.upper()}": [one],
        f"campaign_id={view.campaign.id}": [one],
        f"stage_id={second}": [test, other],
        "tests=only": [test],
        "tests=no": [other, one],
        "by=pia&status=Created&cause=manual": [test, other, one],
        "by=ann": [],
        "cause=schedule": [],
        "batch=Cancelled": [],
        "since=2000-01-01": [test, other, one],
        "since=2999-01-01": [],
        "experiment=nova": [test, other, one],
    }
    found = {query: _list_ids((await producer.get(f"submissions?{query}")).text) for query in expected}
    assert found == expected
    page = (await producer.get(f"submissions?stage_id={second}&by=pia")).text
    assert f"Only of stage {second}" in page
    assert f'href="/campaigns/{view.campaign.id}"' not in page
    assert "No submission is like that" in (await producer.get("submissions?by=ann")).text


@pytest.mark.parametrize(
    "query", ["status=Ended", "batch=x", "cause=y", "since=yesterday", "campaign_id=x", "experiment=minos"]
)
async def test_filter_that_cannot_be_read_is_told_beside_the_form(producer: Browser, query: str) -> None:
    reply = await producer.get(f"submissions?{query}&by=somebody")
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text
    assert 'value="somebody"' in reply.text


async def test_pages_follow_each_other_and_keep_the_filters(
    producer: Browser, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    [stage] = await scene.make_campaign(NewStage("reco", "copy", "here", settings=SETTINGS))
    made = [await scene.launch(stage) for _ in range(5)]
    monkeypatch.setattr(submission_search, "SUBMISSIONS_PER_PAGE", 2)
    address, seen = "submissions?stage=reco", []
    while True:
        text = (await producer.get(address)).text
        seen += _list_ids(text)
        older = re.search(r'href="/([^"]*)">Older</a>', text)
        if older is None:
            break
        address = older[1].replace("&amp;", "&")
        assert "stage=reco" in address
    assert seen == made[::-1]
    assert 'href="/submissions?stage=reco">Newest</a>' in text


async def test_campaign_and_stage_lead_to_all_of_their_submissions(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    campaign_id = (await scene.view(await scene.launch(stages[0]))).campaign.id
    assert f'href="/submissions?campaign_id={campaign_id}"' in (await producer.get(f"campaigns/{campaign_id}")).text
    assert f'href="/submissions?stage_id={stages[0]}"' in (await producer.get(f"stages/{stages[0]}")).text
    assert 'href="/submissions"' in (await producer.get("")).text
