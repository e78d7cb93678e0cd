"""Submissions with their history, and where splits stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sutler.campaigns.model import (
    BatchStatus,
    HistoryEntry,
    Overlooked,
    Side,
    SplitKind,
    SplitPosition,
    SubmissionRow,
    SubmissionStatus,
)
from sutler.database import Tx, into_list, into_optional, load_statements

_SQL = load_statements("sutler.campaigns.store", "submissions.sql")


@dataclass(frozen=True)
class KnownProject:
    """Whose a project is, and its state in the words of dispatch."""

    project_id: int
    experiment_id: int
    state: str


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
        position=dict(position.position),
        reset_by=position.reset_by,
        reset_at=position.reset_at,
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
        status=row.status.value,
        batch_status=row.batch_status.value,
        config=dict(row.config),
        dataset_query=row.dataset_query,
        slice_number=row.slice_number,
        project_id=row.project_id,
        share_id=row.share_id,
        launched_by=row.launched_by,
        creator_role=row.creator_role,
        original_id=row.original_id,
        recovery_type=None if row.recovery_type is None else row.recovery_type.value,
        recovery_number=row.recovery_number,
        schedule_id=row.schedule_id,
        parameter_overrides=[list(pair) for pair in row.parameter_overrides],
        job_data=row.job_data,
        slice_note=row.slice_note,
        is_shared=row.is_shared,
        now=tx.now,
    )


async def count_submission(tx: Tx, *, stage_id: int, submission_id: int) -> None:
    """Note a new submission at its stage, which the caller has locked, and count it there and at the campaign."""
    await tx.run(_SQL.count_submission, stage_id=stage_id, submission_id=submission_id)


async def get_username(tx: Tx, *, user_id: int) -> str:
    """Read the name of somebody."""
    return str(await tx.value(_SQL.get_username, user_id=user_id))


async def find_stage_project(tx: Tx, *, stage_id: int, is_test: bool, dataset_query: str) -> int | None:
    """Find the project that a stage works on in all its submissions of a query, unless it was stopped."""
    found = await tx.value(_SQL.find_stage_project, stage_id=stage_id, is_test=is_test, dataset_query=dataset_query)
    return None if found is None else int(found)


async def find_project(tx: Tx, *, project_id: int) -> KnownProject | None:
    """Read whose a project is, and whether it goes on."""
    return into_optional(KnownProject, await tx.row(_SQL.find_project, project_id=project_id))


async def find_seconds_per_file(tx: Tx, *, stage_id: int) -> float | None:
    """Return how long half of the files of a stage took at most that were done last, or None if none was."""
    found = await tx.value(_SQL.find_seconds_per_file, stage_id=stage_id)
    return None if found is None else float(found)


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
    """Read a submission."""
    return into_optional(SubmissionRow, await tx.row(_SQL.get_submission_row, submission_id=submission_id))


async def list_family(tx: Tx, *, original_id: int) -> list[SubmissionRow]:
    """Read a submission with the recoveries that belong to it, oldest first."""
    return into_list(SubmissionRow, await tx.rows(_SQL.list_family, original_id=original_id))


async def move_submission(
    tx: Tx,
    *,
    submission_id: int,
    status: SubmissionStatus,
    batch_status: BatchStatus,
    reason: str,
    ended_at: datetime | None,
) -> None:
    """Change the status words of a submission; a time of end that is set stays.

    With its end its stage and campaign have one open submission less, and the campaign counts its failed files.
    """
    await tx.run(
        _SQL.move_submission,
        submission_id=submission_id,
        status=status.value,
        batch_status=batch_status.value,
        reason=reason,
        ended_at=ended_at,
    )


async def reopen_submission(tx: Tx, *, submission_id: int) -> None:
    """Take back that a submission has ended: its launch is tried once more."""
    await tx.run(_SQL.reopen_submission, submission_id=submission_id)


async def recount_failed_files(tx: Tx, *, submission_id: int) -> None:
    """Let a campaign count the failed files of a submission that has ended as they are now."""
    await tx.run(_SQL.recount_failed_files, submission_id=submission_id)


async def note_followed(tx: Tx, *, submission_id: int) -> None:
    """Note that what follows a submission was decided."""
    await tx.run(_SQL.note_followed, submission_id=submission_id, now=tx.now)


async def list_running_keys(tx: Tx, *, project_id: int) -> list[str]:
    """Read the launch keys of a project's open submissions whose jobs nobody has told to end."""
    return [row["launch_key"] for row in await tx.rows(_SQL.list_running_keys, project_id=project_id)]


async def count_open_submissions(tx: Tx, *, stage_id: int) -> int:
    """Count the submissions of a stage that have not ended."""
    return int(await tx.value(_SQL.count_open_submissions, stage_id=stage_id))


async def list_open_counts(tx: Tx, *, stage_ids: Sequence[int]) -> dict[int, int]:
    """Count the submissions of stages that have not ended; stages without any are left out."""
    rows = await tx.rows(_SQL.list_open_counts, stage_ids=list(stage_ids))
    return {row["stage_id"]: row["open_count"] for row in rows}


async def list_overlooked(tx: Tx, *, before: datetime, count: int) -> list[Overlooked]:
    """Read submissions made before an instant that go on although their files or jobs are over, oldest first."""
    return into_list(Overlooked, await tx.rows(_SQL.list_overlooked, before=before, count=count))
