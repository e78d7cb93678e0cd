"""Saving what is to run: login setups, job types, campaigns with their stages and dependencies, holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sutler.auth import Action, Experiment, Principal, Role, Thing, find_experiment_in, permit
from sutler.base.did import check_name
from sutler.base.errors import InvalidInputError, NotFoundError, Problem
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.errors import StageWithoutDataError
from sutler.campaigns.model import (
    Campaign,
    CampaignEvent,
    JobType,
    LoginSetup,
    NewCampaign,
    NewDependency,
    NewJobType,
    NewLoginSetup,
    NewStage,
    Stage,
)
from sutler.campaigns.operations.loading import load_campaign, load_stage, thing_of
from sutler.campaigns.splits import parse_split_type
from sutler.catalog import check_query
from sutler.database import Database, Tx


async def save_login_setup(db: Database, who: Principal, *, new: NewLoginSetup) -> LoginSetup:
    """Create a login setup, or change the one of that name.

    Its text is run by a shell on the submission host, so only those who may edit it get to write it.
    Raises NotFoundError for an unknown experiment, NotPermittedError, InvalidInputError.
    """
    check_title(new.name)
    async with db.write() as tx:
        experiment = await _find_experiment(tx, new.experiment)
        present = await store.find_login_setup(tx, experiment_id=experiment.id, name=new.name)
        if present is None:
            role = _permit_creation(who, "login setup", experiment)
            saved = await store.create_login_setup(
                tx, new=new, experiment_id=experiment.id, created_by=who.user_id, creator_role=role
            )
        else:
            permit(who, Action.EDIT, thing_of("login setup", present))
            saved = await store.update_login_setup(tx, login_setup_id=present.id, new=new)
        await tx.record(_saved(CampaignEvent.LOGIN_SETUP_SAVED, "login_setup", saved.id, saved, saved.name), who)
        return saved


async def save_job_type(db: Database, who: Principal, *, new: NewJobType) -> JobType:
    """Create a job type, or change the one of that name.

    Raises NotFoundError for an unknown experiment, NotPermittedError, InvalidInputError.
    """
    check_title(new.name)
    _check_job_type(new)
    async with db.write() as tx:
        experiment = await _find_experiment(tx, new.experiment)
        present = await store.find_job_type(tx, experiment_id=experiment.id, name=new.name)
        if present is None:
            role = _permit_creation(who, "job type", experiment)
            saved = await store.create_job_type(
                tx, new=new, experiment_id=experiment.id, created_by=who.user_id, creator_role=role
            )
        else:
            permit(who, Action.EDIT, thing_of("job type", present))
            saved = await store.update_job_type(tx, job_type_id=present.id, new=new)
        await tx.record(_saved(CampaignEvent.JOB_TYPE_SAVED, "job_type", saved.id, saved, saved.name), who)
        return saved


async def create_campaign(db: Database, who: Principal, *, new: NewCampaign) -> Campaign:
    """Create a campaign with its stages and dependencies, all or nothing.

    Raises CampaignShapeError, StageWithoutDataError, MqlSyntaxError, SplitTypeError, AlreadyExistsError, NotFoundError.
    """
    check_title(new.name)
    rules.check_campaign(new)
    for stage in new.stages:
        _check_stage(stage)
    async with db.write() as tx:
        experiment = await _find_experiment(tx, new.experiment)
        role = _permit_creation(who, "campaign", experiment)
        campaign_id = await store.create_campaign(
            tx,
            experiment_id=experiment.id,
            name=new.name,
            keywords=new.keywords,
            created_by=who.user_id,
            creator_role=role,
        )
        campaign = await load_campaign(tx, campaign_id)
        stages = {stage.name: await _insert_stage(tx, campaign, stage, who=who, role=role) for stage in new.stages}
        for dependency in new.dependencies:
            await _insert_dependency(tx, campaign, dependency, stages)
        await tx.record(_saved(CampaignEvent.CAMPAIGN_SAVED, "campaign", campaign_id, campaign, new.name), who)
        return campaign


async def add_stage(db: Database, who: Principal, *, campaign_id: int, new: NewStage) -> Stage:
    """Add a stage to a campaign. A stage that an upstream stage is to feed is made with its dependency in one call.

    Raises StageWithoutDataError, MqlSyntaxError, SplitTypeError, AlreadyExistsError, NotFoundError.
    """
    return await add_fed_stage(db, who, campaign_id=campaign_id, new=new, dependencies=())


async def add_fed_stage(
    db: Database, who: Principal, *, campaign_id: int, new: NewStage, dependencies: tuple[NewDependency, ...]
) -> Stage:
    """Add a stage together with the dependencies that touch it, all or nothing. Raises as `add_stage` does."""
    rules.check_stage_has_data(new, [d.upstream_stage for d in dependencies if d.downstream_stage == new.name])
    _check_stage(new)
    async with db.write() as tx:
        campaign = await load_campaign(tx, campaign_id)
        permit(who, Action.EDIT, thing_of("campaign", campaign))
        stage = await _insert_stage(tx, campaign, new, who=who, role=campaign.creator_role)
        stages = {present.name: present for present in await store.list_stages(tx, campaign_id=campaign_id)}
        present_dependencies = await store.list_dependencies(tx, campaign_id=campaign_id)
        rules.check_dependencies(dependencies, stages, present=present_dependencies)
        for dependency in dependencies:
            await _insert_dependency(tx, campaign, dependency, stages)
        await tx.record(_saved(CampaignEvent.STAGE_SAVED, "stage", stage.id, stage, stage.name), who)
        tx.notify("campaign", campaign_id)
        return stage


async def hold_stage(db: Database, who: Principal, *, stage_id: int, is_held: bool) -> Stage:
    """Hold the launches of a stage, or release them. Doing it twice changes nothing.

    Raises NotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        stage = await load_stage(tx, stage_id, lock=True)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        if (stage.held_at is not None) == is_held:
            return stage
        held_by = who.user_id if is_held else None
        await store.hold_stage(tx, stage_id=stage_id, held_by=held_by)
        kind = CampaignEvent.STAGE_HELD if is_held else CampaignEvent.STAGE_RELEASED
        await tx.record(_saved(kind, "stage", stage_id, stage, stage.name), who)
        tx.notify("campaign", stage.campaign_id)
        return replace(stage, held_by=held_by, held_at=tx.now if is_held else None)


def check_title(name: str) -> None:
    """Raise InvalidInputError unless the text can name a campaign, stage, job type or login setup."""
    if not name.strip() or name != name.strip() or len(name) > 100 or not name.isprintable():
        raise InvalidInputError(
            [Problem("name", f"{name!r} needs 1 to 100 printable characters without blanks at the ends")]
        )


def _check_job_type(new: NewJobType) -> None:
    problems = []
    if new.files_per_run < 1:
        problems.append(Problem("files_per_run", "must be at least 1"))
    if new.max_attempts < 1:
        problems.append(Problem("max_attempts", "must be at least 1"))
    if new.run_timeout is not None and new.run_timeout <= timedelta(0):
        problems.append(Problem("run_timeout", "must be longer than nothing"))
    if new.output_file_patterns and not new.output_dataset.strip():
        problems.append(Problem("output_dataset", "is empty, but output_file_patterns says that there are outputs"))
    if problems:
        raise InvalidInputError(problems)
    rules.split_script(new.launch_script)
    if new.output_namespace:
        check_name(new.output_namespace, "output_namespace")


def _check_stage(stage: NewStage) -> None:
    check_title(stage.name)
    split = parse_split_type(stage.split_type)
    if stage.dataset_query:
        check_query(stage.dataset_query)
    elif split.uses_ledger:
        raise StageWithoutDataError(
            [Problem(f"stage {stage.name}", f"{split} splits the files of a dataset_query, and there is none")]
        )
    problems = []
    if not 1 <= stage.job_count <= 10_000:
        problems.append(Problem(f"stage {stage.name}", f"job_count must be 1 to 10000, not {stage.job_count}"))
    if not 0 < stage.completion_pct <= 100:
        problems.append(Problem(f"stage {stage.name}", "completion_pct must be above 0 and at most 100"))
    for name, timeout in (("worker_timeout", stage.worker_timeout), ("idle_timeout", stage.idle_timeout)):
        if timeout is not None and timeout <= timedelta(0):
            problems.append(Problem(f"stage {stage.name}", f"{name} must be longer than nothing"))
    if stage.unit_count is not None and not 1 <= stage.unit_count <= 1_000_000:
        problems.append(Problem(f"stage {stage.name}", f"unit_count must be 1 to 1000000, not {stage.unit_count}"))
    if problems:
        raise InvalidInputError(problems)


async def _insert_stage(tx: Tx, campaign: Campaign, new: NewStage, *, who: Principal, role: str) -> Stage:
    job_type = await store.find_job_type(tx, experiment_id=campaign.experiment_id, name=new.job_type)
    login_setup = await store.find_login_setup(tx, experiment_id=campaign.experiment_id, name=new.login_setup)
    if job_type is None:
        raise NotFoundError("job type", new.job_type)
    if login_setup is None:
        raise NotFoundError("login setup", new.login_setup)
    return await store.create_stage(
        tx,
        new=new,
        campaign_id=campaign.id,
        experiment_id=campaign.experiment_id,
        job_type_id=job_type.id,
        login_setup_id=login_setup.id,
        created_by=who.user_id,
        creator_role=role,
    )


async def _insert_dependency(tx: Tx, campaign: Campaign, new: NewDependency, stages: dict[str, Stage]) -> None:
    await store.create_dependency(
        tx,
        experiment_id=campaign.experiment_id,
        campaign_id=campaign.id,
        upstream_stage_id=stages[new.upstream_stage].id,
        downstream_stage_id=stages[new.downstream_stage].id,
        file_pattern=new.file_pattern,
    )


async def _find_experiment(tx: Tx, name: str) -> Experiment:
    experiment = await find_experiment_in(tx, name=name)
    if experiment is None:
        raise NotFoundError("experiment", name)
    return experiment


def _permit_creation(who: Principal, kind: str, experiment: Experiment) -> str:
    permit(who, Action.CREATE, Thing(kind=kind, experiment_id=experiment.id))
    role = who.roles.get(experiment.id, Role.SUPERUSER if who.is_admin else Role.ANALYSIS)
    return Role.ANALYSIS if role is Role.SHIFTER else role


def _saved(
    kind: CampaignEvent, subject_kind: str, subject_id: int, saved: LoginSetup | JobType | Campaign | Stage, name: str
) -> Event:
    return Event(kind, subject_kind, str(subject_id), saved.experiment_id, {"name": name})
