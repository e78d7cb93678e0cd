"""A server that can die between any two of its steps, a batch system that outlives it, and what must hold after."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tests.integration.campaigns.scene import Scene

from sutler import launch
from sutler.base.clock import MovableClock
from sutler.base.errors import SutlerError
from sutler.database import Database, Tx
from sutler.loops import (
    Surroundings,
    intentions,
    launches,
    overlooked,
    queued_launches,
    reactions,
    schedules,
    submission_tracking,
)

MOST_PASSES = 40
"""After so many passes of all loops something goes on for ever."""

AWHILE = timedelta(minutes=5)
"""Longer than any claim lasts, and than the end of a submission is overlooked."""

STEPS = (reactions, intentions, launches, schedules, queued_launches, submission_tracking, overlooked)

BEFORE_COMMIT, AFTER_COMMIT = "before a commit", "after a commit"
HAS_CHANGES = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"


class Death(BaseException):
    """The process is gone: nothing in it can catch this."""


@dataclass
class Fuse:
    """Counts the points at which a server may die, and lets it die at one of them; 0 for never.

    A dead process does nothing more: whatever it would still write or hand over fails, too.
    """

    at: int = 0
    points: list[str] = field(default_factory=list)

    @property
    def is_burnt(self) -> bool:
        """Whether the server died."""
        return 0 < self.at <= len(self.points)

    def list_distinct(self) -> list[int]:
        """Return the points after which something else is left: not those before a commit that come after another one,
        as what is undone leaves what was there.
        """
        pairs = zip(["", *self.points], self.points, strict=False)
        return [number for number, pair in enumerate(pairs, start=1) if pair != (AFTER_COMMIT, BEFORE_COMMIT)]

    def check(self) -> None:
        """Stop what a dead process would do."""
        if self.is_burnt:
            raise Death

    def burn(self, where: str) -> None:
        """Pass a point, or die at it."""
        self.check()
        self.points.append(where)
        self.check()


class DyingDatabase(Database):
    """The database as a server sees it that may die right before or right after it commits what it changed."""

    def __init__(self, db: Database, fuse: Fuse) -> None:
        vars(self).update(vars(db))
        self._fuse = fuse

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that is undone by a death before its commit, and stays after one that follows it."""
        self._fuse.check()
        async with super().write() as tx:
            yield tx
            has_changes = await tx._connection.fetchval(HAS_CHANGES)
            if has_changes:
                self._fuse.burn(BEFORE_COMMIT)
        if has_changes:
            self._fuse.burn(AFTER_COMMIT)


@dataclass
class Farm:
    """A batch system in memory. It knows launches by their keys, and starts of one what it has not started yet."""

    mood: str = "well"
    started: dict[str, list[str]] = field(default_factory=dict)
    exit_codes: dict[str, int] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)

    def end(self, key: str, exit_code: int = 0) -> None:
        """Let the batch jobs of a launch end that run."""
        for batch_job_id in self.started.get(key, ()):
            self.exit_codes.setdefault(batch_job_id, exit_code)


@dataclass
class Door:
    """The way of one server to the batch system: it may die before, between and after the jobs that it starts."""

    farm: Farm
    fuse: Fuse
    name: str = "local"

    async def submit(self, key: str, plan: launch.LaunchPlan, secrets: Mapping[str, str]) -> launch.Receipt:
        """Start what was not started; each start is one more entry, so that a second one shows."""
        self.fuse.burn("before a job is started")
        if self.farm.mood == "refuses" and key not in self.farm.started:
            raise launch.LaunchRefusedError("the farm", "no more than this")
        if self.farm.mood == "away":
            raise launch.BackendFailedError("the farm", "nobody answers")
        self.farm.sizes[key] = plan.job_count
        jobs = self.farm.started.setdefault(key, [])
        for number in range(1, plan.job_count + 1):
            if f"{key}#{number}" not in jobs:
                jobs.append(f"{key}#{number}")
                self.fuse.burn("after a job was started")
        return launch.Receipt(tuple(jobs))

    async def find(self, key: str) -> launch.Receipt | None:
        """Return what was started, which may be a part."""
        self.fuse.check()
        jobs = tuple(self.farm.started.get(key, ()))
        return launch.Receipt(jobs, is_complete=len(jobs) == self.farm.sizes[key]) if jobs else None

    async def look(self, batch_job_ids: Sequence[str]) -> list[launch.JobStatus]:
        """Say of each whether it runs."""
        return [self._look(batch_job_id) for batch_job_id in batch_job_ids]

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        """End those that run."""
        self.fuse.burn("before jobs are stopped")
        self.farm.stopped |= set(batch_job_ids) - set(self.farm.exit_codes)
        self.fuse.burn("after jobs were stopped")
        return list(batch_job_ids)

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> launch.JobOutput:
        """They write nothing."""
        return launch.JobOutput("", is_cut=False)

    def _look(self, batch_job_id: str) -> launch.JobStatus:
        if batch_job_id in self.farm.stopped:
            return launch.JobStatus(batch_job_id, launch.JobState.STOPPED)
        if batch_job_id in self.farm.exit_codes:
            exit_code = self.farm.exit_codes[batch_job_id]
            return launch.JobStatus(batch_job_id, launch.JobState.ENDED, exit_code=exit_code)
        return launch.JobStatus(batch_job_id, launch.JobState.RUNNING)


@dataclass(repr=False)
class World:
    """What outlives a server: the database, the batch system and the time."""

    scene: Scene
    clock: MovableClock
    farm: Farm = field(default_factory=Farm)

    def start_server(self, fuse: Fuse | None = None) -> Scene:
        """Return the scene as a server sees it that was started just now; with a fuse it may die."""
        fuse = fuse or Fuse()
        launcher = replace(self.scene.launcher, backends={"local": Door(self.farm, fuse)})
        return replace(self.scene, db=DyingDatabase(self.scene.db, fuse), launcher=launcher)

    async def settle(self, server: Scene) -> None:
        """Run the loops of a server, while time passes, until nothing happens any more."""
        seen = -1
        for _ in range(MOST_PASSES):
            self.clock.advance(AWHILE)
            for step in STEPS:
                await run_step(step.step(Surroundings(server.db, server.launcher)))
            newest = await self.get_newest_event()
            if newest == seen:
                return
            seen = newest
        raise AssertionError("something goes on for ever")

    async def get_newest_event(self) -> int:
        """The number of the last thing that happened, but for the tokens that each try to hand over a launch needs."""
        query = "SELECT coalesce(max(seq), 0) FROM database.events WHERE kind NOT LIKE 'auth.%'"
        return int(await self.value(query))

    async def value(self, query: str, *given: object) -> Any:  # noqa: ANN401 - whatever was asked for
        """Ask the database behind the back of the product."""
        async with self.scene.db.connection() as connection:
            return await connection.fetchval(query, *given)

    async def list_open(self, stage_id: int) -> list[tuple[str, int]]:
        """Keys and numbers of the submissions of a stage that are not over, without those whose launch failed."""
        query = """
        SELECT launch_key, id FROM campaigns.submissions
        WHERE stage_id = $1 AND ended_at IS NULL AND batch_status <> 'LaunchFailed'
        """
        return [(row["launch_key"], row["id"]) for row in await self.rows(query, stage_id)]

    async def rows(self, query: str, *given: object) -> list[Made]:
        """Ask the database behind the back of the product."""
        async with self.scene.db.connection() as connection:
            return list(await connection.fetch(query, *given))


async def run_step(step: Awaitable[int]) -> None:
    """Run a step as the runner does: a failure ends this pass of it, and nothing else."""
    with suppress(SutlerError):
        await step


async def live(deed: Awaitable[object]) -> bool:
    """Let a server do something. Returns whether it lived to the end of it."""
    try:
        await deed
    except Death:
        return False
    return True


Made = Mapping[str, Any]
"""A submission with its launch, its jobs and its files, as they stand in the database."""

SUBMISSIONS = """
SELECT s.id, s.stage_id, s.launch_key, s.cause, s.is_test, s.batch_status, s.reason, s.slice_number, s.share_id,
    s.project_id, s.ended_at, s.schedule_id, l.state, l.failure, l.submitted_at,
    (SELECT count(*) FROM database.events e WHERE e.kind = 'campaigns.submission_created'
        AND e.subject_kind = 'submission' AND e.subject_id = s.id::text) AS created_count,
    (SELECT count(*) FROM database.events e WHERE e.kind = 'launch.launch_submitted'
        AND e.subject_kind = 'launch' AND e.subject_id = s.launch_key) AS submitted_count,
    ARRAY(SELECT b.batch_job_id FROM launch.batch_jobs b WHERE b.launch_key = s.launch_key ORDER BY b.number) AS jobs,
    ARRAY(SELECT h.name FROM dispatch.handles h WHERE h.share_id = s.share_id
        UNION ALL SELECT o.name FROM dispatch.share_outcomes o WHERE o.share_id = s.share_id ORDER BY 1) AS files
FROM campaigns.submissions s LEFT JOIN launch.launches l ON l.key = s.launch_key
WHERE s.stage_id = ANY ($1) ORDER BY s.id
"""

MISCOUNTED = """
SELECT p.id, p.total_count, p.initial_count, p.reserved_count, p.done_count, p.failed_count
FROM dispatch.projects p JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE h.state = 'initial') AS initial,
        count(*) FILTER (WHERE h.state = 'reserved') AS reserved, count(*) FILTER (WHERE h.state = 'done') AS done,
        count(*) FILTER (WHERE h.state = 'failed') AS failed
    FROM dispatch.handles h WHERE h.project_id = p.id) AS c ON true
WHERE (p.total_count, p.initial_count, p.reserved_count, p.done_count, p.failed_count)
    IS DISTINCT FROM (c.total, c.initial, c.reserved, c.done, c.failed)
UNION ALL
SELECT -s.id, s.total_count, s.initial_count, s.reserved_count, s.done_count, s.failed_count
FROM dispatch.shares s JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE h.state = 'initial') AS initial,
        count(*) FILTER (WHERE h.state = 'reserved') AS reserved, count(*) FILTER (WHERE h.state = 'done') AS done,
        count(*) FILTER (WHERE h.state = 'failed') AS failed
    FROM (SELECT state FROM dispatch.handles WHERE share_id = s.id
          UNION ALL SELECT state FROM dispatch.share_outcomes WHERE share_id = s.id) AS h) AS c ON true
WHERE (s.total_count, s.initial_count, s.reserved_count, s.done_count, s.failed_count)
    IS DISTINCT FROM (c.total, c.initial, c.reserved, c.done, c.failed)
"""

POSITIONS = """
SELECT stage_id, kind = 'test' AS is_test, slice_count,
    (SELECT array_agg(e.file_key ORDER BY e.file_key) FROM catalog.ledger_entries e WHERE e.ledger_id = p.ledger_id)
    AS taken
FROM campaigns.split_positions p WHERE stage_id = ANY ($1)
"""


async def list_made(world: World, stage_ids: Sequence[int]) -> list[Made]:
    """Return the submissions of stages, oldest first."""
    return await world.rows(SUBMISSIONS, stage_ids)


async def check_laws(world: World, stage_ids: Sequence[int]) -> list[Made]:
    """Check that nothing was lost and nothing came twice; return the submissions of the stages."""
    made = await list_made(world, stage_ids)
    for one in made:
        check_launch(world.farm, one)
    known = {row["key"] for row in await world.rows("SELECT key FROM launch.launches")}
    owned = {row["launch_key"] for row in await world.rows("SELECT launch_key FROM campaigns.submissions")}
    assert known == owned, "each launch is of one submission, and each submission has a launch"
    assert set(world.farm.started) <= owned, "jobs of nobody"
    assert await world.rows(MISCOUNTED) == []
    assert await world.rows("SELECT key, reason FROM campaigns.intentions WHERE state = 'pending'") == []
    await check_slices(world, made, stage_ids)
    await check_queue(world, stage_ids)
    await check_schedules(world, stage_ids)
    return made


def check_launch(farm: Farm, one: Made) -> None:
    """One launch, or a failure that everybody can see."""
    key = str(one["launch_key"])
    jobs = farm.started.get(key, [])
    assert one["created_count"] == 1, f"{key} was written down {one['created_count']} times"
    assert len(set(jobs)) == len(jobs), f"a job of {key} was started twice"
    assert one["jobs"] == jobs, f"what is known of {key} is not what runs"
    assert one["submitted_count"] == bool(jobs)
    if one["state"] == "failed":
        assert one["batch_status"] in {"LaunchFailed", "Cancelled"}, one
        assert one["failure"], one
        assert one["reason"], one
        assert not jobs
    elif one["batch_status"] == "Cancelled":
        assert one["state"] == "ended", one
        assert set(jobs) <= farm.stopped | set(farm.exit_codes), f"{key} was called off and runs on"
    else:
        assert one["state"] in {"submitted", "ended"}, one
        assert len(jobs) == farm.sizes[key], f"{key} was started in part"


async def check_slices(world: World, made: Sequence[Made], stage_ids: Sequence[int]) -> None:
    """Slices are numbered without gaps, share no file within a pass, and are what the position says was taken."""
    for place in await world.rows(POSITIONS, stage_ids):
        passes = divide(made, place["stage_id"], is_test=place["is_test"])
        for number, one in enumerate(passes):
            files = Counter(name for part in one for name in part["files"])
            assert [part["slice_number"] for part in one] == list(range(1, len(one) + 1))
            assert not files or max(files.values()) == 1, f"pass {number} gave a file twice: {files}"
        newest = passes[-1] if passes and place["slice_count"] else []
        names = sorted(name for part in newest for name in part["files"])
        assert (place["slice_count"], place["taken"] or []) == (len(newest), names)


def divide(made: Sequence[Made], stage_id: int, *, is_test: bool) -> list[list[Made]]:
    """Divide what took its files from the split of a stage, and not from another submission, into passes.

    Each pass begins with slice number 1.
    """
    passes: list[list[Made]] = []
    for one in made:
        if (one["stage_id"], one["is_test"]) != (stage_id, is_test) or one["slice_number"] is None:
            continue
        if one["cause"] in {"recovery", "relaunch"}:
            continue
        if one["slice_number"] == 1 or not passes:
            passes.append([])
        passes[-1].append(one)
    return passes


def list_newest_pass(made: Sequence[Made], stage_id: int) -> list[Made]:
    """Return the slices of the newest pass of the production split of a stage."""
    passes = divide(made, stage_id, is_test=False)
    return passes[-1] if passes else []


async def check_queue(world: World, stage_ids: Sequence[int]) -> None:
    """Nothing waits that could be launched, and what was launched came in the order in which it was queued."""
    queue = await world.rows(
        """
        SELECT q.id, q.stage_id, q.launch_key, q.state, q.outcome, s.id AS submission_id
        FROM campaigns.queued_launches q
        LEFT JOIN campaigns.submissions s ON s.launch_key = q.launch_key
        WHERE q.stage_id = ANY ($1) ORDER BY q.stage_id, q.id
        """,
        stage_ids,
    )
    for one in queue:
        assert one["state"] in {"launched", "refused"}, one
        assert (one["submission_id"] is not None) == (one["state"] == "launched"), one
        assert one["outcome"], one
    for stage_id in stage_ids:
        ids = [one["submission_id"] for one in queue if one["stage_id"] == stage_id and one["submission_id"]]
        assert ids == sorted(ids), "the queue kept no order"


async def check_schedules(world: World, stage_ids: Sequence[int]) -> None:
    """Each time that a schedule was due stands in its history once, with the one submission that it made."""
    runs = await world.rows(
        """
        SELECT r.id, r.due_at, r.state, r.reason, r.submission_id, s.launch_key, c.id AS schedule_id,
            (SELECT count(*) FROM database.events e WHERE e.kind = 'campaigns.schedule_run'
                AND e.subject_id = c.stage_id::text AND (e.facts->>'due_at')::timestamptz = r.due_at) AS told_count
        FROM campaigns.schedule_runs r JOIN campaigns.schedules c ON c.id = r.schedule_id
        LEFT JOIN campaigns.submissions s ON s.id = r.submission_id
        WHERE c.stage_id = ANY ($1)
        """,
        stage_ids,
    )
    for run in runs:
        assert run["state"] != "due", run
        assert run["told_count"] == 1, run
        assert (run["submission_id"] is None) == (run["state"] != "launched"), run
        assert run["submission_id"] is not None or run["reason"], run
    made = await world.rows(
        "SELECT id FROM campaigns.submissions WHERE schedule_id IS NOT NULL AND stage_id = ANY ($1)", stage_ids
    )
    launched = {run["submission_id"] for run in runs if run["submission_id"]}
    queued = await world.value(
        "SELECT count(*) FROM campaigns.queued_launches WHERE stage_id = ANY ($1) AND launch_key LIKE 'schedule/%'",
        stage_ids,
    )
    assert launched <= {one["id"] for one in made}
    assert len(made) <= len(launched) + queued
