"""Pages of campaigns: the list with its filters, and one campaign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action, Role, Thing
from sutler.campaigns import Campaign, CampaignSummary, CampaignView, SubmissionSummary
from sutler.database.listing import Page
from sutler.pages.addresses import check_id
from sutler.pages.default_templates import name_default_job_type, name_default_login_setup
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names
from sutler.pages.flow import Flow, lay_out_flow
from sutler.pages.live import join_subjects
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.setting_words import SettingInForce, list_said
from sutler.pages.troubles import Trouble, choose_status

CAMPAIGNS_PER_PAGE = 50


@dataclass(frozen=True)
class CampaignWish:
    """The filters of the list, as they stand in its address."""

    name: str = ""
    activity: str = "active"
    whose: str = ""
    kind: str = ""
    tag: str = ""
    watched: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the usual is asked for."""
        return self != CampaignWish()

    @property
    def query(self) -> dict[str, str]:
        """What goes into the address."""
        return {name: text for name, text in vars(self).items() if text and text != getattr(CampaignWish, name)}


@dataclass(frozen=True)
class CampaignsPage:
    """The list of campaigns. `watched` are those on the visitor's watch list, `tags` those to choose from."""

    campaigns: Page[CampaignSummary]
    wish: CampaignWish
    is_first: bool
    watched: frozenset[int]
    tags: tuple[str, ...]
    experiments: tuple[str, ...]
    trouble: Trouble | None = None


@dataclass(frozen=True)
class CampaignPage:
    """A campaign with the picture of its stages. `subjects` are what its live updates follow.

    `stages_after` is where the page of stages begins that is shown; empty for the first.
    """

    campaign_view: CampaignView
    flow: Flow
    subjects: str
    launch_key: str
    is_watched: bool
    why_not_edit: str
    why_not_launch: str
    defaults: tuple[SettingInForce, ...]
    default_job_type: str
    default_login_setup: str
    stages_after: str = ""

    @property
    def shows_all_stages(self) -> bool:
        """Whether no stage is on another page."""
        return len(self.campaign_view.stages) >= self.campaign_view.stage_count

    @property
    def was_launched(self) -> bool:
        """Whether it has to stay."""
        return bool(self.campaign_view.submissions)


class CampaignPages:
    """Campaigns: looking."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_campaigns(  # noqa: PLR0917 - one for each filter
        self,
        request: Request,
        name: str = "",
        activity: str = "active",
        whose: str = "",
        kind: str = "",
        tag: str = "",
        watched: str = "",
        after: str | None = None,
    ) -> Response:
        """The campaigns of one's experiments. A search without `*` finds the words anywhere in the name."""
        visit = await self._door.admit(request)
        wish = CampaignWish(name.strip(), activity, whose, kind, tag.strip(), watched)
        return await self.show_list(request, visit, wish, after=after)

    async def show_list(
        self,
        request: Request,
        visit: Visit,
        wish: CampaignWish,
        *,
        after: str | None = None,
        trouble: Trouble | None = None,
    ) -> Response:
        """Show the list; with trouble beside the form that made it."""
        pattern = wish.name if "*" in wish.name or not wish.name else f"*{wish.name}*"
        found = await campaigns.list_campaigns(
            self._db,
            visit.who,
            name=pattern or None,
            is_active={"active": True, "inactive": False}.get(wish.activity),
            is_mine={"mine": True, "others": False}.get(wish.whose),
            is_production={"production": True, "analysis": False}.get(wish.kind),
            is_watched=bool(wish.watched),
            tag=wish.tag or None,
            after=after,
            limit=CAMPAIGNS_PER_PAGE,
        )
        page = CampaignsPage(
            found,
            wish,
            after is None,
            await campaigns.list_watched(self._db, visit.who, campaign_ids=[each.id for each in found.items]),
            tuple(await campaigns.list_tags(self._db, visit.who)),
            tuple(sorted((await list_experiment_names(self._db, visit)).values())),
            trouble,
        )
        return self._door.show(request, "campaigns.html", page, visit=visit, status=choose_status(trouble))

    async def show_campaign(self, request: Request, campaign_id: int, stages: str | None = None) -> Response:
        """A campaign: its stages from left to right, a page of them if there are many, and its newest submissions."""
        return await self._show_campaign(request, campaign_id, "campaign.html", stages)

    async def show_campaign_part(self, request: Request, campaign_id: int, stages: str | None = None) -> Response:
        """The part of a campaign's page that changes."""
        return await self._show_campaign(request, campaign_id, "_campaign.html", stages)

    async def _show_campaign(
        self, request: Request, campaign_id: int, template: str, stages_after: str | None
    ) -> Response:
        visit = await self._door.admit(request)
        view = await campaigns.view_campaign(
            self._db, visit.who, campaign_id=check_id("campaign", campaign_id), stages_after=stages_after
        )
        campaign = view.campaign
        page = CampaignPage(
            campaign_view=view,
            flow=lay_out_flow(view.stages, view.dependencies, view.submissions),
            subjects=name_subjects(f"campaign/{campaign_id}", view.submissions),
            launch_key=str(uuid4()),
            is_watched=bool(await campaigns.list_watched(self._db, visit.who, campaign_ids=[campaign.id])),
            why_not_edit=explain_right(visit.who, Action.EDIT, name_campaign(campaign)),
            why_not_launch=explain_right(visit.who, Action.LAUNCH, name_campaign(campaign)),
            defaults=list_said(campaign.defaults),
            default_job_type=await name_default_job_type(self._db, visit, campaign),
            default_login_setup=await name_default_login_setup(self._db, visit, campaign),
            stages_after=stages_after or "",
        )
        return self._door.show(request, template, page, visit=visit)


def name_campaign(campaign: Campaign) -> Thing:
    """Return a campaign as permission sees it."""
    return Thing(
        "campaign", campaign.experiment_id, owner_id=campaign.created_by, owner_role=Role(campaign.creator_role)
    )


def name_subjects(first: str, submissions: Iterable[SubmissionSummary]) -> str:
    """Follow the thing itself and the files of its open submissions; a new submission is news of the thing."""
    projects = dict.fromkeys(
        f"project/{s.project_id}" for s in submissions if s.ended_at is None and s.project_id is not None
    )
    return join_subjects([first, *projects])
