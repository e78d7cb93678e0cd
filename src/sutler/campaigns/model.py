"""Words of the room: login setups, job types, campaigns, stages, dependencies, submissions, intentions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sutler.catalog.model import Undeclared
from sutler.dispatch.model import Counts, ProducedFile
from sutler.launch.model import BatchJob

Parameters = tuple[tuple[str, str], ...]


class StageType(StrEnum):
    """What kind of step a stage is. A generator has no input files: its project holds numbered units."""

    REGULAR = "regular"
    GENERATOR = "generator"


class SubmissionStatus(StrEnum):
    """The status people follow: of the files."""

    CREATED = "Created"
    COMPLETED = "Completed"
    COMPLETED_WITH_FAILURES = "Completed with failures"


class BatchStatus(StrEnum):
    """The status of the launch and its batch jobs, shown beside the other."""

    NEW = "New"
    LAUNCH_FAILED = "LaunchFailed"
    IDLE = "Idle"
    RUNNING = "Running"
    HELD = "Held"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class Side(StrEnum):
    """Which of the two a word in a submission's history is about: its files, or its launch and batch jobs."""

    FILES = "files"
    JOBS = "jobs"


class Cause(StrEnum):
    """Why a submission was launched."""

    MANUAL = "manual"
    DEPENDENCY = "dependency"


class SplitKind(StrEnum):
    """Which position of a split a launch moves."""

    PRODUCTION = "production"
    TEST = "test"


class IntentionState(StrEnum):
    """What became of something that had to follow."""

    PENDING = "pending"
    DONE = "done"
    NOTHING_TO_DO = "nothing_to_do"
    REFUSED = "refused"


class CampaignEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    LOGIN_SETUP_SAVED = "campaigns.login_setup_saved"  # name
    JOB_TYPE_SAVED = "campaigns.job_type_saved"  # name
    CAMPAIGN_SAVED = "campaigns.campaign_saved"  # name
    STAGE_SAVED = "campaigns.stage_saved"  # name
    DEPENDENCY_SAVED = "campaigns.dependency_saved"  # upstream, downstream, file_pattern
    STAGE_HELD = "campaigns.stage_held"  # name
    STAGE_RELEASED = "campaigns.stage_released"  # name
    SUBMISSION_CREATED = "campaigns.submission_created"  # stage, files, cause
    SUBMISSION_CHANGED = "campaigns.submission_changed"  # status, batch_status, reason
    SUBMISSION_COMPLETED = "campaigns.submission_completed"  # status
    DEPENDANT_SETTLED = "campaigns.dependant_settled"  # key, state, reason, submission


@dataclass(frozen=True)
class LoginSetup:
    """How to get ready to submit: back-end, host, account, and the shell text that sets the environment up."""

    id: int
    experiment_id: int
    name: str
    backend: str
    host: str
    account: str
    setup: str
    is_active: bool
    created_by: int
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class JobType:
    """What to run on each file: script, ordered parameters, what it puts out and where that goes.

    `launch_script` is split into words like a shell would, but no shell ever sees it.
    """

    id: int
    experiment_id: int
    name: str
    launch_script: str
    parameters: Parameters
    output_file_patterns: tuple[str, ...]
    output_namespace: str
    output_dataset: str
    output_rse: str
    files_per_run: int
    max_attempts: int
    run_timeout: timedelta | None
    is_active: bool
    created_by: int
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class Campaign:
    """Ordered work of an experiment."""

    id: int
    experiment_id: int
    experiment: str
    name: str
    data_handler: str
    keywords: Mapping[str, str]
    is_active: bool
    created_by: int
    creator: str
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class Stage:
    """One step of a campaign: its data, its split type and its overrides.

    `dataset_query` is MQL; None for generators and for stages fed by a dependency alone. `unit_count` is how many
    units a generator makes. `job_count` is how many batch jobs a submission starts.
    """

    id: int
    campaign_id: int
    experiment_id: int
    name: str
    stage_type: StageType
    job_type_id: int
    login_setup_id: int
    software_version: str
    dataset_query: str | None
    split_type: str
    unit_count: int | None
    job_count: int
    parameter_overrides: Parameters
    completion_pct: float
    worker_timeout: timedelta | None
    idle_timeout: timedelta | None
    held_by: int | None
    held_at: datetime | None
    created_by: int
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class Dependency:
    """When a submission of the upstream stage is complete, its outputs that match go to the downstream stage."""

    id: int
    campaign_id: int
    upstream_stage_id: int
    upstream_stage: str
    downstream_stage_id: int
    downstream_stage: str
    file_pattern: str


@dataclass(frozen=True)
class NewLoginSetup:
    """What a login setup is saved with."""

    experiment: str
    name: str
    backend: str = "local"
    host: str = ""
    account: str = ""
    setup: str = ""


@dataclass(frozen=True)
class NewJobType:
    """What a job type is saved with."""

    experiment: str
    name: str
    launch_script: str
    parameters: Parameters = ()
    output_file_patterns: tuple[str, ...] = ()
    output_namespace: str = ""
    output_dataset: str = "%(campaign)s.%(stage)s.%(submission)s"
    output_rse: str = ""
    files_per_run: int = 1
    max_attempts: int = 3
    run_timeout: timedelta | None = None


@dataclass(frozen=True)
class NewStage:
    """What a stage is saved with; job type and login setup are named."""

    name: str
    job_type: str
    login_setup: str
    stage_type: StageType = StageType.REGULAR
    software_version: str = ""
    dataset_query: str | None = None
    split_type: str = ""
    unit_count: int | None = None
    job_count: int = 1
    parameter_overrides: Parameters = ()
    completion_pct: float = 95.0
    worker_timeout: timedelta | None = None
    idle_timeout: timedelta | None = timedelta(hours=72)


@dataclass(frozen=True)
class NewDependency:
    """What a dependency is saved with; stages are named. The pattern is SQL's LIKE on the file name."""

    upstream_stage: str
    downstream_stage: str
    file_pattern: str = "%"


@dataclass(frozen=True)
class NewCampaign:
    """A whole campaign: saved at once or not at all."""

    experiment: str
    name: str
    keywords: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[NewStage, ...] = ()
    dependencies: tuple[NewDependency, ...] = ()


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


@dataclass(frozen=True)
class SubmissionSummary:
    """A submission with what a list shows of it."""

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


@dataclass(frozen=True)
class CampaignView:
    """Everything the page of a campaign shows."""

    campaign: Campaign
    stages: tuple[StageSummary, ...]
    dependencies: tuple[Dependency, ...]
    submissions: tuple[SubmissionSummary, ...]


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


@dataclass(frozen=True)
class StageView:
    """Everything the page of a stage shows."""

    campaign: Campaign
    stage: Stage
    job_type: JobType
    login_setup: LoginSetup
    upstream: tuple[Dependency, ...]
    downstream: tuple[Dependency, ...]
    position: SplitPosition | None
    submissions: tuple[SubmissionSummary, ...]
    may_launch: bool


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
    """What followed, or is to follow, from the end of a submission."""

    key: str
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


@dataclass(frozen=True)
class Overlooked:
    """A submission that goes on although its files or jobs are over, by the keys that lower rooms know it by."""

    launch_key: str
    share_id: int


@dataclass(frozen=True)
class LaunchRequest:
    """A wish to launch a stage. `key` makes it happen once, however often it is repeated."""

    stage_id: int
    key: str
    is_test: bool = False
