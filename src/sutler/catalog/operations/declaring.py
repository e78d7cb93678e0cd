"""Declaring files: many at once, whole or not at all, and again without harm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import FileDeclaredOtherwiseError, InvalidFilesError
from sutler.catalog.model import Author, CatalogEvent, FileKey, FileReference, KnownFile, Namespace, NewFile
from sutler.catalog.operations.finding import keep_known_in
from sutler.catalog.operations.members import MANY_ROWS, ROWS_AT_ONCE, add_members_in, find_files_in
from sutler.catalog.operations.namespaces import find_namespaces_in, permit_declaring
from sutler.catalog.operations.provenance import link_files_in, refuse_circles_in
from sutler.catalog.operations.validation import check_new_files_in
from sutler.database import Database, Tx, replayable


class _CheckedOnlyError(Exception):
    """Undoes a call that was only to be tried out; holds what it would have returned."""

    def __init__(self, declared: list[FileReference]) -> None:
        self.declared = declared
        super().__init__()


async def declare_files(
    db: Database, who: Principal, *, files: Sequence[NewFile], dataset: Did | None = None, check_only: bool = False
) -> list[FileReference]:
    """Declare files and put them into a dataset; return them in the order given. The whole call or nothing.

    A file that is known with the same size and checksums is accepted as it is, and gains the dataset and parents. With
    `check_only` nothing is changed: what would be returned is, with names and fids that the next call makes anew.
    Raises InvalidFilesError listing what is wrong with which file, FileDeclaredOtherwiseError naming files that are
    known with other contents, DatasetNotFoundError, DatasetFrozenError, NotPermittedError, also for files with a
    creator or an instant of creation when the caller is no administrator.
    """
    named = rules.name_files(files, now=db.clock.now())
    # Many files are checked in a thread, so that others are served meanwhile.
    problems = await asyncio.to_thread(rules.check_files, named)
    _refuse_if(problems, named)
    if any(file.created_at is not None or file.created_by is not None for file in named):
        permit(who, Action.ADMINISTER, Thing("installation", None))
    try:
        return await _declare_checked(db, who, files=named, dataset=dataset, check_only=check_only)
    except _CheckedOnlyError as checked:
        return checked.declared


@replayable
async def _declare_checked(
    db: Database, who: Principal, *, files: Sequence[NewFile], dataset: Did | None, check_only: bool
) -> list[FileReference]:
    async with db.write() as tx:
        namespaces = await _find_namespaces(tx, files, dataset)
        for namespace in namespaces:
            permit_declaring(who, namespace)
        declared = await _declare(tx, files, dataset, namespaces, who.username)
        if check_only:
            raise _CheckedOnlyError(declared)
        return declared


async def declare_files_in(
    tx: Tx, *, files: Sequence[NewFile], dataset: Did | None, username: str
) -> list[FileReference]:
    """Do what `declare_files` does, in the transaction of a caller who asked for permission."""
    named = rules.name_files(files, now=tx.now)
    _refuse_if(rules.check_files(named), named)
    return await _declare(tx, named, dataset, await _find_namespaces(tx, named, dataset), username)


async def _declare(
    tx: Tx, files: Sequence[NewFile], dataset: Did | None, namespaces: Sequence[Namespace], username: str
) -> list[FileReference]:
    if not files:
        return []
    experiment_id = namespaces[0].experiment_id
    # Everybody enters files, links and members in the order of their keys and locks the dataset last: no deadlocks.
    ordered = sorted(files, key=lambda file: file.did)
    new = await _insert(tx, ordered, experiment_id, username)
    known = new | await _accept_known(tx, [file for file in ordered if file.did not in new])
    await check_new_files_in(tx, experiment_id=experiment_id, files=files, new=new)
    await _link_parents(tx, ordered, known, new, experiment_id)
    added = 0
    if dataset is not None:
        new_ids = [file.id for file in new.values()]
        added = await add_members_in(tx, did=dataset, file_ids=[known[file.did].id for file in files], new_ids=new_ids)
    if new or added:
        subject = ("namespace", ordered[0].namespace) if dataset is None else ("dataset", str(dataset))
        facts: dict[str, object] = {"count": len(new), "known": len(known) - len(new), "added": added}
        facts["dataset"] = None if dataset is None else str(dataset)
        await tx.record(Event(CatalogEvent.FILES_DECLARED, *subject, experiment_id, facts), Author(username))
    return [known[file.did].reference for file in files]


async def _insert(tx: Tx, ordered: Sequence[NewFile], experiment_id: int, username: str) -> dict[Did, KnownFile]:
    made = rules.make_fids(len(ordered))
    fids = [file.fid or fid for file, fid in zip(ordered, made, strict=True)]
    entered: dict[Did, KnownFile] = {}
    for start in range(0, len(ordered), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        inserted = await store.insert_files(
            tx, files=ordered[part], fids=fids[part], experiment_id=experiment_id, username=username
        )
        entered |= {file.did: file for file in inserted}
    if len(ordered) >= MANY_ROWS:
        await store.forget_plans(tx)
    return entered


async def _accept_known(tx: Tx, files: Sequence[NewFile]) -> dict[Did, KnownFile]:
    known = await find_files_in(tx, [file.did for file in files])
    problems = []
    for file in files:
        found = known.get(file.did)
        if found is None:
            problems.append(Problem(str(file.did), f"cannot have the fid {file.fid}: another file has it"))
        elif difference := rules.find_difference(file, found):
            problems.append(Problem(str(file.did), difference))
    if problems:
        raise FileDeclaredOtherwiseError(problems)
    return known


async def _link_parents(
    tx: Tx,
    ordered: Sequence[NewFile],
    known: dict[Did, KnownFile],
    new: dict[Did, KnownFile],
    experiment_id: int,
) -> None:
    own: dict[FileKey, KnownFile] = {key: file for did, file in known.items() for key in (did, file.fid)}
    others = await keep_known_in(tx, {key for file in ordered for key in _parents_of(file)} - own.keys())
    parents = own | {key: file for key, file in others.items() if file.experiment_id == experiment_id}
    _refuse_if(
        Problem(str(file.did), f"the parent {key} is not in the catalogue of this experiment")
        for file in ordered
        for key in _parents_of(file)
        if key not in parents
    )
    _refuse_if(
        Problem(str(file.did), "cannot be its own parent")
        for file in ordered
        if any(parents[key].id == known[file.did].id for key in file.parent_fids)
    )
    linked = await link_files_in(
        tx, ((parents[key].id, known[file.did].id) for file in ordered for key in _parents_of(file))
    )
    # A new file under parents that were there before cannot close a circle; only the others are looked at.
    doubtful = {
        known[file.did].id: file.did
        for file in ordered
        if known[file.did].id in linked and (file.did not in new or any(key in own for key in _parents_of(file)))
    }
    await refuse_circles_in(tx, doubtful, experiment_id=experiment_id)


def _parents_of(file: NewFile) -> tuple[FileKey, ...]:
    return file.parents + file.parent_fids


async def _find_namespaces(tx: Tx, files: Sequence[NewFile], dataset: Did | None) -> list[Namespace]:
    """Return the namespaces concerned, by name. Refuses unknown ones, and those of several experiments."""
    first_files = {file.namespace: file.did for file in reversed(files)}
    names = first_files.keys() | ({dataset.namespace} if dataset else set())
    found = await find_namespaces_in(tx, names)
    _refuse_if(
        Problem(str(first_files.get(name, dataset)), f"there is no namespace {name}")
        for name in sorted(names - found.keys())
    )
    namespaces = [found[name] for name in sorted(names)]
    _refuse_if(
        Problem(str(first_files.get(other.name, dataset)), "belongs to another experiment than the others of this call")
        for other in namespaces
        if other.experiment_id != namespaces[0].experiment_id
    )
    return namespaces


def _refuse_if(problems: Iterable[Problem], files: Sequence[NewFile] = ()) -> None:
    found = list(problems)
    if found:
        raise InvalidFilesError(found, rules.find_file_problems(files))
