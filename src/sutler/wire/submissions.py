"""Submissions, and the views of campaigns and stages that list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class LaunchRequest(Strict):
    """How a stage is to be launched. A test launch moves only the test position of the split."""

    is_test: bool = False


@dataclass(frozen=True)
class Launched:
    """The submission that a launch made, or had made when it was asked for before."""

    submission_id: int


@dataclass(frozen=True)
class SubmissionSummary:
    """A submission with what a list shows of it; the counts are of its own files."""

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
    project_id: int
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
    """What followed, or is to follow, from the end of a submission."""

    downstream_stage: str
    state: str
    reason: str
    submission_id: int | None


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

    `undeclared` is null unless outputs are not declared where the experiment keeps its catalogue.
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


@dataclass(frozen=True)
class CampaignView:
    """A campaign with its stages, their dependencies and the newest submissions."""

    campaign: Campaign
    stages: tuple[StageSummary, ...]
    dependencies: tuple[Dependency, ...]
    submissions: tuple[SubmissionSummary, ...]


@dataclass(frozen=True)
class StageView:
    """A stage with what it runs, what feeds it and what it feeds, and its newest submissions."""

    campaign: Campaign
    stage: Stage
    job_type: JobType
    login_setup: LoginSetup
    upstream: tuple[Dependency, ...]
    downstream: tuple[Dependency, ...]
    position: SplitPosition | None
    submissions: tuple[SubmissionSummary, ...]
    may_launch: bool
