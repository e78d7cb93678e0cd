"""Lists of many stages and submissions, by the room, the API and the pages: `python -m benchmarks.campaign_lists`.

One campaign with many stages, each of which feeds the next one, and many submissions, each with a project of its own:
one of a hundred goes on, one of ten has failed files. Beside it 99 campaigns with one stage, so that their list is
full. Everything is asked 200 times: first of the operations, then of a server, a process of its own, over HTTP on a
connection that stays, replies read to their end. `python -m benchmarks.campaign_slices` runs this part, too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import asyncpg
import httpx
from benchmarks.catalog.asking import quantile
from benchmarks.dispatching.report import Aim, format_aims, format_table
from benchmarks.scheduled_launches import EXPERIMENT, PASSWORD, TakingBackend, make_person
from demo.server import DemoServer, find_free_port

from sutler import campaigns
from sutler.auth import Principal
from sutler.campaigns import NewCampaign, NewDependency, NewJobType, NewLoginSetup, NewStage
from sutler.campaigns.settings import StageSettings
from sutler.client import AsyncClient
from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CALLS = 200
WARM_UP_CALLS = 10
OTHER_CAMPAIGNS = 99
OPERATION_MS, HTTP_MS = 30, 50
"""What is wanted of nine in ten and more: p95 below this."""

Ask = Callable[[], Awaitable[object]]

FILL = """
WITH projects AS (
    INSERT INTO dispatch.projects (experiment_id, owner_id, owner_role, state, created_at, active_at,
                                   total_count, done_count, failed_count)
    SELECT $1, $2, 'production', CASE WHEN number % 10 = 0 THEN 'failed' ELSE 'done' END, now(), now(), 100,
           CASE WHEN number % 10 = 0 THEN 98 ELSE 100 END, CASE WHEN number % 10 = 0 THEN 2 ELSE 0 END
    FROM generate_series(1, $4) AS number
    RETURNING id, done_count, failed_count
), shares AS (
    INSERT INTO dispatch.shares (project_id, experiment_id, total_count, done_count, failed_count, created_at)
    SELECT id, $1, 100, done_count, failed_count, now() FROM projects
    RETURNING id, project_id, failed_count
), numbered AS (
    SELECT id, project_id, failed_count, row_number() OVER () AS number FROM shares
)
INSERT INTO campaigns.submissions (experiment_id, campaign_id, stage_id, launch_key, cause, status, batch_status,
                                   config, project_id, share_id, launched_by, creator_role, created_at, ended_at)
SELECT $1, stage.campaign_id, stage.id, 'bench/' || numbered.number, 'manual', 'Completed', 'Completed', '{}',
       numbered.project_id, numbered.id, $2, 'production', now(), CASE WHEN numbered.number % 100 > 0 THEN now() END
FROM numbered
JOIN (
    SELECT id, campaign_id, row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS count
    FROM campaigns.stages WHERE campaign_id = $3
) AS stage ON stage.number = numbered.number % stage.count + 1
"""
COUNT = """
UPDATE campaigns.stages AS stage SET submission_count = counted.count, last_submission_id = counted.last
FROM (SELECT stage_id, count(*) AS count, max(id) AS last FROM campaigns.submissions GROUP BY stage_id) AS counted
WHERE counted.stage_id = stage.id;
UPDATE campaigns.submissions AS submission SET failed_file_count = share.failed_count
FROM dispatch.shares AS share
WHERE share.id = submission.share_id AND submission.ended_at IS NOT NULL AND share.failed_count > 0;
INSERT INTO campaigns.stage_counts (stage_id, open_submission_count)
SELECT stage_id, count(*) FILTER (WHERE ended_at IS NULL) FROM campaigns.submissions GROUP BY stage_id
ON CONFLICT (stage_id) DO UPDATE SET open_submission_count = excluded.open_submission_count;
INSERT INTO campaigns.campaign_counts (campaign_id, submission_count, open_submission_count, failed_file_count)
SELECT campaign_id, count(*), count(*) FILTER (WHERE ended_at IS NULL), sum(failed_file_count)
FROM campaigns.submissions GROUP BY campaign_id
ON CONFLICT (campaign_id) DO UPDATE
SET submission_count = excluded.submission_count, open_submission_count = excluded.open_submission_count,
    failed_file_count = excluded.failed_file_count;
"""


async def main() -> int:
    """Fill an installation, measure it and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.campaign_lists",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    given = parser.parse_args()
    # It is measured on its own database, whatever the tests around it run on.
    os.environ.pop("SUTLER_DATABASE_URL", None)
    with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
        async with EmbeddedServer(Path(folder)) as server:
            db = await Database.open(server.connect_arguments(), size=4)
            try:
                await upgrade(db)
                who = await make_person(db)
                await make_templates(db, who)
                connection = await asyncpg.connect(**server.connect_arguments())
                aims = await measure_lists(
                    db, connection, who, Path(folder), stages=given.stages, submissions=given.submissions
                )
                await connection.close()
            finally:
                await db.close()
    print(format_aims(aims))
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part takes from the command line."""
    parser.add_argument("--stages", type=int, default=1000, help="stages of the list (default: 1000)")
    parser.add_argument("--submissions", type=int, default=100_000, help="submissions of the list (default: 100000)")


async def make_templates(db: Database, who: Principal) -> None:
    """Make what every stage refers to."""
    await campaigns.save_login_setup(db, who, new=NewLoginSetup(EXPERIMENT, "here", backend=TakingBackend.name))
    await campaigns.save_job_type(db, who, new=NewJobType(EXPERIMENT, "copy", "/bin/true"))


async def measure_lists(
    db: Database, connection: asyncpg.Connection, who: Principal, directory: Path, *, stages: int, submissions: int
) -> list[Aim]:
    """Ask for what the pages of a campaign with many stages and submissions show; `directory` is of the database."""
    campaign_id, stage_id, middle = await _fill(db, connection, who, stages=stages, submissions=submissions)
    about = f"{stages:,} stages, {submissions:,} submissions"
    aims = await _measure(
        f"operations: {about}",
        {
            "stages of the campaign, first 100": lambda: campaigns.list_stages(db, who, campaign_id=campaign_id),
            "stages of the campaign, 100 of the middle": lambda: campaigns.list_stages(
                db, who, campaign_id=campaign_id, after=middle
            ),
            "the campaign": lambda: campaigns.view_campaign(db, who, campaign_id=campaign_id),
            "a stage": lambda: campaigns.view_stage(db, who, stage_id=stage_id),
            "submissions, newest 100": lambda: campaigns.list_submissions(db, who, limit=100),
            "submissions of the stage": lambda: campaigns.list_submissions(db, who, stage_id=stage_id),
            "campaigns, newest 100": lambda: campaigns.list_campaigns(db, who),
        },
        limit_ms=OPERATION_MS,
    )
    api, campaign = "/api/v1", f"/campaigns/{campaign_id}"
    paths = {
        "API: campaigns, newest 100": f"{api}/campaigns",
        "API: the campaign": f"{api}{campaign}",
        "API: its stages, first 100": f"{api}{campaign}/stages",
        "API: its stages, 100 of the middle": f"{api}{campaign}/stages?cursor={middle}",
        "API: a stage": f"{api}/stages/{stage_id}",
        "API: submissions, newest 100": f"{api}/submissions",
        "API: submissions of the campaign": f"{api}/submissions?campaign_id={campaign_id}",
        "API: submissions of the stage": f"{api}/submissions?stage_id={stage_id}",
        "page: campaigns": "/",
        "page: the campaign": campaign,
        "page: the campaign, its part that changes": f"{campaign}/part",
        "page: a stage": f"/stages/{stage_id}",
    }
    async with _serve(directory) as http:
        asked = {what: _make_ask(http, path) for what, path in paths.items()}
        return aims + await _measure(f"over HTTP: {about}", asked, limit_ms=HTTP_MS)


async def _fill(
    db: Database, connection: asyncpg.Connection, who: Principal, *, stages: int, submissions: int
) -> tuple[int, int, str]:
    """Make the campaigns; return the large one, a stage of it, and the cursor of the middle of its stages."""
    said = StageSettings(dataset_query="files")
    for number in range(OTHER_CAMPAIGNS):
        small = NewCampaign(EXPERIMENT, f"small {number}", stages=(NewStage("s", "copy", "here", said),))
        await campaigns.create_campaign(db, who, new=small)
    names = [f"s{number}" for number in range(stages)]
    new = NewCampaign(
        EXPERIMENT,
        "lists",
        stages=tuple(NewStage(name, "copy", "here", said) for name in names),
        dependencies=tuple(NewDependency(name, names[at + 1]) for at, name in enumerate(names[:-1])),
    )
    campaign = await campaigns.create_campaign(db, who, new=new)
    await connection.execute(FILL, campaign.experiment_id, who.user_id, campaign.id, submissions)
    await connection.execute(COUNT)
    await connection.execute("VACUUM (ANALYZE)")
    page = await campaigns.list_stages(db, who, campaign_id=campaign.id, limit=max(1, stages // 2))
    return campaign.id, page.items[-1].id, page.next_cursor or ""


@asynccontextmanager
async def _serve(directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run a server on the database of a directory; yield a client of its API and pages in which somebody is signed in.

    Raises DemoError with what the server said when it does not start.
    """
    server = DemoServer(directory, find_free_port())
    try:
        await asyncio.to_thread(server.start)
        async with AsyncClient(server.url, token="") as client:
            await client.sign_in("bench", PASSWORD)
            token = client.token or ""
        async with httpx.AsyncClient(
            base_url=server.url, headers={"Authorization": f"Bearer {token}"}, cookies={"sutler_session": token}
        ) as http:
            yield http
    finally:
        await asyncio.to_thread(server.stop)


def _make_ask(http: httpx.AsyncClient, path: str) -> Ask:
    async def ask() -> None:
        (await http.get(path)).raise_for_status()

    return ask


async def _measure(title: str, asked: Mapping[str, Ask], *, limit_ms: float) -> list[Aim]:
    """Ask everything many times, print how long it took and return what was wanted of it."""
    rows, aims = [], []
    for what, ask in asked.items():
        for _ in range(WARM_UP_CALLS):
            await ask()
        times = [await _time(ask) for _ in range(CALLS)]
        p95 = quantile(times, 0.95)
        rows.append([what, f"{median(times):.1f}", f"{p95:.1f}"])
        aims.append(Aim(f"{what}: p95, ms", "<", limit_ms, p95))
    print(format_table([title, "p50 ms", "p95 ms"], rows), end="\n\n")
    return aims


async def _time(ask: Ask) -> float:
    began_at = time.perf_counter()
    await ask()
    return 1000 * (time.perf_counter() - began_at)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
