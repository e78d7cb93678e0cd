"""What a stage says about itself and a campaign for its stages: settings, each said or not said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from sutler.wire.bounds import LARGEST_INT32, LARGEST_INT64, Bounds
from sutler.wire.pairs import Pair
from sutler.wire.strict import Strict

Parameters = tuple[Pair, ...]
StageType = Literal["regular", "generator", "test", "approval", "datatransfer"]
CompletionType = Literal["complete", "located"]
RecoveryMode = Literal["standard", "aggressive"]
Methodology = Literal["standard", "one_project"]

Whole = Annotated[int, Bounds(0, LARGEST_INT32)]
"""How many of something, or 0."""

IdOrNone = Annotated[int, Bounds(0, LARGEST_INT64)]
"""The number of something, or 0 for none."""


@dataclass(frozen=True, kw_only=True)
class StageSettings(Strict):
    """Settings of a stage, or what the stages of a campaign inherit. null: not said, so inherited.

    A split type `None` is no split, a `project_id` or `load_limit` of 0 is none, a time-out of 0 seconds is never.
    Overrides without an entry are said: they say that nothing is overridden.
    """

    stage_type: StageType | None = None
    software_version: str | None = None
    dataset_query: str | None = None
    project_id: IdOrNone | None = None
    split_type: str | None = None
    test_split_type: str | None = None
    job_count: Whole | None = None
    unit_count: Whole | None = None
    parameter_overrides: Parameters | None = None
    test_parameter_overrides: Parameters | None = None
    merges_overrides: bool | None = None
    completion_type: CompletionType | None = None
    completion_pct: float | None = None
    recovery_mode: RecoveryMode | None = None
    recovery_limit: Whole | None = None
    methodology: Methodology | None = None
    load_limit: Whole | None = None
    output_ancestor_depth: Whole | None = None
    idle_timeout_seconds: float | None = None
    worker_timeout_seconds: float | None = None
    clears_schedule: bool | None = None
    is_virtual: bool | None = None
    vo_role: str | None = None
    sam_dataset: str | None = None
