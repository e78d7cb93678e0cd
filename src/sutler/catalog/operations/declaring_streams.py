"""Declaring any number of files that come part by part: whole or not at all, with memory for a part only."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.catalog import rules, store
from sutler.catalog.model import DeclaredCounts, NewFile
from sutler.catalog.operations.calling import Call, call_file, called
from sutler.catalog.operations.declaring import permit_origin
from sutler.catalog.operations.entering import (
    Entered,
    Ground,
    enter_files_in,
    find_ground_in,
    link_parents_in,
    record_declared_in,
    refuse_if,
)
from sutler.catalog.operations.members import cut, insert_members_in, list_present_in, lock_for_adding_in
from sutler.catalog.operations.namespaces import permit_declaring
from sutler.catalog.operations.spool import Spool
from sutler.catalog.operations.validation import check_members_in
from sutler.database import Database, Tx, replayable

FILES_AT_ONCE = 2_000
"""How many files one statement enters; others are served between two of them."""


@dataclass
class Asked:
    """What a call asks for, while its files wait on disk."""

    dataset: Did | None
    check_only: bool
    call: Call
    spool: Spool
    count: int = 0
    parts_with_parents: set[int] = field(default_factory=set)
    first_namespace: str = ""

    async def read(self) -> AsyncGenerator[tuple[int, list[NewFile]], None]:
        """Yield the files part by part, each part with the number of its first file, counted from 1."""
        first = 1
        async with aclosing(self.spool.read()) as blocks:
            async for block in blocks:
                files = await asyncio.to_thread(_decoder.decode, block)
                yield first, files
                first += len(files)


class _CheckedOnlyError(Exception):
    """Undoes a call that was only to be tried out; holds what it would have returned."""

    def __init__(self, counts: DeclaredCounts) -> None:
        self.counts = counts
        super().__init__()


async def declare_streamed_files(
    db: Database,
    who: Principal,
    *,
    parts: AsyncIterator[Sequence[NewFile]],
    dataset: Did | None = None,
    check_only: bool = False,
    call: Call = call_file,
) -> DeclaredCounts:
    """Do what `declare_files` does with files that come part by part, and return how many were declared.

    They are kept on disk until the last one has come. Nothing is stored before, nor if the parts end with an error,
    which passes through. Parents may come after their children. Raises what `declare_files` raises; an error tells the
    place of a file by `call` of its number from 1 on, and is about the first part that something is wrong with.
    """
    now = db.clock.now()
    with Spool() as spool:
        asked = Asked(dataset, check_only, call, spool)
        ground = Ground((), has_categories=False)
        async for part in parts:
            for files in cut(part, FILES_AT_ONCE):
                named = rules.name_files(files, now=now, first=asked.count)
                permit_origin(who, named)
                await asyncio.to_thread(_keep, asked, named)
                # Asked again when they are declared; here, so that nobody fills the disk who may not declare at all.
                ground = await _look_ahead(db, who, asked, named, ground)
        try:
            return await _declare_kept(db, who, asked)
        except _CheckedOnlyError as checked:
            return checked.counts


async def _look_ahead(db: Database, who: Principal, asked: Asked, files: Sequence[NewFile], known: Ground) -> Ground:
    if _is_on(known, files):
        return known
    async with db.read() as tx:
        with called([str(file.did) for file in files], first=asked.count + 1 - len(files), call=asked.call):
            return await _find_ground(tx, who, files, known, asked.dataset)


def _is_on(ground: Ground, files: Sequence[NewFile]) -> bool:
    return {file.namespace for file in files} <= {namespace.name for namespace in ground.namespaces}


def _keep(asked: Asked, files: Sequence[NewFile]) -> None:
    first = asked.count + 1
    with called([str(file.did) for file in files], first=first, call=asked.call):
        refuse_if(rules.check_files(files))
    asked.spool.append(msgspec.json.encode(files))
    asked.count += len(files)
    asked.first_namespace = min(asked.first_namespace or files[0].namespace, *(file.namespace for file in files))
    if any(file.parents or file.parent_fids for file in files):
        asked.parts_with_parents.add(first)


@replayable
async def _declare_kept(db: Database, who: Principal, asked: Asked) -> DeclaredCounts:
    async with db.write() as tx:
        ground = await find_ground_in(tx, (), asked.dataset)
        _permit(who, ground)
        with Spool() as numbers:
            new_count = 0
            async with aclosing(asked.read()) as parts:
                async for first, files in parts:
                    with called([str(file.did) for file in files], first=first, call=asked.call):
                        ground = await _find_ground(tx, who, files, ground, asked.dataset)
                        entered = await enter_files_in(tx, files, ground, username=who.username, is_part=True)
                    new_count += len(entered.new)
                    numbers.append(array("q", [entered.known[file.did].id for file in files]).tobytes())
            await _link_parents(tx, asked, ground)
            added = await _add_members(tx, asked, numbers)
        counts = DeclaredCounts(new_count, asked.count - new_count, added)
        if asked.check_only:
            raise _CheckedOnlyError(counts)
        if new_count or added:
            await record_declared_in(
                tx,
                counts,
                namespace=asked.first_namespace,
                dataset=asked.dataset,
                ground=ground,
                username=who.username,
            )
        return counts


async def _find_ground(
    tx: Tx, who: Principal, files: Sequence[NewFile], earlier: Ground, dataset: Did | None
) -> Ground:
    """Return the ground of a part; it is the same as long as there is no other namespace."""
    if _is_on(earlier, files):
        return earlier
    ground = await find_ground_in(tx, files, dataset, beside=earlier)
    _permit(who, ground)
    return ground


def _permit(who: Principal, ground: Ground) -> None:
    for namespace in ground.namespaces:
        permit_declaring(who, namespace)


async def _link_parents(tx: Tx, asked: Asked, ground: Ground) -> None:
    if not asked.parts_with_parents:
        return
    async with aclosing(asked.read()) as parts:
        async for first, files in parts:
            if first in asked.parts_with_parents:
                with called([str(file.did) for file in files], first=first, call=asked.call):
                    entered = await _find_entered(tx, files)
                    await link_parents_in(tx, files, entered, experiment_id=ground.experiment_id, is_part=True)


async def _find_entered(tx: Tx, files: Sequence[NewFile]) -> Entered:
    """Return the files that have parents, and those parents that this call has declared."""
    children = {file.did for file in files if file.parents or file.parent_fids}
    wanted = sorted(children | {parent for file in files for parent in file.parents})
    found = [pair for part in cut(wanted) for pair in await store.keep_known_files(tx, dids=part)]
    new = {file.did: file for file, is_own in found if is_own}
    return Entered({file.did: file for file, _ in found if file.did in children} | new, new)


async def _add_members(tx: Tx, asked: Asked, numbers: Spool) -> int:
    """Put all files, which are locked or nobody else's to see, into the dataset, which is locked after them."""
    if asked.dataset is None:
        return 0
    dataset = await lock_for_adding_in(tx, asked.dataset)
    added, first = 0, 1
    async with aclosing(numbers.read()) as blocks, aclosing(asked.read()) as parts:
        async for block in blocks:
            ids = array("q", block).tolist()
            if dataset.requirements:
                _, files = await anext(parts)
                with called([str(file.did) for file in files], first=first, call=asked.call):
                    entering = set(ids) - await list_present_in(tx, dataset, ids)
                    await check_members_in(tx, dataset, file_ids=entering, order=ids)
            added += await insert_members_in(tx, dataset, ids)
            first += len(ids)
    return added


_decoder = msgspec.json.Decoder(list[NewFile])
