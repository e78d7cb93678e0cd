"""Moving more handles than one statement can: in parts, and without keeping workers of the project waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.integration.dispatch.scene import Scene
from tests.integration.dispatch.test_shares import claim, count, list_positions, own
from tests.integration.dispatch.test_shares_moving import finish, move

from sutler.base.did import Did
from sutler.catalog import create_ledger_in
from sutler.dispatch import (
    HandleState,
    Outcome,
    ProjectState,
    cancel_project,
    list_done_files_in,
    restart_handles,
    store,
)
from sutler.dispatch.errors import ProjectFinalError
from sutler.dispatch.operations import in_parts


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three handles."""
    monkeypatch.setattr(in_parts, "HANDLES_AT_ONCE", 3)


def do_before_counting(monkeypatch: pytest.MonkeyPatch, what: Callable[[], Awaitable[object]]) -> None:
    """Do something else when all handles have moved, before the project is locked for the counts."""
    wake = store.wake_project

    async def wake_later(*given: object, **named: object) -> ProjectState:
        await what()
        return await wake(*given, **named)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(store, "wake_project", wake_later)


@pytest.mark.usefixtures("_small_parts")
async def test_handles_of_several_parts_are_claimed_and_counted_once(scene: Scene) -> None:
    project = await scene.start(8)
    first = await claim(scene, project, 7)
    assert await list_positions(scene, first) == list(range(7))
    left = await count(scene, project.share_id)
    assert (left.total_count, left.initial_count) == (8, 8)
    assert (await count(scene, first.share_id)).total_count == 7
    counts = await scene.column(
        "SELECT (facts ->> 'count')::integer FROM database.events WHERE kind = 'dispatch.share_started'"
    )
    assert counts == [7]
    await scene.check()


@pytest.mark.usefixtures("_small_parts")
async def test_handles_of_several_parts_go_on_whatever_their_state(scene: Scene) -> None:
    project = await own(scene, 14)
    leases = (await scene.take(project, count=12)).leases
    await scene.say(Outcome.DONE, *leases[:4])
    await scene.say(Outcome.FAILED, *leases[4:8], may_retry=False)
    share = await move(scene, project, project.share_id, states=list(HandleState))
    assert await list_positions(scene, share) == list(range(14))
    assert (await count(scene, share.share_id)).initial_count == 14
    old = await count(scene, project.share_id)
    assert (old.done_count, old.failed_count, old.reserved_count, old.initial_count) == (4, 4, 0, 6)
    await scene.check()
    chosen = await move(scene, project, share.share_id, positions=[13, 1, 1, *range(3, 9), 99])
    assert await list_positions(scene, chosen) == [1, *range(3, 9), 13]
    await scene.check()
    assert await finish(scene, share.share_id) == 6
    assert await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.DONE]) == 6
    await scene.check()


async def test_a_project_is_free_for_workers_until_all_handles_are_in_the_new_share(
    scene: Scene, elsewhere: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await scene.start(6, is_virtual=False)
    looked: list[object] = []

    async def look() -> None:
        async with elsewhere.db.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            looked.append(
                await connection.fetchval(
                    "SELECT id FROM dispatch.projects WHERE id = $1 FOR NO KEY UPDATE NOWAIT", project.project_id
                )
            )
            await connection.execute(
                "SELECT FROM dispatch.shares WHERE project_id = $1 FOR NO KEY UPDATE NOWAIT", project.project_id
            )
            await transaction.rollback()

    do_before_counting(monkeypatch, look)
    share = await claim(scene, project, 4)
    await finish(scene, share.share_id)
    # What is put back has a place of its own that nobody knew before.
    await scene.add_replica(Did("test", "f0.root"), "ELSEWHERE")
    await move(scene, project, share.share_id, project.share_id, states=[HandleState.DONE, HandleState.INITIAL])
    assert looked == [project.project_id] * 2
    await scene.check()


async def test_a_claim_of_a_project_that_is_cancelled_meanwhile_is_refused_as_a_whole(
    scene: Scene, elsewhere: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await scene.start(3)
    do_before_counting(monkeypatch, lambda: cancel_project(elsewhere.db, elsewhere.who, project_id=project.project_id))
    with pytest.raises(ProjectFinalError, match="was cancelled"):
        await claim(scene, project, 2)
    assert await scene.value("SELECT count(*) FROM dispatch.shares") == 1
    await scene.check()


@pytest.mark.parametrize("ends", ["move", "finish"])
async def test_a_file_that_a_worker_is_just_reporting_is_not_waited_for(scene: Scene, ends: str) -> None:
    project = await own(scene, 3)
    await scene.take(project, count=3)
    async with scene.db.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        for table in ("leases", "handles"):
            await connection.execute(
                f"SELECT FROM dispatch.{table} WHERE project_id = $1 AND position = 1 FOR UPDATE", project.project_id
            )
        async with asyncio.timeout(20):
            if ends == "move":
                share = await move(scene, project, project.share_id, states=[HandleState.RESERVED])
                assert await list_positions(scene, share) == [0, 2]
            else:
                assert await finish(scene, project.share_id) == 2
        await transaction.rollback()
    assert await scene.column("SELECT position FROM dispatch.leases") == [1]
    await scene.check()


async def test_a_handle_that_is_in_no_chosen_state_any_more_is_not_waited_for(scene: Scene) -> None:
    project = await own(scene, 3)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    await scene.take_one(project)
    async with scene.db.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        # A worker holds it and wants the project next.
        await connection.execute(
            "SELECT FROM dispatch.handles WHERE project_id = $1 AND position = 1 FOR UPDATE", project.project_id
        )
        async with asyncio.timeout(20):
            share = await move(
                scene, project, project.share_id, positions=[0, 1, 2], states=[HandleState.DONE, HandleState.INITIAL]
            )
        await transaction.rollback()
    assert await list_positions(scene, share) == [0, 2]
    await scene.check()


async def test_a_handle_that_somebody_puts_back_meanwhile_is_left(scene: Scene) -> None:
    project = await own(scene, 2)
    await scene.say(Outcome.DONE, *(await scene.take(project, count=2)).leases)
    listed = store.list_handles_of_shares

    async def put_back_first(*given: object, **named: object) -> object:
        found = await listed(*given, **named)  # type: ignore[arg-type]  # passed on as they came
        await restart_handles(scene.db, scene.who, project_id=project.project_id, dids=[Did("test", "f0.root")])
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "list_handles_of_shares", put_back_first)
        share = await move(scene, project, project.share_id, states=[HandleState.DONE])
    assert await list_positions(scene, share) == [1]
    await scene.check()


async def test_done_files_are_taken_in_turn_and_from_the_beginning_at_the_end(scene: Scene) -> None:
    project = await scene.start(8)
    leases = (await scene.take(project, count=8)).leases
    async with scene.db.write() as tx:
        ledger_id = await create_ledger_in(tx, experiment_id=scene.experiment_id)

    async def give_out(after: int, limit: int | None = 2) -> list[int]:
        async with scene.db.read() as tx:
            found = await list_done_files_in(
                tx, project_id=project.project_id, limit=limit, ledger_id=ledger_id, after=after
            )
        for handle in found:
            await scene.run(
                "INSERT INTO catalog.ledger_entries (ledger_id, file_key) VALUES ($1, $2)", ledger_id, str(handle.did)
            )
        return [handle.position for handle in found]

    await scene.say(Outcome.DONE, *leases[2:5])
    assert await give_out(-1) == [2, 3]
    await scene.say(Outcome.DONE, leases[0], leases[6])
    assert await give_out(3) == [4, 6]
    assert await give_out(6) == [0]
    assert await give_out(0) == []
    await scene.say(Outcome.DONE, leases[1], leases[5], leases[7])
    assert await give_out(6, None) == [1, 5, 7]
