"""Calls of many workers that are served together: each gets what it would have got alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.dispatch.lane_calls import give_back, held_up, say, start, take, take_one
from tests.integration.dispatch.scene import Scene, make_member
from tests.waiting import wait_until

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.database import DatabaseBusyError
from sutler.dispatch import (
    AttemptNotFoundError,
    CreatedProject,
    Handle,
    HandleNotFoundError,
    HandleNotReservedError,
    HandleState,
    InvalidReportError,
    InvalidWishError,
    Lane,
    NothingReady,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    Reply,
    RequestTakenError,
    ShareNotFoundError,
    WrongWorkerError,
    release_overdue,
    restart_handles,
)

MANY = 40
FIVE_MINUTES = timedelta(minutes=5)


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


async def _events_of(scene: Scene, project: CreatedProject, kind: str) -> list[dict[str, list[str]]]:
    return await scene.column(  # type: ignore[return-value]  # the facts of these events are so
        "SELECT facts FROM database.events WHERE kind = $1 AND subject_id = $2 ORDER BY seq",
        kind,
        str(project.project_id),
    )
