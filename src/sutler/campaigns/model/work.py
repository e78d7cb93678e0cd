"""What is to run: login setups, job types, campaigns, stages, dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sutler.campaigns.model.words import (
    CompletionType,
    Methodology,
    Parameters,
    RecoveryMode,
    RecoveryType,
    StageType,
)
from sutler.campaigns.settings import StageSettings


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
    revision: int = 1


@dataclass(frozen=True)
class TemplateUse:
    """What uses a job type or login setup: a stage, or a campaign that names it for its stages when `stage` is None.

    `is_inherited` says that the stage has it from its campaign.
    """

    campaign_id: int
    campaign: str
    stage_id: int | None
    stage: str | None
    is_inherited: bool


@dataclass(frozen=True)
class Recovery:
    """One try to get at the files that a submission left undone, with parameters of its own."""

    recovery_type: RecoveryType
    parameter_overrides: Parameters = ()


@dataclass(frozen=True)
class JobType:
    """What to run on each file: script, ordered parameters, what it puts out, where that goes, and recoveries.

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
    recoveries: tuple[Recovery, ...] = ()
    revision: int = 1


@dataclass(frozen=True)
class Campaign:
    """Ordered work of an experiment. `defaults` are what its stages inherit."""

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
    defaults: StageSettings = field(default_factory=StageSettings)
    default_job_type_id: int | None = None
    default_login_setup_id: int | None = None
    is_test: bool = False
    layout: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    extras: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    revision: int = 1
    last_launched_at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One step of a campaign with everything in force: what it says itself (`own`), else its campaign, else Sutler.

    `dataset_query` is the base data: MQL, or what `list`, `multiparam` and `stagedfiles` read. `project_id` overrides
    it: every submission works on that project. `split_type` is empty for no split. `job_count` is how many batch jobs a
    submission starts, `unit_count` how many units a generator makes. `parameter_overrides` are merged with those of the
    campaign where `merges_overrides` says so. Timeouts None mean never; `load_limit` None means no limit;
    `recovery_limit` None means what the mode says.
    """

    id: int
    campaign_id: int
    experiment_id: int
    name: str
    rank: int
    own: StageSettings
    own_job_type_id: int | None
    own_login_setup_id: int | None
    job_type_id: int | None
    login_setup_id: int | None
    held_by: int | None
    held_at: datetime | None
    hold_reason: str
    removed_at: datetime | None
    created_by: int
    creator_role: str
    created_at: datetime
    stage_type: StageType = StageType.REGULAR
    vo_role: str | None = None
    software_version: str = ""
    dataset_query: str | None = None
    project_id: int | None = None
    split_type: str = ""
    test_split_type: str | None = None
    clears_schedule: bool = True
    completion_type: CompletionType = CompletionType.COMPLETE
    completion_pct: float = 95.0
    parameter_overrides: Parameters = ()
    test_parameter_overrides: Parameters = ()
    merges_overrides: bool = False
    output_ancestor_depth: int = 1
    idle_timeout: timedelta | None = timedelta(hours=72)
    worker_timeout: timedelta | None = None
    is_virtual: bool = False
    recovery_mode: RecoveryMode = RecoveryMode.STANDARD
    methodology: Methodology = Methodology.STANDARD
    load_limit: int | None = None
    unit_count: int | None = None
    job_count: int = 1
    sam_dataset: str | None = None
    recovery_limit: int | None = None

    def choose_split_type(self, *, is_test: bool) -> str:
        """The split that a launch uses: test launches have their own if one is set."""
        if is_test and self.test_split_type:
            return "" if self.test_split_type == "None" else self.test_split_type
        return self.split_type


@dataclass(frozen=True)
class Dependency:
    """When a submission of the upstream stage is complete, its outputs that match go to the downstream stage.

    A pattern with a blank is a condition on metadata, else SQL's LIKE on the name. A stage that feeds itself launches
    its next slice then.
    """

    id: int
    campaign_id: int
    upstream_stage_id: int
    upstream_stage: str
    downstream_stage_id: int
    downstream_stage: str
    file_pattern: str

    @property
    def is_to_itself(self) -> bool:
        """Whether it launches the next slice of the same stage."""
        return self.upstream_stage_id == self.downstream_stage_id


@dataclass(frozen=True)
class NewLoginSetup:
    """What a login setup is saved with."""

    experiment: str
    name: str
    backend: str = "local"
    host: str = ""
    account: str = ""
    setup: str = ""
    is_active: bool = True


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
    recoveries: tuple[Recovery, ...] = ()
    is_active: bool = True


@dataclass(frozen=True)
class NewStage:
    """What a stage is saved with; job type and login setup are named, or inherited from the campaign when None."""

    name: str
    job_type: str | None = None
    login_setup: str | None = None
    settings: StageSettings = field(default_factory=StageSettings)


@dataclass(frozen=True)
class NewDependency:
    """What a dependency is saved with; stages are named."""

    upstream_stage: str
    downstream_stage: str
    file_pattern: str = "%"


@dataclass(frozen=True)
class NewCampaign:
    """A whole campaign: saved at once or not at all. Defaults name job type and login setup, too."""

    experiment: str
    name: str
    keywords: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[NewStage, ...] = ()
    dependencies: tuple[NewDependency, ...] = ()
    defaults: StageSettings = field(default_factory=StageSettings)
    default_job_type: str | None = None
    default_login_setup: str | None = None
    data_handler: str = "data_dispatcher"
    is_active: bool = True
    is_test: bool = False
    tags: tuple[str, ...] = ()
    layout: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    extras: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class LaunchHosts:
    """Where login setups of an experiment may log in to, by the role of those who own them: parts of host names."""

    analysis: tuple[str, ...] = ()
    production: tuple[str, ...] = ()
