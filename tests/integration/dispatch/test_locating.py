"""Unlocated handles become ready: at once where a copy turned up, and by a walk along all of them otherwise."""

from __future__ import annotations

import pytest
from tests.integration.dispatch.scene import Scene

from sutler.base.did import Did
from sutler.dispatch import (
    CreatedProject,
    UnlocatedWalk,
    activate_project,
    cancel_project,
    locate_handles,
    relocate_handles,
)
from sutler.loops import Surroundings, location
from sutler.replicas import read_changes

F0, F1, F2 = (Did("test", f"f{number}.root") for number in range(3))


async def test_a_file_that_turns_up_makes_the_handles_of_every_project_ready_without_a_walk(scene: Scene) -> None:
    projects = [await scene.start(3, is_virtual=False) for _ in range(2)]
    await scene.add_replica(F1)
    async with scene.db.notices.follow(f"share/{projects[1].share_id}") as follower:
        assert await relocate_handles(scene.db) == 1
        assert await follower.wait(1)
    for project in projects:
        assert await count_unlocated(scene, project) == 2
        assert (await scene.take_one(project)).name == "f1.root"
    assert await scene.list_events("dispatch.handles_located") == [{"count": 1}] * 2
    assert await scene.value("SELECT count(*) FROM replicas.changes") == 0
    await scene.check()


async def test_a_copy_that_is_staged_makes_its_handle_ready(scene: Scene) -> None:
    await scene.add_replica(F0, "TAPE", is_staged=False)
    project = await scene.start(1, is_virtual=False)
    assert await relocate_handles(scene.db) == 0
    await scene.run("UPDATE replicas.replicas SET is_staged = true")
    assert await relocate_handles(scene.db) == 1
    assert await count_unlocated(scene, project) == 0
    await scene.check()


async def test_a_file_that_turns_up_on_a_storage_element_that_is_down_stays_put_aside(scene: Scene) -> None:
    project = await scene.start(1, is_virtual=False)
    await scene.add_replica(F0)
    await scene.run("UPDATE replicas.rses SET is_available = false")
    assert await relocate_handles(scene.db) == 1
    assert await count_unlocated(scene, project) == 1
    assert await scene.list_events("dispatch.handles_located") == []
    await scene.check()


async def test_a_copy_elsewhere_in_another_experiment_makes_nothing_ready(scene: Scene) -> None:
    project = await scene.start(1, is_virtual=False)
    other_id = await scene.value("INSERT INTO auth.experiments (name, created_at) VALUES ('other', now()) RETURNING id")
    await scene.add_replica(F1)
    await scene.run(
        """INSERT INTO replicas.replicas (namespace, name, rse_id, experiment_id, url, created_at)
           SELECT 'test', 'f0.root', id, $1, 'file:///f0', now() FROM replicas.rses""",
        other_id,
    )
    assert await relocate_handles(scene.db) == 2
    assert await locate_handles(scene.db) == 0
    assert await count_unlocated(scene, project) == 1


async def test_an_unlocated_handle_that_somebody_holds_is_looked_at_again(scene: Scene) -> None:
    project = await scene.start(2, is_virtual=False)
    await scene.add_replica(F0)
    await scene.add_replica(F1)
    assert len(await read_changes(scene.db, limit=10)) == 2
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.unlocated WHERE position = 0 FOR UPDATE")
        assert await relocate_handles(scene.db) == 1
        assert await count_unlocated(scene, project) == 1
    assert await relocate_handles(scene.db) == 1
    assert await count_unlocated(scene, project) == 0
    await scene.check()


async def test_what_turned_up_while_its_project_was_cancelled_is_ready_when_it_is_active_again(scene: Scene) -> None:
    project = await scene.start(1, is_virtual=False)
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    await scene.add_replica(F0)
    await relocate_handles(scene.db)
    await activate_project(scene.db, scene.who, project_id=project.project_id)
    assert (await scene.take_one(project)).name == "f0.root"
    await scene.check()


async def test_a_walk_looks_at_a_part_at_a_time_and_comes_round(scene: Scene) -> None:
    first, second = [await scene.start(3, is_virtual=False) for _ in range(2)]
    walk = UnlocatedWalk()
    places = []
    for _ in range(4):
        assert await locate_handles(scene.db, limit=2, walk=walk) == 0
        places.append(walk.after)
    beginning = UnlocatedWalk().after
    assert places == [(first.project_id, 1), (second.project_id, 0), (second.project_id, 2), beginning]
    await scene.add_replica(F0)
    assert [await locate_handles(scene.db, limit=2, walk=walk) for _ in range(4)] == [1, 1, 0, 0]
    assert walk.after == beginning
    await scene.check()


async def test_a_walk_hurries_until_all_have_been_passed_since_a_storage_element_was_up_again(scene: Scene) -> None:
    await scene.add_replica(F0)
    await scene.run("UPDATE replicas.rses SET is_available = false")
    project = await scene.start(3, is_virtual=False)
    walk = UnlocatedWalk()
    assert await locate_handles(scene.db, limit=2, walk=walk) == 0
    assert not walk.is_hurried
    await scene.run("UPDATE replicas.rses SET is_available = true")
    hurried = []
    for _ in range(3):
        await locate_handles(scene.db, limit=2, walk=walk)
        hurried.append(walk.is_hurried)
    assert hurried == [True, True, False]
    assert await count_unlocated(scene, project) == 2
    assert await scene.list_events("dispatch.handles_located") == [{"count": 1}]
    await locate_handles(scene.db, limit=2, walk=walk)
    assert not walk.is_hurried


async def test_a_storage_element_that_goes_up_and_down_all_the_time_does_not_hold_a_walk_up(scene: Scene) -> None:
    await scene.add_replica(F2)
    await scene.run("UPDATE replicas.rses SET is_available = false")
    project = await scene.start(3, is_virtual=False)
    walk = UnlocatedWalk()
    for _ in range(3):
        for is_available in (False, True):
            await scene.run("UPDATE replicas.rses SET is_available = $1", is_available)
            await locate_handles(scene.db, limit=2, walk=walk)
    assert await count_unlocated(scene, project) == 2


async def test_a_walk_goes_on_behind_a_project_that_cannot_be_dealt_with(scene: Scene) -> None:
    """The broken one is counted wrongly, so that its handle cannot leave those put aside."""
    broken, sound = [await scene.start(1, is_virtual=False) for _ in range(2)]
    await scene.run("UPDATE dispatch.projects SET unlocated_count = 0 WHERE id = $1", broken.project_id)
    await scene.add_replica(F0)
    walk = UnlocatedWalk()
    failures = 0
    for _ in range(2):
        try:
            await locate_handles(scene.db, limit=1, walk=walk)
        except Exception:  # noqa: BLE001 - whatever the database says of a count below zero
            failures += 1
    assert failures == 1
    assert await count_unlocated(scene, sound) == 0


async def test_the_loop_keeps_its_place_and_comes_again_at_once_while_it_hurries(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "BATCH", 2)
    await scene.add_replica(F2)
    await scene.run("UPDATE replicas.rses SET is_available = false")
    project = await scene.start(3, is_virtual=False)
    around = Surroundings(scene.db, launcher=None)  # type: ignore[arg-type]  # this loop launches nothing
    await location.step(around)
    assert await location.step(around) == 0
    await scene.run("UPDATE replicas.rses SET is_available = true")
    assert [await location.step(around) for _ in range(3)] == [1, 1, 0]
    assert await count_unlocated(scene, project) == 2
    await scene.check()


async def count_unlocated(scene: Scene, project: CreatedProject) -> int:
    """Return how many handles of a project are put aside."""
    return (await scene.read(project)).counts.unlocated_count
