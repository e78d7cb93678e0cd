"""What was launched and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sutler.campaigns.model.words import (
    BatchStatus,
    Cause,
    IntentionKind,
    IntentionState,
    RecoveryType,
    Side,
    SplitKind,
    StageType,
    SubmissionStatus,
)
from sutler.campaigns.model.work import Campaign, Dependency, JobType, LoginSetup, Stage
from sutler.catalog.model import Undeclared
from sutler.dispatch.model import Counts, ProducedFile
from sutler.launch.model import BatchJob


@dataclass(frozen=True)
class StageSummary:
    """A stage with what a list shows of it."""

    id: int
    name: str
    stage_type: StageType
    job_type: str
    login_setup: str
    dataset_query: str | None
    split_type: str
    is_held: bool
    submission_count: int
    running_count: int
    last_submission_id: int | None
    schedule: str = ""


@dataclass(frozen=True)
class SubmissionSummary:
    """A submission with what a list shows of it.

    `project_id` is None when its query was handed to the jobs: then nothing is known of its files here. `is_shared`
    means that others work on the same project. `original_id` is what a recovery belongs to.
    """

    id: int
    campaign_id: int
    campaign: str
    stage_id: int
    stage: str
    data_handler: str
    cause: Cause
    upstream_submission_id: int | None
    status: SubmissionStatus
    batch_status: BatchStatus
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
    original_id: int | None = None
    recovery_type: RecoveryType | None = None
    is_test: bool = False
    is_shared: bool = False

    @property
    def counts(self) -> Counts:
        """Its files by state."""
        return Counts(
            self.total_count,
            self.initial_count,
            self.unlocated_count,
            self.reserved_count,
            self.done_count,
            self.failed_count,
        )


@dataclass(frozen=True)
class SubmissionFilter:
    """Which submissions a list is about; None leaves a question open.

    The names of campaigns and stages may hold `*` for any characters. `launched_by` is a username, `since` the earliest
    launch.
    """

    campaign_id: int | None = None
    stage_id: int | None = None
    campaign: str | None = None
    stage: str | None = None
    status: SubmissionStatus | None = None
    batch_status: BatchStatus | None = None
    cause: Cause | None = None
    launched_by: str | None = None
    since: datetime | None = None
    is_open: bool | None = None
    is_test: bool | None = None


@dataclass(frozen=True)
class CampaignSummary:
    """A campaign with what a list shows of it."""

    id: int
    experiment: str
    name: str
    is_active: bool
    creator: str
    created_at: datetime
    stage_count: int
    submission_count: int
    open_submission_count: int
    failed_file_count: int
    creator_role: str = ""
    data_handler: str = "data_dispatcher"
    is_test: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class CampaignView:
    """Everything the page of a campaign shows.

    `stages` are a page of all `stage_count`; `next_stages_cursor` asks for the next one. `dependencies` are those that
    lead from these stages or to them.
    """

    campaign: Campaign
    stages: tuple[StageSummary, ...]
    dependencies: tuple[Dependency, ...]
    submissions: tuple[SubmissionSummary, ...]
    stage_count: int = 0
    next_stages_cursor: str | None = None


@dataclass(frozen=True)
class SplitPosition:
    """Where a split stands."""

    stage_id: int
    kind: SplitKind
    epoch: int
    ledger_id: int
    split_type: str
    dataset_query: str
    slice_count: int
    position: Mapping[str, object] = field(default_factory=dict)
    reset_by: str = ""
    reset_at: datetime | None = None


@dataclass(frozen=True)
class StageView:
    """Everything the page of a stage shows."""

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


@dataclass(frozen=True)
class HistoryEntry:
    """One change of status, of the files or of the jobs."""

    at: datetime
    side: Side
    status: str
    reason: str
    actor: str


@dataclass(frozen=True)
class Follower:
    """What followed, or is to follow, from the end of a submission: a recovery, or a dependant of that stage."""

    key: str
    kind: IntentionKind
    downstream_stage: str
    state: IntentionState
    reason: str
    submission_id: int | None


@dataclass(frozen=True)
class SubmissionView:
    """Everything the page of a submission shows. `why` says in one sentence what it waits for, or how it ended.

    `undeclared` are outputs that are not declared where the experiment keeps its catalogue; None when all are.
    `catalogue` is its address if that is elsewhere.
    """

    submission: SubmissionSummary
    campaign: Campaign
    config: Mapping[str, object]
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
    catalogue: str | None = None
    job_data: str | None = None
    slice_note: str = ""


@dataclass(frozen=True)
class Overlooked:
    """A submission that goes on although its files or jobs are over, by the keys that lower rooms know it by."""

    launch_key: str
    share_id: int | None


@dataclass(frozen=True)
class SubmissionRow:
    """A submission as it stands in its table. `job_data` is what was handed to the jobs instead of files.

    `vouched_by` is the user who said by hand that it is complete as it is.
    """

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
    project_id: int | None
    share_id: int | None
    launched_by: int
    creator_role: str
    created_at: datetime
    ended_at: datetime | None
    original_id: int | None = None
    recovery_type: RecoveryType | None = None
    recovery_number: int | None = None
    schedule_id: int | None = None
    parameter_overrides: Sequence[Sequence[str]] = ()
    job_data: str | None = None
    slice_note: str = ""
    is_shared: bool = False
    followed_at: datetime | None = None
    vouched_by: int | None = None


@dataclass(frozen=True)
class IntentionRow:
    """Something that must follow, as it stands in its table. `facts` were frozen when it was written down."""

    id: int
    experiment_id: int
    key: str
    kind: IntentionKind
    submission_id: int
    dependency_id: int | None
    tries: int
    facts: Mapping[str, object]
    created_at: datetime
