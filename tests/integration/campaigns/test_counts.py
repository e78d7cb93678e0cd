"""What campaigns and stages count is kept by those who change it, and is what counting would find."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from uuid import uuid4

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import campaigns, dispatch
from sutler.campaigns import NewStage, NotPossibleError, StageSettings, SubmissionOverError, store
from sutler.database import Database
from sutler.database.migrate import list_migrations
from sutler.dispatch import HandleState
from sutler.launch import JobOutput, JobStatus, LaunchPlan, LaunchRefusedError, Receipt

RAW = StageSettings(dataset_query="files from nova:raw")
STEPS = 40

_COUNTED = """
SELECT campaign.id,
       (
           SELECT count(*) FROM campaigns.stages AS stage
           WHERE stage.campaign_id = campaign.id AND stage.removed_at IS NULL
       ) AS stage_count,
       count(submission.id) AS submission_count,
       count(submission.id) FILTER (WHERE submission.ended_at IS NULL) AS open_submission_count,
       coalesce(sum(share.failed_count), 0)::bigint AS failed_file_count
FROM campaigns.campaigns AS campaign
LEFT JOIN campaigns.submissions AS submission ON submission.campaign_id = campaign.id
LEFT JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
GROUP BY campaign.id
"""
_COUNTED_OF_STAGES = """
SELECT stage.id, count(submission.id) AS submission_count,
       count(submission.id) FILTER (WHERE submission.ended_at IS NULL) AS open_count,
       max(submission.id) AS last_submission_id
FROM campaigns.stages AS stage
LEFT JOIN campaigns.submissions AS submission ON submission.stage_id = stage.id
WHERE stage.removed_at IS NULL
GROUP BY stage.id
"""


class DiedError(Exception):
    """The server dies in the middle of something."""


@dataclass
class Backend:
    """A batch system without jobs that takes launches, or refuses them while it is told to."""

    name: str = "local"
    is_refusing: bool = False
    stopped: list[str] = field(default_factory=list)

    async def submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:
        """Take a launch, or refuse it."""
        if self.is_refusing:
            raise LaunchRefusedError(self.name, "it is full")
        return Receipt((key,))

    async def find(self, key: str) -> Receipt | None:
        """Nothing is known of launches that were not told of."""
        return None

    async def look(self, batch_job_ids: Sequence[str]) -> list[JobStatus]:
        """Nothing is known of jobs that were not started."""
        return []

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        """Note what was to be stopped."""
        self.stopped.extend(batch_job_ids)
        return []

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> JobOutput:
        """Nothing was written."""
        return JobOutput("", is_cut=False)


@dataclass
class Work:
    """What a drawn sequence works on: a scene whose launches are all taken, and the stages it draws from."""

    scene: Scene
    backend: Backend
    draw: Random
    stages: list[int] = field(default_factory=list)

    @property
    def campaign_ids(self) -> Awaitable[list[int]]:
        """The campaigns there are."""
        return self._list("SELECT id FROM campaigns.campaigns ORDER BY id")

    async def launch(self) -> None:
        """Launch a stage; one in four launches is refused by the back-end."""
        self.backend.is_refusing = self.draw.random() < 0.25
        await self.scene.launch(self.draw.choice(self.stages))
        self.backend.is_refusing = False

    async def launch_at_once(self) -> None:
        """Launch several stages at the same time."""
        await asyncio.gather(*(self.scene.launch(self.draw.choice(self.stages)) for _ in range(4)))

    async def finish(self) -> None:
        """Work on all files of an open submission, some of which fail, and let it end, told twice at the same time."""
        for submission in await self._choose("ended_at IS NULL"):
            await self.scene.work_off(submission, fail=self.draw.randint(0, 3))
            await self._complete(submission, times=2)

    async def restart(self) -> None:
        """Put back what failed of a submission that has ended, and let some of it fail once more."""
        for submission in await self._choose("ended_at IS NOT NULL AND failed_file_count > 0"):
            project_id = (await self.scene.view(submission)).submission.project_id
            assert project_id is not None
            await dispatch.restart_handles(
                self.scene.db, self.scene.producer, project_id=project_id, states=[HandleState.FAILED]
            )
            await self.scene.work_off(submission, fail=self.draw.randint(0, 1))
            await self._complete(submission)

    async def cancel(self) -> None:
        """Cancel a submission, by two people at the same time."""
        for submission in await self._choose("ended_at IS NULL"):
            done = await asyncio.gather(*(self._cancel(submission) for _ in range(2)), return_exceptions=True)
            assert all(each is None or isinstance(each, SubmissionOverError) for each in done)

    async def retry(self) -> None:
        """Try a launch that failed once more, by two people at the same time."""
        for submission in await self._choose("batch_status = 'LaunchFailed'"):
            tries = (self._retry(submission) for _ in range(2))
            done = await asyncio.gather(*tries, return_exceptions=True)
            assert all(each is None or isinstance(each, NotPossibleError) for each in done)

    async def change_stages(self) -> None:
        """Add a stage, and take another one out of its campaign."""
        added = await campaigns.add_stage(
            self.scene.db,
            self.scene.producer,
            campaign_id=self.draw.choice(await self.campaign_ids),
            new=NewStage(f"s{uuid4().hex[:8]}", "copy", "here", settings=RAW),
        )
        removed = self.stages.pop(self.draw.randrange(len(self.stages)))
        self.stages.append(added.id)
        await campaigns.remove_stage(self.scene.db, self.scene.producer, stage_id=removed)

    async def _cancel(self, submission: int) -> None:
        await campaigns.cancel_submission(
            self.scene.db,
            self.scene.launcher.backends,
            self.scene.producer,
            submission_id=submission,
            reason="enough",
        )

    async def _retry(self, submission: int) -> None:
        await campaigns.retry_launch(self.scene.db, self.scene.launcher, self.scene.producer, submission_id=submission)

    async def _complete(self, submission: int, *, times: int = 1) -> None:
        (share,) = await self._list("SELECT share_id FROM campaigns.submissions WHERE id = $1", submission)
        await asyncio.gather(*(campaigns.complete_share(self.scene.db, share_id=share) for _ in range(times)))

    async def _choose(self, condition: str) -> list[int]:
        """Draw one of the submissions that are like that; none if there is none."""
        found = await self._list(f"SELECT id FROM campaigns.submissions WHERE {condition} ORDER BY id")
        return [self.draw.choice(found)] if found else []

    async def _list(self, text: str, *given: object) -> list[int]:
        async with self.scene.db.connection() as connection:
            return [row[0] for row in await connection.fetch(text, *given)]


@pytest.fixture
async def work(scene: Scene) -> Work:
    """Two campaigns of three stages each, and a back-end that does as it is told."""
    backend = Backend()
    taking = replace(scene, launcher=replace(scene.launcher, backends={"local": backend}))
    stages = [
        stage
        for _ in range(2)
        for stage in await scene.make_campaign(
            *(NewStage(f"s{number}", "copy", "here", settings=RAW) for number in range(3))
        )
    ]
    return Work(taking, backend, Random(), stages)


async def check_counts(db: Database, scene: Scene) -> dict[int, tuple[int, ...]]:
    """See that lists show what counting finds; return it by campaign."""
    async with db.connection() as connection:
        counted = {row[0]: tuple(row)[1:] for row in await connection.fetch(_COUNTED)}
        of_stages = {row[0]: tuple(row)[1:] for row in await connection.fetch(_COUNTED_OF_STAGES)}
    listed = await campaigns.list_campaigns(db, scene.producer)
    assert {
        one.id: (one.stage_count, one.submission_count, one.open_submission_count, one.failed_file_count)
        for one in listed.items
    } == counted
    shown = [
        stage
        for campaign in listed.items
        for stage in (await campaigns.list_stages(db, scene.producer, campaign_id=campaign.id)).items
    ]
    assert {one.id: (one.submission_count, one.running_count, one.last_submission_id) for one in shown} == of_stages
    return counted


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_kept_is_what_counting_finds_after_any_sequence(work: Work, seed: int) -> None:
    work.draw.seed(seed)
    steps: list[Callable[[], Awaitable[None]]] = [
        work.launch,
        work.launch_at_once,
        work.finish,
        work.finish,
        work.restart,
        work.cancel,
        work.retry,
        work.change_stages,
    ]
    for _ in range(STEPS):
        await work.draw.choice(steps)()
        await check_counts(work.scene.db, work.scene)


async def test_launches_and_ends_at_the_same_time_are_all_counted(work: Work) -> None:
    made = await asyncio.gather(*(work.scene.launch(stage) for stage in work.stages for _ in range(4)))
    for submission in made:
        await work.scene.work_off(submission, fail=1)
    await asyncio.gather(
        *(work._complete(submission) for submission in made[::2]),
        *(work.scene.launch(stage) for stage in work.stages),
        *(work._cancel(submission) for submission in made[1::2]),
    )
    counted = await check_counts(work.scene.db, work.scene)
    assert [each[:2] for each in counted.values()] == [(3, 15), (3, 15)]
    assert sum(each[3] for each in counted.values()) == len(made)


async def test_a_transaction_that_fails_counts_nothing(work: Work) -> None:
    submission = await work.scene.launch(work.stages[0])
    before = await check_counts(work.scene.db, work.scene)

    async def die_while_counting() -> None:
        async with work.scene.db.write() as tx:
            await store.count_submission(tx, stage_id=work.stages[0], submission_id=submission)
            await store.reopen_submission(tx, submission_id=submission)
            raise DiedError

    with pytest.raises(DiedError):
        await die_while_counting()
    assert await check_counts(work.scene.db, work.scene) == before


async def test_the_migration_counts_what_is_there(work: Work) -> None:
    for step in (work.launch_at_once, work.finish, work.launch_at_once, work.finish, work.change_stages, work.cancel):
        await step()
    before = await check_counts(work.scene.db, work.scene)
    [migration] = [each for each in list_migrations() if each.name == "campaigns_counts"]
    async with work.scene.db.connection() as connection:
        await connection.execute(
            """
            ALTER TABLE campaigns.campaigns DROP COLUMN stage_count;
            ALTER TABLE campaigns.submissions DROP COLUMN failed_file_count;
            DROP TABLE campaigns.stage_counts, campaigns.campaign_counts;
            DROP INDEX campaigns.submissions_going_idx, campaigns.dependencies_campaign_idx;
            """
        )
        await connection.execute(migration.text)
    # Its columns stand in another order now; connections know statements of before.
    await work.scene.db._pool.expire_connections()
    assert await check_counts(work.scene.db, work.scene) == before
