"""What a split type says of the next slice: where it comes from, what narrows it, and where the split stands then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sutler.catalog.model import Budget, Filter, GroupBy, Part

Position = Mapping[str, object]
"""Where a split stands beside its ledger, as it is kept in JSON: the index in a list, the end of a window. {} at first.
"""


@dataclass(frozen=True)
class Facts:
    """What a split may know of the world: the time, and how long a file of the stage took lately, if any was done."""

    now: datetime
    seconds_per_file: float | None = None


@dataclass(frozen=True)
class QueriedFiles:
    """Files of the catalogue that a query selects."""

    query: str


@dataclass(frozen=True)
class DoneFiles:
    """Files that another project has done, those behind the place `after` first."""

    project_id: int
    after: int = -1


@dataclass(frozen=True)
class WholeProject:
    """The files of another project that nobody owns: the submission works on that project itself."""

    project_id: int


@dataclass(frozen=True)
class JobData:
    """No files: a query, or a value for `%(parameter)s`, that is handed to the jobs as it is."""

    text: str
    is_query: bool


Source = QueriedFiles | DoneFiles | WholeProject | JobData


class WhenEmpty(StrEnum):
    """What it means that a cut has no files: the split is exhausted, has nothing yet, or goes on to its next cut."""

    ENDED = "ended"
    WAIT = "wait"
    STEP = "step"


@dataclass(frozen=True)
class Cut:
    """The next slice. `uses_ledger`: files that an earlier slice of the pass has had are left out, and these entered.

    `then` is where the split stands afterwards; `note` says in a few words what this slice is, such as its window.
    `when_empty_reason` completes the sentence "There is nothing to launch: …".
    """

    source: Source
    uses_ledger: bool
    filters: tuple[Filter, ...] = ()
    group_by: GroupBy | None = None
    part: Part | None = None
    limit: int | None = None
    budget: Budget | None = None
    then: Position = field(default_factory=dict)
    note: str = ""
    when_empty: WhenEmpty = WhenEmpty.ENDED
    when_empty_reason: str = "the query has no further file"


@dataclass(frozen=True)
class Ended:
    """The split has given everything out."""

    reason: str


@dataclass(frozen=True)
class NotYet:
    """There is nothing now, and there will be."""

    reason: str


Next = Cut | Ended | NotYet
