"""What the installation remembers, and everything that must be true of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from tests.torture.journal import Journal

from sutler.database.embedded import EmbeddedServer

SHOWN = 20
PLACES = ("ready", "unlocated", "resting", "leases")
COUNTS = (
    "total_count",
    "initial_count",
    "unlocated_count",
    "resting_count",
    "reserved_count",
    "done_count",
    "failed_count",
)


@dataclass(frozen=True)
class Record:
    """The tables of one project."""

    project: Mapping[str, Any]
    shares: Sequence[Mapping[str, Any]]
    handles: Sequence[Mapping[str, Any]]
    attempts: Mapping[int, Mapping[str, Any]]
    late: Counter[tuple[int, str, str]]
    left_over: Mapping[str, int]
    reserved: Counter[int]
    released: Counter[int]


async def read_record(data_dir: Path, project_id: int) -> Record:
    """Read the record beside the running server."""
    async with EmbeddedServer(data_dir) as server:
        connection = await asyncpg.connect(**server.connect_arguments())
        try:
            return await _read(connection, project_id)
        finally:
            await connection.close()


async def _read(connection: asyncpg.Connection, project_id: int) -> Record:
    async def rows(text: str) -> list[Mapping[str, Any]]:
        return [dict(row) for row in await connection.fetch(text, project_id)]

    late = await rows(
        """SELECT attempt_id, late.worker_id, reported FROM dispatch.late_reports AS late
           JOIN dispatch.attempts AS attempt ON attempt.id = attempt_id WHERE project_id = $1"""
    )
    events = await rows(
        """SELECT kind, attempt::bigint AS id
           FROM database.events, jsonb_array_elements_text(facts -> 'attempts') AS attempt
           WHERE subject_kind = 'project' AND subject_id = $1::bigint::text
             AND kind IN ('dispatch.handles_reserved', 'dispatch.handles_released')"""
    )
    left_over = {
        place: (await rows(f"SELECT count(*) FROM dispatch.{place} WHERE project_id = $1"))[0]["count"]
        for place in PLACES
    }
    [project] = await rows("SELECT * FROM dispatch.projects WHERE id = $1")
    return Record(
        project=project,
        shares=await rows("SELECT * FROM dispatch.shares WHERE project_id = $1"),
        handles=await rows("SELECT * FROM dispatch.handles WHERE project_id = $1"),
        attempts={row["id"]: row for row in await rows("SELECT * FROM dispatch.attempts WHERE project_id = $1")},
        late=Counter((row["attempt_id"], row["worker_id"], row["reported"]) for row in late),
        left_over=left_over,
        reserved=Counter(row["id"] for row in events if row["kind"].endswith("reserved")),
        released=Counter(row["id"] for row in events if row["kind"].endswith("released")),
    )


def find_violations(record: Record, journal: Journal, *, files: int) -> list[str]:
    """Return a sentence for everything that is not as it must be; of very many of a kind the first."""
    found: list[str] = []
    for check in (
        _check_files(record, files),
        _check_counts(record, files),
        _check_attempts(record),
        _check_history(record),
        _check_leases(record, journal),
        _check_reports(record, journal),
        iter(journal.complaints),
    ):
        sentences = list(check)
        found += sentences[:SHOWN]
        if len(sentences) > SHOWN:
            found.append(f"… and {len(sentences) - SHOWN} more like these")
    return found


def _check_files(record: Record, files: int) -> Iterator[str]:
    """Every file is done, and done once."""
    if len(record.handles) != files:
        yield f"the project has {len(record.handles)} files, not {files}"
    times_done = Counter(row["position"] for row in record.attempts.values() if row["outcome"] == "done")
    for handle in record.handles:
        times = times_done[handle["position"]]
        if handle["state"] != "done" or times != 1:
            yield f"file {handle['position']} is {handle['state']} and was done {times} times"


def _check_counts(record: Record, files: int) -> Iterator[str]:
    """The counts of the project and its share are those of an end, and nothing is left in a waiting place."""
    wanted = dict.fromkeys(COUNTS, 0) | {"total_count": files, "done_count": files}
    for kind, counted in (("project", record.project), *(("share", share) for share in record.shares)):
        wrong = {name: counted[name] for name in COUNTS if counted[name] != wanted[name]}
        if wrong:
            yield f"the {kind} counts {wrong}"
    if record.project["state"] != "done" or record.project["ended_at"] is None:
        yield f"the project is {record.project['state']}, ended at {record.project['ended_at']}"
    yield from (f"{count} rows are left in {place}" for place, count in record.left_over.items() if count)


def _check_attempts(record: Record) -> Iterator[str]:
    """The attempts of a file are numbered without gaps, and it knows how many it had; none follows the done one."""
    of_file = defaultdict(list)
    for attempt_id, attempt in sorted(record.attempts.items()):
        of_file[attempt["position"]].append((attempt["attempt"], attempt["outcome"], attempt_id))
    for handle in record.handles:
        attempts = of_file[handle["position"]]
        if [number for number, _, _ in attempts] != list(range(1, handle["attempts"] + 1)):
            yield f"file {handle['position']} had {handle['attempts']} attempts, but the record shows {attempts}"
        if attempts and (attempts[-1][1] != "done" or attempts[-1][2] != handle["attempt_id"]):
            yield f"file {handle['position']} was not done by its last attempt: {attempts}"


def _check_history(record: Record) -> Iterator[str]:
    """Each attempt begins and ends once in the events."""
    wanted = Counter(dict.fromkeys(record.attempts, 1))
    for word, events in (("reserved", record.reserved), ("released", record.released)):
        wrong = {number for number in events.keys() | wanted.keys() if events[number] != wanted[number]}
        yield from (f"attempt {number} was {word} {events[number]} times in the events" for number in sorted(wrong))


def _check_leases(record: Record, journal: Journal) -> Iterator[str]:
    """Each lease that a worker got is an attempt of that worker at that file."""
    names = {handle["position"]: f"{handle['namespace']}:{handle['name']}" for handle in record.handles}
    for attempt_id, given in journal.given.items():
        row = record.attempts.get(attempt_id)
        if row is None:
            yield f"attempt {attempt_id} of {given.worker_id} is not in the record"
        elif (row["worker_id"], row["attempt"], names.get(row["position"])) != (
            given.worker_id,
            given.attempt,
            given.did,
        ):
            yield f"attempt {attempt_id} was given as {given}, but the record has {row['worker_id']}"
    for attempt_id, why in journal.lost.items():
        if record.attempts.get(attempt_id, {}).get("outcome") in {"done", None}:
            yield f"attempt {attempt_id} was called lost ({why}), but the record has it done"


def _check_reports(record: Record, journal: Journal) -> Iterator[str]:
    """What was acknowledged stands in the record, what was refused does not but is kept as evidence."""
    for said in sorted(journal.accepted, key=lambda said: said.attempt_id):
        row = record.attempts.get(said.attempt_id)
        if row is None or (row["worker_id"], row["outcome"]) != (said.worker_id, said.outcome):
            yield f"{said} was acknowledged, but the record has {row and (row['worker_id'], row['outcome'])}"
    for said, why in journal.refused.items():
        row = record.attempts.get(said.attempt_id)
        if row is not None and (row["worker_id"], row["outcome"]) == (said.worker_id, said.outcome):
            yield f"{said} was refused ({why}), but the record has it"
        if record.late[said.attempt_id, said.worker_id, said.outcome] != 1:
            yield f"{said} was refused, but is not kept once as evidence"
    reported = {(said.attempt_id, said.worker_id) for said in journal.said if said.outcome == "done"}
    for attempt_id, row in record.attempts.items():
        if row["outcome"] == "done" and (attempt_id, row["worker_id"]) not in reported:
            yield f"attempt {attempt_id} is done, but {row['worker_id']} never said so"
