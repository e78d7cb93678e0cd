"""Login setups are tried out on their page; it and that of job types say who uses them."""

from __future__ import annotations

import re

import pytest
from tests.doors.pages.browser import Browser, find_field
from tests.integration.campaigns.scene import Scene
from tests.waiting import wait_until

from sutler import campaigns, launch
from sutler.campaigns import NewCampaign, NewLoginSetup, NewStage, StageSettings
from sutler.pages import job_types, login_setups

USE = re.compile(r'<li><a href="/campaigns/[0-9]+">(\w+)</a> (?:<span class="dim">|/ <a [^>]*>)([\w ]+)')
SETTINGS = StageSettings(dataset_query="files from nova:raw")


@pytest.mark.parametrize(
    ("text", "title", "said"),
    [
        ("echo hello from %(experiment)s", "it works", "hello from nova"),
        ("echo no such <product> >&2; exit 3", "it did not come to its end", "no such &lt;product&gt;"),
    ],
)
async def test_login_setup_is_tried_and_its_page_shows_what_came_of_it(
    producer: Browser, scene: Scene, text: str, title: str, said: str
) -> None:
    setup = await campaigns.save_login_setup(scene.db, scene.producer, new=NewLoginSetup("nova", "tried", setup=text))
    at = f"login-setups/{setup.id}"
    page = await producer.get(at)
    key = find_field(page, "key")
    first = await producer.post(f"{at}/try", page, key=key)
    second = await producer.post(f"{at}/try", page, key=key)
    assert first.headers["location"] == second.headers["location"], "a form sent twice tries once"
    trial = first.headers["location"].lstrip("/")

    async def is_over() -> bool:
        await launch.poll_launches(scene.db, scene.launcher.backends)
        return "Look again" not in (await producer.get(trial)).text

    await wait_until(is_over)
    shown = (await producer.get(trial)).text
    assert f"Trial: {title}" in shown
    assert said in shown
    assert (await producer.post(f"{at}/try", page, key="no key")).status_code == 422


@pytest.mark.parametrize("kind", ["job-types", "login-setups"])
async def test_page_says_which_campaigns_and_stages_use_it_page_by_page(
    producer: Browser, scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for number in range(3):
        stages = (NewStage("own", "copy", "here", settings=SETTINGS), NewStage("from above", settings=SETTINGS))
        new = NewCampaign("nova", f"c{number}", stages=stages, default_job_type="copy", default_login_setup="here")
        campaign = await campaigns.create_campaign(scene.db, scene.producer, new=new)
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    await campaigns.remove_stage(scene.db, scene.producer, stage_id=view.stages[0].id)
    monkeypatch.setattr(job_types, "USERS_PER_PAGE", 4)
    monkeypatch.setattr(login_setups, "USERS_PER_PAGE", 4)
    listed = await producer.get(kind)
    path = re.findall(rf'href="/({kind}/[0-9]+)"', listed.text)[0]
    seen = []
    address: str | None = path
    while address:
        text = (await producer.get(address)).text
        users = text[text.index('id="users"') :]
        seen += re.findall(
            r'<li><a href="/campaigns/[0-9]+">(\w+)</a> (?:<span class="dim">|/ <a [^>]*>)([\w ]+)', users
        )
        more = re.search(r'href="/([^"]*)">More</a>', users)
        address = more[1].replace("&amp;", "&") if more else None
    for_stages = "for those of its stages that name none"
    assert seen == [
        *(("c2", what) for what in (for_stages, "from above")),
        *((f"c{number}", what) for number in (1, 0) for what in (for_stages, "own", "from above")),
    ]
    first = (await producer.get(path)).text
    assert "inherited" in first
    if kind == "job-types":
        assert 'name="switch"' in first
        assert f'name="switch" value="{view.stages[0].id}"' not in first
