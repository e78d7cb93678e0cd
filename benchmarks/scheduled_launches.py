"""Many schedules that are due in the same minute: `python -m benchmarks.scheduled_launches`.

Each stage has a schedule and takes one file a launch. Two servers run the loop of schedules against one database, the
embedded one, as durable as shipped; the batch system takes every launch at once and starts nothing, so that what is
measured is ours. First all schedules are due with nothing running, then once more while everything still runs.

Every stage must be launched once the first time, by whichever server, and be skipped the second time, else the exit
code is 1. "late" is how long after the first step a launch was made: starving ones would stand out.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.dispatching.report import format_table

from sutler import auth, campaigns, catalog
from sutler.auth import Principal, Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.campaigns import Launcher, NewCampaign, NewJobType, NewLoginSetup, NewSchedule, NewStage, Site
from sutler.campaigns.settings import StageSettings
from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade
from sutler.launch import JobOutput, JobStatus, LaunchPlan, Receipt
from sutler.loops import Surroundings, schedules

START = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
PASSWORD = "correct horse battery"
STAGES_OF_CAMPAIGN = 100
EXPERIMENT = "bench"
CONNECTIONS = 12


class TakingBackend:
    """Takes every launch and starts nothing; notes when it took it."""

    name = "taking"

    def __init__(self) -> None:
        self.taken_at: dict[str, float] = {}

    async def submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:  # noqa: ARG002
        """Take a launch."""
        self.taken_at.setdefault(key, time.perf_counter())
        return Receipt((key,))

    async def find(self, key: str) -> Receipt | None:
        """Return what was taken."""
        return Receipt((key,)) if key in self.taken_at else None

    async def look(self, batch_job_ids: Sequence[str]) -> list[JobStatus]:  # noqa: ARG002
        """Nothing is known of jobs that were not started."""
        return []

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:  # noqa: ARG002
        """Nothing was started."""
        return []

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> JobOutput:  # noqa: ARG002
        """Nothing was written."""
        return JobOutput("", is_cut=False)


@dataclass(frozen=True)
class Pass:
    """All schedules due once: what came of them, and how long it took."""

    what: str
    launched: int
    skipped: int
    submissions: int
    most_of_a_stage: int
    seconds: float
    longest_step_seconds: float
    late_seconds: tuple[float, ...]

    def list_cells(self) -> list[str]:
        """The cells of its line."""
        made = self.launched + self.skipped
        late = self.late_seconds
        return [
            self.what,
            f"{self.launched:,}",
            f"{self.skipped:,}",
            f"{self.seconds:.1f}",
            f"{made / self.seconds:,.0f}",
            f"{self.longest_step_seconds:.2f}",
            f"{median(late):.1f}" if late else "-",
            f"{max(late):.1f}" if late else "-",
        ]


async def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scheduled_launches",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=1000, help="schedules that are due at once (default: 1000)")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
        async with EmbeddedServer(Path(folder)) as server:
            clock = MovableClock(START)
            db = await Database.open(server.connect_arguments(), size=CONNECTIONS, clock=clock)
            try:
                passes = await measure(db, clock, count)
            finally:
                await db.close()
    titles = ["schedules due", "launched", "skipped", "seconds", "runs/s", "longest step s", "late s, median", "most"]
    print(format_table(titles, (each.list_cells() for each in passes)))
    return judge(passes, count)


async def measure(db: Database, clock: MovableClock, count: int) -> list[Pass]:
    """Make everything, and let all schedules be due twice."""
    await upgrade(db)
    who = await make_person(db)
    await fill(db, who, count)
    backend = TakingBackend()
    launcher = Launcher(
        site=Site("http://127.0.0.1:1", ("/bin/true",)),
        signer=await auth.load_signer(db),
        backends={backend.name: backend},
    )
    around = Surroundings(db, launcher)
    passes = []
    for what in ("with nothing running", "while all run"):
        clock.advance(timedelta(hours=1))
        passes.append(await run_pass(around, backend, what, clock.now()))
    return passes


async def run_pass(around: Surroundings, backend: TakingBackend, what: str, now: datetime) -> Pass:
    """Let two servers work until nothing is due."""
    known = set(backend.taken_at)
    began_at = time.perf_counter()
    steps = [seconds for server in await asyncio.gather(*(serve(around) for _ in range(2))) for seconds in server]
    ended_at = time.perf_counter()
    late = tuple(at - began_at for key, at in backend.taken_at.items() if key not in known)
    async with around.db.connection() as connection:
        states = await connection.fetch(
            "SELECT state, count(*) FROM campaigns.schedule_runs WHERE due_at > $1 GROUP BY state",
            now - timedelta(hours=1),
        )
        made = await connection.fetchrow(
            "SELECT coalesce(sum(submission_count), 0)::bigint AS total, max(submission_count) AS most "
            "FROM campaigns.stages"
        )
    counts = {row["state"]: row["count"] for row in states}
    return Pass(
        what=what,
        launched=counts.get("launched", 0),
        skipped=counts.get("skipped", 0),
        submissions=made["total"],
        most_of_a_stage=made["most"],
        seconds=ended_at - began_at,
        longest_step_seconds=max(steps),
        late_seconds=late,
    )


async def serve(around: Surroundings) -> list[float]:
    """Be the loop of one server until a step finds nothing; return the seconds of its steps."""
    seconds, found = [], 1
    while found:
        began_at = time.perf_counter()
        found = await schedules.step(around)
        seconds.append(time.perf_counter() - began_at)
    return seconds


def judge(passes: Sequence[Pass], count: int) -> int:
    """Say what is not as it has to be; the exit code."""
    first, second = passes
    problems = []
    if (first.launched, first.submissions, first.most_of_a_stage) != (count, count, 1):
        problems.append(f"{count} stages were to be launched once each, and {first.submissions} launches were made")
    if (second.skipped, second.submissions) != (count, count):
        made = second.submissions - first.submissions
        problems.append(f"all were to be skipped while everything runs, and {second.skipped} were; {made} overlap")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


async def make_person(db: Database) -> Principal:
    """Make an experiment and somebody who may launch in it."""
    await auth.ensure_first_user(db, password=PASSWORD)
    async with db.connection() as connection:
        first_id = await connection.fetchval("SELECT id FROM auth.users")
    admin = await auth.get_principal_of(db, user_id=first_id)
    await auth.create_experiment(db, admin, name=EXPERIMENT)
    user = await auth.create_user(db, admin, username="bench", password=PASSWORD)
    await auth.set_member(db, admin, experiment=EXPERIMENT, username="bench", role=Role.PRODUCTION)
    return await auth.get_principal_of(db, user_id=user.id)


async def fill(db: Database, who: Principal, count: int) -> None:
    """Make files, and campaigns with so many stages that have a schedule."""
    await catalog.create_namespace(db, who, experiment=EXPERIMENT, name="bench", owner_role=Role.PRODUCTION)
    await catalog.create_dataset(db, who, did=Did("bench", "raw"))
    files = [catalog.NewFile("bench", f"f{number}", 1) for number in range(10)]
    await catalog.declare_files(db, who, files=files, dataset=Did("bench", "raw"))
    await campaigns.save_login_setup(db, who, new=NewLoginSetup(EXPERIMENT, "here", backend=TakingBackend.name))
    await campaigns.save_job_type(db, who, new=NewJobType(EXPERIMENT, "copy", "/bin/true"))
    said = StageSettings(dataset_query="files from bench:raw", split_type="nfiles(1)")
    for first in range(0, count, STAGES_OF_CAMPAIGN):
        numbers = range(first, min(count, first + STAGES_OF_CAMPAIGN))
        stages = tuple(NewStage(f"s{number}", "copy", "here", settings=said) for number in numbers)
        new = NewCampaign(EXPERIMENT, f"c{first}", stages=stages)
        campaign = await campaigns.create_campaign(db, who, new=new)
        view = await campaigns.view_campaign(db, who, campaign_id=campaign.id)
        for stage in view.stages:
            await campaigns.save_schedule(db, who, stage_id=stage.id, new=NewSchedule("0 * * * *"))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
