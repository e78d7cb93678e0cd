"""Putting an output where it stays, under an address made from its content.

`BASE/NAMESPACE/FIRST-12-HEX-OF-SHA256/NAME`: two attempts that made the same content make the same file, and different
contents never meet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024
_ADDRESS_DIGITS = 12


@dataclass(frozen=True)
class Checksums:
    """Of one file, in lower-case hexadecimal, with its size in bytes."""

    size_bytes: int
    adler32: str
    sha256: str


def read_checksums(path: Path) -> Checksums:
    """Both checksums and the size, in one pass. Raises OSError."""
    size = 0
    adler = 1
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            size += len(chunk)
            adler = zlib.adler32(chunk, adler)
            sha.update(chunk)
    return Checksums(size, f"{adler:08x}", sha.hexdigest())


def store_copy(source: Path, *, base: Path, namespace: str, checksums: Checksums) -> Path:
    """Copy `source` to its address and return that. Readers see the whole file or none, also after a power cut.

    Raises OSError, FileExistsError among them when another content is already there, which means a damaged file.
    """
    directory = base / namespace / checksums.sha256[:_ADDRESS_DIGITS]
    target = directory / source.name
    directory.mkdir(parents=True, exist_ok=True)
    if target.exists():
        if read_checksums(target) != checksums:
            raise FileExistsError(
                0, "a file of the same address has another content, so one of them is damaged", str(target)
            )
        return target
    temporary = directory / f".{uuid.uuid4().hex}.part"
    try:
        with source.open("rb") as reading, temporary.open("xb") as writing:
            shutil.copyfileobj(reading, writing, _CHUNK_BYTES)
            writing.flush()
            os.fsync(writing.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(directory)
    return target


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
