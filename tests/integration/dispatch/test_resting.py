"""Pauses after failures, files whose workers were silent, and reading all handles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.integration.dispatch.scene import Scene, make_member

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.dispatch import (
    HandleState,
    NewHandle,
    NothingReady,
    Outcome,
    PlacedHandle,
    ProjectState,
    alter_project,
    get_handle,
    list_handles,
    release_overdue,
    restart_handles,
    stream_handles,
    wake_handles,
)

PAUSE = timedelta(minutes=5)


async def test_a_failed_file_pauses_and_is_then_given_out_again(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1, retry_pause=PAUSE)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="bad")
    shown = await scene.read(project)
    assert (shown.initial_count, shown.resting_count) == (1, 1)
    reply = await scene.take(project)
    assert (reply.nothing, reply.why) == (
        NothingReady.WAIT,
        "1 file pauses after a failure: the only one until 12:05 UTC.",
    )
    assert await wake_handles(scene.db) == 0
    clock.advance(PAUSE)
    assert await wake_handles(scene.db) == 1
    assert await scene.list_events("dispatch.handles_rested") == [{"count": 1}]
    await scene.check()
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="bad")
    clock.advance(PAUSE)
    assert await wake_handles(scene.db) == 0
    clock.advance(PAUSE)
    assert await wake_handles(scene.db) == 1
    await scene.say(Outcome.DONE, await scene.take_one(project))
    assert (await scene.read(project)).state is ProjectState.DONE


async def test_pauses_of_several_projects_end_in_bounded_steps(scene: Scene, clock: MovableClock) -> None:
    projects = [await scene.start(3, retry_pause=PAUSE) for _ in range(2)]
    for project in projects:
        await scene.say(Outcome.FAILED, *(await scene.take(project, count=3)).leases, reason="bad")
    clock.advance(PAUSE)
    assert [await wake_handles(scene.db, limit=4) for _ in range(3)] == [4, 2, 0]
    await scene.check()
    assert len((await scene.take(projects[1], count=9, share_id=projects[1].share_id)).leases) == 3


async def test_putting_a_file_back_ends_its_pause(scene: Scene) -> None:
    project = await scene.start(3, retry_pause=PAUSE)
    await scene.say(Outcome.FAILED, *(await scene.take(project, count=3)).leases, reason="bad")
    project_id = project.project_id
    assert await restart_handles(scene.db, scene.who, project_id=project_id, dids=[Did("test", "f1.root")]) == 1
    assert (await scene.take_one(project)).name == "f1.root"
    assert await restart_handles(scene.db, scene.who, project_id=project_id, states=[HandleState.INITIAL]) == 2
    assert (await scene.read(project)).resting_count == 0
    await scene.check()


async def test_a_pausing_file_can_be_removed(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2, retry_pause=PAUSE)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="bad")
    await alter_project(scene.db, scene.who, project_id=project.project_id, remove=[Did("test", "f0.root")])
    clock.advance(PAUSE)
    assert await wake_handles(scene.db) == 0
    assert (await scene.read(project)).resting_count == 0
    await scene.check()


@pytest.mark.parametrize(
    ("attributes", "expected"), [({}, 1), ({"timeouts": 4}, 5), ({"timeouts": "many"}, 1), ({"x": 1}, 1)]
)
async def test_time_outs_are_counted_on_the_file(
    scene: Scene, clock: MovableClock, attributes: Mapping[str, object], expected: int
) -> None:
    project = await scene.start([NewHandle("test", "a", attributes=attributes)], worker_timeout=PAUSE)
    await scene.take_one(project)
    clock.advance(PAUSE)
    assert await release_overdue(scene.db) == 1
    handle = (await get_handle(scene.db, scene.who, project_id=project.project_id, position=0)).handle
    assert handle.attributes == {**attributes, "timeouts": expected}
    assert handle.state is HandleState.INITIAL


async def test_a_project_may_say_that_a_time_out_is_final(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1, worker_timeout=PAUSE, retry_on_timeout=False, retry_pause=PAUSE)
    await scene.take_one(project)
    clock.advance(PAUSE)
    assert await release_overdue(scene.db) == 1
    assert (await scene.read(project)).state is ProjectState.FAILED
    await scene.check()


async def test_handles_are_listed_by_states_namespace_and_part_of_the_name(scene: Scene) -> None:
    files = [NewHandle(namespace, name) for namespace in ("a", "b") for name in ("x1", "x2%", "y_1")]
    project = await scene.start(files)
    first, second = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.FAILED, first, reason="bad", may_retry=False)

    async def find(**filters: object) -> list[str]:
        page = await list_handles(
            scene.db,
            scene.who,
            project_id=project.project_id,
            **filters,  # type: ignore[arg-type]  # each filter comes with its own type
        )
        return [str(handle.did) for handle in page.items]

    assert await find(states=[HandleState.FAILED, HandleState.RESERVED]) == ["a:x1", "a:x2%"]
    assert await find(states=[HandleState.FAILED, HandleState.INITIAL], namespace="a") == ["a:x1", "a:y_1"]
    assert await find(state=HandleState.RESERVED) == [f"a:{second.name}"]
    assert await find(name="x") == ["a:x1", "a:x2%", "b:x1", "b:x2%"]
    assert await find(name="%") == ["a:x2%", "b:x2%"]
    assert await find(name="_", namespace="b") == ["b:y_1"]


async def test_all_handles_come_in_parts_with_their_replicas(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.streaming.HANDLES_IN_PART", 2)
    await scene.add_replica(Did("test", "f1.root"))
    await scene.add_replica(Did("test", "f1.root"), "TAPE", is_staged=False)
    project = await scene.start(5, is_virtual=False)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="broken")
    parts = [part async for part in stream_handles(scene.db, scene.who, project_id=project.project_id)]
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [placed.handle.position for part in parts for placed in part] == [0, 1, 2, 3, 4]
    assert parts[0][1].handle.reason == "broken"
    assert all(placed.replicas == () for part in parts for placed in part)
    placed: list[PlacedHandle] = [
        placed
        async for part in stream_handles(scene.db, scene.who, project_id=project.project_id, with_replicas=True)
        for placed in part
    ]
    assert [(replica.rse, replica.is_usable, replica.is_staged) for replica in placed[1].replicas] == [
        ("DISK", True, True),
        ("TAPE", False, False),
    ]
    assert placed[0].replicas == ()
    stranger = make_member(9, "eve", scene.experiment_id + 1, Role.SUPERUSER)
    with pytest.raises(NotPermittedError):
        await anext(stream_handles(scene.db, stranger, project_id=project.project_id))
