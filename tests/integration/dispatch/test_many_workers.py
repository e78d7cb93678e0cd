"""Many workers at once: nothing is handed out twice, nothing is lost, and the end comes once."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.integration.dispatch.scene import Scene

from sutler.dispatch import CreatedProject, HandleState, NothingReady, Outcome, ProjectState, restart_handles


@pytest.mark.parametrize("count", [1, 4])
async def test_twelve_workers_hand_out_every_handle_exactly_once(scene: Scene, count: int) -> None:
    project = await scene.start(300)
    seen: list[str] = []
    await asyncio.gather(*(_work(scene, project, f"w{number}", seen, count) for number in range(12)))
    assert len(seen) == len(set(seen)) == 300
    now = await scene.read(project)
    assert (now.state, now.counts.done_count) == (ProjectState.DONE, 300)
    assert await scene.list_events("dispatch.project_ended") == [{"state": "done"}]
    assert await scene.list_events("dispatch.share_finished") == [{"project": project.project_id}]
    assert await scene.value("SELECT count(*) FROM dispatch.attempts") == 300
    await scene.check()


async def test_failures_among_many_workers_are_tried_again_exactly_as_often_as_allowed(scene: Scene) -> None:
    project = await scene.start(60, max_attempts=3)
    seen: list[str] = []
    workers = (_work(scene, project, f"w{number}", seen, 2, outcome=Outcome.FAILED) for number in range(12))
    await asyncio.gather(*workers)
    assert len(seen) == 180
    assert all(seen.count(name) == 3 for name in seen)
    now = await scene.read(project)
    assert (now.state, now.counts.failed_count) == (ProjectState.FAILED, 60)
    assert await scene.list_events("dispatch.project_ended") == [{"state": "failed"}]
    await scene.check()


async def test_one_request_sent_many_times_at_once_gets_one_set_of_leases(scene: Scene) -> None:
    project = await scene.start(50)
    request_id = uuid4()
    replies = await asyncio.gather(*(scene.take(project, count=3, request_id=request_id) for _ in range(10)))
    assert all(reply == replies[0] for reply in replies)
    assert (await scene.read(project)).counts.reserved_count == 3
    await scene.check()


async def test_one_report_sent_many_times_at_once_counts_once(scene: Scene) -> None:
    project = await scene.start(3)
    leases = (await scene.take(project, count=2)).leases
    replies = await asyncio.gather(*(scene.say(Outcome.DONE, *leases) for _ in range(10)))
    assert all(answer.is_accepted for answers in replies for answer in answers)
    assert (await scene.read(project)).counts.done_count == 2
    assert await scene.value("SELECT count(*) FROM dispatch.attempts") == 2
    await scene.check()


async def test_groups_that_overlap_in_any_order_do_not_block_each_other(scene: Scene) -> None:
    project = await scene.start(30)
    leases = (await scene.take(project, count=30)).leases
    groups = [leases[start : start + 10] for start in range(0, 30, 5)]
    forth = [scene.say(Outcome.DONE, *group) for group in groups]
    back = [scene.say(Outcome.DONE, *reversed(group)) for group in groups]
    answers = await asyncio.gather(*forth, *back)
    assert all(answer.is_accepted for group in answers for answer in group)
    assert (await scene.read(project)).state is ProjectState.DONE
    await scene.check()


async def test_restarts_beside_workers_leave_everything_in_order(scene: Scene) -> None:
    project = await scene.start(40)
    seen: list[str] = []
    states = [HandleState.DONE, HandleState.RESERVED]
    restarts = (restart_handles(scene.db, scene.who, project_id=project.project_id, states=states) for _ in range(3))
    await asyncio.gather(*(_work(scene, project, f"w{number}", seen, 2) for number in range(8)), *restarts)
    await scene.check()
    await _work(scene, project, "last", seen, 5)
    assert (await scene.read(project)).state is ProjectState.DONE
    assert set(seen) == {f"f{number}.root" for number in range(40)}
    await scene.check()


async def _work(
    scene: Scene,
    project: CreatedProject,
    worker: str,
    seen: list[str],
    count: int,
    *,
    outcome: Outcome = Outcome.DONE,
) -> None:
    """Take and report until the project is over, and note the file of every lease."""
    while True:
        reply = await scene.take(project, worker, count=count)
        if reply.nothing is NothingReady.OVER:
            return
        seen += [lease.name for lease in reply.leases]
        if reply.leases:
            await scene.say(outcome, *reply.leases, worker=worker, reason="no")
