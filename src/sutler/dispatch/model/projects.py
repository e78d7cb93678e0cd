"""Projects, their shares, and what is told about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sutler.base.did import Did
from sutler.dispatch.model.states import ProjectState


@dataclass(frozen=True)
class NewHandle:
    """A file that a project is to hold. `fid` is None for files that no catalogue knows."""

    namespace: str
    name: str
    fid: str | None = None
    size_bytes: int | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass
class FileColumns:
    """Files of new handles, column by column. `attributes` are JSON texts, None where there are none."""

    namespaces: list[str]
    names: list[str]
    fids: list[str | None]
    sizes: list[int | None]
    attributes: list[str | None]


@dataclass(frozen=True)
class NewProject:
    """What a project starts with. Timeouts None mean never; `max_attempts` None means no limit.

    `users`, by their names, and `groups` may process its files beside its owner. A handle whose attempt failed is not
    given out for `retry_pause`, doubled with every further attempt; with `retry_on_timeout` off it fails when its
    lease runs out.
    """

    experiment_id: int
    handles: tuple[NewHandle, ...]
    query: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    is_virtual: bool = False
    max_attempts: int | None = None
    worker_timeout: timedelta | None = None
    idle_timeout: timedelta | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    retry_on_timeout: bool = True
    retry_pause: timedelta | None = None


@dataclass(frozen=True)
class Counts:
    """Handles by state.

    `unlocated_count` is the part of `initial_count` without a usable replica, `resting_count` the part that pauses
    after a failure.
    """

    total_count: int
    initial_count: int
    unlocated_count: int
    reserved_count: int
    done_count: int
    failed_count: int
    resting_count: int = 0

    @property
    def submitted_count(self) -> int:
        """Handles that a worker has or had: reserved, done or failed."""
        return self.reserved_count + self.done_count + self.failed_count

    @property
    def percent_completed(self) -> int:
        """Whole percent, rounded down, of handles that are done or failed; 0 when there are none."""
        return 100 * (self.done_count + self.failed_count) // self.total_count if self.total_count else 0

    @property
    def is_final(self) -> bool:
        """Whether every handle is done or failed."""
        return self.initial_count == 0 and self.reserved_count == 0


@dataclass(frozen=True)
class Project:
    """A set of file handles that workers draw from."""

    id: int
    experiment_id: int
    owner_id: int
    owner: str
    owner_role: str
    state: ProjectState
    query: str | None
    attributes: Mapping[str, object]
    is_virtual: bool
    max_attempts: int | None
    worker_timeout: timedelta | None
    idle_timeout: timedelta | None
    total_count: int
    initial_count: int
    unlocated_count: int
    reserved_count: int
    done_count: int
    failed_count: int
    created_at: datetime
    ended_at: datetime | None
    resting_count: int = 0
    active_at: datetime | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    retry_on_timeout: bool = True
    retry_pause: timedelta | None = None

    @property
    def counts(self) -> Counts:
        """Its handles by state."""
        return Counts(
            self.total_count,
            self.initial_count,
            self.unlocated_count,
            self.reserved_count,
            self.done_count,
            self.failed_count,
            self.resting_count,
        )


@dataclass(frozen=True)
class CreatedProject:
    """A new project and the share that owns all its handles."""

    project_id: int
    share_id: int
    handle_count: int


@dataclass(frozen=True)
class ProjectHeader:
    """What permission and the next step need of a project; read for every hot call, so it is small."""

    project_id: int
    experiment_id: int
    owner_id: int
    owner_role: str
    state: ProjectState
    max_attempts: int | None
    share_id: int | None = None
    is_virtual: bool = False
    allowed_users: Sequence[int] = ()
    allowed_groups: Sequence[str] = ()
    retry_on_timeout: bool = True
    retry_pause: timedelta | None = None


@dataclass(frozen=True)
class ShareStanding:
    """The counts of a share and the state of its project; `gone_initial_count` of its initial handles went on.

    `is_over`: the work that it belongs to has ended, and its workers are given nothing more.
    """

    share_id: int
    project_id: int
    state: ProjectState
    counts: Counts
    gone_initial_count: int = 0
    is_over: bool = False

    @property
    def waiting_counts(self) -> Counts:
        """Its counts without the initial handles that went on in another share, for which it does not wait."""
        return replace(
            self.counts,
            total_count=self.counts.total_count - self.gone_initial_count,
            initial_count=self.counts.initial_count - self.gone_initial_count,
        )


@dataclass(frozen=True)
class Settings:
    """What can be changed about a project, as it is to be."""

    attributes: Mapping[str, object]
    max_attempts: int | None
    worker_timeout: timedelta | None
    idle_timeout: timedelta | None
    retry_on_timeout: bool
    retry_pause: timedelta | None
    users: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class ProducedFile:
    """An output of a share, for pages and dependants."""

    file_id: int
    fid: str
    namespace: str
    name: str
    size_bytes: int | None
    media_type: str | None
    url: str | None
    attempt_id: int

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class Throughput:
    """How many attempts of a project ended within `span` from `at` on, by what became of their handles."""

    at: datetime
    span: timedelta
    done_count: int
    failed_count: int
    returned_count: int


@dataclass(frozen=True)
class NewRefusal:
    """A worker whose calls about a project were refused for one reason, so many times between two instants.

    None stands for workers that nobody had the room to name.
    """

    project_id: int
    worker_id: str | None
    reason: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Refusal:
    """That a worker was refused, and why. A name that begins with a blank stands for several workers."""

    worker_id: str
    reason: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class RecentRefusals:
    """How many workers were refused lately, and the last of them, each with the reason it met last."""

    worker_count: int
    latest: tuple[Refusal, ...] = ()
