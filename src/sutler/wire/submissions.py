"""Submissions, and the views of campaigns and stages that list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sutler.wire.bounds import Id
from sutler.wire.campaigns import (
    Campaign,
    Dependency,
    JobType,
    LoginSetup,
    SplitPosition,
    Stage,
    StageSummary,
)
from sutler.wire.dispatch import ProducedFile
from sutler.wire.launch import BatchJob
from sutler.wire.stage_settings import Parameters
from sutler.wire.strict import Strict

SubmissionStatus = Literal["Created", "Completed", "Completed with failures"]
BatchStatus = Literal[
    "New",
    "Awaiting Approval",
    "Approved",
    "LaunchFailed",
    "Idle",
    "Running",
    "Held",
    "Failed",
    "Completed",
    "Located",
    "Cancelled",
    "Removed",
]
Cause = Literal["manual", "dependency", "recovery", "relaunch", "schedule"]


@dataclass(frozen=True)
class LaunchRequest(Strict):
    """How a stage is to be launched. A test launch moves only the test position of the split.

    At most one of `query`, `dataset` and `project_id` replaces what the stage would take: files of a query in MQL, of a
    dataset, or of a project that nobody owns; no position moves then. `parameter_overrides` come over all others.
    """

    is_test: bool = False
    query: str | None = None
    dataset: str | None = None
    project_id: Id | None = None
    parameter_overrides: Parameters = ()


@dataclass(frozen=True)
class Launched:
    """What came of a launch: the submission that it made, or had made when it was asked for before.

    While a hold is on it waits in the queue as `queued_id`, and `reason` says for which hold.
    """

    submission_id: int | None
    queued_id: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """What a launch would do if it were made now; nothing was moved. `files` are the first of `file_count`.

    Numbers that a launch is given are shown as 0. `held_because` says which hold would keep it in the queue.
    """

    stage_id: int
    stage: str
    file_count: int
    size_bytes: int
    files: tuple[str, ...]
    dataset_query: str | None
    slice_number: int | None
    slice_note: str
    backend: str
    host: str
    account: str
    job_count: int
    setup: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    held_because: str


@dataclass(frozen=True)
class SubmissionSummary:
    """A submission with what a list shows of it; the counts are of its own files.

    `project_id` is null where only the jobs know the files. `is_shared`: others work on the same project.
    `original_id` is what a recovery belongs to.
    """

    id: int
    campaign_id: int
    campaign: str
    stage_id: int
    stage: str
    data_handler: str
    cause: str
    upstream_submission_id: int | None
    status: str
    batch_status: str
    reason: str
    project_id: int | None
    launched_by: str
    created_at: datetime
    ended_at: datetime | None
    total_count: int
    initial_count: int
    unlocated_count: int
    reserved_count: int
    done_count: int
    failed_count: int
    output_count: int
    percent_completed: int
    original_id: int | None = None
    recovery_type: str | None = None
    is_test: bool = False
    is_shared: bool = False


@dataclass(frozen=True)
class HistoryEntry:
    """One change of status, of the `files` or of the `jobs`."""

    at: datetime
    side: str
    status: str
    reason: str
    actor: str


@dataclass(frozen=True)
class Follower:
    """What followed, or is to follow, from the end of a submission: a recovery, or a dependant of that stage."""

    downstream_stage: str
    state: str
    reason: str
    submission_id: int | None
    kind: str = "dependant"
    key: str = ""


@dataclass(frozen=True)
class Undeclared:
    """How many outputs are not declared to the catalogue at `place`, and why they wait or were refused."""

    place: str
    pending_count: int
    refused_count: int
    reason: str
    refusal: str


@dataclass(frozen=True)
class Retried:
    """How many outputs whose declaration was refused are tried once more."""

    count: int


@dataclass(frozen=True)
class SubmissionView:
    """Everything about a submission. `why` says in one sentence what it waits for, or how it ended.

    `undeclared` is null unless outputs are not declared where the experiment keeps its catalogue. `job_data` is what
    the jobs were handed instead of files, `slice_note` what its slice says of itself.
    """

    submission: SubmissionSummary
    campaign: Campaign
    config: dict[str, Any]
    dataset_query: str | None
    slice_number: int | None
    backend: str
    launch_key: str
    launch_failure: str
    launch_output: str
    jobs: tuple[BatchJob, ...]
    history: tuple[HistoryEntry, ...]
    followers: tuple[Follower, ...]
    pictures: tuple[ProducedFile, ...]
    why: str
    may_cancel: bool
    undeclared: Undeclared | None = None
    job_data: str | None = None
    slice_note: str = ""


@dataclass(frozen=True)
class CampaignView:
    """A campaign with its first stages, the dependencies that touch them and the newest submissions.

    `stage_count` says how many stages there are, and `next_stages_cursor` asks the list of stages for those behind
    these; null when all are here.
    """

    campaign: Campaign
    stages: tuple[StageSummary, ...]
    dependencies: tuple[Dependency, ...]
    submissions: tuple[SubmissionSummary, ...]
    stage_count: int = 0
    next_stages_cursor: str | None = None


@dataclass(frozen=True)
class StageView:
    """A stage with what it runs, what feeds it and what it feeds, and its newest submissions.

    Job type and login setup are null where neither the stage nor its campaign names one.
    """

    campaign: Campaign
    stage: Stage
    job_type: JobType | None
    login_setup: LoginSetup | None
    upstream: tuple[Dependency, ...]
    downstream: tuple[Dependency, ...]
    position: SplitPosition | None
    submissions: tuple[SubmissionSummary, ...]
    may_launch: bool
    test_position: SplitPosition | None = None
