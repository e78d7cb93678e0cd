"""Login setups, job types, campaigns, stages, dependencies: what they are saved with, and what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sutler.wire.bounds import Amount
from sutler.wire.pairs import Pair
from sutler.wire.strict import Strict

Parameters = tuple[Pair, ...]
StageType = Literal["regular", "generator"]


@dataclass(frozen=True)
class NewLoginSetup(Strict):
    """What a login setup is saved with. `setup` is shell text that runs before the command."""

    experiment: str
    name: str
    backend: str = "local"
    host: str = ""
    account: str = ""
    setup: str = ""


@dataclass(frozen=True)
class LoginSetup:
    """How to get ready to submit."""

    id: int
    experiment: str
    name: str
    backend: str
    host: str
    account: str
    setup: str
    is_active: bool
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class NewJobType(Strict):
    """What a job type is saved with. Parameters are pairs of a name and a value, in order."""

    experiment: str
    name: str
    launch_script: str
    parameters: Parameters = ()
    output_file_patterns: tuple[str, ...] = ()
    output_namespace: str = ""
    output_dataset: str = "%(campaign)s.%(stage)s.%(submission)s"
    output_rse: str = ""
    files_per_run: Amount = 1
    max_attempts: Amount = 3
    run_timeout_seconds: float | None = None


@dataclass(frozen=True)
class JobType:
    """What to run on each file."""

    id: int
    experiment: str
    name: str
    launch_script: str
    parameters: Parameters
    output_file_patterns: tuple[str, ...]
    output_namespace: str
    output_dataset: str
    output_rse: str
    files_per_run: int
    max_attempts: int
    run_timeout_seconds: float | None
    is_active: bool
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class NewStage(Strict):
    """What a stage is saved with; job type and login setup are named.

    `worker_timeout_seconds` and `idle_timeout_seconds` may be null, which means never.
    """

    name: str
    job_type: str
    login_setup: str
    stage_type: StageType = "regular"
    software_version: str = ""
    dataset_query: str | None = None
    split_type: str = ""
    unit_count: Amount | None = None
    job_count: Amount = 1
    parameter_overrides: Parameters = ()
    completion_pct: float = 95.0
    worker_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = 72 * 3600.0


@dataclass(frozen=True)
class NewDependency(Strict):
    """Outputs of the upstream stage whose names match (SQL's LIKE) go to the downstream stage."""

    upstream_stage: str
    downstream_stage: str
    file_pattern: str = "%"


@dataclass(frozen=True)
class NewCampaign(Strict):
    """A whole campaign: saved at once or not at all."""

    experiment: str
    name: str
    keywords: dict[str, str] = field(default_factory=dict)
    stages: tuple[NewStage, ...] = ()
    dependencies: tuple[NewDependency, ...] = ()


@dataclass(frozen=True)
class AddedStage(Strict):
    """A stage for a campaign that is there, with the dependencies that touch it."""

    stage: NewStage
    dependencies: tuple[NewDependency, ...] = ()


@dataclass(frozen=True)
class Campaign:
    """Ordered work of an experiment."""

    id: int
    experiment: str
    name: str
    data_handler: str
    keywords: dict[str, str]
    is_active: bool
    creator: str
    creator_role: str
    created_at: datetime


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
class Stage:
    """One step of a campaign. `held_at` is set while its launches are on hold."""

    id: int
    campaign_id: int
    name: str
    stage_type: str
    job_type_id: int
    login_setup_id: int
    software_version: str
    dataset_query: str | None
    split_type: str
    unit_count: int | None
    job_count: int
    parameter_overrides: Parameters
    completion_pct: float
    worker_timeout_seconds: float | None
    idle_timeout_seconds: float | None
    held_at: datetime | None
    creator_role: str
    created_at: datetime


@dataclass(frozen=True)
class StageSummary:
    """A stage with what a list shows of it."""

    id: int
    name: str
    stage_type: str
    job_type: str
    login_setup: str
    dataset_query: str | None
    split_type: str
    is_held: bool
    submission_count: int
    running_count: int
    last_submission_id: int | None


@dataclass(frozen=True)
class Dependency:
    """When a submission of the upstream stage is complete, its outputs that match go to the downstream stage."""

    id: int
    upstream_stage_id: int
    upstream_stage: str
    downstream_stage_id: int
    downstream_stage: str
    file_pattern: str


@dataclass(frozen=True)
class SplitPosition:
    """Where a split stands: how many slices it has given out in this pass."""

    kind: str
    epoch: int
    split_type: str
    dataset_query: str
    slice_count: int
