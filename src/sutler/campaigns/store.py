"""The statements of the room, one function each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sutler.campaigns.model import (
    BatchStatus,
    Campaign,
    Cause,
    Dependency,
    Follower,
    HistoryEntry,
    IntentionState,
    JobType,
    LoginSetup,
    NewJobType,
    NewLoginSetup,
    NewStage,
    Overlooked,
    Parameters,
    Side,
    SplitKind,
    SplitPosition,
    Stage,
    StageSummary,
    SubmissionStatus,
)
from sutler.database import Row, Tx, into, into_list, into_optional, load_statements

_SQL = load_statements("sutler.campaigns")


@dataclass(frozen=True)
class SubmissionRow:
    """A submission as it stands in its table."""

    id: int
    experiment_id: int
    campaign_id: int
    stage_id: int
    launch_key: str
    cause: Cause
    upstream_submission_id: int | None
    is_test: bool
    status: SubmissionStatus
    batch_status: BatchStatus
    reason: str
    config: Mapping[str, object]
    dataset_query: str | None
    slice_number: int | None
    project_id: int
    share_id: int
    launched_by: int
    creator_role: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class IntentionRow:
    """Something that must follow, as it stands in its table."""

    id: int
    experiment_id: int
    key: str
    submission_id: int
    dependency_id: int | None
    tries: int


async def create_login_setup(
    tx: Tx, *, new: NewLoginSetup, experiment_id: int, created_by: int, creator_role: str
) -> LoginSetup:
    """Insert a login setup and return it."""
    row = await tx.row(
        _SQL.create_login_setup,
        experiment_id=experiment_id,
        name=new.name,
        backend=new.backend,
        host=new.host,
        account=new.account,
        setup=new.setup,
        created_by=created_by,
        creator_role=creator_role,
        now=tx.now,
    )
    return into(LoginSetup, _one(row))


async def update_login_setup(tx: Tx, *, login_setup_id: int, new: NewLoginSetup) -> LoginSetup:
    """Change a login setup and return it."""
    row = await tx.row(
        _SQL.update_login_setup,
        login_setup_id=login_setup_id,
        backend=new.backend,
        host=new.host,
        account=new.account,
        setup=new.setup,
        now=tx.now,
    )
    return into(LoginSetup, _one(row))


async def find_login_setup(tx: Tx, *, experiment_id: int, name: str) -> LoginSetup | None:
    """Look a login setup up by name."""
    return into_optional(LoginSetup, await tx.row(_SQL.find_login_setup, experiment_id=experiment_id, name=name))


async def get_login_setup(tx: Tx, *, login_setup_id: int) -> LoginSetup:
    """Read a login setup that something refers to."""
    return into(LoginSetup, _one(await tx.row(_SQL.get_login_setup, login_setup_id=login_setup_id)))


async def list_login_setups(tx: Tx, *, experiment_ids: Sequence[int]) -> list[LoginSetup]:
    """Read the login setups of experiments by name."""
    return into_list(LoginSetup, await tx.rows(_SQL.list_login_setups, experiment_ids=list(experiment_ids)))


async def create_job_type(
    tx: Tx, *, new: NewJobType, experiment_id: int, created_by: int, creator_role: str
) -> JobType:
    """Insert a job type and return it."""
    row = await tx.row(
        _SQL.create_job_type,
        **_job_type_fields(new),
        experiment_id=experiment_id,
        name=new.name,
        created_by=created_by,
        creator_role=creator_role,
        now=tx.now,
    )
    return _job_type(_one(row))


async def update_job_type(tx: Tx, *, job_type_id: int, new: NewJobType) -> JobType:
    """Change a job type and return it."""
    row = await tx.row(_SQL.update_job_type, **_job_type_fields(new), job_type_id=job_type_id, now=tx.now)
    return _job_type(_one(row))


async def find_job_type(tx: Tx, *, experiment_id: int, name: str) -> JobType | None:
    """Look a job type up by name."""
    row = await tx.row(_SQL.find_job_type, experiment_id=experiment_id, name=name)
    return None if row is None else _job_type(row)


async def get_job_type(tx: Tx, *, job_type_id: int) -> JobType:
    """Read a job type that something refers to."""
    return _job_type(_one(await tx.row(_SQL.get_job_type, job_type_id=job_type_id)))


async def list_job_types(tx: Tx, *, experiment_ids: Sequence[int]) -> list[JobType]:
    """Read the job types of experiments by name."""
    return [_job_type(row) for row in await tx.rows(_SQL.list_job_types, experiment_ids=list(experiment_ids))]


async def create_campaign(
    tx: Tx, *, experiment_id: int, name: str, keywords: Mapping[str, str], created_by: int, creator_role: str
) -> int:
    """Insert a campaign and return its id."""
    return int(
        await tx.value(
            _SQL.create_campaign,
            experiment_id=experiment_id,
            name=name,
            keywords=dict(keywords),
            created_by=created_by,
            creator_role=creator_role,
            now=tx.now,
        )
    )


async def find_campaign(tx: Tx, *, campaign_id: int) -> Campaign | None:
    """Read a campaign by id, with the names that belong to it."""
    return into_optional(Campaign, await tx.row(_SQL.find_campaign, campaign_id=campaign_id))


async def list_stages(tx: Tx, *, campaign_id: int) -> list[Stage]:
    """Read the stages of a campaign in the order they were made."""
    return [_stage(row) for row in await tx.rows(_SQL.list_stages, campaign_id=campaign_id)]


async def list_stage_summaries(tx: Tx, *, campaign_id: int) -> list[StageSummary]:
    """Read the stages of a campaign with what a list shows of them."""
    return into_list(StageSummary, await tx.rows(_SQL.list_stage_summaries, campaign_id=campaign_id))


async def create_stage(
    tx: Tx,
    *,
    new: NewStage,
    campaign_id: int,
    experiment_id: int,
    job_type_id: int,
    login_setup_id: int,
    created_by: int,
    creator_role: str,
) -> Stage:
    """Insert a stage and return it."""
    row = await tx.row(
        _SQL.create_stage,
        campaign_id=campaign_id,
        experiment_id=experiment_id,
        name=new.name,
        stage_type=new.stage_type.value,
        job_type_id=job_type_id,
        login_setup_id=login_setup_id,
        software_version=new.software_version,
        dataset_query=new.dataset_query or None,
        split_type=new.split_type,
        unit_count=new.unit_count,
        job_count=new.job_count,
        parameter_overrides=[list(pair) for pair in new.parameter_overrides],
        completion_pct=new.completion_pct,
        worker_timeout=new.worker_timeout,
        idle_timeout=new.idle_timeout,
        created_by=created_by,
        creator_role=creator_role,
        now=tx.now,
    )
    return _stage(_one(row))


async def get_stage(tx: Tx, *, stage_id: int) -> Stage | None:
    """Read a stage, or nothing."""
    row = await tx.row(_SQL.get_stage, stage_id=stage_id)
    return None if row is None else _stage(row)


async def lock_stage(tx: Tx, *, stage_id: int) -> Stage | None:
    """Read a stage and keep other launches of it waiting until this transaction ends."""
    row = await tx.row(_SQL.lock_stage, stage_id=stage_id)
    return None if row is None else _stage(row)


async def hold_stage(tx: Tx, *, stage_id: int, held_by: int | None) -> None:
    """Put a stage on hold, or with None release it."""
    held_at = None if held_by is None else tx.now
    await tx.run(_SQL.hold_stage, stage_id=stage_id, held_by=held_by, held_at=held_at, now=tx.now)


async def create_dependency(
    tx: Tx,
    *,
    experiment_id: int,
    campaign_id: int,
    upstream_stage_id: int,
    downstream_stage_id: int,
    file_pattern: str,
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
        )
    )


async def list_dependencies(tx: Tx, *, campaign_id: int) -> list[Dependency]:
    """Read the dependencies of a campaign."""
    return into_list(Dependency, await tx.rows(_SQL.list_dependencies, campaign_id=campaign_id))


async def get_dependency(tx: Tx, *, dependency_id: int) -> Dependency:
    """Read a dependency that something refers to."""
    return into(Dependency, _one(await tx.row(_SQL.get_dependency, dependency_id=dependency_id)))


async def find_split_position(tx: Tx, *, stage_id: int, kind: SplitKind) -> SplitPosition | None:
    """Read where a split stands."""
    row = await tx.row(_SQL.find_split_position, stage_id=stage_id, kind=kind.value)
    return into_optional(SplitPosition, row)


async def save_split_position(tx: Tx, *, position: SplitPosition, experiment_id: int) -> None:
    """Remember where a split stands."""
    await tx.run(
        _SQL.save_split_position,
        stage_id=position.stage_id,
        kind=position.kind.value,
        experiment_id=experiment_id,
        epoch=position.epoch,
        ledger_id=position.ledger_id,
        split_type=position.split_type,
        dataset_query=position.dataset_query,
        slice_count=position.slice_count,
        now=tx.now,
    )


async def find_submission_by_key(tx: Tx, *, launch_key: str) -> tuple[int, int] | None:
    """Look up what a launch key has made: submission and stage id."""
    row = await tx.row(_SQL.find_submission_by_key, launch_key=launch_key)
    return None if row is None else (row["id"], row["stage_id"])


async def reserve_submission_id(tx: Tx) -> int:
    """Take the number of a submission ahead of its row, for the names that carry it."""
    return int(await tx.value(_SQL.reserve_submission_id))


async def create_submission(tx: Tx, *, row: SubmissionRow) -> None:
    """Insert a submission under the number that was taken for it."""
    await tx.run(
        _SQL.create_submission,
        submission_id=row.id,
        experiment_id=row.experiment_id,
        campaign_id=row.campaign_id,
        stage_id=row.stage_id,
        launch_key=row.launch_key,
        cause=row.cause.value,
        upstream_submission_id=row.upstream_submission_id,
        is_test=row.is_test,
        config=dict(row.config),
        dataset_query=row.dataset_query,
        slice_number=row.slice_number,
        project_id=row.project_id,
        share_id=row.share_id,
        launched_by=row.launched_by,
        creator_role=row.creator_role,
        now=tx.now,
    )


async def add_history(
    tx: Tx, *, submission_id: int, experiment_id: int, side: Side, status: str, reason: str, actor: str
) -> None:
    """Append to the history of a submission."""
    await tx.run(
        _SQL.add_history,
        submission_id=submission_id,
        experiment_id=experiment_id,
        side=side.value,
        status=status,
        reason=reason,
        actor=actor,
        now=tx.now,
    )


async def list_history(tx: Tx, *, submission_id: int) -> list[HistoryEntry]:
    """Read the history of a submission, oldest first."""
    return into_list(HistoryEntry, await tx.rows(_SQL.list_history, submission_id=submission_id))


async def lock_submission_of_share(tx: Tx, *, share_id: int) -> SubmissionRow | None:
    """Find the submission that owns a share and keep others from changing it."""
    return into_optional(SubmissionRow, await tx.row(_SQL.lock_submission_of_share, share_id=share_id))


async def lock_submission_of_key(tx: Tx, *, launch_key: str) -> SubmissionRow | None:
    """Find the submission of a launch key and keep others from changing it."""
    return into_optional(SubmissionRow, await tx.row(_SQL.lock_submission_of_key, launch_key=launch_key))


async def lock_submission(tx: Tx, *, submission_id: int) -> SubmissionRow | None:
    """Read a submission and keep others from changing it."""
    return into_optional(SubmissionRow, await tx.row(_SQL.lock_submission, submission_id=submission_id))


async def get_submission_row(tx: Tx, *, submission_id: int) -> SubmissionRow | None:
    """Read a submission, or nothing."""
    return into_optional(SubmissionRow, await tx.row(_SQL.get_submission_row, submission_id=submission_id))


async def move_submission(
    tx: Tx,
    *,
    submission_id: int,
    status: SubmissionStatus,
    batch_status: BatchStatus,
    reason: str,
    ended_at: datetime | None,
) -> None:
    """Change the status words of a submission; a time of end that is set stays."""
    await tx.run(
        _SQL.move_submission,
        submission_id=submission_id,
        status=status.value,
        batch_status=batch_status.value,
        reason=reason,
        ended_at=ended_at,
    )


async def create_intention(tx: Tx, *, experiment_id: int, key: str, submission_id: int, dependency_id: int) -> None:
    """Write down what must follow; a key that exists stays as it is."""
    await tx.run(
        _SQL.create_intention,
        experiment_id=experiment_id,
        key=key,
        submission_id=submission_id,
        dependency_id=dependency_id,
        now=tx.now,
    )


async def lock_due_intention(tx: Tx) -> IntentionRow | None:
    """Take the oldest intention that is due, past those that other processes work on."""
    return into_optional(IntentionRow, await tx.row(_SQL.lock_due_intention, now=tx.now))


async def claim_intention(tx: Tx, *, intention_id: int, pause: timedelta) -> None:
    """Count a try of an intention, and put it off in case the try does not come to an end."""
    await tx.run(_SQL.claim_intention, intention_id=intention_id, due_at=tx.now + pause)


async def lock_pending_intention(tx: Tx, *, intention_id: int) -> bool:
    """Lock an intention. False if it was settled, or if somebody else is just settling it."""
    return await tx.value(_SQL.lock_pending_intention, intention_id=intention_id) is not None


async def settle_intention(tx: Tx, *, intention_id: int, state: IntentionState, reason: str) -> None:
    """Write down what became of an intention."""
    await tx.run(_SQL.settle_intention, intention_id=intention_id, state=state.value, reason=reason, now=tx.now)


async def postpone_intention(tx: Tx, *, intention_id: int, reason: str, pause: timedelta) -> None:
    """Leave an intention for later, with the reason; one that was settled meanwhile stays as it is."""
    await tx.run(_SQL.postpone_intention, intention_id=intention_id, reason=reason, due_at=tx.now + pause)


async def list_followers(tx: Tx, *, submission_id: int) -> list[Follower]:
    """Read what followed the end of a submission."""
    return into_list(Follower, await tx.rows(_SQL.list_followers, submission_id=submission_id))


async def list_running_keys(tx: Tx, *, project_id: int) -> list[str]:
    """Read the launch keys of a project's open submissions whose jobs nobody has told to end."""
    return [row["launch_key"] for row in await tx.rows(_SQL.list_running_keys, project_id=project_id)]


async def list_overlooked(tx: Tx, *, before: datetime, count: int) -> list[Overlooked]:
    """Read submissions made before an instant that go on although their files or jobs are over, oldest first."""
    return into_list(Overlooked, await tx.rows(_SQL.list_overlooked, before=before, count=count))


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
    }


def _job_type(row: Row) -> JobType:
    return into(
        JobType,
        {
            **row,
            "parameters": _parameters(row["parameters"]),
            "output_file_patterns": tuple(row["output_file_patterns"]),
        },
    )


def _stage(row: Row) -> Stage:
    return into(Stage, {**row, "parameter_overrides": _parameters(row["parameter_overrides"])})


def _parameters(pairs: Sequence[Sequence[str]]) -> Parameters:
    return tuple((key, text) for key, text in pairs)


def _one(row: Row | None) -> Row:
    if row is None:
        raise LookupError("a statement that always answers has not")
    return row
