"""Stages: adding, showing, changing, removing, holding them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from sutler import campaigns
from sutler.rest.campaign_shapes import (
    change_settings,
    read_dependencies,
    read_stage,
    show_campaign,
    show_job_type,
    show_login_setup,
    show_stage,
)
from sutler.rest.context import Context, Here, Once
from sutler.rest.experiments import name_experiment
from sutler.rest.parameters import Id
from sutler.rest.revisions import IfMatch, read_revision, tell_revision
from sutler.rest.showing import show, show_all
from sutler.rest.submission_shapes import show_submission
from sutler.wire import campaigns as wire
from sutler.wire import holds as wire_holds
from sutler.wire import submissions as wire_submissions


def add_routes(router: APIRouter) -> None:
    """Add the routes of stages; those of their launches are in `stage_launches`."""
    router.post("/campaigns/{campaign_id}/stages", status_code=201)(add_stage)
    router.get("/stages/{stage_id}")(view_stage)
    router.put("/stages/{stage_id}")(replace_stage)
    router.patch("/stages/{stage_id}")(edit_stage)
    router.delete("/stages/{stage_id}", status_code=204)(remove_stage)
    router.post("/stages/{stage_id}/hold")(hold_stage)
    router.post("/stages/{stage_id}/release")(release_stage)
    router.post("/stages/hold")(hold_stages)
    router.post("/stages/release")(release_stages)


async def add_stage(here: Once, campaign_id: Id, body: wire.AddedStage) -> wire.Stage:
    """Add a stage to a campaign, with the dependencies that touch it."""
    created = await campaigns.add_fed_stage(
        here.db,
        here.who,
        campaign_id=campaign_id,
        new=read_stage(body.stage),
        dependencies=read_dependencies(body.dependencies),
    )
    return show_stage(created)


async def view_stage(here: Here, response: Response, stage_id: Id) -> wire_submissions.StageView:
    """Show a stage with what it runs and its newest submissions. Its revision is that of its campaign."""
    view = await campaigns.view_stage(here.db, here.who, stage_id=stage_id)
    tell_revision(response, view.campaign.revision)
    experiment = await name_experiment(here, view.stage.experiment_id)
    return wire_submissions.StageView(
        campaign=show_campaign(view.campaign),
        stage=show_stage(view.stage),
        job_type=None if view.job_type is None else show_job_type(view.job_type, experiment),
        login_setup=None if view.login_setup is None else show_login_setup(view.login_setup, experiment),
        upstream=show_all(wire.Dependency, view.upstream),
        downstream=show_all(wire.Dependency, view.downstream),
        position=_show_position(view.position),
        submissions=tuple(map(show_submission, view.submissions)),
        may_launch=view.may_launch,
        test_position=_show_position(view.test_position),
    )


async def replace_stage(
    here: Here, response: Response, stage_id: Id, body: wire.NewStage, if_match: IfMatch = None
) -> wire_submissions.StageView:
    """Replace what a stage says itself; what it no longer says it inherits. A changed split or query begins anew."""
    revision = read_revision(if_match)
    return await _edit(here, response, stage_id, read_stage(body), revision)


async def edit_stage(
    here: Here, response: Response, stage_id: Id, body: wire.StageChange, if_match: IfMatch = None
) -> wire_submissions.StageView:
    """Change some of what a stage says itself. A changed split or query begins anew."""
    revision = read_revision(if_match)
    view = await campaigns.view_stage(here.db, here.who, stage_id=stage_id)
    stage = view.stage
    own_job_type = view.job_type.name if view.job_type and stage.own_job_type_id is not None else None
    own_setup = view.login_setup.name if view.login_setup and stage.own_login_setup_id is not None else None
    new = campaigns.NewStage(
        name=stage.name if body.name is None else body.name,
        job_type=own_job_type if body.job_type is None else body.job_type or None,
        login_setup=own_setup if body.login_setup is None else body.login_setup or None,
        settings=change_settings(stage.own, body.settings, body.unset_settings, "unset_settings"),
    )
    # What is looked at here is what is changed, or the change is refused.
    return await _edit(here, response, stage_id, new, view.campaign.revision if revision is None else revision)


async def remove_stage(here: Here, stage_id: Id) -> None:
    """Take a stage and its dependencies out of its campaign; its submissions and their history stay."""
    await campaigns.remove_stage(here.db, here.who, stage_id=stage_id)


async def hold_stage(here: Here, stage_id: Id, body: wire_holds.StageHold | None = None) -> wire.Stage:
    """Hold the launches of a stage: they wait in the queue. Its schedule ends, unless that is declined."""
    return await _hold(here, stage_id, body, is_held=True)


async def release_stage(here: Here, stage_id: Id, body: wire_holds.StageHold | None = None) -> wire.Stage:
    """Let a stage be launched again; what waited goes on."""
    return await _hold(here, stage_id, body, is_held=False)


async def hold_stages(here: Here, body: wire_holds.StagesHold) -> wire.Changed:
    """Hold the launches of stages, all or none."""
    return wire.Changed(tuple(await campaigns.hold_stages(here.db, here.who, is_held=True, **vars(body))))


async def release_stages(here: Here, body: wire_holds.StagesHold) -> wire.Changed:
    """Let stages be launched again, all or none."""
    return wire.Changed(tuple(await campaigns.hold_stages(here.db, here.who, is_held=False, **vars(body))))


async def _edit(
    here: Context, response: Response, stage_id: int, new: campaigns.NewStage, revision: int | None
) -> wire_submissions.StageView:
    await campaigns.edit_stage(here.db, here.who, stage_id=stage_id, new=new, revision=revision)
    return await view_stage(here, response, stage_id)


async def _hold(here: Context, stage_id: int, body: wire_holds.StageHold | None, *, is_held: bool) -> wire.Stage:
    said = body or wire_holds.StageHold()
    held = await campaigns.hold_stage(here.db, here.who, stage_id=stage_id, is_held=is_held, **vars(said))
    return show_stage(held)


def _show_position(position: campaigns.SplitPosition | None) -> wire.SplitPosition | None:
    return None if position is None else show(wire.SplitPosition, position)
