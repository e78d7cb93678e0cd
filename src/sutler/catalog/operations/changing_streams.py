"""Changing the metadata of any number of files, each in its own way: all of them or none, with memory for a part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.model import CatalogEvent, File, MetadataChange
from sutler.catalog.operations.calling import Call, call_file, called
from sutler.catalog.operations.entering import refuse_if
from sutler.catalog.operations.finding import lock_files_in
from sutler.catalog.operations.members import cut
from sutler.catalog.operations.namespaces import find_namespaces_in, permit_declaring
from sutler.catalog.operations.spool import Spool
from sutler.catalog.operations.validation import check_changes_in
from sutler.database import Database, Tx, replayable

FILES_AT_ONCE = 2_000
"""How many files one statement gives new metadata: each has many entries in the index."""
NOTED_KEYS = 1_000
"""So many keys of metadata an event tells at most."""


@dataclass
class Changed:
    """What a transaction has changed: files of which experiment, and by namespace and mode how many and which keys."""

    experiment_id: int | None = None
    permitted: set[str] = field(default_factory=set)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    keys: dict[tuple[str, str], set[str]] = field(default_factory=dict)


async def update_streamed_metadata(
    db: Database, who: Principal, *, parts: AsyncIterator[Sequence[MetadataChange]], call: Call = call_file
) -> int:
    """Change the metadata of files that come part by part, all or none, and return how many.

    They are kept on disk until the last one has come. Raises what `update_metadata_of` raises, and InvalidFilesError
    for a file that is given twice; an error tells the place of a file by `call` of its number from 1 on, and is about
    the first part that something is wrong with.
    """
    with Spool() as spool:
        count = 0
        async for part in parts:
            for changes in cut(part, FILES_AT_ONCE):
                await asyncio.to_thread(_keep, spool, changes, count + 1, call)
                count += len(changes)
        await _change_kept(db, who, spool, call)
    return count


def _keep(spool: Spool, changes: Sequence[MetadataChange], first: int, call: Call) -> None:
    problems = [
        Problem(call(number), f"{problem.where} {problem.what}")
        for number, change in enumerate(changes, start=first)
        for problem in rules.check_key(change.key) + rules.check_metadata(change.metadata, str(change.key))
    ]
    refuse_if(problems)
    spool.append(
        msgspec.json.encode([(str(one.key), isinstance(one.key, Did), one.metadata, one.mode) for one in changes])
    )


@replayable
async def _change_kept(db: Database, who: Principal, spool: Spool, call: Call) -> None:
    async with db.write() as tx:
        changed, first = Changed(), 1
        async with aclosing(spool.read()) as blocks:
            async for block in blocks:
                changes = await asyncio.to_thread(_read_block, block)
                with called([str(one.key) for one in changes], first=first, call=call):
                    await _change_part(tx, who, changes, changed)
                first += len(changes)
        await _record(tx, changed, who)


async def _change_part(tx: Tx, who: Principal, changes: Sequence[MetadataChange], changed: Changed) -> None:
    found = await lock_files_in(tx, [one.key for one in changes])
    by_id: dict[int, tuple[File, MetadataChange]] = {}
    twice = await store.list_changed_here(tx, file_ids=sorted({file.id for file in found.values()}))
    problems = []
    for one in changes:
        file = found[one.key]
        if file.id in by_id or file.id in twice:
            problems.append(Problem(str(one.key), "is given twice"))
        by_id[file.id] = (file, one)
    refuse_if(problems)
    await _permit(tx, who, [(found[one.key], one) for one in changes], changed)
    await _check(tx, list(by_id.values()))
    ids = sorted(by_id)
    await store.change_metadata_each(
        tx,
        file_ids=ids,
        metadata=[by_id[number][1].metadata for number in ids],
        replaces=[by_id[number][1].mode == "replace" for number in ids],
        username=who.username,
    )
    for file, one in by_id.values():
        place = (file.namespace, one.mode)
        changed.counts[place] = changed.counts.get(place, 0) + 1
        changed.keys.setdefault(place, set()).update(one.metadata)


async def _permit(tx: Tx, who: Principal, pairs: Sequence[tuple[File, MetadataChange]], changed: Changed) -> None:
    names = {file.namespace for file, _ in pairs} - changed.permitted
    for namespace in (await find_namespaces_in(tx, names)).values() if names else ():
        permit_declaring(who, namespace)
    changed.permitted |= names
    changed.experiment_id = changed.experiment_id or pairs[0][0].experiment_id
    refuse_if(
        Problem(str(one.key), "belongs to another experiment than the others of this call")
        for file, one in pairs
        if file.experiment_id != changed.experiment_id
    )


async def _check(tx: Tx, pairs: Sequence[tuple[File, MetadataChange]]) -> None:
    for mode in ("merge", "replace"):
        chosen = [(file, one) for file, one in pairs if one.mode == mode]
        await check_changes_in(
            tx,
            files=[file for file, _ in chosen],
            metadata=[one.metadata for _, one in chosen],
            is_whole=mode == "replace",
        )


async def _record(tx: Tx, changed: Changed, who: Principal) -> None:
    for (namespace, mode), count in sorted(changed.counts.items()):
        keys = sorted(changed.keys[namespace, mode])[:NOTED_KEYS]
        facts: dict[str, object] = {"keys": keys, "mode": mode, "count": count}
        event = Event(CatalogEvent.METADATA_CHANGED, "namespace", namespace, changed.experiment_id, facts)
        await tx.record(event, who)


def _read_block(block: bytes) -> list[MetadataChange]:
    return [
        MetadataChange(Did.parse(key) if has_did else key, metadata, mode)
        for key, has_did, metadata, mode in msgspec.json.decode(block)
    ]
