"""Login setups, job types, campaigns, stages, dependencies: what they are saved with, and what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sutler.wire.bounds import Amount, Id
from sutler.wire.stage_settings import Parameters, StageSettings
from sutler.wire.strict import Strict

DataHandler = Literal["data_dispatcher", "sam"]
RecoveryType = Literal[
    "state_failed",
    "state_not_done",
    "reprocess_orphans",
    "reprocess_all",
    "added_files",
    "consumed_status",
    "process_status",
    "pending_files",
    "delivered_not_consumed",
]
"""Which files a recovery takes. The last four are of the old data handler: kept with a job type, never launched."""


@dataclass(frozen=True)
class NewLoginSetup(Strict):
    """What a login setup is saved with. `setup` is shell text that runs before the command."""

    experiment: str
    name: str
    backend: str = "local"
    host: str = ""
    account: str = ""
    setup: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class LoginSetup:
    """How to get ready to submit. `revision` is what `If-Match` names when it is changed."""

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
    revision: int = 1


@dataclass(frozen=True)
class Recovery(Strict):
    """One try to get at the files that a submission left undone, with parameters of its own."""

    recovery_type: RecoveryType
    parameter_overrides: Parameters = ()


@dataclass(frozen=True)
class NewJobType(Strict):
    """What a job type is saved with. Parameters are pairs of a name and a value, in order.

    `recoveries` are tried one after the other, in order.
    """

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
    recoveries: tuple[Recovery, ...] = ()
    is_active: bool = True


@dataclass(frozen=True)
class JobType:
    """What to run on each file. `revision` is what `If-Match` names when it is changed."""

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
    recoveries: tuple[Recovery, ...] = ()
    revision: int = 1


@dataclass(frozen=True)
class TemplateUse:
    """What uses a job type or login setup: a stage, or a campaign that names it for its stages when `stage` is null.

    `is_inherited` says that the stage has it from its campaign.
    """

    campaign_id: int
    campaign: str
    stage_id: int | None
    stage: str | None
    is_inherited: bool


@dataclass(frozen=True)
class Named(Strict):
    """The name that a copy gets."""

    name: str


@dataclass(frozen=True)
class NewStage(StageSettings):
    """What a stage is saved with; job type and login setup are named. What is null is inherited from the campaign."""

    name: str
    job_type: str | None = None
    login_setup: str | None = None


@dataclass(frozen=True)
class NewDependency(Strict):
    """Outputs of the upstream stage whose names match (SQL's LIKE) go to the downstream stage.

    A pattern with a blank is a condition on metadata instead, such as `core.data_tier = reco`.
    """

    upstream_stage: str
    downstream_stage: str
    file_pattern: str = "%"


@dataclass(frozen=True)
class NewCampaign(Strict):
    """A whole campaign: saved at once or not at all.

    `defaults` are what its stages inherit. `layout` says where each stage stands on the canvas.
    """

    experiment: str
    name: str
    keywords: dict[str, str] = field(default_factory=dict)
    stages: tuple[NewStage, ...] = ()
    dependencies: tuple[NewDependency, ...] = ()
    defaults: StageSettings = field(default_factory=StageSettings)
    default_job_type: str | None = None
    default_login_setup: str | None = None
    data_handler: DataHandler = "data_dispatcher"
    is_active: bool = True
    is_test: bool = False
    tags: tuple[str, ...] = ()
    layout: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class AddedStage(Strict):
    """A stage for a campaign that is there, with the dependencies that touch it."""

    stage: NewStage
    dependencies: tuple[NewDependency, ...] = ()


@dataclass(frozen=True)
class CampaignChange(Strict):
    """What is to be different about a campaign; null leaves it as it is.

    Of the `defaults` those that are given are changed, and `unset_defaults` names those to be said no more. An empty
    name of a default job type or login setup takes it away. Keywords, layout and tags are replaced as a whole.
    """

    name: str | None = None
    keywords: dict[str, str] | None = None
    defaults: StageSettings | None = None
    unset_defaults: tuple[str, ...] = ()
    default_job_type: str | None = None
    default_login_setup: str | None = None
    data_handler: DataHandler | None = None
    is_active: bool | None = None
    is_test: bool | None = None
    layout: dict[str, tuple[float, float]] | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True)
class StageChange(Strict):
    """What is to be different about a stage; null leaves it as it is.

    Of the `settings` those that are given are changed, and `unset_settings` names those that the stage is to inherit
    again. An empty name of a job type or login setup has that inherited, too.
    """

    name: str | None = None
    job_type: str | None = None
    login_setup: str | None = None
    settings: StageSettings | None = None
    unset_settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewDependencies(Strict):
    """All dependencies of a campaign, in order: those that are there and not in the list are removed."""

    dependencies: tuple[NewDependency, ...]


@dataclass(frozen=True)
class TagChange(Strict):
    """Tags to put on campaigns and to take off them."""

    campaign_ids: tuple[Id, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tag:
    """A tag, and how many campaigns carry it."""

    tag: str
    campaign_count: int


@dataclass(frozen=True)
class Mark(Strict):
    """Campaigns to be marked active or not. `ends_schedules` ends those of their stages, too."""

    campaign_ids: tuple[Id, ...]
    is_active: bool
    ends_schedules: bool = False


@dataclass(frozen=True)
class Changed:
    """The numbers of those that were changed; the others were so before."""

    ids: tuple[int, ...]


@dataclass(frozen=True)
class Campaign:
    """Ordered work of an experiment. `revision` is what `If-Match` names when it, or a stage of it, is changed."""

    id: int
    experiment: str
    name: str
    data_handler: str
    keywords: dict[str, str]
    is_active: bool
    creator: str
    creator_role: str
    created_at: datetime
    defaults: StageSettings = field(default_factory=StageSettings)
    default_job_type_id: int | None = None
    default_login_setup_id: int | None = None
    is_test: bool = False
    tags: tuple[str, ...] = ()
    layout: dict[str, tuple[float, float]] = field(default_factory=dict)
    revision: int = 1
    last_launched_at: datetime | None = None


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
class Stage:
    """One step of a campaign with everything in force: what it says itself (`own`), else its campaign, else Sutler.

    Time-outs that are null mean never, and limits that are null none; in `own` that is 0, and null is inherited.
    `held_at` is set while its launches are on hold.
    """

    id: int
    campaign_id: int
    name: str
    stage_type: str
    job_type_id: int | None
    login_setup_id: int | None
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
    hold_reason: str = ""
    removed_at: datetime | None = None
    own: StageSettings = field(default_factory=StageSettings)
    own_job_type_id: int | None = None
    own_login_setup_id: int | None = None
    vo_role: str | None = None
    project_id: int | None = None
    test_split_type: str | None = None
    test_parameter_overrides: Parameters = ()
    merges_overrides: bool = False
    completion_type: str = "complete"
    recovery_mode: str = "standard"
    recovery_limit: int | None = None
    methodology: str = "standard"
    load_limit: int | None = None
    output_ancestor_depth: int = 1
    clears_schedule: bool = True
    is_virtual: bool = False
    sam_dataset: str | None = None


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
    schedule: str = ""


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
    position: dict[str, Any] = field(default_factory=dict)
    reset_by: str = ""
    reset_at: datetime | None = None
