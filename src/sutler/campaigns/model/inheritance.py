"""What is in force for a stage: what it says itself, else its campaign, else Sutler."""

from __future__ import annotations

from datetime import timedelta

from sutler.campaigns.model.words import (
    CompletionType,
    Methodology,
    Parameters,
    RecoveryMode,
    StageType,
)
from sutler.campaigns.settings import StageSettings, overlay

NO_SPLIT = "None"
DEFAULT_IDLE_TIMEOUT = timedelta(hours=72)


def resolve_settings(own: StageSettings, defaults: StageSettings) -> dict[str, object]:
    """Return the fields of a Stage that follow from what stage and campaign say. 0 means none, or never."""
    said = overlay(defaults, own)
    return {
        "stage_type": StageType(said.stage_type or StageType.REGULAR),
        "vo_role": said.vo_role,
        "software_version": said.software_version or "",
        "dataset_query": said.dataset_query or None,
        "project_id": said.project_id or None,
        "split_type": "" if said.split_type in (None, NO_SPLIT) else said.split_type,
        "test_split_type": said.test_split_type or None,
        "clears_schedule": said.clears_schedule is not False,
        "completion_type": CompletionType(said.completion_type or CompletionType.COMPLETE),
        "completion_pct": 95.0 if said.completion_pct is None else said.completion_pct,
        "parameter_overrides": _choose_overrides(own, defaults, merges=bool(said.merges_overrides)),
        "test_parameter_overrides": said.test_parameter_overrides or (),
        "merges_overrides": bool(said.merges_overrides),
        "output_ancestor_depth": said.output_ancestor_depth or 1,
        "idle_timeout": _read_timeout(said.idle_timeout_seconds, default=DEFAULT_IDLE_TIMEOUT),
        "worker_timeout": _read_timeout(said.worker_timeout_seconds, default=None),
        "is_virtual": bool(said.is_virtual),
        "recovery_mode": RecoveryMode(said.recovery_mode or RecoveryMode.STANDARD),
        "methodology": Methodology(said.methodology or Methodology.STANDARD),
        "load_limit": said.load_limit or None,
        "unit_count": said.unit_count or None,
        "job_count": said.job_count or 1,
        "sam_dataset": said.sam_dataset or None,
        "recovery_limit": said.recovery_limit,
    }


def merge_parameters(*sources: Parameters) -> Parameters:
    """Put ordered parameters over each other: a later value replaces in place, a new key comes last."""
    merged: dict[str, str] = {}
    for source in sources:
        merged.update(source)
    return tuple(merged.items())


def _choose_overrides(own: StageSettings, defaults: StageSettings, *, merges: bool) -> Parameters:
    if own.parameter_overrides is None:
        return defaults.parameter_overrides or ()
    if merges:
        return merge_parameters(defaults.parameter_overrides or (), own.parameter_overrides)
    return own.parameter_overrides


def _read_timeout(seconds: float | None, *, default: timedelta | None) -> timedelta | None:
    if seconds is None:
        return default
    return timedelta(seconds=seconds) if seconds else None
