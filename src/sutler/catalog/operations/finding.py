"""Finding files by what names them, and locking them: the steps that several operations share.

Files are locked in the order of their numbers, and before the datasets that they are in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import rules, store
from sutler.catalog.errors import InvalidFilesError, UnknownFileError
from sutler.catalog.model import File, FileKey, KnownFile
from sutler.catalog.operations.members import MANY_ROWS, cut
from sutler.database import Tx


class Named(Protocol):
    """What has both keys of a file."""

    @property
    def fid(self) -> str: ...
    @property
    def did(self) -> Did: ...


NamedFile = TypeVar("NamedFile", bound=Named)


async def find_known_in(tx: Tx, keys: Iterable[FileKey]) -> dict[FileKey, KnownFile]:
    """Return those of the files that exist, by the keys given."""
    return await _gather(tx, keys, store.list_files_named, store.list_files_with_fids)


async def keep_known_in(tx: Tx, keys: Iterable[FileKey]) -> dict[FileKey, KnownFile]:
    """Do what `find_known_in` does, and keep others from renaming, retiring and deleting them meanwhile."""
    return await _gather(tx, keys, store.keep_files_named, store.keep_files_with_fids)


async def read_files_in(tx: Tx, keys: Iterable[FileKey], *, with_metadata: bool) -> dict[FileKey, File]:
    """Return all that is known of those of the files that exist, by the keys given."""
    read_named = partial(store.read_files_named, with_metadata=with_metadata)
    return await _gather(tx, keys, read_named, partial(store.read_files_with_fids, with_metadata=with_metadata))


async def lock_file_in(tx: Tx, key: FileKey) -> File:
    """Return a file, locked against other changes. Raises UnknownFileError, InvalidInputError."""
    known = await _find_one(tx, key)
    found = await store.lock_files_for_change(tx, file_ids=[known.id])
    return _take_same(found, key)


async def seize_file_in(tx: Tx, key: FileKey) -> KnownFile:
    """Return a file, locked so that it can be renamed, retired or deleted. Raises as `lock_file_in`."""
    known = await _find_one(tx, key)
    return _take_same(await store.seize_files(tx, file_ids=[known.id]), key)


async def lock_files_in(tx: Tx, keys: Sequence[FileKey]) -> dict[FileKey, File]:
    """Return all of the files by their keys, locked against other changes.

    Raises InvalidFilesError, which names those that are not there.
    """
    known = await find_known_in(tx, keys)
    ids = sorted({file.id for file in known.values()})
    locked = [file for chunk in cut(ids) for file in await store.lock_files_for_change(tx, file_ids=chunk)]
    found = index_files(keys, locked)
    problems = [Problem(str(key), "is not in the catalogue") for key in dict.fromkeys(keys) if key not in found]
    if problems:
        raise InvalidFilesError(problems)
    return found


def index_files(keys: Iterable[FileKey], files: Iterable[NamedFile]) -> dict[FileKey, NamedFile]:
    """Return files by those of the keys that name them."""
    by_key: dict[FileKey, NamedFile] = {}
    for file in files:
        by_key[file.did] = file
        by_key[file.fid] = file
    return {key: by_key[key] for key in keys if key in by_key}


def refuse_keys(problems: Sequence[Problem]) -> None:
    """Go on if nothing is wrong with keys. Raises InvalidInputError."""
    if problems:
        raise InvalidInputError(problems)


async def _find_one(tx: Tx, key: FileKey) -> KnownFile:
    refuse_keys(rules.check_key(key))
    found = (await find_known_in(tx, [key])).get(key)
    if found is None:
        raise UnknownFileError(key)
    return found


def _take_same(found: Sequence[NamedFile], key: FileKey) -> NamedFile:
    """What was read before it was locked may have another name by now."""
    same: Mapping[FileKey, NamedFile] = index_files([key], found)
    if key not in same:
        raise UnknownFileError(key)
    return same[key]


async def _gather(
    tx: Tx,
    keys: Iterable[FileKey],
    list_named: Callable[..., Awaitable[list[NamedFile]]],
    list_with_fids: Callable[..., Awaitable[list[NamedFile]]],
) -> dict[FileKey, NamedFile]:
    wanted = set(keys)
    dids = sorted(key for key in wanted if isinstance(key, Did))
    fids = sorted(key for key in wanted if not isinstance(key, Did))
    if len(wanted) >= MANY_ROWS:
        await store.forget_plans(tx)
    found = [file for chunk in cut(dids) for file in await list_named(tx, dids=chunk)]
    found += [file for chunk in cut(fids) for file in await list_with_fids(tx, fids=chunk)]
    return index_files(wanted, found)
