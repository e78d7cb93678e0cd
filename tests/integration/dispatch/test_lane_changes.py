"""What breaks, changes or ends while a lane serves: nobody is left waiting, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.lane_calls import held_up, say, start, take, take_one
from tests.integration.dispatch.scene import Scene, add_user, make_member
from tests.waiting import wait_until

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.errors import NotPermittedError, UnavailableError
from sutler.dispatch import (
    AttemptNotFoundError,
    CreatedProject,
    HandleState,
    Lane,
    NothingReady,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    Reply,
    Report,
    alter_project,
    cancel_project,
    delete_project,
)

FIVE_MINUTES = timedelta(minutes=5)
Answered = TypeVar("Answered")


async def test_a_database_that_drops_connections_loses_and_doubles_nothing(scene: Scene, lane: Lane) -> None:
    """Each caller gets an answer or an error; asking again with the same request or report makes it whole."""
    project = await scene.start(400)
    done: list[str] = []
    is_over = False

    async def kill() -> None:
        while not is_over:
            await scene.run(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND query LIKE '%dispatch.leases%'"""
            )
            await asyncio.sleep(0.03)

    async def work(worker: str) -> None:
        while True:
            reply = await _insist(partial(take, lane, scene, project, worker, request_id=uuid4(), count=2))
            if reply.nothing is NothingReady.OVER:
                return
            for lease in reply.leases:
                [answer] = await _insist(partial(say, lane, scene, Outcome.DONE, lease, worker=worker))
                assert answer.is_accepted, answer.why
                done.append(lease.name)

    killer = asyncio.create_task(kill())
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(work(f"w{number}") for number in range(12)))
    finally:
        is_over = True
        await asyncio.gather(killer, return_exceptions=True)
    assert len(done) == len(set(done)) == 400
    assert await scene.value("SELECT count(*) FROM dispatch.attempts") == 400
    assert (await scene.read(project)).state is ProjectState.DONE
    await scene.check()


@pytest.mark.parametrize("place", ["claims", "ends"])
async def test_a_batch_whose_connection_breaks_is_served_all_the_same(scene: Scene, lane: Lane, place: str) -> None:
    project = await scene.start(20)
    leases = (await take(lane, scene, project, count=5)).leases
    async with held_up(scene, lane) as tasks:
        if place == "claims":
            tasks.extend(start([take(lane, scene, project, f"v{number}") for number in range(5)]))
        else:
            tasks.extend(start([say(lane, scene, Outcome.DONE, lease) for lease in leases]))
    await asyncio.gather(*tasks)
    await scene.run("SELECT pg_terminate_backend($1)", lane._rounds._session._connection.get_server_pid())
    again = [take(lane, scene, project, f"x{number}") for number in range(5)]
    replies = await asyncio.gather(*again, return_exceptions=True)
    assert all(isinstance(reply, Reply | UnavailableError) for reply in replies)
    assert (await take(lane, scene, project, "y")).leases
    await scene.check()


async def test_new_settings_hold_at_once(scene: Scene, lane: Lane) -> None:
    bob_id = await add_user(scene, "bob")
    bob = replace(make_member(bob_id, "bob", scene.experiment_id, Role.ANALYSIS), roles={}, experiments={})
    project = await scene.start(9)
    project_id = project.project_id
    [old] = (await take(lane, scene, project)).leases
    with pytest.raises(NotPermittedError):
        await take(lane, scene, project, who=bob)
    await alter_project(
        scene.db, scene.who, project_id=project_id, users=["bob"], max_attempts=1, worker_timeout=FIVE_MINUTES
    )
    [new] = (await take(lane, scene, project, who=bob)).leases
    assert new.expires_at == NOON + FIVE_MINUTES
    [answer] = await say(lane, scene, Outcome.FAILED, old)
    assert answer.state is HandleState.FAILED
    await alter_project(
        scene.db, scene.who, project_id=project_id, users=[], max_attempts=None, retry_pause=FIVE_MINUTES
    )
    with pytest.raises(NotPermittedError):
        await take(lane, scene, project, who=bob)
    [answer] = await say(lane, scene, Outcome.FAILED, new)
    assert answer.state is HandleState.INITIAL
    assert (await scene.read(project)).resting_count == 1
    await scene.check()


async def test_settings_that_change_while_they_are_being_read_hold_at_once(
    scene: Scene, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await scene.start(3)
    [lease] = (await take(lane, scene, project)).leases
    grounds = lane._grounds
    grounds._grounds.clear()
    has_read, go_on = asyncio.Event(), asyncio.Event()
    load = grounds.__class__._load.__globals__["load_ground"]

    async def load_slowly(*args: object, **given: object) -> object:
        ground = await load(*args, **given)
        has_read.set()
        await go_on.wait()
        return ground

    monkeypatch.setitem(grounds.__class__._load.__globals__, "load_ground", load_slowly)
    early = asyncio.ensure_future(take(lane, scene, project, "w2"))
    await has_read.wait()
    await alter_project(scene.db, scene.who, project_id=project.project_id, max_attempts=1)
    go_on.set()
    await early
    [answer] = await say(lane, scene, Outcome.FAILED, lease)
    assert answer.state is HandleState.FAILED


async def test_a_cancelled_project_gives_out_nothing_and_takes_reports(scene: Scene, lane: Lane) -> None:
    project = await scene.start(3)
    [lease] = (await take(lane, scene, project)).leases
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    reply = await take(lane, scene, project)
    assert (reply.nothing, reply.leases) == (NothingReady.OVER, ())
    [answer] = await say(lane, scene, Outcome.DONE, lease)
    assert answer.is_accepted
    await scene.check()


async def test_a_project_that_is_deleted_while_it_is_drained_leaves_nothing_behind(scene: Scene, lane: Lane) -> None:
    for _ in range(5):
        project = await scene.start(200)
        workers = [_drain(lane, scene, project, f"w{number}") for number in range(8)]
        deletion = partial(delete_project, scene.db, scene.who, project_id=project.project_id)
        await asyncio.gather(*workers, _when_some_are_done(scene, project, deletion))
        await scene.check()
    assert await scene.value("SELECT count(*) FROM dispatch.handles") == 0
    assert await scene.value("SELECT count(*) FROM dispatch.attempts") == 0


async def test_a_report_with_outputs_is_left_to_the_ordinary_way(scene: Scene, lane: Lane) -> None:
    project = await scene.start(1)
    lease = await take_one(lane, scene, project)
    said = Report("w1", (lease.attempt_id,), Outcome.DONE, measures={"wall_seconds": 1.5}, log_tail="fine")
    [answer] = await lane.report(scene.who, report=said)
    assert answer.is_accepted
    row = await scene.column("SELECT measures || jsonb_build_object('log', log_tail) FROM dispatch.attempts")
    assert row == [{"wall_seconds": 1.5, "log": "fine"}]


async def test_time_that_does_not_suffice_for_a_file_is_told_and_counts_are_cut(
    scene: Scene, lane: Lane, clock: MovableClock
) -> None:
    project = await scene.start(40)
    leases = (await take(lane, scene, project, count=10)).leases
    clock.advance(timedelta(minutes=10))
    await say(lane, scene, Outcome.DONE, *leases)
    reply = await take(lane, scene, project, count=5, time_left=timedelta(minutes=5))
    assert (reply.nothing, reply.leases) == (NothingReady.NO_TIME, ())
    assert reply.why == (
        "A file takes up to 10 min (nine of ten of the last 10 did), "
        "and the worker has 5 min left: it could not finish one."
    )
    assert len((await take(lane, scene, project, count=5, time_left=timedelta(minutes=35))).leases) == 3
    assert len((await take(lane, scene, project, count=5)).leases) == 5
    assert len((await take(lane, scene, project, count=5, time_left=timedelta(hours=9))).leases) == 5
    await scene.check()


async def test_a_worker_without_time_is_no_reason_to_send_others_away(
    scene: Scene, lane: Lane, clock: MovableClock
) -> None:
    project = await scene.start(12)
    short, slow = timedelta(minutes=5), timedelta(minutes=10)
    leases = (await take(lane, scene, project, count=12, time_left=short)).leases
    clock.advance(slow)
    await say(lane, scene, Outcome.DONE, *leases[:11])
    # What the files take was asked for before the first of them was done.
    assert (await take(lane, scene, project, "w2", time_left=short)).nothing is NothingReady.NO_TIME
    reply = await take(lane, scene, project, "w3")
    assert (reply.nothing, reply.why) == (
        NothingReady.WAIT,
        "1 file is reserved by 1 worker; none of the leases has an end.",
    )


async def test_closing_leaves_nobody_waiting(scene: Scene) -> None:
    project = await scene.start(9)
    lane = Lane(scene.db)
    await lane._grounds.get(project.project_id)
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.projects WHERE id = $1 FOR UPDATE", project.project_id)
        async with lane:
            tasks = start([take(lane, scene, project)])

            async def one_is_served() -> bool:
                return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

            await wait_until(one_is_served)
            tasks.extend(start([take(lane, scene, project, f"w{number}") for number in range(5)]))
            tasks.extend(start([say(lane, scene, Outcome.DONE, 1)]))
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.wait(tasks)
    assert all(isinstance(task.exception(), UnavailableError) for task in tasks)
    assert (await scene.read(project)).counts.reserved_count == 0
    await scene.check()


async def test_closing_while_a_batch_is_served_one_by_one_leaves_nobody_waiting(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await scene.start(9)
    lane = Lane(scene.db)
    is_alone = asyncio.Event()

    async def serve(batch: Sequence[object]) -> None:
        if len(batch) > 1:
            raise RuntimeError
        is_alone.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(lane._queue, "serve", serve)
    await lane._grounds.get(project.project_id)
    tasks = []
    async with lane:
        tasks.extend(start([take(lane, scene, project, f"w{number}") for number in range(5)]))
        await is_alone.wait()
    async with asyncio.timeout(5):
        await asyncio.wait(tasks)
    assert all(isinstance(task.exception(), UnavailableError) for task in tasks)
    with pytest.raises(UnavailableError):
        await take(lane, scene, project)


async def _insist(ask: Callable[[], Awaitable[Answered]]) -> Answered:
    """Ask until the database answers, as workers do."""
    while True:
        try:
            return await ask()
        except UnavailableError:
            await asyncio.sleep(0.01)


async def _drain(lane: Lane, scene: Scene, project: CreatedProject, worker: str) -> None:
    """Work until the project is gone or over."""
    try:
        while True:
            reply = await _insist(partial(take, lane, scene, project, worker, request_id=uuid4(), count=2))
            if reply.nothing is NothingReady.OVER:
                return
            for lease in reply.leases:
                await _insist(partial(say, lane, scene, Outcome.DONE, lease, worker=worker))
    except (ProjectNotFoundError, AttemptNotFoundError):
        return


async def _when_some_are_done(scene: Scene, project: CreatedProject, act: Callable[[], Awaitable[None]]) -> None:
    """Do something when the first files of a project are done."""
    sql = "SELECT EXISTS (SELECT FROM dispatch.attempts WHERE project_id = $1)"

    async def some_are_done() -> bool:
        return bool(await scene.value(sql, project.project_id))

    await wait_until(some_are_done)
    await act()
