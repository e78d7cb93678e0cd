"""Words for the part that one file plays in projects."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.dispatch.model.states import HandleState


@dataclass(frozen=True)
class FileUse:
    """A handle that is of a file, or whose attempt put the file out. `submission_id` is that of its project, if any."""

    project_id: int
    position: int
    state: HandleState
    submission_id: int | None


@dataclass(frozen=True)
class FileUses:
    """The handles of a file and of those it was made from, the newest first.

    `has_more` says whether the file has other handles. A file that has no parents is not traced back.
    """

    used: tuple[FileUse, ...]
    made: tuple[FileUse, ...]
    has_more: bool
