"""Slices of a large data set, and lists of many stages and submissions: `python -m benchmarks.campaign_slices`.

The embedded PostgreSQL, as durable as shipped; the batch system takes every launch at once and starts nothing.

Slices: a stage with `drainingn(100)` over one data set is launched again and again. Then launches of it take turns with
launches of fresh stages over the same data, so that both meet the same machine: the ratio of their medians says what a
late slice costs beside a first one.

Lists: what `python -m benchmarks.campaign_lists` says.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg
from benchmarks.campaign_lists import add_arguments, make_templates, measure_lists
from benchmarks.catalog.asking import quantile
from benchmarks.catalog.generator import Profile
from benchmarks.catalog.loading import NAMESPACE, load
from benchmarks.dispatching.report import Aim, format_aims, format_table
from benchmarks.scheduled_launches import EXPERIMENT, TakingBackend, make_person

from sutler import auth, campaigns
from sutler.auth import Principal
from sutler.campaigns import Launcher, LaunchRequest, NewCampaign, NewStage, Site
from sutler.campaigns.settings import StageSettings
from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade

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
                aims += await measure_lists(
                    db, connection, who, Path(folder), stages=given.stages, submissions=given.submissions
                )
                await connection.close()
            finally:
                await db.close()
    print(format_aims(aims))
    return 0


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
    page = await campaigns.list_stages(db, who, campaign_id=campaign.id, limit=len(names))
    late, *fresh = [stage.id for stage in page.items]
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
    add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
