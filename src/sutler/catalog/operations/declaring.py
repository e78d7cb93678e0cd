"""Declaring files: many at once, whole or not at all, and again without harm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import FileDeclaredOtherwiseError, InvalidFilesError
from sutler.catalog.model import Author, CatalogEvent, FileReference, KnownFile, Namespace, NewFile
from sutler.catalog.operations.datasets import MANY_ROWS, ROWS_AT_ONCE, add_members_in, find_files_in
from sutler.catalog.operations.namespaces import find_namespaces_in, permit_declaring
from sutler.database import Database, Tx, replayable


async def declare_files(
    db: Database, who: Principal, *, files: Sequence[NewFile], dataset: Did | None = None
) -> list[FileReference]:
    """Declare files and put them into a dataset; return them in the order given. The whole call or nothing.

    A file that is known with the same size and checksums is accepted as it is, and gains the dataset and parents.
    Raises InvalidFilesError listing what is wrong with which file, FileDeclaredOtherwiseError naming files that are
    known with other contents, DatasetNotFoundError, DatasetFrozenError, NotPermittedError.
    """
    # Many files are checked in a thread, so that others are served meanwhile.
    problems = await asyncio.to_thread(rules.check_files, files)
    _refuse_if(problems)
    return await _declare_checked(db, who, files=files, dataset=dataset)


@replayable
async def _declare_checked(
    db: Database, who: Principal, *, files: Sequence[NewFile], dataset: Did | None
) -> list[FileReference]:
    async with db.write() as tx:
        namespaces = await _find_namespaces(tx, files, dataset)
        for namespace in namespaces:
            permit_declaring(who, namespace)
        return await _declare(tx, files, dataset, namespaces, who.username)


async def declare_files_in(
    tx: Tx, *, files: Sequence[NewFile], dataset: Did | None, username: str
) -> list[FileReference]:
    """Do what `declare_files` does, in the transaction of a caller who asked for permission."""
    _refuse_if(rules.check_files(files))
    return await _declare(tx, files, dataset, await _find_namespaces(tx, files, dataset), username)


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
    await _link_parents(tx, ordered, known, new, experiment_id)
    added = 0
    if dataset is not None:
        added = await add_members_in(tx, did=dataset, file_ids=[file.id for file in known.values()])
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
    named = {parent for file in ordered for parent in file.parents}
    others = await find_files_in(tx, sorted(named - known.keys()))
    parents = known | {did: file for did, file in others.items() if file.experiment_id == experiment_id}
    _refuse_if(
        Problem(str(file.did), f"the parent {parent} is not in the catalogue of this experiment")
        for file in ordered
        for parent in file.parents
        if parent not in parents
    )
    links = sorted({(parents[parent].id, known[file.did].id) for file in ordered for parent in file.parents})
    linked: set[int] = set()
    for start in range(0, len(links), ROWS_AT_ONCE):
        part = links[start : start + ROWS_AT_ONCE]
        children = await store.insert_provenance(
            tx, parent_ids=[parent for parent, _ in part], child_ids=[child for _, child in part]
        )
        linked.update(children)
    await _refuse_circles(tx, ordered, known, new, linked)


async def _refuse_circles(
    tx: Tx,
    ordered: Sequence[NewFile],
    known: dict[Did, KnownFile],
    new: dict[Did, KnownFile],
    linked: set[int],
) -> None:
    """A new file under parents that were there before cannot close a circle; only the others are looked at."""
    doubtful = {
        known[file.did].id: file.did
        for file in ordered
        if known[file.did].id in linked and (file.did not in new or any(parent in known for parent in file.parents))
    }
    if doubtful:
        circular = await store.list_own_ancestors(tx, file_ids=sorted(doubtful))
        _refuse_if(Problem(str(doubtful[number]), "would be its own ancestor") for number in circular)


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


def _refuse_if(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise InvalidFilesError(found)
