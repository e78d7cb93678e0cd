"""Pages of stages: looking, holding, changing, taking out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action, Role, Thing
from sutler.base.errors import NotPermittedError
from sutler.campaigns import (
    Campaign,
    NewDependency,
    NewStage,
    PositionView,
    Schedule,
    Stage,
    StageType,
    StageView,
)
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import list_crumbs, read_revision, unique
from sutler.pages.campaigns import name_campaign, name_subjects
from sutler.pages.door import Door
from sutler.pages.forms import read_text
from sutler.pages.questions import Crumb, Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.setting_fields import FieldGroup, SplitChoice, list_fields, list_split_choices, read_settings
from sutler.pages.setting_fields import write_fields as write_settings
from sutler.pages.setting_words import SettingInForce, list_in_force
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Typed, read_typed

LONGEST_REASON = 500


@dataclass(frozen=True)
class StagePage:
    """A stage. `launch_key` makes a form that is sent twice launch once; `queued` tells that a launch waits."""

    stage_view: StageView
    launch_key: str
    subjects: str
    positions: tuple[PositionView, ...]
    schedule: Schedule | None
    why_not_edit: str
    in_force: tuple[tuple[str, tuple[SettingInForce, ...]], ...]
    queued: str = ""

    @property
    def why_not(self) -> str:
        """Why it cannot be launched by hand as it is; empty when it can."""
        return explain_no_launch(self.stage_view.stage)


@dataclass(frozen=True)
class StageForm:
    """The form of what a stage says itself. `stage` is None for a new one; empty fields inherit."""

    campaign: Campaign
    stage: Stage | None
    typed: Typed
    groups: tuple[FieldGroup, ...]
    splits: tuple[SplitChoice, ...]
    job_types: tuple[str, ...]
    login_setups: tuple[str, ...]
    stages: tuple[str, ...]
    given_out: int = 0
    trouble: Trouble | None = None


class StagePages:
    """Stages: looking, holding, changing, taking out."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(self, request: Request, stage_id: int, queued: str = "") -> Response:
        """A stage: facts, buttons, its newest submissions."""
        return await self._show(request, stage_id, "stage.html", queued)

    async def show_part(self, request: Request, stage_id: int) -> Response:
        """The part of a stage's page that changes."""
        return await self._show(request, stage_id, "_stage.html", "")

    async def hold(self, request: Request, stage_id: int) -> Response:
        """Hold the launches of a stage."""
        return await self._hold(request, stage_id, is_held=True)

    async def release(self, request: Request, stage_id: int) -> Response:
        """Allow launches of a stage again."""
        return await self._hold(request, stage_id, is_held=False)

    async def show_edit(self, request: Request, stage_id: int) -> Response:
        """The form of everything that a stage says itself. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        view = await self._get_editable(visit, stage_id)
        return await self._show_form(request, visit, view.campaign, view, _write_stage(view))

    async def edit(self, request: Request, stage_id: int) -> Response:
        """Change what a stage says, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        view = await self._get_editable(visit, stage_id)
        try:
            await campaigns.edit_stage(
                self._db, visit.who, stage_id=view.stage.id, new=_read_stage(typed), revision=read_revision(typed)
            )
        except SHOWN as error:
            return await self._show_form(request, visit, view.campaign, view, typed, describe_trouble(error))
        return self._door.send_to(request, f"/stages/{stage_id}")

    async def show_new(self, request: Request, campaign_id: int) -> Response:
        """The form of a new stage. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        campaign = await self._get_campaign(visit, campaign_id)
        return await self._show_form(request, visit, campaign, None, Typed())

    async def add(self, request: Request, campaign_id: int) -> Response:
        """Add a stage, fed or not, and go to it; or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        campaign = await self._get_campaign(visit, campaign_id)
        try:
            new = _read_stage(typed)
            feeder = typed.text("fed_by")
            pattern = typed.text("file_pattern") or "%"
            added = await campaigns.add_fed_stage(
                self._db,
                visit.who,
                campaign_id=campaign.id,
                new=new,
                dependencies=(NewDependency(feeder, new.name, pattern),) if feeder else (),
            )
        except SHOWN as error:
            return await self._show_form(request, visit, campaign, None, typed, describe_trouble(error))
        return self._door.send_to(request, f"/stages/{added.id}")

    async def ask_remove(self, request: Request, stage_id: int) -> Response:
        """Ask before a stage is taken out of its campaign. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        view = await self._get_editable(visit, stage_id)
        return self._ask_remove(request, visit, view, None)

    async def remove(self, request: Request, stage_id: int) -> Response:
        """Take a stage out of its campaign, and show what is left of it."""
        visit = await self._door.admit(request)
        view = await self._get_editable(visit, stage_id)
        try:
            await campaigns.remove_stage(self._db, visit.who, stage_id=view.stage.id)
        except SHOWN as error:
            return self._ask_remove(request, visit, view, describe_trouble(error))
        return self._door.send_to(request, f"/campaigns/{view.campaign.id}")

    async def _show(self, request: Request, stage_id: int, template: str, queued: str) -> Response:
        visit = await self._door.admit(request)
        number = check_id("stage", stage_id)
        view = await campaigns.view_stage(self._db, visit.who, stage_id=number)
        page = StagePage(
            stage_view=view,
            launch_key=str(uuid4()),
            subjects=name_subjects(f"stage/{stage_id}", view.submissions),
            positions=await campaigns.view_positions(self._db, visit.who, stage_id=number),
            schedule=await campaigns.find_schedule(self._db, visit.who, stage_id=number),
            why_not_edit=explain_right(visit.who, Action.EDIT, name_stage(view.stage)),
            in_force=list_in_force(view.stage, view.campaign),
            queued="yes" if queued else "",
        )
        return self._door.show(request, template, page, visit=visit)

    async def _hold(self, request: Request, stage_id: int, *, is_held: bool) -> Response:
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        await campaigns.hold_stage(
            self._db,
            visit.who,
            stage_id=check_id("stage", stage_id),
            is_held=is_held,
            reason=read_text("reason", typed.text("reason"), longest=LONGEST_REASON),
            ends_schedules=not typed.has("keeps_schedule"),
        )
        return self._door.send_to(request, f"/stages/{stage_id}")

    async def _get_editable(self, visit: Visit, stage_id: int) -> StageView:
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        if why_not := explain_right(visit.who, Action.EDIT, name_stage(view.stage)):
            raise NotPermittedError(why_not)
        return view

    async def _get_campaign(self, visit: Visit, campaign_id: int) -> Campaign:
        number = check_id("campaign", campaign_id)
        campaign = await campaigns.get_campaign(self._db, visit.who, campaign_id=number)
        if why_not := explain_right(visit.who, Action.EDIT, name_campaign(campaign)):
            raise NotPermittedError(why_not)
        return campaign

    def _ask_remove(self, request: Request, visit: Visit, view: StageView, trouble: Trouble | None) -> Response:
        question = Question(
            title=f"Take stage {view.stage.name} out of its campaign?",
            sentences=(
                (
                    "It is not launched any more, and what feeds it or is fed by it is no longer connected with it. "
                    "Its submissions and their history stay."
                ),
            ),
            action=f"/stages/{view.stage.id}/remove",
            button="Take it out",
            back=f"/stages/{view.stage.id}",
            crumbs=list_stage_crumbs(view),
            is_dangerous=True,
            trouble=trouble,
        )
        return self._door.show(request, "question.html", question, visit=visit, status=choose_status(trouble))

    async def _show_form(  # noqa: PLR0917
        self,
        request: Request,
        visit: Visit,
        campaign: Campaign,
        view: StageView | None,
        typed: Typed,
        trouble: Trouble | None = None,
    ) -> Response:
        job_types = await campaigns.list_job_types(self._db, visit.who, experiment=campaign.experiment)
        setups = await campaigns.list_login_setups(self._db, visit.who, experiment=campaign.experiment)
        given_out = 0
        if view is not None:
            given_out = await campaigns.count_given_out(self._db, visit.who, stage_id=view.stage.id)
        page = StageForm(
            campaign=campaign,
            stage=view.stage if view else None,
            typed=typed,
            groups=list_fields(typed, campaign),
            splits=list_split_choices(),
            job_types=unique(each.name for each in job_types),
            login_setups=unique(each.name for each in setups),
            stages=tuple(await campaigns.list_stage_names(self._db, visit.who, campaign_id=campaign.id)),
            given_out=given_out,
            trouble=trouble,
        )
        return self._door.show(request, "stage_form.html", page, visit=visit, status=choose_status(trouble))


def name_stage(stage: Stage) -> Thing:
    """Return a stage as permission sees it."""
    return Thing("stage", stage.experiment_id, owner_id=stage.created_by, owner_role=Role(stage.creator_role))


def list_stage_crumbs(view: StageView) -> tuple[Crumb, ...]:
    """Return the way to a page below a stage."""
    return (*list_crumbs(view.campaign), Crumb(f"/stages/{view.stage.id}", view.stage.name))


def explain_no_launch(stage: Stage) -> str:
    """Return why a stage cannot be launched by hand with what it says; empty when it can."""
    has_data = stage.dataset_query or stage.project_id or stage.stage_type is StageType.GENERATOR
    if has_data or stage.split_type not in ("", "None"):
        return ""
    return "It has no query: it is launched on the outputs of the stages that feed it."


def _read_stage(typed: Typed) -> NewStage:
    return NewStage(
        typed.text("name"), typed.text("job_type") or None, typed.text("login_setup") or None, read_settings(typed)
    )


def _write_stage(view: StageView) -> Typed:
    stage = view.stage
    job_type = view.job_type.name if view.job_type and stage.own_job_type_id else ""
    login_setup = view.login_setup.name if view.login_setup and stage.own_login_setup_id else ""
    fields = {
        "name": (stage.name,),
        "job_type": (job_type,),
        "login_setup": (login_setup,),
        "revision": (str(view.campaign.revision),),
    }
    return Typed({**write_settings(stage.own), **fields})
