"""Parameters that many routes share: ids in paths, limits and cursors of lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from sutler.database.listing import DEFAULT_LIMIT, LARGEST_LIMIT
from sutler.wire.bounds import LARGEST_INT32, LARGEST_INT64

Id = Annotated[int, Path(ge=1, le=LARGEST_INT64)]
"""The number of something, in a path."""

Position = Annotated[int, Path(ge=0, le=LARGEST_INT32)]
"""The place of something within something, in a path."""

OptionalId = Annotated[int | None, Query(ge=1, le=LARGEST_INT64)]
"""The number of something that a list is about."""

Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="How many items a page holds at most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
Experiment = Annotated[str | None, Query(description="Only what belongs to this experiment.")]

__all__ = ["DEFAULT_LIMIT", "Cursor", "Experiment", "Id", "Limit", "OptionalId", "Position"]
