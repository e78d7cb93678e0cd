"""Campaigns as text through the API and by command: planned, applied, compared, written down."""

from __future__ import annotations

import httpx
import pytest
from tests.doors.rest.campaign_scene import CAMPAIGN, make_templates

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.plans import CampaignText

pytestmark = pytest.mark.row(133, 134)


@pytest.fixture
async def campaign_id(sutler: AsyncClient) -> int:
    """A campaign of a generator that feeds a second stage."""
    await make_templates(sutler)
    return (await sutler.create_campaign(CAMPAIGN)).id


@pytest.mark.row(123, 125)
@pytest.mark.parametrize("form", ["toml", "ini"])
async def test_what_is_written_down_and_read_back_changes_nothing(
    admin: httpx.AsyncClient, sutler: AsyncClient, campaign_id: int, form: str
) -> None:
    reply = await admin.get(f"/campaigns/{campaign_id}/text?form={form}")
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/plain")
    text = CampaignText(reply.text, f"spring.{form}", "local")
    plan = await sutler.plan_campaign(text)
    assert (plan.campaign_id, plan.changes, plan.problems) == (campaign_id, (), ())
    done = await sutler.apply_campaign(text)
    assert (done.campaign_id, done.changes) == (campaign_id, ())
    assert (await sutler.view_campaign(campaign_id)).campaign.revision == plan.revision


@pytest.mark.row(124)
async def test_a_text_is_planned_then_applied_on_what_was_planned_on(sutler: AsyncClient, campaign_id: int) -> None:
    text = (await sutler.export_campaign(campaign_id)).replace("unit_count = 3", "unit_count = 30")
    plan = await sutler.plan_campaign(CampaignText(text, "spring.toml"))
    [change] = plan.changes
    assert (change.kind, change.before, change.after) == ("changed", "3", "30")
    assert "generate" in change.where
    assert [(one.stage, one.kind) for one in plan.effects] == [("generate", "changed"), ("reconstruct", None)]
    assert (await sutler.list_stages(campaign_id)).items[0].name == "generate"
    done = await sutler.apply_campaign(CampaignText(text, "spring.toml", revision=plan.revision), key="once")
    assert [stage.name for stage in done.stages] == ["generate", "reconstruct"]
    assert (await sutler.view_stage(done.stages[0].id)).stage.unit_count == 30
    again = await sutler.apply_campaign(CampaignText(text, "spring.toml", revision=plan.revision), key="once")
    assert again == done
    with pytest.raises(client.ChangedMeanwhileError):
        await sutler.apply_campaign(CampaignText(text, "spring.toml", revision=plan.revision))


@pytest.mark.row(124)
async def test_what_is_wrong_with_a_text_is_told_at_once_and_nothing_is_saved(
    sutler: AsyncClient, campaign_id: int
) -> None:
    text = (
        (await sutler.export_campaign(campaign_id))
        .replace("unit_count = 3", 'unit_count = 3\nsplit_type = "halves"')
        .replace('name = "spring"', 'name = "summer"')
    )
    plan = await sutler.plan_campaign(CampaignText(text, "summer.toml"))
    assert plan.problems
    with pytest.raises(client.InvalidInputError):
        await sutler.apply_campaign(CampaignText(text, "summer.toml"))
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.plan_campaign(CampaignText("[campaign", "summer.toml"))
    assert refused.value.code == "campaigns.text"
    assert [one.name for one in (await sutler.list_campaigns()).items] == ["spring"]


@pytest.mark.row(130)
async def test_samples_are_listed_and_make_campaigns(sutler: AsyncClient) -> None:
    names = [sample.name for sample in (await sutler.list_samples()).items]
    assert "monte_carlo" in names
    sample = await sutler.get_sample("monte_carlo")
    done = await sutler.apply_campaign(CampaignText(sample.text, "monte_carlo.toml", "local"))
    assert [stage.name for stage in done.stages][:3] == ["gen", "g4", "detsim"]
    with pytest.raises(client.NotFoundError):
        await sutler.get_sample("none")


async def test_members_read_texts_and_may_not_apply_them(anna: AsyncClient, campaign_id: int) -> None:
    text = (await anna.export_campaign(campaign_id)).replace("unit_count = 3", "unit_count = 30")
    plan = await anna.plan_campaign(CampaignText(text, "spring.toml"))
    assert len(plan.changes) == 1
    with pytest.raises(client.NotPermittedError):
        await anna.apply_campaign(CampaignText(text, "spring.toml"))
