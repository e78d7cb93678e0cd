"""Catalogues elsewhere: what was selected there, and what is to be declared there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sutler.auth.model import Role
from sutler.base.did import Did
from sutler.catalog.model import EVENT_COUNT, Budget, Measure, NewFile, Part, RemoteFile, RemoteQueue
from sutler.catalog.sources.port import SourceFile
from sutler.catalog.store.declaring import write_json
from sutler.database import Row, Tx, into_list, into_optional, load_statements
from sutler.database.transaction import encode_json

_SQL = load_statements("sutler.catalog.store", "remote.sql")


async def insert_selection(tx: Tx, *, experiment_id: int) -> int:
    """Open the answer to a query and return its id."""
    return int(await tx.value(_SQL.insert_selection, experiment_id=experiment_id, now=tx.now))


async def insert_selected(
    tx: Tx,
    *,
    selection_id: int,
    first: int,
    files: Sequence[SourceFile],
    ledger_id: int | None,
    measure: Measure | None = None,
    group_key: str | None = None,
) -> tuple[int, Decimal]:
    """Append files to an answer but those that it or the ledger has; `first` counts those seen before.

    Returns how many were new, and how much they measure. A value is kept under the key of a group.
    """
    values = [None if group_key is None else file.metadata.get(group_key) for file in files]
    row = await tx.row(
        _SQL.insert_selected,
        selection_id=selection_id,
        first=first,
        ledger_id=ledger_id,
        fids=[file.fid for file in files],
        namespaces=[file.namespace for file in files],
        names=[file.name for file in files],
        sizes=[file.size_bytes for file in files],
        event_counts=[_count_events(file) if measure is Measure.EVENTS else None for file in files],
        group_values=[None if item is None else encode_json(item) for item in values],
        measure=measure,
    )
    assert row is not None
    return row["count"], Decimal(row["amount"])


def _count_events(file: SourceFile) -> Decimal:
    count = file.metadata.get(EVENT_COUNT)
    is_number = isinstance(count, int | float) and not isinstance(count, bool)
    return max(Decimal(str(count)), Decimal(0)) if is_number else Decimal(0)


async def complete_selection(tx: Tx, *, selection_id: int) -> None:
    """Say that an answer is all there."""
    await tx.run(_SQL.complete_selection, selection_id=selection_id)


async def find_selection(tx: Tx, *, selection_id: int) -> int | None:
    """Return which experiment an answer belongs to, if it is all there, and keep it."""
    found: int | None = await tx.value(_SQL.find_selection, selection_id=selection_id)
    return found


async def find_selected_group(tx: Tx, *, selection_id: int, ledger_id: int | None, is_ascending: bool) -> str | None:
    """Return the value of the next group of an answer, as JSON; None when no file is left that belongs to one."""
    found: str | None = await tx.value(
        _SQL.find_selected_group, selection_id=selection_id, ledger_id=ledger_id, is_ascending=is_ascending
    )
    return found


async def count_selected_without_group(tx: Tx, *, selection_id: int) -> int:
    """Return how many files of an answer belong to no group."""
    return int(await tx.value(_SQL.count_selected_without_group, selection_id=selection_id))


async def take_selected(
    tx: Tx,
    *,
    selection_id: int,
    ledger_id: int | None,
    limit: int | None,
    budget: Budget | None = None,
    part: Part | None = None,
    group_item: str | None = None,
) -> list[SourceFile]:
    """Return the first files of an answer that a ledger does not have, and enter them there, if there is one."""
    rows = await tx.rows(
        _SQL.take_selected,
        selection_id=selection_id,
        ledger_id=ledger_id,
        limit=limit,
        measure=None if budget is None else budget.measure,
        most=None if budget is None else budget.amount,
        part=None if part is None else part.number,
        part_count=None if part is None else part.count,
        group_item=group_item,
    )
    return into_list(SourceFile, rows)


async def list_old_selections(tx: Tx, *, before: datetime, count: int) -> list[int]:
    """Return the oldest answers that were made before an instant."""
    return [row["id"] for row in await tx.rows(_SQL.list_old_selections, before=before, count=count)]


async def delete_selected(tx: Tx, *, selection_id: int, count: int) -> int:
    """Delete at most so many files of an answer. Returns how many."""
    return int(await tx.value(_SQL.delete_selected, selection_id=selection_id, count=count))


async def delete_selection(tx: Tx, *, selection_id: int) -> None:
    """Delete an answer that holds no files any more."""
    await tx.run(_SQL.delete_selection, selection_id=selection_id)


async def insert_remote_files(
    tx: Tx,
    *,
    experiment_id: int,
    role: Role,
    files: Sequence[NewFile],
    parents: Sequence[Did],
    dataset: Did | None,
    share_id: int | None,
    username: str,
) -> None:
    """Enter files, all with a fid and the same parents, but those whose name is taken."""
    await tx.run(
        _SQL.insert_remote_files,
        experiment_id=experiment_id,
        role=role.value,
        fids=[file.fid for file in files],
        namespaces=[file.namespace for file in files],
        names=[file.name for file in files],
        sizes=[file.size_bytes for file in files],
        checksums=[write_json(file.checksums) for file in files],
        metadata=[write_json(file.metadata) for file in files],
        parents=[str(parent) for parent in parents],
        dataset=None if dataset is None else str(dataset),
        share_id=share_id,
        now=tx.now,
        username=username,
    )


async def ensure_queue(tx: Tx, *, experiment_id: int, role: Role) -> None:
    """Go on when an experiment has a queue of a role; open it if there is none."""
    await tx.run(_SQL.ensure_queue, experiment_id=experiment_id, role=role.value, now=tx.now)


async def lock_remote_files(tx: Tx, *, experiment_id: int, dids: Sequence[Did]) -> list[RemoteFile]:
    """Return those of the files that are there; nobody else changes them until the transaction ends."""
    namespaces, names = [did.namespace for did in dids], [did.name for did in dids]
    rows = await tx.rows(_SQL.lock_remote_files, experiment_id=experiment_id, namespaces=namespaces, names=names)
    return into_list(RemoteFile, rows)


async def send_again(
    tx: Tx, *, file_id: int, file: NewFile, parents: Sequence[str], dataset: Did | None, share_id: int | None
) -> None:
    """Have a file sent once more, as it is described now."""
    await tx.run(
        _SQL.send_again,
        file_id=file_id,
        size_bytes=file.size_bytes,
        checksums=dict(file.checksums),
        metadata=dict(file.metadata),
        parents=list(parents),
        dataset=None if dataset is None else str(dataset),
        share_id=share_id,
    )


async def claim_queue(tx: Tx, *, until: datetime) -> RemoteQueue | None:
    """Take the queue that is due longest; nobody else takes it before that instant. None when none is due."""
    return into_optional(RemoteQueue, await tx.row(_SQL.claim_queue, now=tx.now, until=until))


async def list_sendable(tx: Tx, *, queue: RemoteQueue, count: int) -> list[RemoteFile]:
    """Return the first files of a queue none of whose parents is still to be declared."""
    rows = await tx.rows(_SQL.list_sendable, experiment_id=queue.experiment_id, role=queue.role.value, count=count)
    return into_list(RemoteFile, rows)


async def list_planned_parents(tx: Tx, *, experiment_id: int, dids: Sequence[str]) -> dict[str, str | None]:
    """Return what datasets are to be below, for those that somebody has remembered."""
    rows = await tx.rows(_SQL.list_planned_parents, experiment_id=experiment_id, dids=list(dids))
    return {row["did"]: row["parent"] for row in rows}


async def insert_remote_dataset(tx: Tx, *, experiment_id: int, did: Did, parent: Did | None) -> None:
    """Remember a dataset that outputs go to."""
    above = None if parent is None else str(parent)
    await tx.run(_SQL.insert_remote_dataset, experiment_id=experiment_id, did=str(did), parent=above)


async def record_outcomes(tx: Tx, *, outcomes: Sequence[tuple[RemoteFile, str]]) -> None:
    """Write down what became of files as they were sent; the text is why one was refused, empty if it was not."""
    await tx.run(
        _SQL.record_outcomes,
        file_ids=[file.id for file, _ in outcomes],
        versions=[file.version for file, _ in outcomes],
        reasons=[reason for _, reason in outcomes],
        now=tx.now,
    )


async def settle_queue(tx: Tx, *, queue: RemoteQueue, tries: int, due_at: datetime, reason: str) -> None:
    """Say when a queue is looked at again, and why not now."""
    await tx.run(
        _SQL.settle_queue,
        experiment_id=queue.experiment_id,
        role=queue.role.value,
        tries=tries,
        due_at=due_at,
        reason=reason,
    )


async def hurry_queues(tx: Tx, *, experiment_id: int) -> None:
    """Have all queues of an experiment looked at at once."""
    await tx.run(_SQL.hurry_queues, experiment_id=experiment_id, now=tx.now)


async def retry_refused(tx: Tx, *, experiment_id: int, after: int, count: int) -> tuple[int, int | None]:
    """Have the next files that were refused sent once more. Returns how many, and the number of the last."""
    row = await tx.row(_SQL.retry_refused, experiment_id=experiment_id, after=after, count=count)
    assert row is not None
    return row["count"], row["last"]


async def count_undeclared(tx: Tx, *, experiment_id: int, share_id: int) -> Mapping[str, int | str]:
    """Return `pending_count`, `refused_count`, `reason` and `refusal` of the outputs of a share."""
    row: Row | None = await tx.row(_SQL.count_undeclared, experiment_id=experiment_id, share_id=share_id)
    assert row is not None
    return dict(row)


async def list_undeclared(tx: Tx, *, file_ids: Sequence[int]) -> set[int]:
    """Return the numbers of those of the files that are to be declared elsewhere and are not."""
    return {row["id"] for row in await tx.rows(_SQL.list_undeclared, file_ids=list(file_ids))}
