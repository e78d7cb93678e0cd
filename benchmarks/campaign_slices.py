"""Slices of a large data set, and lists of many stages and submissions: `python -m benchmarks.campaign_slices`.

The embedded PostgreSQL, as durable as shipped; the batch system takes every launch at once and starts nothing.

Slices: a stage with `drainingn(100)` over one data set is launched again and again. Then launches of it take turns with
launches of fresh stages over the same data, so that both meet the same machine: the ratio of their medians says what a
late slice costs beside a first one.

Lists: one campaign with many stages and submissions, of which each has a project of its own; what the pages ask for is
asked 200 times.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg
from benchmarks.catalog.asking import quantile
from benchmarks.catalog.generator import Profile
from benchmarks.catalog.loading import NAMESPACE, load
from benchmarks.dispatching.report import Aim, format_aims, format_table
from benchmarks.scheduled_launches import EXPERIMENT, TakingBackend, make_person

from sutler import auth, campaigns
from sutler.auth import Principal
from sutler.campaigns import Launcher, LaunchRequest, NewCampaign, NewJobType, NewLoginSetup, NewStage, Site
from sutler.campaigns.settings import StageSettings
from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade

CALLS = 200
TURNS = 40

_JOIN_ALL = """
WITH one AS (
    INSERT INTO catalog.datasets (namespace, name, experiment_id, created_at, created_by, file_count)
    SELECT $1, 'all', experiment_id, created_at, created_by, (SELECT count(*) FROM catalog.files)
    FROM catalog.datasets WHERE name = 'd0'
    RETURNING id
)
INSERT INTO catalog.dataset_files (dataset_id, file_id, created_at)
SELECT one.id, file.id, file.created_at FROM catalog.files AS file CROSS JOIN one
"""
_FILL = """
WITH projects AS (
    INSERT INTO dispatch.projects (experiment_id, owner_id, owner_role, state, created_at, active_at,
                                   total_count, done_count)
    SELECT $1, $2, 'production', 'done', now(), now(), 100, 100 FROM generate_series(1, $4)
    RETURNING id
), shares AS (
    INSERT INTO dispatch.shares (project_id, experiment_id, total_count, done_count, created_at)
    SELECT id, $1, 100, 100, now() FROM projects
    RETURNING id, project_id
), numbered AS (
    SELECT id, project_id, row_number() OVER () AS number FROM shares
)
INSERT INTO campaigns.submissions (experiment_id, campaign_id, stage_id, launch_key, cause, status, batch_status,
                                   config, project_id, share_id, launched_by, creator_role, created_at, ended_at)
SELECT $1, stage.campaign_id, stage.id, 'bench/' || numbered.number, 'manual', 'Completed', 'Completed', '{}',
       numbered.project_id, numbered.id, $2, 'production', now(), now()
FROM numbered
JOIN (
    SELECT id, campaign_id, row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS count
    FROM campaigns.stages WHERE campaign_id = $3
) AS stage ON stage.number = numbered.number % stage.count + 1
"""
_COUNT = """
UPDATE campaigns.stages AS stage SET submission_count = counted.count, last_submission_id = counted.last
FROM (SELECT stage_id, count(*) AS count, max(id) AS last FROM campaigns.submissions GROUP BY stage_id) AS counted
WHERE counted.stage_id = stage.id
"""


async def main() -> int:
    """Run both parts and return the exit code."""
    given = read_arguments()
    with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
        async with EmbeddedServer(Path(folder)) as server:
            db = await Database.open(server.connect_arguments(), size=4)
            try:
                await upgrade(db)
                who = await make_person(db)
                await make_templates(db, who)
                connection = await asyncpg.connect(**server.connect_arguments())
                aims = await measure_slices(
                    db, connection, who, files=given.files, slices=given.slices, turns=given.turns
                )
                aims += await measure_lists(db, connection, who, stages=given.stages, submissions=given.submissions)
                await connection.close()
            finally:
                await db.close()
    print(format_aims(aims))
    return 0


async def make_templates(db: Database, who: Principal) -> None:
    """Make what every stage refers to."""
    await campaigns.save_login_setup(db, who, new=NewLoginSetup(EXPERIMENT, "here", backend=TakingBackend.name))
    await campaigns.save_job_type(db, who, new=NewJobType(EXPERIMENT, "copy", "/bin/true"))


async def measure_slices(
    db: Database, connection: asyncpg.Connection, who: Principal, *, files: int, slices: int, turns: int
) -> list[Aim]:
    """Take many slices of one data set, then late and first ones by turns."""
    experiment_id = await connection.fetchval("SELECT id FROM auth.experiments WHERE name = $1", EXPERIMENT)
    await load(connection, experiment_id=experiment_id, files=files, profile=Profile.NARROW)
    await connection.execute(_JOIN_ALL, NAMESPACE)
    await connection.execute("VACUUM (ANALYZE)")
    said = StageSettings(dataset_query=f"files from {NAMESPACE}:all", split_type="drainingn(100)")
    names = ["late", *(f"fresh{number}" for number in range(turns))]
    new = NewCampaign(EXPERIMENT, "slices", stages=tuple(NewStage(name, "copy", "here", said) for name in names))
    campaign = await campaigns.create_campaign(db, who, new=new)
    late, *fresh = [stage.id for stage in await campaigns.list_stages(db, who, campaign_id=campaign.id)]
    backend = TakingBackend()
    signer = await auth.load_signer(db)
    launcher = Launcher(Site("http://127.0.0.1:1", ("/bin/true",)), signer, {backend.name: backend})

    async def launch(stage_id: int) -> float:
        began_at = time.perf_counter()
        await campaigns.launch_stage(db, launcher, who, request=LaunchRequest(stage_id, str(uuid4())))
        return 1000 * (time.perf_counter() - began_at)

    opening = [await launch(late) for _ in range(10)]
    for _ in range(slices - len(opening)):
        await launch(late)
    first, last = [], []
    for stage_id in fresh:
        first.append(await launch(stage_id))
        last.append(await launch(late))
    ratio = median(last) / median(first)
    rows = [
        [f"first slice of a fresh stage, of {files:,} files", f"{median(first):.1f}", f"{quantile(first, 0.95):.1f}"],
        [f"slice {slices:,} and those after it", f"{median(last):.1f}", f"{quantile(last, 0.95):.1f}"],
    ]
    print(format_table(["launch of drainingn(100)", "median ms", "p95 ms"], rows))
    return [Aim(f"slice {slices:,} over the first", "≤", 1.2, ratio)]


async def measure_lists(
    db: Database, connection: asyncpg.Connection, who: Principal, *, stages: int, submissions: int
) -> list[Aim]:
    """Ask for what the pages of a campaign with many stages and submissions show."""
    said = StageSettings(dataset_query="files")
    new = NewCampaign(EXPERIMENT, "lists", stages=tuple(NewStage(f"s{n}", "copy", "here", said) for n in range(stages)))
    campaign = await campaigns.create_campaign(db, who, new=new)
    await connection.execute(_FILL, campaign.experiment_id, who.user_id, campaign.id, submissions)
    await connection.execute(_COUNT)
    await connection.execute("VACUUM (ANALYZE)")
    [stage, *_] = await campaigns.list_stages(db, who, campaign_id=campaign.id)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "stages of the campaign": lambda: campaigns.list_stages(db, who, campaign_id=campaign.id),
        "the campaign's page": lambda: campaigns.view_campaign(db, who, campaign_id=campaign.id),
        "a stage's page": lambda: campaigns.view_stage(db, who, stage_id=stage.id),
        "submissions, newest 100": lambda: campaigns.list_submissions(db, who, limit=100),
        "campaigns": lambda: campaigns.list_campaigns(db, who),
    }
    rows, aims = [], []
    for what, ask in asked.items():
        times = [await _time(ask) for _ in range(CALLS)]
        p95 = quantile(times, 0.95)
        rows.append([what, f"{median(times):.1f}", f"{p95:.1f}"])
        aims.append(Aim(f"{what}: p95, ms", "<", 100, p95))
    print(format_table([f"{stages:,} stages, {submissions:,} submissions", "median ms", "p95 ms"], rows))
    return aims


async def _time(ask: Callable[[], Awaitable[object]]) -> float:
    began_at = time.perf_counter()
    await ask()
    return 1000 * (time.perf_counter() - began_at)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.campaign_slices",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--files", type=int, default=1_000_000, help="files of the data set (default: 1000000)")
    parser.add_argument("--slices", type=int, default=1000, help="slices taken before the late ones (default: 1000)")
    parser.add_argument("--turns", type=int, default=TURNS, help="late and first slices by turns (default: 40)")
    parser.add_argument("--stages", type=int, default=1000, help="stages of the list (default: 1000)")
    parser.add_argument("--submissions", type=int, default=100_000, help="submissions of the list (default: 100000)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
