"""Pages of campaigns and stages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.campaigns import CampaignSummary, CampaignView, LaunchRequest, StageType, StageView, SubmissionSummary
from sutler.database.listing import Page
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.flow import Flow, lay_out_flow
from sutler.pages.live import join_subjects

CAMPAIGNS_PER_PAGE = 50


@dataclass(frozen=True)
class CampaignsPage:
    """The list of campaigns. `wish` is what stands in the search box."""

    campaigns: Page[CampaignSummary]
    wish: str
    is_first: bool


@dataclass(frozen=True)
class CampaignPage:
    """A campaign with the picture of its stages. `subjects` are what its live updates follow."""

    campaign_view: CampaignView
    flow: Flow
    subjects: str


@dataclass(frozen=True)
class StagePage:
    """A stage. `launch_key` makes a form that is sent twice launch once."""

    stage_view: StageView
    launch_key: str
    subjects: str

    @property
    def why_not(self) -> str:
        """Why it cannot be launched by hand; empty when it can."""
        stage = self.stage_view.stage
        if stage.held_at is not None:
            return "Release the stage to launch it."
        if stage.stage_type is StageType.REGULAR and not stage.dataset_query:
            return "It has no query: it is launched on the outputs of the stages that feed it."
        return ""


class CampaignPages:
    """Campaigns and stages: looking, launching, holding."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_campaigns(self, request: Request, name: str = "", after: str | None = None) -> Response:
        """The campaigns of one's experiments. A search without `*` finds the words anywhere in the name."""
        visit = await self._door.admit(request)
        wish = name.strip()
        pattern = wish if "*" in wish or not wish else f"*{wish}*"
        found = await campaigns.list_campaigns(
            self._db, visit.who, name=pattern or None, after=after, limit=CAMPAIGNS_PER_PAGE
        )
        return self._door.show(request, "campaigns.html", CampaignsPage(found, wish, after is None), visit=visit)

    async def show_campaign(self, request: Request, campaign_id: int) -> Response:
        """A campaign: its stages from left to right and its newest submissions."""
        return await self._show_campaign(request, campaign_id, "campaign.html")

    async def show_campaign_part(self, request: Request, campaign_id: int) -> Response:
        """The part of a campaign's page that changes."""
        return await self._show_campaign(request, campaign_id, "_campaign.html")

    async def show_stage(self, request: Request, stage_id: int) -> Response:
        """A stage: facts, buttons, its newest submissions."""
        return await self._show_stage(request, stage_id, "stage.html")

    async def show_stage_part(self, request: Request, stage_id: int) -> Response:
        """The part of a stage's page that changes."""
        return await self._show_stage(request, stage_id, "_stage.html")

    async def launch_stage(self, request: Request, stage_id: int, key: Annotated[UUID, Form()]) -> Response:
        """Launch, and go to the submission; the same form sent twice leads to the same one."""
        visit = await self._door.admit(request)
        submission_id = await campaigns.launch_stage(
            self._db,
            self._door.services.launcher,
            visit.who,
            request=LaunchRequest(stage_id=check_id("stage", stage_id), key=str(key)),
        )
        return self._door.send_to(request, f"/submissions/{submission_id}")

    async def hold_stage(self, request: Request, stage_id: int) -> Response:
        """Hold the launches of a stage."""
        return await self._hold_stage(request, stage_id, is_held=True)

    async def release_stage(self, request: Request, stage_id: int) -> Response:
        """Allow launches of a stage again."""
        return await self._hold_stage(request, stage_id, is_held=False)

    async def _show_campaign(self, request: Request, campaign_id: int, template: str) -> Response:
        visit = await self._door.admit(request)
        view = await campaigns.view_campaign(self._db, visit.who, campaign_id=check_id("campaign", campaign_id))
        flow = lay_out_flow(view.stages, view.dependencies, view.submissions)
        page = CampaignPage(view, flow, _name_subjects(f"campaign/{campaign_id}", view.submissions))
        return self._door.show(request, template, page, visit=visit)

    async def _show_stage(self, request: Request, stage_id: int, template: str) -> Response:
        visit = await self._door.admit(request)
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        page = StagePage(view, str(uuid4()), _name_subjects(f"stage/{stage_id}", view.submissions))
        return self._door.show(request, template, page, visit=visit)

    async def _hold_stage(self, request: Request, stage_id: int, *, is_held: bool) -> Response:
        visit = await self._door.admit(request)
        await campaigns.hold_stage(self._db, visit.who, stage_id=check_id("stage", stage_id), is_held=is_held)
        return self._door.send_to(request, f"/stages/{stage_id}")


def _name_subjects(first: str, submissions: Iterable[SubmissionSummary]) -> str:
    """Follow the thing itself and the files of its open submissions; a new submission is news of the thing."""
    projects = dict.fromkeys(f"project/{s.project_id}" for s in submissions if s.ended_at is None)
    return join_subjects([first, *projects])
