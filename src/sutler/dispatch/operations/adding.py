"""Many files on their way into a project: kept in a file until all have come, then added part by part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Protocol, Self

import msgspec

from sutler.database import Tx
from sutler.database.transaction import encode_json
from sutler.dispatch import store
from sutler.dispatch.model import FileColumns, NewHandle

FILES_AT_ONCE = 5_000
MANY_FILES = 10_000
SPOOLED_BYTES = 4 * 1024 * 1024
LENGTH_BYTES = 8


class Source(Protocol):
    """Files that can be gone through several times. `count` says how many there are, some perhaps twice."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def read(self) -> AsyncGenerator[FileColumns, None]:
        """Yield them in order, part by part."""
        ...


class Listed:
    """Files that are in memory anyway."""

    def __init__(self, handles: Sequence[NewHandle]) -> None:
        self._handles = handles
        self.count = len(handles)

    async def read(self) -> AsyncGenerator[FileColumns, None]:
        """Yield them in order, part by part."""
        for start in range(0, self.count, FILES_AT_ONCE):
            part = self._handles[start : start + FILES_AT_ONCE]
            yield make_columns(part) if self.count < MANY_FILES else await asyncio.to_thread(make_columns, part)


class Spool:
    """Files that wait on disk until all have come, so that no transaction is open and no memory fills meanwhile."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115 - closed by __exit__
        self._decoder = msgspec.msgpack.Decoder(FileColumns)
        self.count = 0

    def __enter__(self) -> Self:
        """Begin to collect."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Throw it away."""
        self._file.close()

    def append(self, handles: Sequence[NewHandle]) -> None:
        """Put files behind those that are there."""
        for start in range(0, len(handles), FILES_AT_ONCE):
            part = msgspec.msgpack.encode(make_columns(handles[start : start + FILES_AT_ONCE]))
            self._file.write(len(part).to_bytes(LENGTH_BYTES))
            self._file.write(part)
        self.count += len(handles)

    async def read(self) -> AsyncGenerator[FileColumns, None]:
        """Yield them in order, part by part, from the first on."""
        self._file.seek(0)
        while (part := await asyncio.to_thread(self._read_part)) is not None:
            yield part

    def _read_part(self) -> FileColumns | None:
        length = int.from_bytes(self._file.read(LENGTH_BYTES))
        return self._decoder.decode(self._file.read(length)) if length else None


def make_columns(handles: Sequence[NewHandle]) -> FileColumns:
    """Return files as columns."""
    return FileColumns(
        namespaces=[handle.namespace for handle in handles],
        names=[handle.name for handle in handles],
        fids=[handle.fid for handle in handles],
        sizes=[handle.size_bytes for handle in handles],
        attributes=[encode_json(dict(handle.attributes)) if handle.attributes else None for handle in handles],
    )


async def add_files(
    tx: Tx,
    source: Source,
    *,
    project_id: int,
    share_id: int | None,
    experiment_id: int,
    is_virtual: bool,
    first_position: int = 0,
) -> tuple[int, int]:
    """Add files to a project, numbered on from a place; return how many, and how many have no usable replica.

    A file that the project holds, or that came before, is passed over and leaves its number unused. Counts of project
    and share are left to the caller.
    """
    count, unlocated_count, position = 0, 0, first_position
    async for files in source.read():
        added_count, aside_count = await store.insert_handles(
            tx,
            project_id=project_id,
            share_id=share_id,
            experiment_id=experiment_id,
            is_virtual=is_virtual,
            first_position=position,
            files=files,
        )
        count, unlocated_count, position = (
            count + added_count,
            unlocated_count + aside_count,
            position + len(files.names),
        )
    if count >= MANY_FILES:
        await store.refresh_statistics(tx)
    return count, unlocated_count
