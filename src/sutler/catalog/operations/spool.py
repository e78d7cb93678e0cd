"""Blocks of bytes that wait on disk until a transaction takes them, so that none is open while they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

SPOOLED_BYTES = 4 * 1024 * 1024
LENGTH_BYTES = 8


class Spool:
    """Blocks in the order in which they came; they can be gone through several times."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        """Begin to collect."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Throw it away."""
        self._file.close()

    def append(self, block: bytes) -> None:
        """Put a block behind those that are there."""
        self._file.write(len(block).to_bytes(LENGTH_BYTES))
        self._file.write(block)

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Yield the blocks from the first on."""
        self._file.seek(0)
        while (block := await asyncio.to_thread(self._read_block)) is not None:
            yield block

    def _read_block(self) -> bytes | None:
        head = self._file.read(LENGTH_BYTES)
        return self._file.read(int.from_bytes(head)) if head else None
