"""How many files a second can be declared through our API, beside those that are there."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.catalog.generator import DATASETS, Profile, make_file, name_of
from benchmarks.catalog.http import Connection
from benchmarks.catalog.loading import NAMESPACE
from benchmarks.dispatching.installation import Installation

PATH = "/api/v1/files"


@dataclass(frozen=True)
class Declared:
    """Calls of one size. Times are milliseconds of a call; processor time is microseconds for a file."""

    files_per_call: int
    calls: int
    per_second: float
    p50_ms: float
    slowest_ms: float
    server_us: float
    database_us: float


async def declare(
    installation: Installation, connection: Connection, *, first: int, files_per_call: int, calls: int, profile: Profile
) -> Declared:
    """Declare files from number `first` on, one call after the other."""
    documents = [
        _make_document(range(first + call * files_per_call, first + (call + 1) * files_per_call), profile)
        for call in range(calls)
    ]
    installation.begin_use()
    began_at = time.perf_counter()
    times = [(await connection.post(PATH, document)).total_ms for document in documents]
    seconds = time.perf_counter() - began_at
    used, files = installation.end_use(), calls * files_per_call
    return Declared(
        files_per_call,
        calls,
        files / seconds,
        median(times),
        max(times),
        used.server_seconds / files * 1e6,
        used.database_seconds / files * 1e6,
    )


def _make_document(numbers: Sequence[int], profile: Profile) -> bytes:
    """All files of a call go into the dataset of the first one."""
    files = [make_file(number, profile) for number in numbers]
    lines = [
        {
            "namespace": NAMESPACE,
            "name": file.name,
            "size_bytes": file.size_bytes,
            "metadata": file.metadata,
            "parents": [f"{NAMESPACE}:{name_of(parent)}" for parent in file.parents],
        }
        for file in files
    ]
    return json.dumps({"dataset": f"{NAMESPACE}:d{numbers[0] // len(numbers) % DATASETS}", "files": lines}).encode()
