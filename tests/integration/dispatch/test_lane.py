"""Calls of many workers that are served together: each gets what it would have got alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene, add_user, make_member
from tests.waiting import wait_until

from sutler.auth import Principal, Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError, UnavailableError
from sutler.database import DatabaseBusyError
from sutler.dispatch import (
    Answer,
    AttemptNotFoundError,
    CreatedProject,
    Handle,
    HandleNotFoundError,
    HandleNotReservedError,
    HandleState,
    InvalidReportError,
    InvalidWishError,
    Lane,
    Lease,
    NothingReady,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    Reply,
    Report,
    RequestTakenError,
    ShareNotFoundError,
    Wish,
    WrongWorkerError,
    alter_project,
    cancel_project,
    delete_project,
    release_overdue,
    restart_handles,
)

MANY = 40
FIVE_MINUTES = timedelta(minutes=5)
Answered = TypeVar("Answered")


@pytest.fixture
async def lane(scene: Scene) -> AsyncIterator[Lane]:
    """The lane of one server."""
    async with Lane(scene.db) as opened:
        yield opened


def take(
    lane: Lane,
    scene: Scene,
    project: CreatedProject,
    worker: str = "w1",
    *,
    who: Principal | None = None,
    request_id: UUID | None = None,
    count: int = 1,
    share_id: int | None = None,
    lease_for: timedelta | None = None,
    time_left: timedelta | None = None,
) -> Awaitable[Reply]:
    wish = Wish(worker, request_id or uuid4(), count, share_id=share_id, lease_for=lease_for, time_left=time_left)
    return lane.reserve_next(who or scene.who, project_id=project.project_id, wish=wish)


async def take_one(lane: Lane, scene: Scene, project: CreatedProject, worker: str = "w1") -> Lease:
    reply = await take(lane, scene, project, worker)
    assert len(reply.leases) == 1, reply.why
    return reply.leases[0]


def say(
    lane: Lane,
    scene: Scene,
    outcome: Outcome,
    *leases: Lease | int,
    worker: str = "w1",
    who: Principal | None = None,
    may_retry: bool = True,
) -> Awaitable[list[Answer]]:
    ids = tuple(lease if isinstance(lease, int) else lease.attempt_id for lease in leases)
    said = Report(worker, ids, outcome, reason="so it is", may_retry=may_retry)
    return lane.report(who or scene.who, report=said)


def give_back(
    lane: Lane,
    scene: Scene,
    project: CreatedProject,
    name: str,
    outcome: Outcome = Outcome.DONE,
    *,
    worker: str | None = "w1",
    may_retry: bool = True,
    who: Principal | None = None,
) -> Awaitable[Handle]:
    return lane.release_handle(
        who or scene.who,
        project_id=project.project_id,
        did=Did("test", name),
        worker_id=worker,
        outcome=outcome,
        may_retry=may_retry,
    )


@asynccontextmanager
async def held_up(scene: Scene, lane: Lane) -> AsyncIterator[list[asyncio.Task[object]]]:
    """Keep the lane busy until the end of the block: what is asked in it is served as one round.

    The caller adds its calls as tasks to the list.
    """
    decoy = await scene.start(1)
    tasks: list[asyncio.Task[object]] = []
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.projects WHERE id = $1 FOR UPDATE", decoy.project_id)
        busy = asyncio.ensure_future(take(lane, scene, decoy, "decoy"))

        async def it_is_busy() -> bool:
            return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

        await wait_until(it_is_busy)
        yield tasks

        async def all_wait() -> bool:
            return len(lane._queue._waiting) + sum(task.done() for task in tasks) >= len(tasks)

        await wait_until(all_wait)
    await busy


def start(calls: Sequence[Awaitable[object]]) -> list[asyncio.Task[object]]:
    return [asyncio.ensure_future(call) for call in calls]


async def test_calls_that_come_while_one_is_served_are_served_together(scene: Scene, lane: Lane) -> None:
    project = await scene.start(MANY)
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([take(lane, scene, project, f"w{number}") for number in range(MANY)]))
    replies = await asyncio.gather(*tasks)
    leases = [lease for reply in replies if isinstance(reply, Reply) for lease in reply.leases]
    assert {lease.name for lease in leases} == {f"f{number}.root" for number in range(MANY)}
    reserved = await _events_of(scene, project, "dispatch.handles_reserved")
    assert [sorted(facts["workers"]) for facts in reserved] == [sorted(f"w{number}" for number in range(MANY))]
    assert await scene.column(
        "SELECT worker_id FROM dispatch.leases WHERE project_id = $1 ORDER BY attempt_id", project.project_id
    ) == [f"w{number}" for number in range(MANY)]
    await scene.check()
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([say(lane, scene, Outcome.DONE, one, worker=f"w{n}") for n, one in enumerate(leases[:20])]))
        tasks.extend(
            start([give_back(lane, scene, project, one.name, worker=f"w{n}") for n, one in enumerate(leases[20:], 20)])
        )
    await asyncio.gather(*tasks)
    assert len(await _events_of(scene, project, "dispatch.handles_released")) == 1
    assert (await scene.read(project)).state is ProjectState.DONE
    await scene.check()


async def test_every_caller_of_a_batch_gets_its_own_answer(scene: Scene, lane: Lane) -> None:
    project = await scene.start(5, max_attempts=2)
    leases = (await take(lane, scene, project, count=5)).leases
    async with held_up(scene, lane) as tasks:
        tasks.extend(
            start(
                [
                    say(lane, scene, Outcome.DONE, leases[0]),
                    say(lane, scene, Outcome.FAILED, leases[1]),
                    say(lane, scene, Outcome.FAILED, leases[2], may_retry=False),
                    give_back(lane, scene, project, leases[3].name, Outcome.FAILED, worker=None),
                    say(lane, scene, Outcome.DONE, leases[4], worker="w9"),
                ]
            )
        )
    done, failed, final, handle, wrong = await asyncio.gather(*tasks)
    states = [answer.state for answers in (done, failed, final) if isinstance(answers, list) for answer in answers]
    assert states == [HandleState.DONE, HandleState.INITIAL, HandleState.FAILED]
    assert isinstance(handle, Handle)
    assert (handle.state, handle.worker_id, handle.reason) == (
        HandleState.INITIAL,
        None,
        "The worker gave no reason.",
    )
    assert isinstance(wrong, list)
    assert wrong[0].why == f"Attempt {leases[4].attempt_id} belongs to worker w1, not to w9."
    await scene.check()


async def test_one_who_may_not_or_names_nonsense_does_not_disturb_the_others(scene: Scene, lane: Lane) -> None:
    project = await scene.start(9)
    leases = (await take(lane, scene, project, count=3)).leases
    eve = make_member(99, "eve", scene.experiment_id, Role.ANALYSIS)
    nowhere = replace(project, project_id=10**9)
    async with held_up(scene, lane) as tasks:
        tasks.extend(
            start(
                [
                    take(lane, scene, project, "w1"),
                    take(lane, scene, project, "w2", who=eve),
                    take(lane, scene, nowhere, "w3"),
                    take(lane, scene, project, "w4", share_id=10**9),
                    take(lane, scene, project, "w5", count=0),
                    say(lane, scene, Outcome.DONE, leases[0]),
                    say(lane, scene, Outcome.DONE, leases[1], who=eve),
                    say(lane, scene, Outcome.DONE, 10**15),
                    say(lane, scene, Outcome.TIMED_OUT, leases[1]),
                    give_back(lane, scene, project, leases[1].name, who=eve),
                    give_back(lane, scene, nowhere, leases[1].name),
                    give_back(lane, scene, project, "unknown"),
                    give_back(lane, scene, project, leases[1].name, worker="w9"),
                    give_back(lane, scene, project, "f8.root"),
                    say(lane, scene, Outcome.DONE, leases[2]),
                    take(lane, scene, project, "w6"),
                ]
            )
        )
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        Reply,
        NotPermittedError,
        ProjectNotFoundError,
        ShareNotFoundError,
        InvalidWishError,
        list,
        NotPermittedError,
        AttemptNotFoundError,
        InvalidReportError,
        NotPermittedError,
        ProjectNotFoundError,
        HandleNotFoundError,
        WrongWorkerError,
        HandleNotReservedError,
        list,
        Reply,
    ]
    counts = (await scene.read(project)).counts
    assert (counts.reserved_count, counts.done_count) == (3, 2)
    await scene.check()


async def test_what_one_gives_back_another_gets_in_the_same_round(scene: Scene, lane: Lane) -> None:
    project = await scene.start(1)
    lease = await take_one(lane, scene, project)
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([take(lane, scene, project, "w2"), say(lane, scene, Outcome.FAILED, lease)]))
    reply, answers = await asyncio.gather(*tasks)
    assert isinstance(reply, Reply)
    assert isinstance(answers, list)
    assert answers[0].state is HandleState.INITIAL
    assert [(again.name, again.attempt) for again in reply.leases] == [(lease.name, 2)]
    await scene.check()


async def test_a_project_that_somebody_holds_is_busy_soon_and_the_others_are_served(scene: Scene, lane: Lane) -> None:
    held, free = await scene.start(5), await scene.start(5)
    lease = await take_one(lane, scene, free)
    await take_one(lane, scene, held, "w0")
    await lane._rounds._session._connection.execute("SET lock_timeout = '100ms'")
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.projects WHERE id = $1 FOR UPDATE", held.project_id)
        # All of them are in line before the first is served.
        calls = (take(lane, scene, held), take(lane, scene, free), say(lane, scene, Outcome.DONE, lease))
        got = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in got] == [DatabaseBusyError, Reply, list]
    assert (await take(lane, scene, held)).leases
    await scene.check()


async def test_the_same_request_twice_in_a_batch_gets_one_set_of_leases(scene: Scene, lane: Lane) -> None:
    project = await scene.start(9)
    request_id = uuid4()
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([take(lane, scene, project, count=2, request_id=request_id) for _ in range(5)]))
        tasks.extend(start([take(lane, scene, project, "w2"), take(lane, scene, project, "w3", request_id=request_id)]))
    *same, other, thief = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(same[0], Reply)
    assert len(same[0].leases) == 2
    assert all(reply == same[0] for reply in same)
    assert isinstance(other, Reply)
    assert isinstance(thief, RequestTakenError)
    assert (await scene.read(project)).counts.reserved_count == 3
    assert await take(lane, scene, project, count=2, request_id=request_id) == same[0]
    await scene.check()


async def test_the_same_request_at_two_servers_at_once_gets_one_set_of_leases(
    scene: Scene, lane: Lane, elsewhere: Scene
) -> None:
    project = await scene.start(90)
    async with Lane(elsewhere.db) as others:
        for _ in range(20):
            request_id = uuid4()
            at = (lane, others, lane, others)
            replies = await asyncio.gather(*(take(here, scene, project, count=2, request_id=request_id) for here in at))
            assert len(replies[0].leases) == 2
            assert all(reply == replies[0] for reply in replies)
    assert (await scene.read(project)).counts.reserved_count == 40
    await scene.check()


async def test_a_repeated_request_gets_its_lease_although_others_were_just_told_to_wait(
    scene: Scene, lane: Lane
) -> None:
    project = await scene.start(1)
    request_id = uuid4()
    first = await take(lane, scene, project, request_id=request_id)
    assert (await take(lane, scene, project, "w2")).nothing is NothingReady.WAIT
    assert await take(lane, scene, project, request_id=request_id) == first
    with pytest.raises(RequestTakenError):
        await take(lane, scene, project, "w2", request_id=request_id)


async def test_what_is_said_twice_in_a_batch_counts_once(scene: Scene, lane: Lane) -> None:
    project = await scene.start(4)
    leases = (await take(lane, scene, project, count=3)).leases
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([say(lane, scene, Outcome.DONE, leases[0], leases[1]) for _ in range(3)]))
        tasks.extend(start([say(lane, scene, Outcome.DONE, leases[0])]))
        tasks.extend(start([give_back(lane, scene, project, leases[2].name, Outcome.FAILED) for _ in range(3)]))
        tasks.extend(start([give_back(lane, scene, project, leases[2].name)]))
    *accepted, contrary = await asyncio.gather(*tasks, return_exceptions=True)
    for answer in accepted[:4]:
        assert isinstance(answer, list)
        assert all(one.is_accepted for one in answer)
    assert all(isinstance(handle, Handle) and handle.state is HandleState.INITIAL for handle in accepted[4:])
    assert isinstance(contrary, HandleNotReservedError)
    assert await scene.value("SELECT count(*) FROM dispatch.attempts WHERE project_id = $1", project.project_id) == 3
    assert await scene.value("SELECT count(*) FROM dispatch.late_reports") == 0
    await scene.check()


async def test_a_report_that_is_lost_in_part_changes_nothing_and_is_kept(scene: Scene, lane: Lane) -> None:
    project = await scene.start(6)
    leases = (await take(lane, scene, project, count=5)).leases
    await restart_handles(scene.db, scene.who, project_id=project.project_id, dids=[Did("test", leases[1].name)])
    async with held_up(scene, lane) as tasks:
        tasks.extend(
            start(
                [
                    say(lane, scene, Outcome.DONE, leases[0], leases[1], leases[2]),
                    say(lane, scene, Outcome.DONE, leases[3]),
                    say(lane, scene, Outcome.FAILED, leases[1]),
                    say(lane, scene, Outcome.DONE, leases[4]),
                ]
            )
        )
    torn, first, late, second = await asyncio.gather(*tasks)
    assert isinstance(torn, list)
    assert [answer.is_accepted for answer in torn] == [False, False, False]
    assert torn[0].why == (
        f"The report stands for all its files or for none, and these attempts were lost: {leases[1].attempt_id}."
    )
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert first[0].is_accepted
    assert second[0].is_accepted
    assert isinstance(late, list)
    assert "put the file back" in late[0].why
    kept = await scene.column("SELECT attempt_id || ' ' || reported FROM dispatch.late_reports ORDER BY reported")
    assert kept == [f"{leases[1].attempt_id} done", f"{leases[1].attempt_id} failed"]
    counts = (await scene.read(project)).counts
    assert (counts.reserved_count, counts.done_count) == (2, 2)
    await scene.check()


async def test_a_late_report_is_refused_with_the_reason_and_kept(scene: Scene, lane: Lane, clock: MovableClock) -> None:
    project = await scene.start(1)
    [lease] = (await take(lane, scene, project, lease_for=FIVE_MINUTES)).leases
    clock.advance(FIVE_MINUTES)
    assert await release_overdue(scene.db) == 1
    second = await take_one(lane, scene, project, "w2")
    for _ in range(2):
        [answer] = await say(lane, scene, Outcome.DONE, lease)
        assert (answer.is_accepted, answer.state) == (False, HandleState.RESERVED)
        assert "timed out at 2026-03-01 12:05:00 UTC. The file is with worker w2" in answer.why
    assert await scene.column("SELECT attempt_id FROM dispatch.late_reports") == [lease.attempt_id]
    with pytest.raises(WrongWorkerError):
        await give_back(lane, scene, project, lease.name)
    [answer] = await say(lane, scene, Outcome.DONE, second, worker="w2")
    assert answer.is_accepted
    await scene.check()


async def test_groups_that_overlap_at_two_servers_in_any_order_are_all_answered(
    scene: Scene, lane: Lane, elsewhere: Scene
) -> None:
    project = await scene.start(120)
    async with Lane(elsewhere.db) as others, asyncio.timeout(30):
        for _ in range(3):
            leases = (await take(lane, scene, project, count=30)).leases
            groups = [leases[number : number + 10] for number in range(0, 30, 5)]
            forth = [say(lane, scene, Outcome.DONE, *group) for group in groups]
            back = [say(others, scene, Outcome.DONE, *reversed(group)) for group in groups]
            alone = [scene.say(Outcome.DONE, *group) for group in groups]
            answers = await asyncio.gather(*forth, *back, *alone)
            assert all(answer.is_accepted for group in answers for answer in group)
    assert (await scene.read(project)).counts.done_count == 90
    await scene.check()


async def test_many_large_wishes_at_once_are_all_served(scene: Scene, lane: Lane) -> None:
    project = await scene.start(12_000)
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([take(lane, scene, project, f"w{number}", count=1000) for number in range(12)]))
    async with asyncio.timeout(60):
        replies = await asyncio.gather(*tasks)
    assert [len(reply.leases) for reply in replies if isinstance(reply, Reply)] == [1000] * 12
    reserved = await _events_of(scene, project, "dispatch.handles_reserved")
    assert max(len(facts["attempts"]) for facts in reserved) <= 2000
    await scene.check()


async def test_a_release_without_worker_ends_whatever_lease_there_is_and_an_empty_one_nobodys(
    scene: Scene, lane: Lane
) -> None:
    project = await scene.start(2)
    await take_one(lane, scene, project)
    with pytest.raises(WrongWorkerError):
        await give_back(lane, scene, project, "f0.root", worker="")
    assert (await give_back(lane, scene, project, "f0.root", worker=None)).state is HandleState.DONE
    with pytest.raises(HandleNotReservedError):
        await give_back(lane, scene, project, "f0.root", worker=None)
    await scene.check()


async def test_a_caller_that_went_away_costs_nobody_anything(scene: Scene, lane: Lane) -> None:
    project = await scene.start(3)
    async with held_up(scene, lane) as tasks:
        tasks.extend(start([take(lane, scene, project, f"w{number}") for number in range(3)]))
        await asyncio.sleep(0)
        tasks[1].cancel()
    first, gone, third = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError)
    assert [reply.leases[0].name for reply in (first, third) if isinstance(reply, Reply)] == ["f0.root", "f1.root"]
    assert (await scene.read(project)).counts.initial_count == 1
    await scene.check()


async def test_who_goes_away_while_it_is_served_gets_the_same_handle_when_it_asks_again(
    scene: Scene, lane: Lane
) -> None:
    project = await scene.start(3)
    request_id = uuid4()
    await lane._grounds.get(project.project_id)
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.projects WHERE id = $1 FOR UPDATE", project.project_id)
        task = asyncio.ensure_future(take(lane, scene, project, request_id=request_id))

        async def it_is_served() -> bool:
            return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

        await wait_until(it_is_served)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    again = await take(lane, scene, project, request_id=request_id)
    assert [lease.name for lease in again.leases] == ["f0.root"]
    assert (await scene.read(project)).counts.reserved_count == 1
    await scene.check()


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


async def _events_of(scene: Scene, project: CreatedProject, kind: str) -> list[dict[str, list[str]]]:
    return await scene.column(  # type: ignore[return-value]  # the facts of these events are so
        "SELECT facts FROM database.events WHERE kind = $1 AND subject_id = $2 ORDER BY seq",
        kind,
        str(project.project_id),
    )


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
