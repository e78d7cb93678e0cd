"""Several stages of a campaign at once: holding and releasing them, pausing and resuming their schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action
from sutler.base.errors import InvalidInputError, NotFoundError, Problem
from sutler.campaigns import Campaign, Schedule, StageSummary
from sutler.database.listing import LARGEST_LIMIT, Page
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import list_crumbs
from sutler.pages.campaigns import name_campaign
from sutler.pages.door import Door
from sutler.pages.forms import read_text
from sutler.pages.questions import Asked, Crumb, Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Typed, read_typed

STAGES_PER_PAGE = 100
LONGEST_REASON = 500


@dataclass(frozen=True)
class Switch:
    """One thing that can be done to stages: what its button says, and what became of those changed and not changed."""

    button: str
    question: str
    sentence: str
    changed: str
    unchanged: str


SWITCHES = {
    "hold": Switch(
        "Hold…",
        "Hold the launches of {0}?",
        "Nothing is lost: launches wait in the queue and go on when the stages are released.",
        "on hold now",
        "was on hold before",
    ),
    "release": Switch(
        "Release…",
        "Release the launches of {0}?",
        "Launches that wait for this go on.",
        "released",
        "was not on hold",
    ),
    "pause": Switch(
        "Pause schedules…",
        "Pause the schedules of {0}?",
        "Schedules that are paused are kept with their runs, and can be resumed.",
        "schedule is paused",
        "has no schedule that is active",
    ),
    "resume": Switch(
        "Resume schedules…",
        "Resume the schedules of {0}?",
        "From then on the stages are launched by themselves on your behalf.",
        "schedule is resumed",
        "has no schedule that is paused",
    ),
}


@dataclass(frozen=True)
class StagesPage:
    """The stages of a campaign with a box beside each. `schedules` are those of stages by their numbers."""

    campaign: Campaign
    stages: Page[StageSummary]
    is_first: bool
    why_not: str
    schedules: Mapping[int, Schedule]
    trouble: Trouble | None = None
    switches: tuple[tuple[str, Switch], ...] = tuple(SWITCHES.items())


@dataclass(frozen=True)
class SwitchedPage:
    """What became of each stage: `what` says it, and `is_changed` whether anything did."""

    campaign: Campaign
    title: str
    results: tuple[SwitchedStage, ...]


@dataclass(frozen=True)
class SwitchedStage:
    """What became of one stage."""

    id: int
    name: str
    what: str
    is_changed: bool


class StageSwitchPages:
    """Several stages at once: choosing, asking, doing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_stages(self, request: Request, campaign_id: int, after: str | None = None) -> Response:
        """The stages of a campaign, to tick some."""
        visit = await self._door.admit(request)
        campaign = await self._get_campaign(visit, campaign_id)
        return await self._show_list(request, visit, campaign, after)

    async def ask(self, request: Request, campaign_id: int) -> Response:
        """Ask before what is chosen is done to the stages that are ticked."""
        visit = await self._door.admit(request)
        campaign = await self._get_campaign(visit, campaign_id)
        typed = Typed({name: request.query_params.getlist(name) for name in request.query_params})
        try:
            what = _read_what(typed)
            stages = await self._find_stages(visit, campaign, typed)
        except SHOWN as error:
            return await self._show_list(request, visit, campaign, None, describe_trouble(error))
        question = _make_question(campaign, what, stages)
        return self._door.show(request, "question.html", question, visit=visit)

    async def change(self, request: Request, campaign_id: int) -> Response:
        """Do it to all of them or to none, and say of each what became of it."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        campaign = await self._get_campaign(visit, campaign_id)
        try:
            what = _read_what(typed)
            stages = await self._find_stages(visit, campaign, typed)
            changed = await self._switch(visit, what, [stage.id for stage in stages], typed)
        except SHOWN as error:
            return await self._show_list(request, visit, campaign, None, describe_trouble(error))
        switch = SWITCHES[what]
        page = SwitchedPage(
            campaign,
            f"{len(changed)} of {len(stages)} {'stage was' if len(stages) == 1 else 'stages were'} changed",
            tuple(
                SwitchedStage(
                    stage.id,
                    stage.name,
                    switch.changed if stage.id in changed else switch.unchanged,
                    stage.id in changed,
                )
                for stage in stages
            ),
        )
        return self._door.show(request, "stages_switched.html", page, visit=visit)

    async def _switch(self, visit: Visit, what: str, stage_ids: list[int], typed: Typed) -> frozenset[int]:
        if what in ("pause", "resume"):
            changed = await campaigns.activate_schedules(
                self._db, visit.who, stage_ids=stage_ids, is_active=what == "resume"
            )
        else:
            changed = await campaigns.hold_stages(
                self._db,
                visit.who,
                stage_ids=stage_ids,
                is_held=what == "hold",
                reason=read_text("reason", typed.text("reason"), longest=LONGEST_REASON),
                ends_schedules=not typed.has("keeps_schedule"),
            )
        return frozenset(changed)

    async def _get_campaign(self, visit: Visit, campaign_id: int) -> Campaign:
        number = check_id("campaign", campaign_id)
        return await campaigns.get_campaign(self._db, visit.who, campaign_id=number)

    async def _find_stages(self, visit: Visit, campaign: Campaign, typed: Typed) -> list[StageSummary]:
        """Return the stages of the campaign that are ticked. Raises NotFoundError if one is not there any more."""
        wanted = set(typed.numbers("stage"))
        if not wanted:
            raise InvalidInputError("No stage is ticked.")
        found: list[StageSummary] = []
        after: str | None = None
        while True:
            page = await campaigns.list_stages(
                self._db, visit.who, campaign_id=campaign.id, after=after, limit=LARGEST_LIMIT
            )
            found += (stage for stage in page.items if stage.id in wanted)
            after = page.next_cursor
            if after is None or len(found) == len(wanted):
                break
        missing = wanted - {stage.id for stage in found}
        if missing:
            raise NotFoundError("stage", min(missing))
        return found

    async def _show_list(
        self, request: Request, visit: Visit, campaign: Campaign, after: str | None, trouble: Trouble | None = None
    ) -> Response:
        found = await campaigns.list_stages(
            self._db, visit.who, campaign_id=campaign.id, after=after, limit=STAGES_PER_PAGE
        )
        why_not = explain_right(visit.who, Action.LAUNCH, name_campaign(campaign))
        there = await campaigns.list_schedules(self._db, visit.who, campaign_id=campaign.id, limit=LARGEST_LIMIT)
        schedules = {each.stage_id: each for each in there.items}
        page = StagesPage(campaign, found, after is None, why_not, schedules, trouble)
        return self._door.show(request, "stages.html", page, visit=visit, status=choose_status(trouble))


def _read_what(typed: Typed) -> str:
    what = typed.text("what")
    if what not in SWITCHES:
        raise InvalidInputError([Problem("what", f"{what[:40]!r} is not one of {', '.join(SWITCHES)}")])
    return what


def _make_question(campaign: Campaign, what: str, stages: list[StageSummary]) -> Question:
    switch = SWITCHES[what]
    path = f"/campaigns/{campaign.id}/stages"
    count = f"{len(stages)} stages" if len(stages) > 1 else f"stage {stages[0].name}"
    asked: tuple[Asked, ...] = ()
    if what in ("hold", "release"):
        asked = (Asked("reason", "Reason", hint="for whoever waits"),)
    if what == "hold":
        asked += (Asked("keeps_schedule", "Keep their schedules", hint="else a hold ends them", is_box=True),)
    return Question(
        title=switch.question.format(count),
        sentences=(switch.sentence, f"It is done to all of these or to none: {', '.join(s.name for s in stages)}."),
        action=f"{path}/change",
        button=switch.button.rstrip("…"),
        back=path,
        crumbs=(*list_crumbs(campaign), Crumb(path, "Stages")),
        asked=asked,
        hidden=(("what", what), *(("stage", str(stage.id)) for stage in stages)),
    )
