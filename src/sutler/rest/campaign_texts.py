"""Campaigns as text: what a text would change, changing it, writing one down, samples to begin with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from sutler import campaigns
from sutler.rest.context import Here, Once
from sutler.rest.parameters import Id
from sutler.rest.showing import show, show_all
from sutler.wire import plans as wire
from sutler.wire.page import Page

Form = Annotated[Literal["toml", "ini"], Query(description="`toml`, or `ini` as the predecessor had it.")]


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The text."}
}


def add_routes(router: APIRouter) -> None:
    """Add the routes of texts."""
    router.post("/campaign_texts/plan")(plan_campaign)
    router.post("/campaign_texts/apply")(apply_campaign)
    router.get("/campaigns/{campaign_id}/text", responses=_TEXT)(export_campaign)
    router.get("/campaign_samples")(list_samples)
    router.get("/campaign_samples/{name}")(get_sample)


async def plan_campaign(here: Here, body: wire.CampaignText) -> wire.CampaignPlan:
    """Say what applying a text would change, per part, and how many files of each stage it touches.

    Nothing is changed. What is wrong with the text is among the problems, all at once.
    """
    plan = await campaigns.plan_campaign(
        here.db, here.who, text=body.text, file_name=body.file_name, experiment=body.experiment
    )
    return show(
        wire.CampaignPlan,
        plan,
        changes=show_all(wire.PlannedChange, plan.changes),
        effects=show_all(wire.StageEffect, plan.effects),
    )


async def apply_campaign(here: Once, body: wire.CampaignText) -> wire.AppliedPlan:
    """Make the campaign what a text says: created or changed as a whole, or left as it is.

    Stages are matched by name; those that the text does not have leave the campaign, with their history kept.
    """
    done = await campaigns.apply_campaign(
        here.db,
        here.who,
        text=body.text,
        file_name=body.file_name,
        experiment=body.experiment,
        revision=body.revision,
    )
    return show(
        wire.AppliedPlan,
        done,
        stages=tuple(wire.AppliedStage(stage_id, name) for stage_id, name in done.stages),
        changes=show_all(wire.PlannedChange, done.changes),
    )


async def export_campaign(here: Here, campaign_id: Id, form: Form = "toml") -> PlainTextResponse:
    """Write a campaign down with everything that belongs to it. What is read back is the same."""
    return PlainTextResponse(await campaigns.export_campaign(here.db, here.who, campaign_id=campaign_id, form=form))


async def list_samples(_here: Here) -> Page[wire.Sample]:
    """List campaigns to look at and to begin with."""
    return Page(show_all(wire.Sample, campaigns.list_samples()))


async def get_sample(_here: Here, name: str) -> wire.Sample:
    """Show a campaign to begin with, as a text to which an experiment and a name are given."""
    return show(wire.Sample, campaigns.get_sample(name))
