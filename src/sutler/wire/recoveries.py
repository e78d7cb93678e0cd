"""Recoveries of a submission: what each kind would take, and launching one."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.wire.campaigns import RecoveryType
from sutler.wire.stage_settings import Methodology, Parameters
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class RecoveryPreview:
    """What a kind of recovery would take now. `refusal` says why there is nothing to launch; else it is empty."""

    recovery_type: str
    file_count: int
    description: str
    refusal: str


@dataclass(frozen=True)
class RecoveryRequest(Strict):
    """A recovery to be launched. Without a `methodology` it is that of the submission."""

    recovery_type: RecoveryType
    methodology: Methodology | None = None
    parameter_overrides: Parameters = ()


@dataclass(frozen=True)
class RelaunchRequest(Strict):
    """How a submission is launched again: its files in a new project, or what is left of them in the same one."""

    same_project: bool = False


@dataclass(frozen=True)
class Decision(Strict):
    """Why somebody decided so, for the history."""

    reason: str = ""
