"""What campaigns ask of whatever serves their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sutler.auth import Principal, Role
from sutler.campaigns.store.outputs import FoundOutput
from sutler.catalog import PreparedSelection, Selection, SourceFinder
from sutler.database import Actor, Database, Tx
from sutler.dispatch import CreatedProject, CreatedShare, HandleState, NewHandle, NewProject, ShareFile


@dataclass(frozen=True)
class Descent:
    """Below which files outputs are looked for: `depth` generations, of one of the names if there are any.

    Outputs that the jobs of the shares declared themselves count always, older ones than `since` never.
    """

    experiment_id: int
    share_ids: tuple[int, ...]
    depth: int
    since: datetime | None = None
    name_patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplicaState:
    """How many files have a copy that can be read, of how many that should; `what` names them in a sentence."""

    count: int
    of_count: int
    what: str


class DataHandler(Protocol):
    """Serves the files of a campaign.

    Each method ending in `_in` joins the caller's transaction and reads and writes nothing but the database; what must
    be asked elsewhere is asked by `ask_ahead`, while nothing is locked, and kept by loops. All of them read the tables
    of projects and handles, so pages look alike whatever the handler.
    """

    @property
    def name(self) -> str:
        """The word in a campaign's settings."""
        ...

    async def needs_asking_in(self, tx: Tx, *, experiment_id: int) -> bool:
        """Return whether files of the experiment are found only by asking outside of the database."""
        ...

    async def ask_ahead(
        self, db: Database, catalogues: SourceFinder, *, selection: Selection, ledger_id: int | None, role: Role
    ) -> PreparedSelection | None:
        """Ask what is outside of the database for the files of a selection; None when nothing there is needed.

        Discard the answer after use. Raises what asking raises.
        """
        ...

    async def count_in(self, tx: Tx, *, selection: Selection) -> int | None:
        """Return how many files a selection has; None if only asking elsewhere would tell. Raises as `resolve_in`."""
        ...

    async def resolve_in(
        self, tx: Tx, *, selection: Selection, ledger_id: int | None, prepared: PreparedSelection | None
    ) -> list[NewHandle]:
        """Take the files of a selection that the ledger does not have yet, and enter them there.

        Raises what a query that cannot be answered raises, PreparedSelectionGoneError, LedgerNotFoundError.
        """
        ...

    async def create_project_in(
        self,
        tx: Tx,
        *,
        project: NewProject,
        owner_id: int,
        owner_role: Role,
        actor: Actor,
        share_limit: int | None = None,
    ) -> CreatedProject:
        """Make a project of files. All are of one share, or only so many, and nobody owns the others.

        Raises InvalidInputError.
        """
        ...

    async def attach_in(self, tx: Tx, who: Principal, *, project_id: int, limit: int | None) -> CreatedShare:
        """Take files of a present project that nobody owns, as a share of their own.

        Raises NotFoundError, NotPermittedError if the caller may not process that project, NothingToClaimError.
        """
        ...

    async def list_handles_in(
        self, tx: Tx, *, share_ids: Sequence[int], states: Sequence[HandleState] | None = None
    ) -> list[ShareFile]:
        """Return the files of shares in some states, or in any, by project and place."""
        ...

    async def take_done_in(
        self, tx: Tx, *, experiment_id: int, project_id: int, ledger_id: int, limit: int | None, after: int
    ) -> tuple[list[NewHandle], int]:
        """Take done files of a project that the ledger does not have yet, and enter them there.

        `after` is the place of the last one that was taken, -1 at first; it is returned as it is then.
        """
        ...

    async def restart_in(
        self,
        tx: Tx,
        who: Principal,
        *,
        project_id: int,
        positions: Sequence[int] | None,
        states: Sequence[HandleState] | None,
        from_share_ids: Sequence[int],
    ) -> CreatedShare:
        """Make files of shares initial again, in a new share of the same project.

        Raises NotPermittedError if the caller may not process that project, NothingToClaimError.
        """
        ...

    async def list_children_in(
        self, tx: Tx, descent: Descent, *, files: Sequence[ShareFile], name_like: str
    ) -> list[FoundOutput]:
        """Return what came from files, each once, by name; `name_like` is a pattern as SQL has it."""
        ...

    async def find_with_children_in(
        self, tx: Tx, descent: Descent, *, files: Sequence[ShareFile]
    ) -> set[tuple[int, int]]:
        """Return project and place of those of the files from which something came."""
        ...

    async def get_replica_state_in(self, tx: Tx, descent: Descent, *, files: Sequence[ShareFile]) -> ReplicaState:
        """Return for how many of some files, all done, what came from them can be read."""
        ...
