"""Whatever happens in whatever order: every handle is in exactly one place, and the counts agree with the states."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.dispatch.scene import Scene, set_scene

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.database import Database
from sutler.dispatch import (
    CreatedProject,
    EmptyProjectError,
    HandleNotFoundError,
    HandleNotReservedError,
    HandlesInUseError,
    HandleState,
    Lease,
    NewHandle,
    Outcome,
    ProjectFinalError,
    WrongWorkerError,
    abandon_idle,
    activate_project,
    alter_project,
    cancel_project,
    copy_project,
    delete_project,
    locate_handles,
    release_handle,
    release_jobs,
    release_overdue,
    renew,
    restart_handles,
    wake_handles,
)

FILES = 5
WORKERS = ("w1", "w2", "w3")

_workers = st.sampled_from(WORKERS)
_numbers = st.integers(min_value=0, max_value=FILES - 1)
_steps = st.one_of(
    st.tuples(st.just("take"), _workers, st.integers(min_value=1, max_value=3)),
    st.tuples(st.just("report"), _workers, st.sampled_from([Outcome.DONE, Outcome.FAILED]), st.booleans()),
    st.tuples(st.just("report all"), _workers, st.sampled_from([Outcome.DONE, Outcome.FAILED]), st.booleans()),
    st.tuples(st.just("report late"), _workers, _numbers),
    st.tuples(st.just("renew"), _workers),
    st.tuples(st.just("time passes"), st.integers(min_value=1, max_value=9)),
    st.tuples(st.just("lose job"), _workers),
    st.tuples(st.just("restart state"), st.sampled_from(HandleState)),
    st.tuples(st.just("restart file"), _numbers),
    st.tuples(st.just("locate"), _numbers),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("activate")),
    st.tuples(st.just("give back"), _workers, _numbers, st.sampled_from([Outcome.DONE, Outcome.FAILED])),
    st.tuples(st.just("add"), st.integers(min_value=0, max_value=FILES + 2)),
    st.tuples(st.just("remove"), _numbers),
    st.tuples(st.just("limit"), st.sampled_from([None, 3, 20])),
    st.tuples(st.just("copy and delete")),
)


@dataclass
class Story:
    """One run: the project, and every lease that each worker ever got."""

    scene: Scene
    project: CreatedProject
    clock: MovableClock
    leases: dict[str, list[Lease]] = field(default_factory=lambda: {worker: [] for worker in WORKERS})

    async def play(self, step: tuple[object, ...]) -> None:
        """Do one step; those that cannot happen just now do nothing."""
        match step:
            case ("take", str(worker), int(count)):
                reply = await self.scene.take(
                    self.project, worker, count=count, lease_for=timedelta(minutes=5), batch_job_id=f"job of {worker}"
                )
                assert bool(reply.leases) != bool(reply.why)
                self.leases[worker] += reply.leases
            case ("report", str(worker), Outcome() as outcome, bool(may_retry)) if self.leases[worker]:
                await self._say(worker, outcome, [self.leases[worker].pop(0)], may_retry=may_retry)
            case ("report all", str(worker), Outcome() as outcome, bool(may_retry)) if self.leases[worker]:
                leases, self.leases[worker] = self.leases[worker], []
                await self._say(worker, outcome, leases, may_retry=may_retry)
            case ("report late", str(worker), int(number)):
                leases = [lease for lease in self.leases[worker] if lease.position == number]
                if leases:
                    await self._say(worker, Outcome.DONE, leases[:1], may_retry=True)
            case ("renew", str(worker)) if self.leases[worker]:
                ids = [lease.attempt_id for lease in self.leases[worker]]
                assert len(await renew(self.scene.db, self.scene.who, worker_id=worker, attempt_ids=ids)) == len(ids)
            case _:
                await self._play_around(step)

    async def _play_around(self, step: tuple[object, ...]) -> None:
        db, who, project_id = self.scene.db, self.scene.who, self.project.project_id
        match step:
            case ("time passes", int(minutes)):
                self.clock.advance(timedelta(minutes=minutes))
                await release_overdue(db, limit=2)
                await wake_handles(db, limit=3)
                await abandon_idle(db)
            case ("lose job", str(worker)):
                await release_jobs(db, batch_job_ids=[f"job of {worker}"])
            case ("restart state", HandleState() as state):
                await restart_handles(db, who, project_id=project_id, states=[state])
            case ("restart file", int(number)):
                await restart_handles(db, who, project_id=project_id, dids=[Did("test", f"f{number}.root")])
            case ("locate", int(number)):
                await self.scene.add_replica(Did("test", f"f{number}.root"))
                await locate_handles(db)
            case _:
                await self._play_above(step)

    async def _play_above(self, step: tuple[object, ...]) -> None:
        db, who, project_id = self.scene.db, self.scene.who, self.project.project_id
        match step:
            case ("cancel",):
                await cancel_project(db, who, project_id=project_id)
            case ("activate",):
                with contextlib.suppress(ProjectFinalError):
                    await activate_project(db, who, project_id=project_id)
            case ("give back", str(worker), int(number), Outcome() as outcome):
                await self._give_back(worker, number, outcome)
            case ("add", int(number)):
                await alter_project(db, who, project_id=project_id, add=[NewHandle("test", f"f{number}.root")])
            case ("remove", int(number)):
                with contextlib.suppress(HandlesInUseError, EmptyProjectError):
                    await alter_project(db, who, project_id=project_id, remove=[Did("test", f"f{number}.root")])
            case ("limit", minutes):
                limit = timedelta(minutes=minutes) if isinstance(minutes, int) else None
                await alter_project(db, who, project_id=project_id, worker_timeout=limit, idle_timeout=limit)
            case ("copy and delete",):
                copied = await copy_project(db, who, project_id=project_id)
                await self.scene.take(CreatedProject(copied.id, 0, 0))
                await delete_project(db, who, project_id=copied.id)

    async def _give_back(self, worker: str, number: int, outcome: Outcome) -> None:
        with contextlib.suppress(HandleNotReservedError, WrongWorkerError, HandleNotFoundError):
            await release_handle(
                self.scene.db,
                self.scene.who,
                project_id=self.project.project_id,
                did=Did("test", f"f{number}.root"),
                worker_id=worker,
                outcome=outcome,
                may_retry=True,
            )

    async def _say(self, worker: str, outcome: Outcome, leases: list[Lease], *, may_retry: bool) -> None:
        answers = await self.scene.say(outcome, *leases, worker=worker, reason="no", may_retry=may_retry)
        assert len({answer.is_accepted for answer in answers}) == 1
        assert all(answer.is_accepted != bool(answer.why) for answer in answers)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rounds=st.lists(st.lists(_steps, min_size=1, max_size=3), max_size=15),
    is_virtual=st.booleans(),
    max_attempts=st.sampled_from([None, 1, 2]),
    retry_pause=st.sampled_from([None, timedelta(minutes=2)]),
    retry_on_timeout=st.booleans(),
)
async def test_any_order_of_steps_keeps_everything_in_its_place(
    db: Database,
    clock: MovableClock,
    delete_everything: str,
    *,
    rounds: list[list[tuple[object, ...]]],
    is_virtual: bool,
    max_attempts: int | None,
    retry_pause: timedelta | None,
    retry_on_timeout: bool,
) -> None:
    """The steps of one round run at the same time, the rounds one after the other."""
    async with db.connection() as connection, connection.transaction():
        await connection.execute(delete_everything)
    scene = await set_scene(db)
    project = await scene.start(
        FILES,
        is_virtual=is_virtual,
        max_attempts=max_attempts,
        retry_pause=retry_pause,
        retry_on_timeout=retry_on_timeout,
    )
    story = Story(scene, project, clock)
    for steps in rounds:
        await asyncio.gather(*(story.play(step) for step in steps))
        await scene.check()
