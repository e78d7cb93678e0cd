"""Campaigns as text: writing one down, saying what a text would change, and changing it, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial

from sutler import catalog
from sutler.auth import Action, Principal, Thing, permit
from sutler.base.errors import InvalidInputError, Problem, SutlerError
from sutler.campaigns import store
from sutler.campaigns.errors import ChangedMeanwhileError, SplitTypeError
from sutler.campaigns.handlers import CONNECTED
from sutler.campaigns.model import (
    AppliedPlan,
    Campaign,
    CampaignPlan,
    ChangeKind,
    JobType,
    LoginSetup,
    NewCampaign,
    NewDependency,
    NewJobType,
    NewLoginSetup,
    NewSchedule,
    NewStage,
    Overlap,
    PlannedChange,
    Recovery,
    RecoveryType,
    Schedule,
    SplitKind,
    Stage,
    StageEffect,
)
from sutler.campaigns.model.inheritance import resolve_settings
from sutler.campaigns.operations.defining import (
    CampaignChange,
    check_campaign,
    check_whole_in,
    create_campaign_in,
    edit_campaign_in,
    edit_stage_in,
    insert_stage_in,
    open_campaign_in,
    remove_stage_in,
    set_dependencies_in,
)
from sutler.campaigns.operations.gathering import name_job_type_in, name_login_setup_in
from sutler.campaigns.operations.loading import load_campaign, load_experiment, load_stage, thing_of
from sutler.campaigns.operations.schedules import end_schedule_in, find_schedule_in, save_schedule_in
from sutler.campaigns.operations.slicing import find_position_in
from sutler.campaigns.operations.templates import check_job_type, save_job_type_in, save_login_setup_in
from sutler.campaigns.splits import parse_split_type
from sutler.campaigns.text import (
    CampaignText,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    RecoveryText,
    ScheduleText,
    StageText,
    check_text,
    diff_text,
    list_references,
    read_text,
    write_ini,
    write_toml,
)
from sutler.database import Database, Tx

OLDER_NAMES = {"proj_status": "process_status"}
"""What kinds of recoveries were called before."""

WRITERS = {"ini": write_ini, "toml": write_toml}


async def export_campaign(db: Database, who: Principal, *, campaign_id: int, form: str = "toml") -> str:
    """Write a campaign down with everything that belongs to it, as `toml` or `ini`; what is read back is the same.

    Raises NotFoundError, NotPermittedError, InvalidInputError for another form.
    """
    if form not in WRITERS:
        raise InvalidInputError([Problem("form", f"must be one of {', '.join(WRITERS)}, not {form!r}")])
    async with db.read() as tx:
        campaign = await load_campaign(tx, campaign_id)
        permit(who, Action.VIEW, thing_of("campaign", campaign))
        return WRITERS[form](await describe_campaign_in(tx, campaign))


async def plan_campaign(
    db: Database, who: Principal, *, text: str, file_name: str | None = None, experiment: str | None = None
) -> CampaignPlan:
    """Say what applying a text would change: per part, and per stage how many files it touches. Nothing is changed.

    The text names its experiment, or the caller does. What is wrong with the text is among the problems, all at once.
    Raises CampaignTextError for a text that cannot be read, NotFoundError, NotPermittedError.
    """
    found = read_text(text, name=file_name)
    async with db.read() as tx:
        wanted = _settle_experiment(found.campaign, experiment)
        known = await load_experiment(tx, wanted.experiment)
        permit(who, Action.VIEW, Thing("experiment", known.id))
        campaign = await _find(tx, known.id, wanted.name)
        wanted, present = await _align(tx, known.id, wanted, campaign)
        changes = _list_changes(present, wanted)
        effects = await _list_effects(tx, known.id, campaign, present, wanted)
        warnings = (*found.warnings, *await _list_warnings(tx, known.id, present, wanted, campaign))
        problems = await _list_problems(tx, known.id, wanted)
    return CampaignPlan(
        experiment=wanted.experiment,
        name=wanted.name,
        campaign_id=campaign.id if campaign else None,
        revision=campaign.revision if campaign else None,
        changes=changes,
        effects=effects,
        warnings=warnings,
        problems=problems,
    )


async def apply_campaign(
    db: Database,
    who: Principal,
    *,
    text: str,
    file_name: str | None = None,
    experiment: str | None = None,
    revision: int | None = None,
) -> AppliedPlan:
    """Make the campaign what a text says: created or changed as a whole, or left as it is.

    Stages are matched by name; those that the text does not have leave the campaign, with their history kept. Login
    setups and job types of the text are made or changed, too. With a revision, only if nobody has changed the campaign
    since the plan. Raises CampaignTextError, CampaignShapeError and its kin, NotFoundError, NotPermittedError,
    ChangedMeanwhileError, InvalidInputError.
    """
    found = read_text(text, name=file_name)
    async with db.write() as tx:
        wanted = _settle_experiment(found.campaign, experiment)
        known = await load_experiment(tx, wanted.experiment)
        permit(who, Action.CREATE, Thing("campaign", known.id))
        campaign = await _find(tx, known.id, wanted.name)
        if campaign is not None:
            campaign = await open_campaign_in(tx, who, campaign_id=campaign.id, revision=revision)
        elif revision is not None:
            raise ChangedMeanwhileError(f"Campaign {wanted.name} is no longer as it was planned on. Plan again.")
        wanted, present = await _align(tx, known.id, wanted, campaign)
        changes = _list_changes(present, wanted)
        warnings = (*found.warnings, *await _list_warnings(tx, known.id, present, wanted, campaign))
        problems = [Problem(wanted.name, problem) for problem in await _list_problems(tx, known.id, wanted)]
        if problems:
            raise InvalidInputError(problems)
        if changes:
            await _save_templates(tx, who, known.id, present, wanted)
            campaign = await _save_campaign(tx, who, wanted, campaign)
        assert campaign is not None
        stages = await store.list_stages(tx, campaign_id=campaign.id)
        named = tuple((stage.id, stage.name) for stage in stages)
        return AppliedPlan(campaign.id, campaign.name, named, changes, warnings)


async def describe_campaign_in(tx: Tx, campaign: Campaign) -> CampaignText:
    """Return a campaign as its text says it."""
    stages = await store.list_stages(tx, campaign_id=campaign.id)
    dependencies = await store.list_dependencies(tx, campaign_id=campaign.id)
    job_types = {each.id: each for each in await _load_job_types(tx, campaign, stages)}
    login_setups = {each.id: each for each in await _load_login_setups(tx, campaign, stages)}
    return CampaignText(
        experiment=campaign.experiment,
        name=campaign.name,
        creator_role=campaign.creator_role,
        data_handler=campaign.data_handler,
        is_active=campaign.is_active,
        is_test=campaign.is_test,
        keywords=campaign.keywords,
        tags=campaign.tags,
        defaults=StageText(
            job_type=await name_job_type_in(tx, campaign.default_job_type_id),
            login_setup=await name_login_setup_in(tx, campaign.default_login_setup_id),
            settings=campaign.defaults,
        ),
        stages=tuple([await _describe_stage(tx, stage) for stage in stages]),
        dependencies=tuple(DependencyText(d.downstream_stage, d.upstream_stage, d.file_pattern) for d in dependencies),
        login_setups=tuple(_describe_login_setup(each) for each in login_setups.values()),
        job_types=tuple(_describe_job_type(each) for each in job_types.values()),
        positions=campaign.layout,
        extras=campaign.extras,
    )


def _settle_experiment(text: CampaignText, experiment: str | None) -> CampaignText:
    """Let the caller say which experiment is meant: a file may come from somewhere else."""
    chosen = experiment or text.experiment
    if not chosen:
        raise InvalidInputError([Problem("experiment", "is not in the text: say which one is meant")])
    return replace(text, experiment=chosen)


async def _find(tx: Tx, experiment_id: int, name: str) -> Campaign | None:
    campaign_id = await store.find_campaign_named(tx, experiment_id=experiment_id, name=name)
    return None if campaign_id is None else await load_campaign(tx, campaign_id)


async def _align(
    tx: Tx, experiment_id: int, wanted: CampaignText, campaign: Campaign | None
) -> tuple[CampaignText, CampaignText | None]:
    """Fill in what the text leaves unsaid, and return what is there in the same terms: the parts that it names."""
    job_types = {
        each.name: await store.find_job_type(tx, experiment_id=experiment_id, name=each.name)
        for each in wanted.job_types
    }
    login_setups = {
        each.name: await store.find_login_setup(tx, experiment_id=experiment_id, name=each.name)
        for each in wanted.login_setups
    }
    present = None if campaign is None else await describe_campaign_in(tx, campaign)
    filled = replace(
        wanted,
        creator_role=present.creator_role if present else wanted.creator_role,
        job_types=tuple(_fill_job_type(each, job_types[each.name]) for each in wanted.job_types),
        login_setups=tuple(_fill_login_setup(each, login_setups[each.name]) for each in wanted.login_setups),
    )
    base = present or CampaignText(experiment=wanted.experiment, name=wanted.name, creator_role=wanted.creator_role)
    known = replace(
        base,
        job_types=tuple(_describe_job_type(found) for found in job_types.values() if found),
        login_setups=tuple(_describe_login_setup(found) for found in login_setups.values() if found),
    )
    return filled, known if present else _without_stages(known)


def _without_stages(text: CampaignText) -> CampaignText | None:
    """What is there of a campaign that is not: templates alone, or nothing."""
    return text if text.job_types or text.login_setups else None


def _list_changes(present: CampaignText | None, wanted: CampaignText) -> tuple[PlannedChange, ...]:
    empty = CampaignText(experiment=wanted.experiment, name="", creator_role=wanted.creator_role)
    return tuple(
        PlannedChange(ChangeKind(each.kind), each.where, _write_value(each.before), _write_value(each.after))
        for each in diff_text(present or empty, wanted)
    )


def _write_value(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _list_effects(
    tx: Tx, experiment_id: int, campaign: Campaign | None, present: CampaignText | None, wanted: CampaignText
) -> tuple[StageEffect, ...]:
    """Say per stage what a plan means for it, in the order of the text, with those that go at the end."""
    there = {}
    if campaign is not None:
        there = {stage.name: stage for stage in await store.list_stages(tx, campaign_id=campaign.id)}
    before = {stage.name: stage for stage in present.stages} if present else {}
    effects = [
        await _describe_effect(tx, experiment_id, wanted, stage, before.get(stage.name), there.get(stage.name))
        for stage in wanted.stages
    ]
    kept = {stage.name for stage in wanted.stages}
    for name, stage in there.items():
        if name not in kept:
            [summary] = await store.list_stage_counts(tx, stages=[stage])
            effects.append(StageEffect(name, ChangeKind.REMOVED, None, 0, False, summary.submission_count))  # noqa: FBT003
    return tuple(effects)


async def _describe_effect(  # noqa: PLR0917
    tx: Tx,
    experiment_id: int,
    campaign: CampaignText,
    wanted: StageText,
    before: StageText | None,
    stage: Stage | None,
) -> StageEffect:
    said = resolve_settings(wanted.settings, campaign.defaults.settings)
    query, split = said["dataset_query"], str(said["split_type"])
    file_count = None
    if isinstance(query, str):
        file_count = await _count_files(tx, experiment_id, campaign.data_handler, split, query)
    given_out, begins_anew, submissions = 0, False, 0
    if stage is not None:
        [summary] = await store.list_stage_counts(tx, stages=[stage])
        submissions = summary.submission_count
        standing = await find_position_in(tx, stage, SplitKind.PRODUCTION)
        if standing is not None:
            given_out = await catalog.get_taken_counts_in(tx, ledger_id=standing.ledger_id)
            begins_anew = bool(given_out) and _is_other_split(stage, split, query)
    kind = ChangeKind.ADDED if stage is None else None if before == wanted else ChangeKind.CHANGED
    return StageEffect(wanted.name, kind, file_count, given_out, begins_anew, submissions)


def _is_other_split(stage: Stage, split: str, query: object) -> bool:
    try:
        return str(parse_split_type(stage.split_type)) != str(parse_split_type(split)) or stage.dataset_query != query
    except SplitTypeError:
        # Told among the problems.
        return True


async def _count_files(tx: Tx, experiment_id: int, data_handler: str, split: str, query: str) -> int | None:
    """How many files the queries of a stage match together; None where that cannot be said now."""
    handler = CONNECTED.get(data_handler)
    if handler is None:
        return None
    try:
        selections = [catalog.Selection(each, experiment_id) for each in parse_split_type(split).list_queries(query)]
        counts = [await handler.count_in(tx, selection=each) for each in selections]
    except SutlerError:
        # What is wrong with the text is told among the problems.
        return None
    return sum(count or 0 for count in counts) if counts and None not in counts else None


async def _list_warnings(
    tx: Tx, experiment_id: int, present: CampaignText | None, wanted: CampaignText, campaign: Campaign | None
) -> list[str]:
    """Tell who else uses what the text would change."""
    old_types = {each.name: each for each in present.job_types} if present else {}
    old_setups = {each.name: each for each in present.login_setups} if present else {}
    users: dict[str, Sequence[store.UserOfTemplate]] = {}
    for each in wanted.job_types:
        found = await store.find_job_type(tx, experiment_id=experiment_id, name=each.name)
        if found is not None and old_types.get(each.name) != each:
            users[f"job type {each.name}"] = await store.list_job_type_users(tx, job_type_id=found.id)
    for setup in wanted.login_setups:
        known = await store.find_login_setup(tx, experiment_id=experiment_id, name=setup.name)
        if known is not None and old_setups.get(setup.name) != setup:
            users[f"login setup {setup.name}"] = await store.list_login_setup_users(tx, login_setup_id=known.id)
    own = campaign.name if campaign else wanted.name
    others = {what: sorted({one.campaign for one in found} - {own}) for what, found in users.items()}
    return [
        f"{what} is changed, and campaigns {', '.join(names)} use it, too" for what, names in others.items() if names
    ]


async def _list_problems(tx: Tx, experiment_id: int, wanted: CampaignText) -> tuple[str, ...]:
    """Everything that keeps a text from being applied."""
    problems = [f"{each.where}: {each.what}" for each in check_text(wanted)]
    references = list_references(wanted)
    problems += [
        f"job type {name} is neither in the text nor in {wanted.experiment}"
        for name in references.job_types
        if await store.find_job_type(tx, experiment_id=experiment_id, name=name) is None
    ]
    problems += [
        f"login setup {name} is neither in the text nor in {wanted.experiment}"
        for name in references.login_setups
        if await store.find_login_setup(tx, experiment_id=experiment_id, name=name) is None
    ]
    for each in wanted.job_types:
        problems += _list_faults(partial(_check_job_type, wanted, each), f"job type {each.name}")
    if not problems:
        problems += _list_faults(partial(check_campaign, _to_campaign(wanted)), "")
    return tuple(problems)


def _check_job_type(wanted: CampaignText, job_type: JobTypeText) -> None:
    check_job_type(_to_job_type(wanted, job_type))


def _list_faults(check: Callable[[], object], where: str) -> list[str]:
    try:
        check()
    except InvalidInputError as error:
        return [f"{each.where}: {each.what}" for each in error.problems] if error.problems else [error.sentence]
    except SutlerError as error:
        return [f"{where}: {error.sentence}".lstrip(": ")]
    return []


async def _save_templates(
    tx: Tx, who: Principal, experiment_id: int, present: CampaignText | None, wanted: CampaignText
) -> None:
    """Make or change the templates of a text; whether they are hidden is no business of a text."""
    old_setups = {each.name: each for each in present.login_setups} if present else {}
    old_types = {each.name: each for each in present.job_types} if present else {}
    for setup in wanted.login_setups:
        if old_setups.get(setup.name) != setup:
            found = await store.find_login_setup(tx, experiment_id=experiment_id, name=setup.name)
            new_setup = replace(_to_login_setup(wanted, setup), is_active=found is None or found.is_active)
            await save_login_setup_in(tx, who, new=new_setup)
    for job_type in wanted.job_types:
        if old_types.get(job_type.name) != job_type:
            known = await store.find_job_type(tx, experiment_id=experiment_id, name=job_type.name)
            new_type = replace(_to_job_type(wanted, job_type), is_active=known is None or known.is_active)
            await save_job_type_in(tx, who, new=new_type)


async def _save_campaign(tx: Tx, who: Principal, wanted: CampaignText, campaign: Campaign | None) -> Campaign:
    new = _to_campaign(wanted)
    if campaign is None:
        campaign = await create_campaign_in(tx, who, new=new)
    else:
        await edit_campaign_in(tx, who, campaign, _to_change(new))
        await _save_stages(tx, who, campaign, new)
        gone = [tag for tag in campaign.tags if tag not in new.tags]
        await store.delete_tags(tx, campaign_ids=[campaign.id], tags=gone)
        await store.insert_tags(tx, campaign_ids=[campaign.id], tags=new.tags)
        await check_whole_in(tx, campaign)
    await _save_schedules(tx, who, campaign, wanted)
    return await load_campaign(tx, campaign.id)


async def _save_stages(tx: Tx, who: Principal, campaign: Campaign, new: NewCampaign) -> None:
    present = {stage.name: stage for stage in await store.list_stages(tx, campaign_id=campaign.id)}
    wanted = {stage.name for stage in new.stages}
    for name, stage in present.items():
        if name not in wanted:
            await remove_stage_in(tx, who, campaign, await load_stage(tx, stage.id, lock=True))
    for rank, stage_text in enumerate(new.stages, start=1):
        if stage_text.name in present:
            locked = await load_stage(tx, present[stage_text.name].id, lock=True)
            await edit_stage_in(tx, who, campaign, replace(locked, rank=rank), stage_text)
        else:
            added = await insert_stage_in(tx, campaign, stage_text, who=who)
            await store.update_stage(tx, stage=replace(added, rank=rank))
    await set_dependencies_in(tx, who, campaign, new.dependencies)


async def _save_schedules(tx: Tx, who: Principal, campaign: Campaign, wanted: CampaignText) -> None:
    stages = {stage.name: stage for stage in await store.list_stages(tx, campaign_id=campaign.id)}
    for text in wanted.stages:
        stage = stages[text.name]
        present = await find_schedule_in(tx, stage_id=stage.id)
        if present is not None and present.is_active and text.schedule == _describe_schedule(present):
            continue
        if text.schedule is not None:
            new = NewSchedule(text.schedule.cron, text.schedule.time_zone, Overlap(text.schedule.overlap))
            await save_schedule_in(tx, who, stage=stage, new=new)
        else:
            await end_schedule_in(tx, stage_id=stage.id, reason="the text of the campaign has no schedule")


def _to_campaign(text: CampaignText) -> NewCampaign:
    return NewCampaign(
        experiment=text.experiment,
        name=text.name,
        keywords=text.keywords,
        stages=tuple(NewStage(s.name, s.job_type, s.login_setup, s.settings) for s in text.stages),
        dependencies=tuple(NewDependency(d.upstream, d.downstream, d.file_pattern) for d in text.dependencies),
        defaults=text.defaults.settings,
        default_job_type=text.defaults.job_type,
        default_login_setup=text.defaults.login_setup,
        data_handler=text.data_handler,
        is_active=text.is_active,
        is_test=text.is_test,
        tags=text.tags,
        layout=text.positions,
        extras=text.extras,
    )


def _to_change(new: NewCampaign) -> CampaignChange:
    """Everything that a campaign says, also that it has no default template any more."""
    same = {each.name: getattr(new, each.name) for each in fields(CampaignChange)}
    return CampaignChange(
        **{**same, "default_job_type": new.default_job_type or "", "default_login_setup": new.default_login_setup or ""}
    )


def _to_login_setup(text: CampaignText, setup: LoginSetupText) -> NewLoginSetup:
    return NewLoginSetup(text.experiment, setup.name, setup.backend or "local", setup.host, setup.account, setup.setup)


def _to_job_type(text: CampaignText, job_type: JobTypeText) -> NewJobType:
    default = NewJobType(text.experiment, job_type.name, job_type.launch_script)
    said: Mapping[str, object] = {
        "output_namespace": job_type.output_namespace,
        "output_dataset": job_type.output_dataset,
        "output_rse": job_type.output_rse,
        "files_per_run": job_type.files_per_run,
        "max_attempts": job_type.max_attempts,
        "run_timeout": timedelta(seconds=job_type.run_timeout_seconds) if job_type.run_timeout_seconds else None,
    }
    recoveries = [_to_recovery(job_type, each) for each in job_type.recoveries]
    return replace(
        default,
        parameters=job_type.parameters,
        output_file_patterns=job_type.output_file_patterns,
        recoveries=tuple(recoveries),
        **{name: value for name, value in said.items() if value is not None},  # type: ignore[arg-type]  # by name
    )


def _to_recovery(job_type: JobTypeText, text: RecoveryText) -> Recovery:
    try:
        return Recovery(RecoveryType(OLDER_NAMES.get(text.type, text.type)), text.parameter_overrides)
    except ValueError:
        known = ", ".join(RecoveryType)
        what = f"{text.type!r} is no kind of recovery; there are {known}"
        raise InvalidInputError([Problem(f"recoveries of job type {job_type.name}", what)]) from None


def _fill_job_type(text: JobTypeText, found: JobType | None) -> JobTypeText:
    """Say what a text leaves unsaid as it stands on the server, or as it is built in."""
    base = _describe_job_type(found) if found else _describe_new_job_type(text)
    unsaid = {each.name: getattr(base, each.name) for each in fields(JobTypeText) if getattr(text, each.name) is None}
    return replace(text, **unsaid)


def _fill_login_setup(text: LoginSetupText, found: LoginSetup | None) -> LoginSetupText:
    return replace(text, backend=text.backend or (found.backend if found else "local"))


def _describe_new_job_type(text: JobTypeText) -> JobTypeText:
    default = NewJobType("", text.name, text.launch_script)
    return JobTypeText(
        name=text.name,
        output_namespace=default.output_namespace,
        output_dataset=default.output_dataset,
        output_rse=default.output_rse,
        files_per_run=default.files_per_run,
        max_attempts=default.max_attempts,
    )


def _describe_job_type(found: JobType) -> JobTypeText:
    return JobTypeText(
        name=found.name,
        launch_script=found.launch_script,
        parameters=found.parameters,
        output_file_patterns=found.output_file_patterns,
        recoveries=tuple(RecoveryText(each.recovery_type.value, each.parameter_overrides) for each in found.recoveries),
        output_namespace=found.output_namespace,
        output_dataset=found.output_dataset,
        output_rse=found.output_rse,
        files_per_run=found.files_per_run,
        max_attempts=found.max_attempts,
        run_timeout_seconds=None if found.run_timeout is None else found.run_timeout.total_seconds(),
    )


def _describe_login_setup(found: LoginSetup) -> LoginSetupText:
    return LoginSetupText(found.name, found.host, found.account, found.setup, found.backend)


async def _describe_stage(tx: Tx, stage: Stage) -> StageText:
    schedule = await find_schedule_in(tx, stage_id=stage.id)
    return StageText(
        name=stage.name,
        job_type=await name_job_type_in(tx, stage.own_job_type_id),
        login_setup=await name_login_setup_in(tx, stage.own_login_setup_id),
        schedule=_describe_schedule(schedule) if schedule and schedule.is_active else None,
        settings=stage.own,
    )


def _describe_schedule(schedule: Schedule) -> ScheduleText:
    return ScheduleText(schedule.cron, schedule.time_zone, schedule.overlap.value)


async def _load_job_types(tx: Tx, campaign: Campaign, stages: Sequence[Stage]) -> list[JobType]:
    ids = dict.fromkeys([*(stage.own_job_type_id for stage in stages), campaign.default_job_type_id])
    return [await store.get_job_type(tx, job_type_id=each) for each in ids if each is not None]


async def _load_login_setups(tx: Tx, campaign: Campaign, stages: Sequence[Stage]) -> list[LoginSetup]:
    ids = dict.fromkeys([*(stage.own_login_setup_id for stage in stages), campaign.default_login_setup_id])
    return [await store.get_login_setup(tx, login_setup_id=each) for each in ids if each is not None]
