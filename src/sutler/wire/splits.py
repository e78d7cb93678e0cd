"""Where the splits of a stage stand, what split types there are, and what they would make of the data of a stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sutler.wire.bounds import Amount
from sutler.wire.strict import Strict

SplitKind = Literal["production", "test"]


@dataclass(frozen=True)
class SplitParameter:
    """One value that a split type takes. Without a default it must be given; `hint` says how it is written."""

    name: str
    hint: str
    help: str
    default: str | None


@dataclass(frozen=True)
class SplitType:
    """One way of cutting the data of a stage into slices.

    `base_help` says what stands in the query of a stage that has it, and `position_parameter` what its position is;
    null where there is none beside the record of what was given out.
    """

    name: str
    help: str
    example: str
    base_help: str
    parameters: tuple[SplitParameter, ...]
    position_parameter: SplitParameter | None


@dataclass(frozen=True)
class PositionView:
    """Where a split stands, in words. `taken_count` files were given out in this pass."""

    kind: str
    split_type: str
    help: str
    epoch: int
    slice_count: int
    taken_count: int
    position: dict[str, Any]
    description: str
    position_help: str
    reset_by: str


@dataclass(frozen=True)
class NewPosition(Strict):
    """Where a split is to stand, as `position_parameter` of its type names it. An empty object is the beginning."""

    position: dict[str, Any]


@dataclass(frozen=True)
class ForecastRequest(Strict):
    """Split types to be compared, and how many slices of each are to be shown."""

    split_types: tuple[str, ...]
    slice_count: Amount = 5


@dataclass(frozen=True)
class SliceForecast:
    """What one slice would hold. `file_count` is null when only the jobs would know."""

    number: int
    file_count: int | None
    size_bytes: int
    note: str
    first_files: tuple[str, ...]


@dataclass(frozen=True)
class SplitForecast:
    """What a split type would make of the data, from the beginning. `end` says why there are no more slices.

    `trouble` is why it cannot be used; empty when it can.
    """

    split_type: str
    help: str
    slices: tuple[SliceForecast, ...]
    end: str
    trouble: str
