"""Entering files: the steps that declaring a list and declaring a stream share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import FileDeclaredOtherwiseError, InvalidFilesError
from sutler.catalog.model import Author, CatalogEvent, DeclaredCounts, FileKey, KnownFile, Namespace, NewFile
from sutler.catalog.operations.finding import keep_known_in
from sutler.catalog.operations.members import MANY_ROWS, ROWS_AT_ONCE, cut
from sutler.catalog.operations.provenance import link_files_in, refuse_circles_in
from sutler.catalog.operations.validation import check_new_files_in
from sutler.database import Tx


@dataclass(frozen=True)
class Ground:
    """What files are declared on: the namespaces concerned, by name, of one experiment, and whether it has rules."""

    namespaces: tuple[Namespace, ...]
    has_categories: bool

    @property
    def experiment_id(self) -> int:
        """The experiment of them all."""
        return self.namespaces[0].experiment_id


@dataclass(frozen=True)
class Entered:
    """Files of a call as the catalogue knows them by now, all of them and those that were not there before."""

    known: dict[Did, KnownFile]
    new: dict[Did, KnownFile]


async def find_ground_in(
    tx: Tx, files: Sequence[NewFile], dataset: Did | None, *, beside: Ground | None = None
) -> Ground:
    """Return the ground of a call, or of a part of one beside that of the parts before.

    Raises InvalidFilesError for unknown namespaces and those of several experiments.
    """
    first_files = {file.namespace: file.did for file in reversed(files)}
    names = first_files.keys() | ({dataset.namespace} if dataset else set())
    names |= {namespace.name for namespace in beside.namespaces} if beside else set()
    listed, has_categories = await store.list_ground(tx, names=sorted(names))
    found = {namespace.name: namespace for namespace in listed}
    refuse_if(
        Problem(str(first_files.get(name, dataset)), f"there is no namespace {name}")
        for name in sorted(names - found.keys())
    )
    experiment_id = beside.experiment_id if beside and beside.namespaces else listed[0].experiment_id if listed else 0
    refuse_if(
        Problem(str(first_files.get(other.name, dataset)), "belongs to another experiment than the others of this call")
        for other in listed
        if other.experiment_id != experiment_id
    )
    return Ground(tuple(listed), has_categories)


async def enter_files_in(
    tx: Tx, files: Sequence[NewFile], ground: Ground, *, username: str, is_part: bool = False
) -> Entered:
    """Enter those files that are new and accept those that are known as they are, which stay locked against deletion.

    A file that this transaction has declared before is known like others; if the files are a part of a call it is
    given twice. Raises InvalidFilesError for new files whose metadata break a rule, FileDeclaredOtherwiseError.
    """
    ordered = order_files(files)
    new = await _insert(tx, ordered, ground.experiment_id, username)
    known = new
    if len(new) < len(files):
        known = new | await _accept_known(tx, [file for file in ordered if file.did not in new], is_part=is_part)
    if ground.has_categories:
        await check_new_files_in(tx, experiment_id=ground.experiment_id, files=files, new=new)
    return Entered(known, new)


async def link_parents_in(
    tx: Tx, files: Sequence[NewFile], entered: Entered, *, experiment_id: int, is_part: bool = False
) -> None:
    """Link files with their parents, those of the same call or others. Raises InvalidFilesError for unusable ones.

    If the files are a part of a call, those that the call declared before are to be among the known ones.
    """
    ordered = order_files([file for file in files if file.parents or file.parent_fids])
    if not ordered:
        return
    known, wanted = entered.known, {key for file in ordered for key in _parents_of(file)}
    own: dict[FileKey, KnownFile] = {key: known[key] for key in wanted if isinstance(key, Did) and key in known}
    if len(own) < len(wanted):
        own |= {file.fid: file for file in known.values() if file.fid in wanted}
    others = await keep_known_in(tx, wanted - own.keys()) if len(own) < len(wanted) else {}
    parents = own | {key: file for key, file in others.items() if file.experiment_id == experiment_id}
    refuse_if(
        Problem(str(file.did), f"the parent {key} is not in the catalogue of this experiment")
        for file in ordered
        for key in _parents_of(file)
        if key not in parents
    )
    refuse_if(
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
        if known[file.did].id in linked
        and (
            file.did not in entered.new
            or any(key in own for key in _parents_of(file))
            or (is_part and bool(file.parent_fids))
        )
    }
    await refuse_circles_in(tx, doubtful, experiment_id=experiment_id)


async def record_declared_in(
    tx: Tx, counts: DeclaredCounts, *, namespace: str, dataset: Did | None, ground: Ground, username: str
) -> None:
    """Append the event of a call: of its dataset, or of its first namespace."""
    subject = ("namespace", namespace) if dataset is None else ("dataset", str(dataset))
    facts: dict[str, object] = {**vars(counts), "dataset": None if dataset is None else str(dataset)}
    await tx.record(Event(CatalogEvent.FILES_DECLARED, *subject, ground.experiment_id, facts), Author(username))


def order_files(files: Sequence[NewFile]) -> list[NewFile]:
    """Return files in the order in which everybody enters them."""
    return sorted(files, key=lambda file: (file.namespace, file.name))


def refuse_if(problems: Iterable[Problem], files: Sequence[NewFile] = ()) -> None:
    """Go on if there are no problems. Raises InvalidFilesError, with what is wrong with which of the files."""
    found = list(problems)
    if found:
        raise InvalidFilesError(found, rules.find_file_problems(files))


async def _insert(tx: Tx, ordered: Sequence[NewFile], experiment_id: int, username: str) -> dict[Did, KnownFile]:
    made = rules.make_fids(len(ordered))
    fids = [file.fid or fid for file, fid in zip(ordered, made, strict=True)]
    enter = store.enter_files
    if any(file.fid is not None or file.created_at is not None or file.created_by is not None for file in ordered):
        enter = store.enter_files_from_elsewhere
    entered: dict[Did, KnownFile] = {}
    for files, their_fids in zip(cut(ordered, ROWS_AT_ONCE), cut(fids, ROWS_AT_ONCE), strict=True):
        inserted = await enter(tx, files=files, fids=their_fids, experiment_id=experiment_id, username=username)
        entered |= {file.did: file for file in inserted}
    if len(ordered) >= MANY_ROWS:
        await store.forget_plans(tx)
    return entered


async def _accept_known(tx: Tx, files: Sequence[NewFile], *, is_part: bool) -> dict[Did, KnownFile]:
    if len(files) >= MANY_ROWS:
        await store.forget_plans(tx)
    dids = [file.did for file in files]
    found = [pair for part in cut(dids) for pair in await store.keep_known_files(tx, dids=part)]
    known = {file.did: file for file, _ in found}
    twice = {file.did for file, is_own in found if is_own}
    refuse_if(Problem(str(file.did), "is given twice") for file in files if is_part and file.did in twice)
    problems = []
    for file in files:
        there = known.get(file.did)
        if there is None:
            problems.append(Problem(str(file.did), f"cannot have the fid {file.fid}: another file has it"))
        elif difference := rules.find_difference(file, there):
            problems.append(Problem(str(file.did), difference))
    if problems:
        raise FileDeclaredOtherwiseError(problems)
    return known


def _parents_of(file: NewFile) -> tuple[FileKey, ...]:
    return file.parents + file.parent_fids
