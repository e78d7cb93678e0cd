"""Renewing leases, and losing them: time-outs, jobs that are gone, cancelling."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene, make_member

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.errors import NotPermittedError
from sutler.dispatch import (
    AttemptNotFoundError,
    HandleState,
    Order,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    cancel_project,
    get_handle,
    release_jobs,
    release_overdue,
    renew,
)

FIVE_MINUTES = timedelta(minutes=5)


async def test_a_renewal_moves_the_end(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project, lease_for=FIVE_MINUTES)
    clock.advance(timedelta(minutes=4))
    (renewal,) = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[lease.attempt_id])
    assert (renewal.order, renewal.expires_at) == (Order.CONTINUE, NOON + timedelta(minutes=9))


async def test_no_renewal_goes_beyond_the_worker_timeout(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1, worker_timeout=timedelta(minutes=7))
    lease = await scene.take_one(project, lease_for=FIVE_MINUTES)
    clock.advance(timedelta(minutes=4))
    (renewal,) = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[lease.attempt_id])
    assert renewal.expires_at == NOON + timedelta(minutes=7)


async def test_a_lost_lease_is_told_to_stop_now_beside_one_that_holds(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2)
    lost = await scene.take_one(project, lease_for=FIVE_MINUTES)
    kept = await scene.take_one(project)
    clock.advance(timedelta(minutes=6))
    await release_overdue(scene.db)
    renewals = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[kept.attempt_id, lost.attempt_id])
    assert [renewal.order for renewal in renewals] == [Order.CONTINUE, Order.STOP_NOW]
    assert "timed out at 2026-03-01 12:06:00 UTC. The file waits to be given out again." in renewals[1].why


async def test_a_cancelled_project_tells_its_workers_to_stop_now(scene: Scene) -> None:
    project = await scene.start(2)
    lease = await scene.take_one(project)
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    (renewal,) = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[lease.attempt_id])
    assert (renewal.order, renewal.why) == (Order.STOP_NOW, "The project was cancelled.")
    assert (await scene.read(project)).counts.reserved_count == 1


async def test_another_worker_cannot_renew(scene: Scene) -> None:
    lease = await scene.take_one(await scene.start(1), lease_for=FIVE_MINUTES)
    (renewal,) = await renew(scene.db, scene.who, worker_id="w2", attempt_ids=[lease.attempt_id])
    assert (renewal.order, renewal.why) == (
        Order.STOP_NOW,
        f"Attempt {lease.attempt_id} belongs to worker w1, not to w2.",
    )


async def test_an_attempt_that_never_was_cannot_be_renewed(scene: Scene) -> None:
    with pytest.raises(AttemptNotFoundError):
        await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[10**12])


async def test_an_overdue_handle_goes_back_with_the_reason(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2)
    await scene.take_one(project, lease_for=FIVE_MINUTES)
    await scene.take_one(project)
    assert await release_overdue(scene.db) == 0
    clock.advance(FIVE_MINUTES)
    assert await release_overdue(scene.db) == 1
    assert await release_overdue(scene.db) == 0
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, position=0)
    assert view.handle.state is HandleState.INITIAL
    assert view.attempts[0].outcome is Outcome.TIMED_OUT
    assert "had not renewed it" in view.handle.reason
    await scene.check()


async def test_an_overdue_handle_without_attempts_left_fails_and_ends_the_project(
    scene: Scene, clock: MovableClock
) -> None:
    project = await scene.start(1, max_attempts=1)
    await scene.take_one(project, lease_for=FIVE_MINUTES)
    clock.advance(FIVE_MINUTES)
    await release_overdue(scene.db)
    assert (await scene.read(project)).state is ProjectState.FAILED
    assert await scene.list_events("dispatch.project_ended") == [{"state": "failed"}]
    assert await scene.list_events("dispatch.share_finished") == [{"project": project.project_id}]
    await scene.check()


async def test_overdue_leases_are_released_in_bounded_batches_over_projects(scene: Scene, clock: MovableClock) -> None:
    for _ in range(3):
        await scene.take(await scene.start(4), count=4, lease_for=FIVE_MINUTES)
    clock.advance(FIVE_MINUTES)
    assert [await release_overdue(scene.db, limit=5) for _ in range(4)] == [5, 5, 2, 0]
    await scene.check()


async def test_a_lease_that_is_being_reported_is_left_alone(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project, lease_for=FIVE_MINUTES)
    clock.advance(FIVE_MINUTES)
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.leases WHERE attempt_id = $1 FOR UPDATE", lease.attempt_id)
        assert await release_overdue(scene.db) == 0
    assert (await scene.say(Outcome.DONE, lease))[0].is_accepted


async def test_of_done_and_timeout_at_the_same_moment_exactly_one_counts(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(20)
    leases = (await scene.take(project, count=20, lease_for=FIVE_MINUTES)).leases
    clock.advance(FIVE_MINUTES)
    reports = asyncio.gather(*(scene.say(Outcome.DONE, lease) for lease in leases))
    released, answers = await asyncio.gather(release_overdue(scene.db), reports)
    accepted = sum(answer.is_accepted for (answer,) in answers)
    assert released + accepted <= 20
    released += await release_overdue(scene.db)
    assert released + accepted == 20
    now = await scene.read(project)
    assert (now.counts.done_count, now.counts.initial_count) == (accepted, released)
    assert await scene.value("SELECT count(*) FROM dispatch.attempts") == 20
    await scene.check()


async def test_only_the_leases_of_lost_jobs_are_taken_back(scene: Scene) -> None:
    one, two = await scene.start(2, max_attempts=1), await scene.start(2)
    await scene.take_one(one, "w1", batch_job_id="1.0")
    await scene.take_one(one, "w2", batch_job_id="1.1")
    await scene.take_one(two, "w3", batch_job_id="1.2")
    assert await release_jobs(scene.db, batch_job_ids=["1.2", "1.0", "9.9"]) == 2
    view = await get_handle(scene.db, scene.who, project_id=one.project_id, position=0)
    assert (view.handle.state, view.attempts[0].outcome) == (HandleState.FAILED, Outcome.WORKER_LOST)
    assert view.handle.reason == "The batch job of the worker ended without a report about this file."
    assert (await scene.read(one)).counts.reserved_count == 1
    assert (await scene.read(two)).counts.initial_count == 2
    await scene.check()


async def test_a_job_of_another_batch_system_with_the_same_number_keeps_its_files(scene: Scene) -> None:
    ours, theirs = await scene.start(2), await scene.start(2)
    await scene.take_one(ours, "w1", batch_job_id="7.0", share_id=ours.share_id)
    await scene.take_one(theirs, "w2", batch_job_id="7.0", share_id=theirs.share_id)
    assert await release_jobs(scene.db, batch_job_ids=["7.0"], share_id=ours.share_id) == 1
    assert await scene.column("SELECT share_id FROM dispatch.leases") == [theirs.share_id]
    await scene.check()


async def test_cancelling_ends_the_project_and_says_why(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2)
    clock.advance(FIVE_MINUTES)
    now = await cancel_project(scene.db, scene.who, project_id=project.project_id, reason="wrong files")
    assert (now.state, now.ended_at) == (ProjectState.CANCELLED, clock.now())
    clock.advance(FIVE_MINUTES)
    again = await cancel_project(scene.db, scene.who, project_id=project.project_id, reason="once more")
    assert again == now
    assert await scene.list_events("dispatch.project_cancelled") == [{"reason": "wrong files"}]


async def test_a_project_that_is_done_cannot_be_cancelled_any_more(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    now = await cancel_project(scene.db, scene.who, project_id=project.project_id)
    assert now.state is ProjectState.DONE


async def test_who_may_not_launch_may_not_cancel(scene: Scene) -> None:
    project = await scene.start(1)
    analyst = make_member(99, "eve", scene.experiment_id, Role.ANALYSIS)
    with pytest.raises(NotPermittedError):
        await cancel_project(scene.db, analyst, project_id=project.project_id)
    with pytest.raises(ProjectNotFoundError):
        await cancel_project(scene.db, scene.who, project_id=10**9)
