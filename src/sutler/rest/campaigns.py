"""Login setups, job types, campaigns and stages."""

from __future__ import annotations

from uuid import uuid4

from fastapi import APIRouter

from sutler import campaigns
from sutler.rest.context import Context, Here, Once
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit
from sutler.rest.showing import show, show_all, show_page, to_duration
from sutler.rest.submissions import show_submission
from sutler.wire import campaigns as wire
from sutler.wire import submissions as wire_submissions
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of definitions; those of submissions are in `submissions`."""
    router.get("/login_setups")(list_login_setups)
    router.post("/login_setups")(save_login_setup)
    router.get("/job_types")(list_job_types)
    router.post("/job_types")(save_job_type)
    router.get("/campaigns")(list_campaigns)
    router.post("/campaigns", status_code=201)(create_campaign)
    router.get("/campaigns/{campaign_id}")(view_campaign)
    router.post("/campaigns/{campaign_id}/stages", status_code=201)(add_stage)
    router.get("/stages/{stage_id}")(view_stage)
    router.post("/stages/{stage_id}/launch", status_code=201)(launch_stage)
    router.post("/stages/{stage_id}/hold")(hold_stage)
    router.post("/stages/{stage_id}/release")(release_stage)


async def list_login_setups(here: Here, experiment: Experiment = None) -> Page[wire.LoginSetup]:
    """List login setups."""
    found = await campaigns.list_login_setups(here.db, here.who, experiment=experiment)
    names = await name_experiments(here, {setup.experiment_id for setup in found})
    return Page(tuple(show(wire.LoginSetup, setup, experiment=names[setup.experiment_id]) for setup in found))


async def save_login_setup(here: Once, body: wire.NewLoginSetup) -> wire.LoginSetup:
    """Make a login setup, or change the one of that name."""
    saved = await campaigns.save_login_setup(here.db, here.who, new=campaigns.NewLoginSetup(**vars(body)))
    return show(wire.LoginSetup, saved, experiment=body.experiment)


async def list_job_types(here: Here, experiment: Experiment = None) -> Page[wire.JobType]:
    """List job types."""
    found = await campaigns.list_job_types(here.db, here.who, experiment=experiment)
    names = await name_experiments(here, {job_type.experiment_id for job_type in found})
    return Page(tuple(show(wire.JobType, one, experiment=names[one.experiment_id]) for one in found))


async def save_job_type(here: Once, body: wire.NewJobType) -> wire.JobType:
    """Make a job type, or change the one of that name."""
    values = dict(vars(body))
    run_timeout = to_duration(values.pop("run_timeout_seconds"), "run_timeout_seconds")
    new = campaigns.NewJobType(**values, run_timeout=run_timeout)
    return show(wire.JobType, await campaigns.save_job_type(here.db, here.who, new=new), experiment=body.experiment)


async def list_campaigns(
    here: Here,
    experiment: Experiment = None,
    name: str | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.CampaignSummary]:
    """List campaigns, newest first. `name` may hold `*`."""
    page = await campaigns.list_campaigns(
        here.db, here.who, experiment=experiment, name=name, after=cursor, limit=limit
    )
    return show_page(page, lambda campaign: show(wire.CampaignSummary, campaign))


async def create_campaign(here: Once, body: wire.NewCampaign) -> wire.Campaign:
    """Make a campaign with its stages and dependencies, all or nothing."""
    new = campaigns.NewCampaign(
        experiment=body.experiment,
        name=body.name,
        keywords=body.keywords,
        stages=tuple(_read_stage(stage, f"stages[{at}]") for at, stage in enumerate(body.stages)),
        dependencies=tuple(campaigns.NewDependency(**vars(dependency)) for dependency in body.dependencies),
    )
    return show(wire.Campaign, await campaigns.create_campaign(here.db, here.who, new=new))


async def view_campaign(here: Here, campaign_id: Id) -> wire_submissions.CampaignView:
    """Show a campaign with its stages and newest submissions."""
    view = await campaigns.view_campaign(here.db, here.who, campaign_id=campaign_id)
    return wire_submissions.CampaignView(
        campaign=show(wire.Campaign, view.campaign),
        stages=show_all(wire.StageSummary, view.stages),
        dependencies=show_all(wire.Dependency, view.dependencies),
        submissions=tuple(map(show_submission, view.submissions)),
    )


async def add_stage(here: Once, campaign_id: Id, body: wire.AddedStage) -> wire.Stage:
    """Add a stage to a campaign, with the dependencies that touch it."""
    created = await campaigns.add_fed_stage(
        here.db,
        here.who,
        campaign_id=campaign_id,
        new=_read_stage(body.stage, "stage"),
        dependencies=tuple(campaigns.NewDependency(**vars(dependency)) for dependency in body.dependencies),
    )
    return show(wire.Stage, created)


async def view_stage(here: Here, stage_id: Id) -> wire_submissions.StageView:
    """Show a stage with what it runs and its newest submissions."""
    view = await campaigns.view_stage(here.db, here.who, stage_id=stage_id)
    experiment = await name_experiment(here, view.stage.experiment_id)
    return wire_submissions.StageView(
        campaign=show(wire.Campaign, view.campaign),
        stage=show(wire.Stage, view.stage),
        job_type=show(wire.JobType, view.job_type, experiment=experiment),
        login_setup=show(wire.LoginSetup, view.login_setup, experiment=experiment),
        upstream=show_all(wire.Dependency, view.upstream),
        downstream=show_all(wire.Dependency, view.downstream),
        position=show(wire.SplitPosition, view.position) if view.position else None,
        submissions=tuple(map(show_submission, view.submissions)),
        may_launch=view.may_launch,
    )


async def launch_stage(
    here: Once, stage_id: Id, body: wire_submissions.LaunchRequest | None = None
) -> wire_submissions.Launched:
    """Launch a stage. When the batch system refuses, the submission is there and says why."""
    request = campaigns.LaunchRequest(
        stage_id=stage_id, key=_make_launch_key(here), is_test=body is not None and body.is_test
    )
    # The submission keeps the key for good: a launch whose answer was lost is run again and finds it.
    db = here.services.db
    submission_id = await campaigns.launch_stage(db, here.services.launcher, here.who, request=request)
    return wire_submissions.Launched(submission_id)


async def hold_stage(here: Here, stage_id: Id) -> wire.Stage:
    """Hold the launches of a stage."""
    return show(wire.Stage, await campaigns.hold_stage(here.db, here.who, stage_id=stage_id, is_held=True))


async def release_stage(here: Here, stage_id: Id) -> wire.Stage:
    """Let a stage be launched again."""
    return show(wire.Stage, await campaigns.hold_stage(here.db, here.who, stage_id=stage_id, is_held=False))


def _read_stage(stage: wire.NewStage, where: str) -> campaigns.NewStage:
    values = dict(vars(stage))
    for name in ("worker_timeout", "idle_timeout"):
        values[name] = to_duration(values.pop(f"{name}_seconds"), f"{where}.{name}_seconds")
    return campaigns.NewStage(**{**values, "stage_type": campaigns.StageType(stage.stage_type)})


def _make_launch_key(here: Context) -> str:
    """The key of the caller holds for this caller only; it outlives the answer that was kept for it."""
    return f"manual/{uuid4()}" if here.key is None else f"{here.who.user_id}/{here.key}"
