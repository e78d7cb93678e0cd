"""A campaign with more stages than one page holds, through the API and by command."""

from __future__ import annotations

import itertools
import json

import pytest
from tests.doors.rest.campaign_scene import make_templates
from tests.doors.rest.test_commands import (
    Run,
    address,  # noqa: F401 - a fixture
    ok,
    run,  # noqa: F401
    signed_in,  # noqa: F401
    surroundings,  # noqa: F401
)

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.campaigns import NewCampaign, NewDependency, NewStage

STAGES = 205
NAMES = [f"s{number}" for number in range(STAGES)]


@pytest.fixture
async def campaign_id(sutler: AsyncClient) -> int:
    """A campaign in which each stage feeds the next one."""
    await make_templates(sutler)
    stages = [NewStage(name, "simulate", "here", dataset_query="files") for name in NAMES]
    dependencies = [NewDependency(name, NAMES[at + 1]) for at, name in enumerate(NAMES[:-1])]
    made = await sutler.create_campaign(NewCampaign("local", "long", {}, tuple(stages), tuple(dependencies)))
    return made.id


async def test_stages_come_in_pages_in_the_order_of_the_campaign(sutler: AsyncClient, campaign_id: int) -> None:
    first = await sutler.list_stages(campaign_id)
    assert [stage.name for stage in first.items] == NAMES[:100]
    second = await sutler.list_stages(campaign_id, limit=60, cursor=first.next_cursor)
    assert [stage.name for stage in second.items] == NAMES[100:160]
    third = await sutler.list_stages(campaign_id, cursor=second.next_cursor)
    assert [stage.name for stage in third.items] == NAMES[160:]
    assert third.next_cursor is None


async def test_a_page_goes_on_behind_a_stage_that_was_removed_since(sutler: AsyncClient, campaign_id: int) -> None:
    last = STAGES - 1
    first = await sutler.list_stages(campaign_id, limit=last)
    await sutler.add_stage(campaign_id, NewStage("behind", "simulate", "here", dataset_query="files"))
    await sutler.remove_stage(first.items[-1].id)
    page = await sutler.list_stages(campaign_id, cursor=first.next_cursor)
    assert [stage.name for stage in page.items] == [NAMES[last], "behind"]
    assert (await sutler.view_campaign(campaign_id)).stage_count == STAGES


@pytest.mark.parametrize("cursor", ["x", "1", "1.x", "9999999999.1", "1.9999999999999999999", "-.1", "1\u0661.1"])
async def test_a_cursor_that_no_page_gave_out_is_refused(sutler: AsyncClient, campaign_id: int, cursor: str) -> None:
    with pytest.raises(client.InvalidInputError, match="cursor"):
        await sutler.list_stages(campaign_id, cursor=cursor)


async def test_a_view_shows_the_first_stages_and_says_how_many_there_are(sutler: AsyncClient, campaign_id: int) -> None:
    view = await sutler.view_campaign(campaign_id)
    assert ([stage.name for stage in view.stages], view.stage_count) == (NAMES[:200], STAGES)
    assert [one.upstream_stage for one in view.dependencies] == NAMES[:200]
    rest = await sutler.list_stages(campaign_id, cursor=view.next_stages_cursor)
    assert [stage.name for stage in rest.items] == NAMES[200:]
    dependencies = (await sutler.list_dependencies(campaign_id)).items
    assert [(one.upstream_stage, one.downstream_stage) for one in dependencies] == list(itertools.pairwise(NAMES))


@pytest.mark.row(134)
async def test_the_command_lists_as_many_stages_as_it_is_told(
    signed_in: Run,  # noqa: F811
    campaign_id: int,
) -> None:
    do = signed_in
    assert len(json.loads(await ok(do("stage", "list", campaign_id, "--json")))) == 100
    listed = json.loads(await ok(do("stage", "list", campaign_id, "--limit", STAGES, "--json")))
    assert [stage["name"] for stage in listed] == NAMES
    assert f"5 more: sutler stage list {campaign_id} --limit {STAGES}" in await ok(do("campaign", "show", campaign_id))
