"""Login setups, job types with their recoveries, campaigns, stages, dependencies, tags, watch lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sutler.campaigns.model import (
    Campaign,
    Dependency,
    JobType,
    LaunchHosts,
    LoginSetup,
    NewCampaign,
    NewJobType,
    NewLoginSetup,
    NewStage,
    Parameters,
    Recovery,
    RecoveryType,
    Stage,
    StageSummary,
)
from sutler.campaigns.model.inheritance import NO_SPLIT, resolve_settings
from sutler.campaigns.settings import decode, encode
from sutler.database import Row, Tx, into, into_list, into_optional, load_statements

_SQL = load_statements("sutler.campaigns.store", "work.sql")


@dataclass(frozen=True)
class UserOfTemplate:
    """What refers to a job type or login setup: a stage, or a campaign for its stages when `stage` is None."""

    campaign: str
    stage: str | None


@dataclass(frozen=True)
class PlacedStage:
    """A stage as a list shows it, and its rank: with its id that is its place in its campaign."""

    rank: int
    summary: StageSummary


async def create_login_setup(
    tx: Tx, *, new: NewLoginSetup, experiment_id: int, created_by: int, creator_role: str
) -> LoginSetup:
    """Insert a login setup and return it."""
    row = await tx.row(
        _SQL.create_login_setup,
        **_login_setup_fields(new),
        experiment_id=experiment_id,
        name=new.name,
        created_by=created_by,
        creator_role=creator_role,
        now=tx.now,
    )
    return into(LoginSetup, expect_row(row))


async def update_login_setup(tx: Tx, *, login_setup_id: int, new: NewLoginSetup) -> LoginSetup:
    """Change a login setup and return it."""
    row = await tx.row(_SQL.update_login_setup, **_login_setup_fields(new), login_setup_id=login_setup_id, now=tx.now)
    return into(LoginSetup, expect_row(row))


async def find_login_setup(tx: Tx, *, experiment_id: int, name: str) -> LoginSetup | None:
    """Look a login setup up by name."""
    return into_optional(LoginSetup, await tx.row(_SQL.find_login_setup, experiment_id=experiment_id, name=name))


async def find_login_setup_by_id(tx: Tx, *, login_setup_id: int) -> LoginSetup | None:
    """Read a login setup, or nothing."""
    return into_optional(LoginSetup, await tx.row(_SQL.find_login_setup_by_id, login_setup_id=login_setup_id))


async def get_login_setup(tx: Tx, *, login_setup_id: int) -> LoginSetup:
    """Read a login setup that something refers to."""
    return into(LoginSetup, expect_row(await tx.row(_SQL.get_login_setup, login_setup_id=login_setup_id)))


async def lock_login_setup(tx: Tx, *, login_setup_id: int) -> LoginSetup | None:
    """Read a login setup and keep others from changing it."""
    return into_optional(LoginSetup, await tx.row(_SQL.lock_login_setup, login_setup_id=login_setup_id))


async def list_login_setups(tx: Tx, *, experiment_ids: Sequence[int]) -> list[LoginSetup]:
    """Read the login setups of experiments by name."""
    return into_list(LoginSetup, await tx.rows(_SQL.list_login_setups, experiment_ids=list(experiment_ids)))


async def list_login_setup_users(tx: Tx, *, login_setup_id: int) -> list[UserOfTemplate]:
    """Read what refers to a login setup, at most 20."""
    return into_list(UserOfTemplate, await tx.rows(_SQL.list_login_setup_users, login_setup_id=login_setup_id))


async def delete_login_setup(tx: Tx, *, login_setup_id: int) -> None:
    """Delete a login setup that nothing refers to."""
    await tx.run(_SQL.delete_login_setup, login_setup_id=login_setup_id)


async def create_job_type(tx: Tx, *, new: NewJobType, experiment_id: int, created_by: int, creator_role: str) -> int:
    """Insert a job type and return its id. Its recoveries are entered apart."""
    return int(
        await tx.value(
            _SQL.create_job_type,
            **_job_type_fields(new),
            experiment_id=experiment_id,
            name=new.name,
            created_by=created_by,
            creator_role=creator_role,
            now=tx.now,
        )
    )


async def update_job_type(tx: Tx, *, job_type_id: int, new: NewJobType) -> None:
    """Change a job type; its recoveries stay."""
    await tx.run(_SQL.update_job_type, **_job_type_fields(new), job_type_id=job_type_id, now=tx.now)


async def delete_recoveries(tx: Tx, *, job_type_id: int) -> None:
    """Forget the recoveries of a job type."""
    await tx.run(_SQL.delete_recoveries, job_type_id=job_type_id)


async def insert_recoveries(tx: Tx, *, job_type_id: int, recoveries: Sequence[Recovery]) -> None:
    """Enter the recoveries of a job type in order."""
    entries = [
        {"recovery_type": one.recovery_type.value, "parameter_overrides": [list(p) for p in one.parameter_overrides]}
        for one in recoveries
    ]
    await tx.run(_SQL.insert_recoveries, job_type_id=job_type_id, recoveries=entries)


async def find_job_type(tx: Tx, *, experiment_id: int, name: str) -> JobType | None:
    """Look a job type up by name."""
    row = await tx.row(_SQL.find_job_type, experiment_id=experiment_id, name=name)
    return None if row is None else _make_job_type(row)


async def find_job_type_by_id(tx: Tx, *, job_type_id: int) -> JobType | None:
    """Read a job type, or nothing."""
    row = await tx.row(_SQL.find_job_type_by_id, job_type_id=job_type_id)
    return None if row is None else _make_job_type(row)


async def get_job_type(tx: Tx, *, job_type_id: int) -> JobType:
    """Read a job type that something refers to."""
    return _make_job_type(expect_row(await tx.row(_SQL.get_job_type, job_type_id=job_type_id)))


async def lock_job_type(tx: Tx, *, job_type_id: int) -> JobType | None:
    """Read a job type and keep others from changing it."""
    row = await tx.row(_SQL.lock_job_type, job_type_id=job_type_id)
    return None if row is None else _make_job_type(row)


async def list_job_types(tx: Tx, *, experiment_ids: Sequence[int]) -> list[JobType]:
    """Read the job types of experiments by name."""
    return [_make_job_type(row) for row in await tx.rows(_SQL.list_job_types, experiment_ids=list(experiment_ids))]


async def list_job_type_users(tx: Tx, *, job_type_id: int) -> list[UserOfTemplate]:
    """Read what refers to a job type, at most 20."""
    return into_list(UserOfTemplate, await tx.rows(_SQL.list_job_type_users, job_type_id=job_type_id))


async def delete_job_type(tx: Tx, *, job_type_id: int) -> None:
    """Delete a job type that nothing refers to."""
    await tx.run(_SQL.delete_job_type, job_type_id=job_type_id)


async def create_campaign(
    tx: Tx,
    *,
    new: NewCampaign,
    experiment_id: int,
    default_job_type_id: int | None,
    default_login_setup_id: int | None,
    created_by: int,
    creator_role: str,
) -> int:
    """Insert a campaign and return its id. Stages, dependencies and tags are entered apart."""
    return int(
        await tx.value(
            _SQL.create_campaign,
            experiment_id=experiment_id,
            name=new.name,
            data_handler=new.data_handler,
            keywords=dict(new.keywords),
            defaults=encode(new.defaults),
            default_job_type_id=default_job_type_id,
            default_login_setup_id=default_login_setup_id,
            is_active=new.is_active,
            is_test=new.is_test,
            layout=_write_layout(new.layout),
            extras=_write_extras(new.extras),
            created_by=created_by,
            creator_role=creator_role,
            now=tx.now,
        )
    )


async def update_campaign(tx: Tx, *, campaign: Campaign) -> None:
    """Write what a campaign says now, and count its revision."""
    await tx.run(
        _SQL.update_campaign,
        campaign_id=campaign.id,
        name=campaign.name,
        data_handler=campaign.data_handler,
        keywords=dict(campaign.keywords),
        defaults=encode(campaign.defaults),
        default_job_type_id=campaign.default_job_type_id,
        default_login_setup_id=campaign.default_login_setup_id,
        is_active=campaign.is_active,
        is_test=campaign.is_test,
        layout=_write_layout(campaign.layout),
        extras=_write_extras(campaign.extras),
        now=tx.now,
    )


async def count_revision(tx: Tx, *, campaign_id: int) -> None:
    """Note that something of a campaign was changed."""
    await tx.run(_SQL.count_revision, campaign_id=campaign_id, now=tx.now)


async def find_campaign(tx: Tx, *, campaign_id: int) -> Campaign | None:
    """Read a campaign by id, with the names that belong to it."""
    row = await tx.row(_SQL.find_campaign, campaign_id=campaign_id)
    return None if row is None else _make_campaign(row)


async def lock_stages_of_campaign(tx: Tx, *, campaign_id: int) -> None:
    """Keep the stages of a campaign from being launched or changed."""
    await tx.run(_SQL.lock_stages_of_campaign, campaign_id=campaign_id)


async def lock_campaign(tx: Tx, *, campaign_id: int) -> None:
    """Keep others from changing a campaign or its parts until this transaction ends."""
    await tx.run(_SQL.lock_campaign, campaign_id=campaign_id)


async def get_experiment_name(tx: Tx, *, experiment_id: int) -> str:
    """Read the name of an experiment."""
    return str(await tx.value(_SQL.get_experiment_name, experiment_id=experiment_id))


async def find_campaign_named(tx: Tx, *, experiment_id: int, name: str) -> int | None:
    """Look the id of a campaign up by its name."""
    found = await tx.value(_SQL.find_campaign_named, experiment_id=experiment_id, name=name)
    return None if found is None else int(found)


async def has_submissions(tx: Tx, *, campaign_id: int) -> bool:
    """Whether a campaign was ever launched."""
    return bool(await tx.value(_SQL.has_submissions, campaign_id=campaign_id))


async def delete_stages(tx: Tx, *, campaign_id: int) -> None:
    """Delete the stages of a campaign that was never launched."""
    await tx.run(_SQL.delete_stages, campaign_id=campaign_id)


async def delete_campaign(tx: Tx, *, campaign_id: int) -> None:
    """Delete a campaign without stages."""
    await tx.run(_SQL.delete_campaign, campaign_id=campaign_id)


async def note_campaign_launch(tx: Tx, *, campaign_id: int) -> None:
    """Note that a campaign was launched, which makes it active."""
    await tx.run(_SQL.note_campaign_launch, campaign_id=campaign_id, now=tx.now)


async def set_campaigns_active(tx: Tx, *, campaign_ids: Sequence[int], is_active: bool) -> list[int]:
    """Mark campaigns active or not; return those that were changed."""
    rows = await tx.rows(_SQL.set_campaigns_active, campaign_ids=list(campaign_ids), is_active=is_active, now=tx.now)
    return sorted(row["id"] for row in rows)


async def list_idle_campaigns(tx: Tx, *, before: datetime, count: int) -> list[int]:
    """Read active campaigns in which nothing happened since an instant, and in which nothing runs or is due."""
    return [row["id"] for row in await tx.rows(_SQL.list_idle_campaigns, before=before, count=count)]


async def list_stages(tx: Tx, *, campaign_id: int) -> list[Stage]:
    """Read the stages of a campaign in order."""
    return [make_stage(row) for row in await tx.rows(_SQL.list_stages, campaign_id=campaign_id)]


async def list_stages_after(tx: Tx, *, campaign_id: int, place: tuple[int, int], count: int) -> list[PlacedStage]:
    """Read what a list shows of some stages, in order, behind a place: the rank and id of the stage before."""
    rank, stage_id = place
    rows = await tx.rows(_SQL.list_stages_after, campaign_id=campaign_id, rank=rank, stage_id=stage_id, count=count)
    return [PlacedStage(row["rank"], _read_summary(row)) for row in rows]


async def get_stage_count(tx: Tx, *, campaign_id: int) -> int:
    """Read how many stages a campaign has."""
    return int(await tx.value(_SQL.get_stage_count, campaign_id=campaign_id))


async def list_stage_names(tx: Tx, *, campaign_id: int) -> list[str]:
    """Read the names of the stages of a campaign in order."""
    return [row["name"] for row in await tx.rows(_SQL.list_stage_names, campaign_id=campaign_id)]


async def list_stages_by_id(tx: Tx, *, stage_ids: Sequence[int]) -> list[Stage]:
    """Read stages by their ids."""
    return [make_stage(row) for row in await tx.rows(_SQL.list_stages_by_id, stage_ids=list(stage_ids))]


async def list_stage_counts(tx: Tx, *, stages: Sequence[Stage]) -> list[StageSummary]:
    """Return stages with what a list shows of them, in their order."""
    rows = await tx.rows(_SQL.list_stage_counts, stage_ids=[stage.id for stage in stages])
    counted = {row["id"]: row for row in rows}
    return [_summarise(stage, counted[stage.id]) for stage in stages]


async def create_stage(
    tx: Tx,
    *,
    new: NewStage,
    campaign_id: int,
    experiment_id: int,
    job_type_id: int | None,
    login_setup_id: int | None,
    created_by: int,
    creator_role: str,
) -> int:
    """Insert a stage behind the others and return its id."""
    return await tx.value(  # type: ignore[no-any-return]  # an identity
        _SQL.create_stage,
        campaign_id=campaign_id,
        experiment_id=experiment_id,
        name=new.name,
        settings=encode(new.settings),
        job_type_id=job_type_id,
        login_setup_id=login_setup_id,
        created_by=created_by,
        creator_role=creator_role,
        now=tx.now,
    )


async def update_stage(tx: Tx, *, stage: Stage) -> None:
    """Write what a stage says itself now."""
    await tx.run(
        _SQL.update_stage,
        stage_id=stage.id,
        name=stage.name,
        rank=stage.rank,
        settings=encode(stage.own),
        job_type_id=stage.own_job_type_id,
        login_setup_id=stage.own_login_setup_id,
        now=tx.now,
    )


async def remove_stage(tx: Tx, *, stage_id: int) -> None:
    """Take a stage out of its campaign; its submissions stay."""
    await tx.run(_SQL.remove_stage, stage_id=stage_id, now=tx.now)


async def get_stage(tx: Tx, *, stage_id: int) -> Stage | None:
    """Read a stage, or nothing."""
    row = await tx.row(_SQL.get_stage, stage_id=stage_id)
    return None if row is None else make_stage(row)


async def lock_stage(tx: Tx, *, stage_id: int) -> Stage | None:
    """Read a stage and keep other launches of it waiting until this transaction ends."""
    row = await tx.row(_SQL.lock_stage, stage_id=stage_id)
    return None if row is None else make_stage(row)


async def hold_stage(tx: Tx, *, stage_id: int, held_by: int | None, reason: str) -> None:
    """Put a stage on hold, or with None release it."""
    held_at = None if held_by is None else tx.now
    await tx.run(_SQL.hold_stage, stage_id=stage_id, held_by=held_by, held_at=held_at, reason=reason, now=tx.now)


async def create_dependency(
    tx: Tx,
    *,
    experiment_id: int,
    campaign_id: int,
    upstream_stage_id: int,
    downstream_stage_id: int,
    file_pattern: str,
    rank: int,
) -> int:
    """Insert a dependency and return its id."""
    return int(
        await tx.value(
            _SQL.create_dependency,
            experiment_id=experiment_id,
            campaign_id=campaign_id,
            upstream_stage_id=upstream_stage_id,
            downstream_stage_id=downstream_stage_id,
            file_pattern=file_pattern,
            rank=rank,
        )
    )


async def delete_dependencies(tx: Tx, *, dependency_ids: Sequence[int]) -> None:
    """Delete dependencies by id."""
    await tx.run(_SQL.delete_dependencies, dependency_ids=list(dependency_ids))


async def list_dependencies(tx: Tx, *, campaign_id: int) -> list[Dependency]:
    """Read the dependencies of a campaign in order."""
    return into_list(Dependency, await tx.rows(_SQL.list_dependencies, campaign_id=campaign_id))


async def list_touching_dependencies(tx: Tx, *, stage_ids: Sequence[int]) -> list[Dependency]:
    """Read the dependencies that lead from stages or to them, in order."""
    return into_list(Dependency, await tx.rows(_SQL.list_touching_dependencies, stage_ids=list(stage_ids)))


async def delete_tags(tx: Tx, *, campaign_ids: Sequence[int], tags: Sequence[str]) -> None:
    """Take tags off campaigns."""
    await tx.run(_SQL.delete_tags, campaign_ids=list(campaign_ids), tags=list(tags))


async def insert_tags(tx: Tx, *, campaign_ids: Sequence[int], tags: Sequence[str]) -> None:
    """Put tags on campaigns; those that are there stay."""
    await tx.run(_SQL.insert_tags, campaign_ids=list(campaign_ids), tags=list(tags))


async def list_tags(tx: Tx, *, experiment_ids: Sequence[int], prefix: str, count: int) -> dict[str, int]:
    """Read tags that begin with some letters, each with how many campaigns carry it."""
    rows = await tx.rows(_SQL.list_tags, experiment_ids=list(experiment_ids), prefix=prefix, count=count)
    return {row["tag"]: row["campaign_count"] for row in rows}


async def watch_campaign(tx: Tx, *, user_id: int, campaign_id: int) -> None:
    """Put a campaign on somebody's watch list."""
    await tx.run(_SQL.watch_campaign, user_id=user_id, campaign_id=campaign_id, now=tx.now)


async def list_watched(tx: Tx, *, user_id: int, campaign_ids: Sequence[int]) -> frozenset[int]:
    """Read which of some campaigns are on somebody's watch list."""
    rows = await tx.rows(_SQL.list_watched, user_id=user_id, campaign_ids=list(campaign_ids))
    return frozenset(row["campaign_id"] for row in rows)


async def unwatch_campaign(tx: Tx, *, user_id: int, campaign_id: int) -> None:
    """Take a campaign off somebody's watch list."""
    await tx.run(_SQL.unwatch_campaign, user_id=user_id, campaign_id=campaign_id)


async def list_launch_hosts(tx: Tx, *, experiment_id: int) -> LaunchHosts:
    """Read where login setups of an experiment may log in to."""
    rows = await tx.rows(_SQL.list_launch_hosts, experiment_id=experiment_id)
    by_role: dict[str, list[str]] = {"analysis": [], "production": []}
    for row in rows:
        by_role[row["role"]].append(row["pattern"])
    return LaunchHosts(tuple(by_role["analysis"]), tuple(by_role["production"]))


async def delete_launch_hosts(tx: Tx, *, experiment_id: int, role: str) -> None:
    """Forget where login setups of one role may log in to."""
    await tx.run(_SQL.delete_launch_hosts, experiment_id=experiment_id, role=role)


async def insert_launch_hosts(tx: Tx, *, experiment_id: int, role: str, patterns: Sequence[str]) -> None:
    """Enter where login setups of one role may log in to."""
    await tx.run(_SQL.insert_launch_hosts, experiment_id=experiment_id, role=role, patterns=list(patterns))


def make_stage(row: Row) -> Stage:
    """Make a stage of its row and the defaults of its campaign."""
    own, defaults = decode(row["settings"]), decode(row["defaults"])
    fixed = {
        **row,
        "own": own,
        "own_job_type_id": row["job_type_id"],
        "own_login_setup_id": row["login_setup_id"],
        "job_type_id": row["job_type_id"] or row["default_job_type_id"],
        "login_setup_id": row["login_setup_id"] or row["default_login_setup_id"],
    }
    return into(Stage, {**fixed, **resolve_settings(own, defaults)})


def read_parameters(pairs: Iterable[Sequence[str]]) -> Parameters:
    """Make parameters of the pairs of a JSON list."""
    return tuple((key, text) for key, text in pairs)


def expect_row(row: Row | None) -> Row:
    """Return the row of a statement that always answers."""
    if row is None:
        raise LookupError("a statement that always answers has not")
    return row


def _login_setup_fields(new: NewLoginSetup) -> dict[str, object]:
    return {
        "backend": new.backend,
        "host": new.host,
        "account": new.account,
        "setup": new.setup,
        "is_active": new.is_active,
    }


def _job_type_fields(new: NewJobType) -> dict[str, object]:
    return {
        "launch_script": new.launch_script,
        "parameters": [list(pair) for pair in new.parameters],
        "output_file_patterns": list(new.output_file_patterns),
        "output_namespace": new.output_namespace,
        "output_dataset": new.output_dataset,
        "output_rse": new.output_rse,
        "files_per_run": new.files_per_run,
        "max_attempts": new.max_attempts,
        "run_timeout": new.run_timeout,
        "is_active": new.is_active,
    }


def _make_job_type(row: Row) -> JobType:
    return into(
        JobType,
        {
            **row,
            "parameters": read_parameters(row["parameters"]),
            "output_file_patterns": tuple(row["output_file_patterns"]),
            "recoveries": tuple(
                Recovery(RecoveryType(kind), read_parameters(overrides)) for kind, overrides in row["recoveries"]
            ),
        },
    )


def _read_summary(row: Row) -> StageSummary:
    split_type = row["split_type"]
    return into(StageSummary, {**row, "split_type": "" if split_type in {None, NO_SPLIT} else split_type})


def _summarise(stage: Stage, counted: Row) -> StageSummary:
    return StageSummary(
        id=stage.id,
        name=stage.name,
        stage_type=stage.stage_type,
        job_type=counted["job_type"] or "",
        login_setup=counted["login_setup"] or "",
        dataset_query=stage.dataset_query,
        split_type=stage.split_type,
        is_held=stage.held_at is not None,
        submission_count=counted["submission_count"],
        running_count=counted["running_count"],
        last_submission_id=counted["last_submission_id"],
        schedule=counted["schedule"] or "",
    )


def _make_campaign(row: Row) -> Campaign:
    layout = {name: (float(at[0]), float(at[1])) for name, at in row["layout"].items()}
    return into(Campaign, {**row, "defaults": decode(row["defaults"]), "layout": layout, "tags": tuple(row["tags"])})


def _write_layout(layout: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    return {name: list(at) for name, at in layout.items()}


def _write_extras(extras: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {section: dict(keys) for section, keys in extras.items()}
