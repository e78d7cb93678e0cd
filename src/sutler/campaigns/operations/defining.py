"""Campaigns with their stages and dependencies: making, changing and taking them apart, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sutler import catalog
from sutler.auth import Action, Principal, permit
from sutler.base.errors import InvalidInputError, NotFoundError, Problem
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.errors import CampaignLaunchedError, ChangedMeanwhileError
from sutler.campaigns.model import (
    DATA_HANDLERS,
    Campaign,
    CampaignEvent,
    Dependency,
    NewCampaign,
    NewDependency,
    NewStage,
    SplitKind,
    Stage,
)
from sutler.campaigns.operations.loading import load_campaign, load_experiment, load_present_stage, load_stage, thing_of
from sutler.campaigns.operations.schedules import end_schedule_in
from sutler.campaigns.operations.templates import check_title, permit_creation
from sutler.campaigns.settings import StageSettings, check, overlay
from sutler.campaigns.splits import parse_split_type
from sutler.database import Database, Tx


@dataclass(frozen=True)
class CampaignChange:
    """What is to be different about a campaign; None leaves it. An empty name of a template takes it away.

    Keywords, layout and tags are replaced as a whole.
    """

    name: str | None = None
    keywords: Mapping[str, str] | None = None
    defaults: StageSettings | None = None
    default_job_type: str | None = None
    default_login_setup: str | None = None
    data_handler: str | None = None
    is_active: bool | None = None
    is_test: bool | None = None
    layout: Mapping[str, tuple[float, float]] | None = None
    extras: Mapping[str, Mapping[str, str]] | None = None
    tags: Sequence[str] | None = None


async def create_campaign(db: Database, who: Principal, *, new: NewCampaign) -> Campaign:
    """Create a campaign with its stages, dependencies and tags, all or nothing.

    Raises CampaignShapeError, StageWithoutDataError, MqlSyntaxError, SplitTypeError, AlreadyExistsError, NotFoundError,
    NotPermittedError, InvalidInputError.
    """
    check_campaign(new)
    async with db.write() as tx:
        return await create_campaign_in(tx, who, new=new)


async def create_campaign_in(tx: Tx, who: Principal, *, new: NewCampaign) -> Campaign:
    """Do what `create_campaign` does, in the transaction of a caller who has called `check_campaign`."""
    experiment = await load_experiment(tx, new.experiment)
    role = permit_creation(who, "campaign", experiment)
    campaign_id = await store.create_campaign(
        tx,
        new=new,
        experiment_id=experiment.id,
        default_job_type_id=await find_job_type_id(tx, experiment.id, new.default_job_type),
        default_login_setup_id=await find_login_setup_id(tx, experiment.id, new.default_login_setup),
        created_by=who.user_id,
        creator_role=role,
    )
    campaign = await load_campaign(tx, campaign_id)
    stages = {stage.name: await insert_stage_in(tx, campaign, stage, who=who) for stage in new.stages}
    await insert_dependencies_in(tx, campaign, new.dependencies, stages)
    await store.insert_tags(tx, campaign_ids=[campaign_id], tags=new.tags)
    await record_in(tx, who, CampaignEvent.CAMPAIGN_SAVED, "campaign", campaign)
    return await load_campaign(tx, campaign_id)


async def edit_campaign(
    db: Database, who: Principal, *, campaign_id: int, change: CampaignChange, revision: int | None = None
) -> Campaign:
    """Change what a campaign says. Stages follow its defaults where they say nothing themselves.

    With a revision, only if nobody has changed the campaign since. Raises NotFoundError, NotPermittedError,
    ChangedMeanwhileError, AlreadyExistsError, InvalidInputError, and what makes a stage unfit.
    """
    async with db.write() as tx:
        campaign = await open_campaign_in(tx, who, campaign_id=campaign_id, revision=revision)
        changed = await edit_campaign_in(tx, who, campaign, change)
        await check_whole_in(tx, changed)
        return changed


async def edit_campaign_in(tx: Tx, who: Principal, campaign: Campaign, change: CampaignChange) -> Campaign:
    """Do what `edit_campaign` does with a campaign that the caller has opened, except for looking at the whole."""
    wanted = await _overlay(tx, campaign, change)
    names = sorted(name for name in vars(change) if getattr(change, name) is not None)
    check_title(wanted.name)
    _check_campaign_words(wanted.defaults, wanted.keywords, wanted.data_handler)
    await store.update_campaign(tx, campaign=wanted)
    facts: dict[str, object] = {"name": wanted.name, "changes": names}
    event = Event(CampaignEvent.CAMPAIGN_CHANGED, "campaign", str(campaign.id), campaign.experiment_id, facts)
    await tx.record(event, who)
    if change.tags is not None:
        await _replace_tags(tx, who, campaign, change.tags)
    return await load_campaign(tx, campaign.id)


async def delete_campaign(db: Database, who: Principal, *, campaign_id: int) -> None:
    """Delete a campaign that was never launched. Raises NotFoundError, NotPermittedError, CampaignLaunchedError."""
    async with db.write() as tx:
        campaign = await open_campaign_in(tx, who, campaign_id=campaign_id)
        if await store.has_submissions(tx, campaign_id=campaign_id):
            raise CampaignLaunchedError(
                f"Campaign {campaign.name} has submissions, so it stays. Mark it inactive to hide it.",
                campaign_id=campaign_id,
            )
        await store.delete_stages(tx, campaign_id=campaign_id)
        await store.delete_campaign(tx, campaign_id=campaign_id)
        await record_in(tx, who, CampaignEvent.CAMPAIGN_DELETED, "campaign", campaign)


async def add_stage(db: Database, who: Principal, *, campaign_id: int, new: NewStage) -> Stage:
    """Add a stage to a campaign. A stage that an upstream stage is to feed is made with its dependency in one call.

    Raises StageWithoutDataError, MqlSyntaxError, SplitTypeError, AlreadyExistsError, NotFoundError.
    """
    return await add_fed_stage(db, who, campaign_id=campaign_id, new=new, dependencies=())


async def add_fed_stage(
    db: Database, who: Principal, *, campaign_id: int, new: NewStage, dependencies: tuple[NewDependency, ...]
) -> Stage:
    """Add a stage together with the dependencies that touch it, all or nothing. Raises as `add_stage` does."""
    async with db.write() as tx:
        campaign = await open_campaign_in(tx, who, campaign_id=campaign_id)
        stage = await insert_stage_in(tx, campaign, new, who=who)
        stages = {present.name: present for present in await store.list_stages(tx, campaign_id=campaign_id)}
        await insert_dependencies_in(tx, campaign, dependencies, stages)
        await check_whole_in(tx, campaign)
        await store.count_revision(tx, campaign_id=campaign_id)
        await record_in(tx, who, CampaignEvent.STAGE_SAVED, "stage", stage)
        tx.notify("campaign", campaign_id)
        return stage


async def edit_stage(
    db: Database, who: Principal, *, stage_id: int, new: NewStage, revision: int | None = None
) -> Stage:
    """Replace what a stage says itself; what it no longer says it inherits. A changed split or query begins anew.

    With a revision (of its campaign), only if nobody has changed the campaign since. Raises as `add_stage` does, and
    ChangedMeanwhileError.
    """
    async with db.write() as tx:
        stage = await load_present_stage(tx, stage_id)
        campaign = await open_campaign_in(tx, who, campaign_id=stage.campaign_id, revision=revision)
        changed = await edit_stage_in(tx, who, campaign, await load_stage(tx, stage_id, lock=True), new)
        await check_whole_in(tx, campaign)
        await store.count_revision(tx, campaign_id=campaign.id)
        return changed


async def edit_stage_in(tx: Tx, who: Principal, campaign: Campaign, stage: Stage, new: NewStage) -> Stage:
    """Do what `edit_stage` does with a locked stage of an opened campaign, except for looking at the whole."""
    permit(who, Action.EDIT, thing_of("stage", stage))
    check_title(new.name)
    job_type_id = await find_job_type_id(tx, campaign.experiment_id, new.job_type)
    login_setup_id = await find_login_setup_id(tx, campaign.experiment_id, new.login_setup)
    wanted = replace(
        stage,
        name=new.name,
        own=new.settings,
        own_job_type_id=job_type_id,
        own_login_setup_id=login_setup_id,
    )
    before = {"name": stage.name, **vars(stage.own), "job": stage.own_job_type_id, "login": stage.own_login_setup_id}
    after = {"name": new.name, **vars(new.settings), "job": job_type_id, "login": login_setup_id}
    await store.update_stage(tx, stage=wanted)
    facts: dict[str, object] = {"name": new.name, "changes": sorted(n for n in after if before[n] != after[n])}
    await tx.record(Event(CampaignEvent.STAGE_CHANGED, "stage", str(stage.id), stage.experiment_id, facts), who)
    tx.notify("campaign", campaign.id)
    return await load_stage(tx, stage.id)


async def remove_stage(db: Database, who: Principal, *, stage_id: int) -> None:
    """Take a stage and its dependencies out of its campaign; its submissions and their history stay.

    Raises NotFoundError, NotPermittedError, and StageWithoutDataError when it was all that fed another stage.
    """
    async with db.write() as tx:
        stage = await load_present_stage(tx, stage_id)
        campaign = await open_campaign_in(tx, who, campaign_id=stage.campaign_id)
        await remove_stage_in(tx, who, campaign, await load_stage(tx, stage_id, lock=True))
        await check_whole_in(tx, campaign)
        await store.count_revision(tx, campaign_id=campaign.id)


async def remove_stage_in(tx: Tx, who: Principal, campaign: Campaign, stage: Stage) -> None:
    """Do what `remove_stage` does with a locked stage of an opened campaign, except for looking at the whole."""
    permit(who, Action.EDIT, thing_of("stage", stage))
    touching = [
        one.id
        for one in await store.list_dependencies(tx, campaign_id=campaign.id)
        if stage.id in (one.upstream_stage_id, one.downstream_stage_id)
    ]
    await store.delete_dependencies(tx, dependency_ids=touching)
    await end_schedule_in(tx, stage_id=stage.id, reason=f"{who.username} removed the stage", actor=who)
    await store.remove_stage(tx, stage_id=stage.id)
    await record_in(tx, who, CampaignEvent.STAGE_REMOVED, "stage", stage)
    tx.notify("campaign", campaign.id)


async def set_dependencies(
    db: Database,
    who: Principal,
    *,
    campaign_id: int,
    dependencies: Sequence[NewDependency],
    revision: int | None = None,
) -> list[Dependency]:
    """Replace the dependencies of a campaign; those that stay keep their number.

    Raises NotFoundError, NotPermittedError, CampaignShapeError, StageWithoutDataError, ChangedMeanwhileError.
    """
    async with db.write() as tx:
        campaign = await open_campaign_in(tx, who, campaign_id=campaign_id, revision=revision)
        await set_dependencies_in(tx, who, campaign, dependencies)
        await check_whole_in(tx, campaign)
        await store.count_revision(tx, campaign_id=campaign_id)
        return await store.list_dependencies(tx, campaign_id=campaign_id)


async def set_dependencies_in(
    tx: Tx, who: Principal, campaign: Campaign, dependencies: Sequence[NewDependency]
) -> None:
    """Do what `set_dependencies` does with an opened campaign, except for looking at the whole."""
    present = await store.list_dependencies(tx, campaign_id=campaign.id)
    wanted = set(dependencies)
    kept = {as_new(one) for one in present} & wanted
    gone = [one.id for one in present if as_new(one) not in wanted]
    await store.delete_dependencies(tx, dependency_ids=gone)
    stages = {stage.name: stage for stage in await store.list_stages(tx, campaign_id=campaign.id)}
    added = [one for one in dependencies if one not in kept]
    await insert_dependencies_in(tx, campaign, added, stages, first_rank=len(present))
    if gone or added:
        facts: dict[str, object] = {"added": len(added), "removed": len(gone)}
        event = Event(CampaignEvent.DEPENDENCY_SAVED, "campaign", str(campaign.id), campaign.experiment_id, facts)
        await tx.record(event, who)


async def count_given_out(db: Database, who: Principal, *, stage_id: int) -> int:
    """Return how many files the split of a stage has given out in this pass: so many would be given out again if split
    or query changed. Raises NotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        stage = await load_stage(tx, stage_id)
        permit(who, Action.VIEW, thing_of("stage", stage))
        position = await store.find_split_position(tx, stage_id=stage_id, kind=SplitKind.PRODUCTION)
        return 0 if position is None else await catalog.get_taken_counts_in(tx, ledger_id=position.ledger_id)


async def open_campaign_in(tx: Tx, who: Principal, *, campaign_id: int, revision: int | None = None) -> Campaign:
    """Lock a campaign with its stages to change it. Raises NotFoundError, NotPermittedError, ChangedMeanwhileError."""
    # Stages first, as a launch locks its stage before it touches the campaign.
    await store.lock_stages_of_campaign(tx, campaign_id=campaign_id)
    await store.lock_campaign(tx, campaign_id=campaign_id)
    campaign = await load_campaign(tx, campaign_id)
    permit(who, Action.EDIT, thing_of("campaign", campaign))
    if revision is not None and revision != campaign.revision:
        raise ChangedMeanwhileError(
            f"Somebody has changed campaign {campaign.name} since you looked. Look again, then change it.",
            revision=campaign.revision,
        )
    return campaign


async def check_whole_in(tx: Tx, campaign: Campaign) -> None:
    """Raise what is wrong with a campaign as it stands now: its stages and dependencies must fit together."""
    campaign = await load_campaign(tx, campaign.id)
    stages = await store.list_stages(tx, campaign_id=campaign.id)
    dependencies = await store.list_dependencies(tx, campaign_id=campaign.id)
    check_campaign(
        NewCampaign(
            experiment=campaign.experiment,
            name=campaign.name,
            keywords=campaign.keywords,
            stages=tuple(NewStage(stage.name, settings=stage.own) for stage in stages),
            dependencies=tuple(as_new(one) for one in dependencies),
            defaults=campaign.defaults,
            data_handler=campaign.data_handler,
            tags=campaign.tags,
        )
    )


def check_campaign(new: NewCampaign) -> None:
    """Raise InvalidInputError and its kin unless a campaign may be saved; nothing is looked up."""
    check_title(new.name)
    _check_campaign_words(new.defaults, new.keywords, new.data_handler)
    for tag in new.tags:
        check_title(tag)
    rules.check_campaign(new)
    for stage in new.stages:
        _check_stage(stage, new)


def as_new(dependency: Dependency) -> NewDependency:
    """Return what a dependency is saved with."""
    return NewDependency(dependency.upstream_stage, dependency.downstream_stage, dependency.file_pattern)


async def find_job_type_id(tx: Tx, experiment_id: int, name: str | None) -> int | None:
    """Return the id of a job type by name, None for none. Raises NotFoundError."""
    if not name:
        return None
    found = await store.find_job_type(tx, experiment_id=experiment_id, name=name)
    if found is None:
        raise NotFoundError("job type", name)
    return found.id


async def find_login_setup_id(tx: Tx, experiment_id: int, name: str | None) -> int | None:
    """Return the id of a login setup by name, None for none. Raises NotFoundError."""
    if not name:
        return None
    found = await store.find_login_setup(tx, experiment_id=experiment_id, name=name)
    if found is None:
        raise NotFoundError("login setup", name)
    return found.id


async def insert_stage_in(tx: Tx, campaign: Campaign, new: NewStage, *, who: Principal) -> Stage:
    """Enter a stage of a campaign; it belongs to the role that the campaign belongs to. Raises NotFoundError."""
    check_title(new.name)
    stage_id = await store.create_stage(
        tx,
        new=new,
        campaign_id=campaign.id,
        experiment_id=campaign.experiment_id,
        job_type_id=await find_job_type_id(tx, campaign.experiment_id, new.job_type),
        login_setup_id=await find_login_setup_id(tx, campaign.experiment_id, new.login_setup),
        created_by=who.user_id,
        creator_role=campaign.creator_role,
    )
    return await load_stage(tx, stage_id)


async def insert_dependencies_in(
    tx: Tx,
    campaign: Campaign,
    dependencies: Sequence[NewDependency],
    stages: Mapping[str, Stage],
    *,
    first_rank: int = 0,
) -> None:
    """Enter dependencies behind those there are. Raises CampaignShapeError when they name no stage of the campaign."""
    splits = {name: (stage.split_type, stage.test_split_type) for name, stage in stages.items()}
    rules.check_dependencies(dependencies, splits)
    for rank, new in enumerate(dependencies, start=first_rank + 1):
        await store.create_dependency(
            tx,
            experiment_id=campaign.experiment_id,
            campaign_id=campaign.id,
            upstream_stage_id=stages[new.upstream_stage].id,
            downstream_stage_id=stages[new.downstream_stage].id,
            file_pattern=new.file_pattern,
            rank=rank,
        )


async def record_in(tx: Tx, who: Principal, kind: CampaignEvent, subject: str, thing: Campaign | Stage) -> None:
    """Write down what happened to a campaign or stage."""
    await tx.record(Event(kind, subject, str(thing.id), thing.experiment_id, {"name": thing.name}), who)


async def _replace_tags(tx: Tx, who: Principal, campaign: Campaign, tags: Sequence[str]) -> None:
    for tag in tags:
        check_title(tag)
    added, removed = sorted(set(tags) - set(campaign.tags)), sorted(set(campaign.tags) - set(tags))
    if not added and not removed:
        return
    await store.delete_tags(tx, campaign_ids=[campaign.id], tags=removed)
    await store.insert_tags(tx, campaign_ids=[campaign.id], tags=added)
    facts: dict[str, object] = {"added": added, "removed": removed}
    event = Event(CampaignEvent.CAMPAIGN_TAGGED, "campaign", str(campaign.id), campaign.experiment_id, facts)
    await tx.record(event, who)


async def _overlay(tx: Tx, campaign: Campaign, change: CampaignChange) -> Campaign:
    """Return the campaign as it is to be."""
    plain = ("name", "keywords", "defaults", "data_handler", "is_active", "is_test", "layout", "extras")
    said = {name: getattr(change, name) for name in plain if getattr(change, name) is not None}
    if change.default_job_type is not None:
        said["default_job_type_id"] = await find_job_type_id(tx, campaign.experiment_id, change.default_job_type)
    if change.default_login_setup is not None:
        wanted = change.default_login_setup
        said["default_login_setup_id"] = await find_login_setup_id(tx, campaign.experiment_id, wanted)
    return replace(campaign, **said)


def _check_campaign_words(defaults: StageSettings, keywords: Mapping[str, str], data_handler: str) -> None:
    problems = check(defaults, "defaults")
    if data_handler not in DATA_HANDLERS:
        problems.append(Problem("data_handler", f"must be one of {', '.join(DATA_HANDLERS)}, not {data_handler!r}"))
    problems += [
        Problem("keywords", f"{name!r} cannot stand in %(…)s: it needs a character, and none of )")
        for name in keywords
        if not name.strip() or ")" in name
    ]
    if problems:
        raise InvalidInputError(problems)


def _check_stage(stage: NewStage, campaign: NewCampaign) -> None:
    where = f"stage {stage.name}"
    check_title(stage.name)
    problems = check(stage.settings, where)
    if problems:
        raise InvalidInputError(problems)
    said = overlay(campaign.defaults, stage.settings)
    for parameters in filter(None, (said.parameter_overrides, said.test_parameter_overrides)):
        rules.split_requests(parameters)
    for text in filter(None, (said.split_type, said.test_split_type)):
        split = parse_split_type(text)
        if said.dataset_query:
            for query in split.list_queries(said.dataset_query):
                catalog.check_query(query)
        elif split.uses_ledger and not (said.project_id or said.sam_dataset or _is_fed(stage, campaign)):
            raise InvalidInputError([Problem(where, f"{split} splits the files of a dataset_query, and there is none")])
    if said.dataset_query and not said.split_type:
        catalog.check_query(said.dataset_query)


def _is_fed(stage: NewStage, campaign: NewCampaign) -> bool:
    return any(one.downstream_stage == stage.name for one in campaign.dependencies)
