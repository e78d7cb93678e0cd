"""Where handles stand: by the storage elements with copies of their files, also after these have come or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from tests.integration.dispatch.scene import Scene

from sutler.base.did import Did
from sutler.database import load_statements
from sutler.dispatch import (
    HandleState,
    NewHandle,
    Outcome,
    alter_project,
    copy_project,
    locate_handles,
    relocate_handles,
    restart_handles,
)
from sutler.replicas import read_changes

F0, F1, F2 = (Did("test", f"f{number}.root") for number in range(3))


async def test_handles_stand_where_the_staged_copies_are_whatever_the_state_of_their_rse(scene: Scene) -> None:
    for did, rse in ((F0, "DISK"), (F1, "NEAR"), (F1, "DISK"), (F2, "DISK"), (F2, "NEAR")):
        await scene.add_replica(did, rse)
    await scene.add_replica(F0, "TAPE", is_staged=False)
    await scene.run("UPDATE replicas.rses SET is_available = false WHERE name = 'NEAR'")
    project = await scene.start(3, is_virtual=False)
    assert await list_places(scene, project.project_id) == [["DISK"], ["DISK", "NEAR"], ["DISK", "NEAR"]]
    assert await scene.value("SELECT count(*) FROM dispatch.pools") == 2
    await scene.check()
    copied = await copy_project(scene.db, scene.who, project_id=project.project_id)
    assert await list_places(scene, copied.id) == [["DISK"], ["DISK", "NEAR"], ["DISK", "NEAR"]]
    assert await scene.value("SELECT count(*) FROM dispatch.locations WHERE rse_ids <> '{}'") == 2
    await scene.check()


async def test_handles_of_virtual_projects_stand_at_the_empty_place(scene: Scene) -> None:
    await scene.add_replica(F0)
    project = await scene.start(2)
    assert await list_places(scene, project.project_id) == [[], []]
    await scene.check()


async def test_a_handle_without_a_usable_copy_has_no_place(scene: Scene) -> None:
    await scene.add_replica(F0)
    await scene.run("UPDATE replicas.rses SET is_enabled = false")
    project = await scene.start(2, is_virtual=False)
    assert await list_places(scene, project.project_id) == [None, None]
    await scene.run("UPDATE replicas.rses SET is_enabled = true")
    await scene.add_replica(F1, "NEAR")
    assert await locate_handles(scene.db) == 2
    assert await list_places(scene, project.project_id) == [["DISK"], ["NEAR"]]
    await scene.check()


async def test_a_handle_that_is_put_back_goes_to_where_its_copies_are_then(scene: Scene) -> None:
    await scene.add_replica(F0)
    project = await scene.start(1, is_virtual=False)
    await scene.say(Outcome.FAILED, await scene.take_one(project), may_retry=False)
    await scene.add_replica(F0, "NEAR")
    await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.FAILED])
    assert await list_places(scene, project.project_id) == [["DISK", "NEAR"]]
    await scene.check()


async def test_ready_handles_follow_copies_that_come_and_go(scene: Scene) -> None:
    await add_copies(scene, F0, F1)
    projects = [await scene.start(2, is_virtual=False) for _ in range(2)]
    virtual = await scene.start(2)
    await relocate_all(scene)
    await scene.add_replica(F0, "NEAR")
    async with scene.db.notices.follow(f"share/{projects[1].share_id}") as follower:
        assert await relocate_handles(scene.db) == 1
        assert await follower.wait(1)
    for project in projects:
        assert await list_places(scene, project.project_id) == [["DISK", "NEAR"], ["DISK"]]
    assert await list_places(scene, virtual.project_id) == [[], []]
    assert await scene.list_events("dispatch.handles_relocated") == [{"count": 1, "unlocated": 0}] * 2
    await scene.check()
    await scene.run("UPDATE replicas.replicas SET is_staged = false WHERE name = 'f0.root' AND url LIKE 'file%'")
    await scene.run("DELETE FROM replicas.replicas WHERE name = 'f1.root'")
    await relocate_all(scene)
    for project in projects:
        assert await list_places(scene, project.project_id) == [None, None]
        assert (await scene.read(project)).counts.unlocated_count == 2
    assert (await scene.read(virtual)).counts.unlocated_count == 0
    await scene.check()
    await add_copies(scene, F1)
    assert await locate_handles(scene.db) == 2
    assert (await scene.take_one(projects[0])).name == "f1.root"
    await scene.check()


async def test_nothing_is_moved_when_the_same_copies_are_there_again(scene: Scene) -> None:
    await add_copies(scene, F0)
    await scene.start(1, is_virtual=False)
    await scene.run("UPDATE replicas.replicas SET url = 'file:///elsewhere'")
    await relocate_all(scene)
    assert await scene.list_events("dispatch.handles_relocated") == []
    assert await scene.value("SELECT count(*) FROM replicas.changes") == 0
    await scene.check()


async def test_a_leased_handle_comes_back_to_where_its_copies_are_then(scene: Scene) -> None:
    await add_copies(scene, F0)
    project = await scene.start(1, is_virtual=False)
    lease = await scene.take_one(project)
    await scene.add_replica(F0, "NEAR")
    await relocate_all(scene)
    await scene.say(Outcome.FAILED, lease)
    assert await list_places(scene, project.project_id) == [["DISK", "NEAR"]]
    await scene.check()


async def test_a_pausing_handle_comes_back_to_where_its_copies_are_then(scene: Scene) -> None:
    await add_copies(scene, F0)
    project = await scene.start(1, is_virtual=False, retry_pause=timedelta(minutes=1))
    await scene.say(Outcome.FAILED, await scene.take_one(project))
    await scene.add_replica(F0, "NEAR")
    await relocate_all(scene)
    await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.INITIAL])
    assert await list_places(scene, project.project_id) == [["DISK", "NEAR"]]
    await scene.check()


async def test_a_leased_handle_whose_last_copy_is_gone_is_put_aside_when_it_is_back(scene: Scene) -> None:
    await add_copies(scene, F0)
    project = await scene.start(1, is_virtual=False)
    lease = await scene.take_one(project)
    await relocate_all(scene)
    await scene.run("DELETE FROM replicas.replicas")
    assert await relocate_handles(scene.db) == 0
    assert await list_places(scene, project.project_id) == [["DISK"]]
    await scene.say(Outcome.FAILED, lease)
    assert await relocate_handles(scene.db) == 1
    assert await list_places(scene, project.project_id) == [None]
    assert (await scene.read(project)).counts.unlocated_count == 1
    await scene.check()


async def test_a_handle_that_somebody_is_just_taking_is_moved_afterwards(scene: Scene) -> None:
    """Who takes it began after the change was read first; one who began before would be waited for."""
    await add_copies(scene, F0, F1)
    project = await scene.start(2, is_virtual=False)
    await relocate_all(scene)
    await add_copies(scene, F0, F1, rse="NEAR")
    assert len(await read_changes(scene.db, limit=10)) == 2
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.ready WHERE position = 0 FOR UPDATE")
        assert await relocate_handles(scene.db) == 1
        assert await list_places(scene, project.project_id) == [["DISK"], ["DISK", "NEAR"]]
    await relocate_all(scene)
    assert await list_places(scene, project.project_id) == [["DISK", "NEAR"], ["DISK", "NEAR"]]
    await scene.check()


async def test_a_project_that_was_made_while_a_copy_was_recorded_is_not_missed(scene: Scene) -> None:
    """Its maker looked before the copy was there, and was not to be seen yet when the change was read."""
    await add_copies(scene, F0)
    looked, go_on = asyncio.Event(), asyncio.Event()

    async def make_slowly() -> None:
        async with scene.db.connection() as connection, connection.transaction():
            await connection.execute("UPDATE dispatch.projects SET active_at = active_at")
            looked.set()
            await go_on.wait()

    await scene.start(1, is_virtual=False)
    await relocate_all(scene)
    maker = asyncio.create_task(make_slowly())
    await looked.wait()
    await scene.add_replica(F0, "NEAR")
    assert await relocate_handles(scene.db) == 0
    assert await scene.value("SELECT count(*) FROM replicas.changes") == 1
    go_on.set()
    await maker
    assert await relocate_handles(scene.db) == 1
    await scene.check()


async def test_a_project_that_was_begun_while_a_copy_was_not_yet_recorded_for_good_is_not_missed(scene: Scene) -> None:
    """Its maker began last and has not ended, so its transaction is behind all that have."""
    rse_id = await add_rse(scene)
    async with scene.db.connection() as recorder, scene.db.connection() as maker:
        recording, making = recorder.transaction(), maker.transaction()
        await recording.start()
        await recorder.execute(
            """INSERT INTO replicas.replicas (namespace, name, rse_id, experiment_id, url, created_at)
               VALUES ('test', 'f0.root', $1, $2, 'file:///f0', now())""",
            rse_id,
            scene.experiment_id,
        )
        await making.start()
        await maker.execute("UPDATE auth.users SET username = username")
        await recording.commit()
        assert await read_changes(scene.db, limit=10) == []
        await making.commit()
    assert len(await read_changes(scene.db, limit=10)) == 1


async def test_work_is_bounded_and_what_cannot_be_moved_does_not_keep_the_rest_waiting(scene: Scene) -> None:
    await add_copies(scene, F0)
    project = await scene.start(1, is_virtual=False)
    await scene.take_one(project)
    await relocate_all(scene)
    await scene.run("DELETE FROM replicas.replicas")
    await add_copies(scene, F1, F2)
    assert [await relocate_handles(scene.db, limit=1) for _ in range(5)] == [0, 1, 1, 0, 0]


async def test_files_that_leave_and_join_are_placed(scene: Scene) -> None:
    await add_copies(scene, F0, F1)
    await scene.add_replica(F2, "NEAR")
    project = await scene.start(2, is_virtual=False)
    await alter_project(
        scene.db, scene.who, project_id=project.project_id, add=[NewHandle("test", "f2.root")], remove=[F0]
    )
    assert await list_places(scene, project.project_id) == [["DISK"], ["NEAR"]]
    await scene.check()


async def test_named_handles_are_locked_and_removed_without_reading_all_that_are_ready(scene: Scene) -> None:
    project = await scene.start(20_000)
    statements = load_statements("sutler.dispatch.store", "handles.sql")
    given: dict[str, dict[str, object]] = {
        "lock_ready": {"project_id": project.project_id, "is_all": False, "namespaces": ["test"], "names": ["f7.root"]},
        "remove_handles": {"project_id": project.project_id, "positions": [7]},
    }
    run_index = {"lock_ready": "handles_did_key", "remove_handles": "handles_pkey"}
    for name, arguments in given.items():
        statement = getattr(statements, name)
        async with scene.db.connection() as connection, connection.transaction():
            (plan,) = await connection.fetchval(
                "EXPLAIN (ANALYZE, FORMAT JSON) " + statement.text, *statement.arguments(arguments)
            )
            reads = [
                (node["Relation Name"], node.get("Index Name"), node["Actual Rows"] * node["Actual Loops"])
                for node in walk(plan["Plan"])
                if node.get("Relation Name") in {"ready", "handles"} and "Scan" in node["Node Type"]
            ]
            run = {read for read in reads if read[2]}
            assert run == {("ready", "ready_pkey", 1), ("handles", run_index[name], 1)}, name


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan and everything below it."""
    yield node
    for part in node.get("Plans", ()):
        yield from walk(part)


async def add_copies(scene: Scene, *dids: Did, rse: str = "DISK") -> None:
    """Record copies on one RSE."""
    for did in dids:
        await scene.add_replica(did, rse)


async def add_rse(scene: Scene, name: str = "DISK") -> object:
    """Make an RSE and return its number."""
    return await scene.value(
        "INSERT INTO replicas.rses (experiment_id, name, created_at) VALUES ($1, $2, now()) RETURNING id",
        scene.experiment_id,
        name,
    )


async def relocate_all(scene: Scene) -> None:
    """Move handles until nothing is left to be done."""
    while await relocate_handles(scene.db):
        pass


async def list_places(scene: Scene, project_id: int) -> Sequence[object]:
    """Return the names of the RSEs where each handle stands, None for one that is put aside."""
    return await scene.column(
        """SELECT CASE WHEN location.id IS NOT NULL THEN
               ARRAY(SELECT rse.name FROM replicas.rses AS rse WHERE rse.id = ANY(location.rse_ids) ORDER BY rse.name)
           END
           FROM dispatch.handles AS handle LEFT JOIN dispatch.locations AS location ON location.id = handle.location_id
           WHERE handle.project_id = $1 ORDER BY handle.position""",
        project_id,
    )
