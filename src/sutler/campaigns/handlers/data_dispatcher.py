"""Sutler's own data handler: the catalogue chooses files, dispatch hands them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from sutler import catalog, dispatch
from sutler.auth import Principal, Role
from sutler.campaigns.handlers.port import Descent, ReplicaState
from sutler.campaigns.rules import patterns
from sutler.campaigns.store import outputs as store
from sutler.catalog import PreparedSelection, Selection, SourceFinder
from sutler.database import Actor, Database, Tx
from sutler.dispatch import CreatedProject, CreatedShare, HandleState, NewHandle, NewProject, ShareFile

FIDS_AT_ONCE: Final = 20_000
Item = TypeVar("Item")


class DataDispatcher:
    """A `DataHandler` over the rooms catalog and dispatch. An experiment's catalogue may be elsewhere."""

    name: Final = "data_dispatcher"

    async def needs_asking_in(self, tx: Tx, *, experiment_id: int) -> bool:
        """Return whether the catalogue of the experiment is elsewhere."""
        return await catalog.is_remote_in(tx, experiment_id=experiment_id)

    async def ask_ahead(
        self, db: Database, catalogues: SourceFinder, *, selection: Selection, ledger_id: int | None, role: Role
    ) -> PreparedSelection | None:
        """Ask the catalogue of the experiment if it is elsewhere."""
        return await catalog.prepare_selection(db, catalogues, selection=selection, ledger_id=ledger_id, role=role)

    async def count_in(self, tx: Tx, *, selection: Selection) -> int | None:
        """Count in the built-in catalogue."""
        if await self.needs_asking_in(tx, experiment_id=selection.experiment_id):
            return None
        count, _ = await catalog.count_in(tx, selection=selection, ledger_id=None)
        return count

    async def resolve_in(
        self, tx: Tx, *, selection: Selection, ledger_id: int | None, prepared: PreparedSelection | None
    ) -> list[NewHandle]:
        """Take from the built-in catalogue, or from what one elsewhere answered."""
        if prepared is None:
            found = await catalog.take_in(tx, selection=selection, ledger_id=ledger_id)
            return [NewHandle(file.namespace, file.name, file.fid, file.size_bytes) for file in found]
        answered = await catalog.take_prepared_in(
            tx,
            prepared=prepared,
            experiment_id=selection.experiment_id,
            ledger_id=ledger_id,
            limit=selection.limit,
        )
        return [NewHandle(file.namespace, file.name, file.fid, file.size_bytes) for file in answered]

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
        """Make a project of dispatch."""
        return await dispatch.create_project_in(
            tx, project=project, owner_id=owner_id, owner_role=owner_role, actor=actor, share_limit=share_limit
        )

    async def attach_in(self, tx: Tx, who: Principal, *, project_id: int, limit: int | None) -> CreatedShare:
        """Claim a share of a project of dispatch."""
        await dispatch.permit_processing_in(tx, who, project_id=project_id)
        return await dispatch.claim_share_in(tx, project_id=project_id, limit=limit, actor=who)

    async def list_handles_in(
        self, tx: Tx, *, share_ids: Sequence[int], states: Sequence[HandleState] | None = None
    ) -> list[ShareFile]:
        """Read the handles of shares."""
        return list(await dispatch.list_share_files_in(tx, share_ids=share_ids, states=states))

    async def take_done_in(
        self, tx: Tx, *, experiment_id: int, project_id: int, ledger_id: int, limit: int | None, after: int
    ) -> tuple[list[NewHandle], int]:
        """Take from the handles that are done."""
        done = await dispatch.list_done_files_in(
            tx, project_id=project_id, limit=limit, ledger_id=ledger_id, after=after
        )
        keys = [each.fid or f"{each.namespace}:{each.name}" for each in done]
        await catalog.enter_in(tx, ledger_id=ledger_id, experiment_id=experiment_id, keys=keys)
        handles = [NewHandle(each.namespace, each.name, each.fid, each.size_bytes) for each in done]
        return handles, done[-1].position if done else after

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
        """Move handles to a new share, where they are initial."""
        await dispatch.permit_processing_in(tx, who, project_id=project_id)
        return await dispatch.move_to_share_in(
            tx,
            project_id=project_id,
            positions=positions,
            states=states,
            from_share_ids=from_share_ids,
            actor=who,
        )

    async def list_children_in(
        self, tx: Tx, descent: Descent, *, files: Sequence[ShareFile], name_like: str
    ) -> list[store.FoundOutput]:
        """Read what was declared by jobs of the shares, and the provenance of the files."""
        assert descent.since is not None
        fids = list(dict.fromkeys(file.fid for file in files if file.fid is not None))
        found: dict[int, store.FoundOutput] = {}
        for part in _cut(fids or [""], FIDS_AT_ONCE):
            rows = await store.list_outputs(
                tx,
                share_ids=descent.share_ids,
                fids=part,
                depth=descent.depth,
                since=descent.since,
                name_like=name_like,
            )
            found.update((row.file_id, row) for row in rows)
        return sorted(found.values(), key=lambda file: (file.namespace, file.name))

    async def find_with_children_in(
        self, tx: Tx, descent: Descent, *, files: Sequence[ShareFile]
    ) -> set[tuple[int, int]]:
        """Look for outputs below each file."""
        return await self._find(tx, descent, files, needs_copy=False)

    async def get_replica_state_in(self, tx: Tx, descent: Descent, *, files: Sequence[ShareFile]) -> ReplicaState:
        """Look for copies of outputs; where the catalogue is elsewhere, for outputs that are declared there."""
        if await self.needs_asking_in(tx, experiment_id=descent.experiment_id):
            outputs = [one for share in descent.share_ids for one in await dispatch.list_outputs_in(tx, share_id=share)]
            missing = await catalog.list_undeclared_in(tx, file_ids=[one.file_id for one in outputs])
            return ReplicaState(len(outputs) - len(missing), len(outputs), "outputs are declared")
        found = await self._find(tx, descent, files, needs_copy=True)
        return ReplicaState(len(found), len(files), "done files have outputs that are there")

    async def _find(
        self, tx: Tx, descent: Descent, files: Sequence[ShareFile], *, needs_copy: bool
    ) -> set[tuple[int, int]]:
        found: set[tuple[int, int]] = set()
        for part in _cut(files, FIDS_AT_ONCE):
            rows = await store.list_files_with_outputs(
                tx,
                files=part,
                share_ids=descent.share_ids,
                depth=descent.depth,
                since=descent.since,
                name_patterns=[patterns.read_glob(glob) for glob in descent.name_patterns],
                needs_copy=needs_copy,
            )
            found.update((file.project_id, file.position) for file in rows)
        return found


def _cut(items: Sequence[Item], count: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), count):
        yield items[start : start + count]
