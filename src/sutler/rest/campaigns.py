"""Login setups, job types, campaigns and stages: what is to run, and when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sutler import campaigns
from sutler.rest import (
    campaign_changes,
    campaign_texts,
    holds,
    schedules,
    splits,
    stage_launches,
    stages,
    templates,
)
from sutler.rest.campaign_shapes import read_dependencies, read_settings, read_stage, show_campaign
from sutler.rest.context import Here, Once
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit
from sutler.rest.revisions import tell_revision
from sutler.rest.showing import show, show_all, show_page
from sutler.rest.submission_shapes import show_submission
from sutler.wire import campaigns as wire
from sutler.wire import submissions as wire_submissions
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of definitions and launches; those of submissions are in `submissions`."""
    templates.add_routes(router)
    router.get("/campaigns")(list_campaigns)
    router.post("/campaigns", status_code=201)(create_campaign)
    router.get("/campaigns/{campaign_id}")(view_campaign)
    router.get("/campaigns/{campaign_id}/stages")(list_stages)
    router.get("/campaigns/{campaign_id}/dependencies")(list_dependencies)
    campaign_changes.add_routes(router)
    campaign_texts.add_routes(router)
    stages.add_routes(router)
    stage_launches.add_routes(router)
    splits.add_routes(router)
    schedules.add_routes(router)
    holds.add_routes(router)


async def list_campaigns(
    here: Here,
    *,
    experiment: Experiment = None,
    name: str | None = None,
    is_active: Annotated[bool | None, Query(description="Only active ones, or only the others.")] = None,
    is_mine: Annotated[bool | None, Query(description="Only one's own, or only those of others.")] = None,
    is_production: Annotated[bool | None, Query(description="Only of production, or only of analysis.")] = None,
    is_watched: Annotated[bool, Query(description="Only those on one's watch list.")] = False,
    tag: Annotated[str | None, Query(description="Only those with this tag.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.CampaignSummary]:
    """List campaigns, newest first. `name` may hold `*`."""
    page = await campaigns.list_campaigns(
        here.db,
        here.who,
        experiment=experiment,
        name=name,
        is_active=is_active,
        is_mine=is_mine,
        is_production=is_production,
        is_watched=is_watched,
        tag=tag,
        after=cursor,
        limit=limit,
    )
    return show_page(page, lambda campaign: show(wire.CampaignSummary, campaign))


async def create_campaign(here: Once, response: Response, body: wire.NewCampaign) -> wire.Campaign:
    """Make a campaign with its stages and dependencies, all or nothing."""
    given = {name: item for name, item in vars(body).items() if name not in {"stages", "dependencies", "defaults"}}
    new = campaigns.NewCampaign(
        **given,
        stages=tuple(map(read_stage, body.stages)),
        dependencies=read_dependencies(body.dependencies),
        defaults=read_settings(body.defaults),
    )
    created = await campaigns.create_campaign(here.db, here.who, new=new)
    tell_revision(response, created.revision)
    return show_campaign(created)


async def view_campaign(here: Here, response: Response, campaign_id: Id) -> wire_submissions.CampaignView:
    """Show a campaign with its newest submissions and its first 200 stages, with the dependencies that touch these."""
    view = await campaigns.view_campaign(here.db, here.who, campaign_id=campaign_id)
    tell_revision(response, view.campaign.revision)
    return wire_submissions.CampaignView(
        campaign=show_campaign(view.campaign),
        stages=show_all(wire.StageSummary, view.stages),
        dependencies=show_all(wire.Dependency, view.dependencies),
        submissions=tuple(map(show_submission, view.submissions)),
        stage_count=view.stage_count,
        next_stages_cursor=view.next_stages_cursor,
    )


async def list_stages(
    here: Here, campaign_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire.StageSummary]:
    """List the stages of a campaign, in order."""
    page = await campaigns.list_stages(here.db, here.who, campaign_id=campaign_id, after=cursor, limit=limit)
    return show_page(page, lambda stage: show(wire.StageSummary, stage))


async def list_dependencies(here: Here, campaign_id: Id) -> Page[wire.Dependency]:
    """List what feeds what in a campaign: all of it, in order."""
    found = await campaigns.list_dependencies(here.db, here.who, campaign_id=campaign_id)
    return Page(show_all(wire.Dependency, found))
