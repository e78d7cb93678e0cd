"""Files that are declared to a catalogue elsewhere: kept as rows with the outcome they belong to, and sent from there.

Keeping them is a part of the transaction that reports the outcome, so none is lost; sending is repeated until there is
an answer, and whoever receives a file again takes it as declared, so none is there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from sutler.auth import Action, Principal, Role, ServiceKind, Thing, find_service_in, get_experiment_in, permit
from sutler.base.did import Did
from sutler.base.errors import Problem, SutlerError
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import FileDeclaredOtherwiseError, RemoteCatalogRefusedError
from sutler.catalog.model import (
    Author,
    CatalogEvent,
    DeclarationState,
    FileReference,
    KnownFile,
    NewFile,
    RemoteFile,
    RemoteQueue,
    Undeclared,
)
from sutler.catalog.operations.entering import order_files, refuse_if
from sutler.catalog.operations.members import ROWS_AT_ONCE
from sutler.catalog.sources.finder import SourceFinder
from sutler.catalog.sources.port import CatalogSource
from sutler.database import Database, Tx

CLAIMED_FOR = timedelta(minutes=2)
"""How long nobody else sends what one process is sending. Two that send the same do no harm."""
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=2)


async def is_remote_in(tx: Tx, *, experiment_id: int) -> bool:
    """Whether an experiment keeps its catalogue elsewhere. One look-up by key."""
    return await find_place_in(tx, experiment_id=experiment_id) is not None


async def find_place_in(tx: Tx, *, experiment_id: int) -> str | None:
    """Return the address of the catalogue that an experiment keeps elsewhere; None if it uses the built-in one."""
    service = await find_service_in(tx, experiment_id=experiment_id, kind=ServiceKind.METACAT)
    return None if service is None else service.server_url


async def plan_dataset_in(tx: Tx, *, experiment_id: int, did: Did, parent: Did | None = None) -> None:
    """Remember below which dataset another is to be, for when it is made elsewhere with its first file."""
    await store.insert_remote_dataset(tx, experiment_id=experiment_id, did=did, parent=parent)


async def keep_outputs_in(
    tx: Tx,
    *,
    experiment_id: int,
    role: Role,
    files: Sequence[NewFile],
    dataset: Did | None,
    share_id: int | None,
    username: str,
) -> list[FileReference]:
    """Keep files, all with the same parents, to be declared elsewhere in a role; return them in the order given.

    One that is kept or declared already is accepted as it is and gains parents until it is declared; one that was
    refused is tried anew with what is given now. Raises InvalidFilesError, FileDeclaredOtherwiseError.
    """
    if not files:
        return []
    refuse_if(rules.check_files(files), files)
    ordered = [
        replace(file, fid=file.fid or fid)
        for file, fid in zip(order_files(files), rules.make_fids(len(files)), strict=True)
    ]
    await store.insert_remote_files(
        tx,
        experiment_id=experiment_id,
        role=role,
        files=ordered,
        parents=files[0].parents,
        dataset=dataset,
        share_id=share_id,
        username=username,
    )
    await store.ensure_queue(tx, experiment_id=experiment_id, role=role)
    dids = [file.did for file in ordered]
    known = {file.did: file for file in await store.lock_remote_files(tx, experiment_id=experiment_id, dids=dids)}
    entered = {file.did: file for file in ordered}
    for did, file in known.items():
        if file.fid != entered[did].fid:
            await _accept_known(tx, file, entered[did], dataset=dataset, share_id=share_id)
    return [_refer_to(known[file.did]) for file in files]


async def _accept_known(tx: Tx, known: RemoteFile, file: NewFile, *, dataset: Did | None, share_id: int | None) -> None:
    if known.state is not DeclarationState.REFUSED:
        same = KnownFile(
            known.id, file.fid or "", known.namespace, known.name, 0, known.size_bytes, dict(known.checksums)
        )
        difference = rules.find_difference(file, same)
        if difference is not None:
            raise FileDeclaredOtherwiseError([Problem(str(file.did), difference)])
        parents = dict.fromkeys([*known.parents, *map(str, file.parents)])
        if known.state is DeclarationState.DECLARED or list(parents) == list(known.parents):
            return
    else:
        parents = dict.fromkeys(map(str, file.parents))
    await store.send_again(tx, file_id=known.id, file=file, parents=list(parents), dataset=dataset, share_id=share_id)


async def send_declarations(db: Database, catalogues: SourceFinder, *, count: int) -> int:
    """Declare what is due of one experiment and role where it keeps its catalogue, at most `count` files.

    Returns how many were declared or refused. A refusal stays with its file as the reason. While the place cannot be
    used, all of the queue wait with the reason, longer each time, and other queues do not.
    """
    async with db.write() as tx:
        queue = await store.claim_queue(tx, until=tx.now + CLAIMED_FOR)
        if queue is None:
            return 0
        files = await store.list_sendable(tx, queue=queue, count=count)
        dids = sorted({file.dataset for file in files if file.dataset})
        above = await store.list_planned_parents(tx, experiment_id=queue.experiment_id, dids=dids)
    settled = 0
    try:
        source = await catalogues.find(experiment_id=queue.experiment_id, role=queue.role)
        if source is None:
            await _wait(db, queue, "the experiment names no MetaCat server any more, where they are to be declared")
            return 0
        for dataset, group in groupby(sorted(files, key=_name_dataset), key=_name_dataset):
            part = list(group)
            outcomes = await _send(source, part, dataset or None, above.get(dataset))
            await _record(db, queue, outcomes, source.place)
            settled += len(part)
    except SutlerError as error:
        await _wait(db, queue, error.sentence)
        return settled
    async with db.write() as tx:
        # With nothing that can be sent, a parent in another queue has to come first.
        pause = timedelta() if files else FIRST_PAUSE
        await store.settle_queue(tx, queue=queue, tries=0, due_at=tx.now + pause, reason="")
    return settled


async def _send(
    source: CatalogSource, files: Sequence[RemoteFile], dataset: str | None, above: str | None
) -> list[tuple[RemoteFile, str]]:
    """Declare files there, with their namespaces and their dataset. Returns each with why it was refused, if it was."""
    into = None if dataset is None else Did.parse(dataset)
    parent = None if above is None else Did.parse(above)
    try:
        for namespace in sorted({file.namespace for file in files} | {did.namespace for did in (into, parent) if did}):
            await source.ensure_namespace(namespace)
        if parent is not None:
            await source.ensure_dataset(parent)
        if into is not None:
            await source.ensure_dataset(into, parent=parent)
        answers = await source.declare([_make_file(file) for file in files], dataset=into)
    except RemoteCatalogRefusedError as refusal:
        if refusal.status is None or not 400 <= refusal.status < 500:
            raise
        return [(file, refusal.sentence) for file in files]
    return [(file, answer or "") for file, answer in zip(files, answers, strict=True)]


async def _record(db: Database, queue: RemoteQueue, outcomes: Sequence[tuple[RemoteFile, str]], place: str) -> None:
    refused = sum(1 for _, reason in outcomes if reason)
    facts: dict[str, object] = {"place": place, "count": len(outcomes) - refused, "refused": refused}
    kind = CatalogEvent.FILES_SENT
    async with db.write() as tx:
        await store.record_outcomes(tx, outcomes=sorted(outcomes, key=lambda outcome: outcome[0].id))
        subject = ("experiment", str(queue.experiment_id))
        await tx.record(Event(kind, *subject, queue.experiment_id, facts), Author("system"))


async def _wait(db: Database, queue: RemoteQueue, reason: str) -> None:
    pause = min(FIRST_PAUSE * (1 << min(queue.tries, 10)), LONGEST_PAUSE)
    async with db.write() as tx:
        await store.settle_queue(tx, queue=queue, tries=queue.tries + 1, due_at=tx.now + pause, reason=reason)


async def hurry_declarations(db: Database, *, experiment_id: int) -> None:
    """Try at once what an experiment has to declare elsewhere: something that stood in the way may have changed."""
    async with db.write() as tx:
        await store.hurry_queues(tx, experiment_id=experiment_id)


async def retry_declarations(db: Database, who: Principal, *, experiment: str) -> int:
    """Have all files of an experiment that were refused elsewhere sent once more, and those that wait, at once.

    Returns how many had been refused. It takes the role production. Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
    permit(who, Action.EDIT, Thing("catalogue", experiment_id, owner_role=Role.PRODUCTION))
    total, after = 0, 0
    while True:
        async with db.write() as tx:
            count, last = await store.retry_refused(tx, experiment_id=experiment_id, after=after, count=ROWS_AT_ONCE)
            if last is None:
                await store.hurry_queues(tx, experiment_id=experiment_id)
                subject = ("experiment", str(experiment_id))
                await tx.record(
                    Event(CatalogEvent.DECLARATIONS_RETRIED, *subject, experiment_id, {"count": total}), who
                )
                return total
        total, after = total + count, last


async def count_undeclared_in(tx: Tx, *, experiment_id: int, share_id: int) -> Undeclared | None:
    """Return what of the outputs of a share is not declared where it should be; None if all is, or nothing must be."""
    place = await find_place_in(tx, experiment_id=experiment_id)
    if place is None:
        return None
    counts = await store.count_undeclared(tx, experiment_id=experiment_id, share_id=share_id)
    if not counts["pending_count"] and not counts["refused_count"]:
        return None
    return Undeclared(
        place,
        int(counts["pending_count"]),
        int(counts["refused_count"]),
        str(counts["reason"]),
        str(counts["refusal"]),
    )


async def list_undeclared_in(tx: Tx, *, file_ids: Sequence[int]) -> set[int]:
    """Return the numbers of those of the files that are to be declared elsewhere and are not."""
    return await store.list_undeclared(tx, file_ids=file_ids)


def _name_dataset(file: RemoteFile) -> str:
    return file.dataset or ""


def _make_file(file: RemoteFile) -> NewFile:
    return NewFile(
        namespace=file.namespace,
        name=file.name,
        size_bytes=file.size_bytes,
        checksums=file.checksums,
        metadata=file.metadata,
        parents=tuple(Did.parse(parent) for parent in file.parents),
        fid=file.fid,
    )


def _refer_to(file: RemoteFile) -> FileReference:
    return FileReference(file.id, file.fid, file.namespace, file.name, file.size_bytes)
