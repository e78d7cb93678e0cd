"""Shares whose work is over, and projects of which a share has only the first files."""

from __future__ import annotations

import pytest
from tests.integration.dispatch.lane_calls import take
from tests.integration.dispatch.scene import Scene, make_handles
from tests.integration.dispatch.test_shares import claim, close, count, list_positions, own
from tests.integration.dispatch.test_shares_moving import finish, move
from tests.waiting import wait_until

from sutler.auth import Role
from sutler.dispatch import (
    CreatedProject,
    HandleState,
    Lane,
    NewHandle,
    NewProject,
    NothingReady,
    Outcome,
    ShareNotFoundError,
    alter_project,
    create_project_in,
    get_share_open_count_in,
    locate_handles,
    renew,
    reopen_share_in,
)
from sutler.dispatch.errors import InvalidChoiceError


async def reopen(scene: Scene, share_id: int) -> None:
    async with scene.db.write() as tx:
        await reopen_share_in(tx, share_id=share_id)


async def count_open(scene: Scene, share_id: int) -> int:
    async with scene.db.read() as tx:
        return await get_share_open_count_in(tx, share_id=share_id)


async def own_first(scene: Scene, limit: int | None, files: int, *, is_virtual: bool = True) -> CreatedProject:
    """Start a project whose open share has only the first files."""
    new = NewProject(experiment_id=scene.experiment_id, handles=make_handles(files), is_virtual=is_virtual)
    async with scene.db.write() as tx:
        return await create_project_in(
            tx,
            project=new,
            owner_id=scene.who.user_id,
            owner_role=Role.PRODUCTION,
            actor=scene.who,
            share_limit=limit,
        )


async def test_workers_of_a_share_that_was_closed_are_told_that_it_is_over(scene: Scene) -> None:
    project = await own(scene, 4)
    lease = await scene.take_one(project, share_id=project.share_id)
    await close(scene, project.share_id)
    reply = await scene.take(project, "late", share_id=project.share_id)
    assert (reply.leases, reply.nothing) == ((), NothingReady.OVER)
    assert reply.why == (
        "The work on this share is over: its workers get nothing more. "
        "1 file is still reserved and can be reported. 3 files are left for others to claim."
    )
    # What a worker has it may finish, and others get the rest.
    [renewal] = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[lease.attempt_id])
    assert renewal.why == ""
    [answer] = await scene.say(Outcome.DONE, lease)
    assert answer.is_accepted
    assert (await scene.take_one(project)).position == 1
    taken = await claim(scene, project, 1)
    assert (await scene.take_one(project, share_id=taken.share_id)).position == 2
    reply = await scene.take(project, "late", share_id=project.share_id)
    assert reply.why.endswith("1 file is left for others to claim. 1 file was taken over by another share.")
    await scene.check()


async def test_the_lane_stops_and_goes_on_with_a_share(scene: Scene, lane: Lane) -> None:
    project = await own(scene, 3)
    assert len((await take(lane, scene, project, share_id=project.share_id)).leases) == 1
    await close(scene, project.share_id)
    for _ in range(2):
        reply = await take(lane, scene, project, share_id=project.share_id)
        assert (reply.leases, reply.nothing) == ((), NothingReady.OVER)
    await reopen(scene, project.share_id)

    async def is_served() -> bool:
        return bool((await take(lane, scene, project, share_id=project.share_id)).leases)

    await wait_until(is_served)
    await scene.check()


async def test_the_share_of_a_project_that_nobody_owns_goes_on_serving_workers_that_name_it(
    scene: Scene, lane: Lane
) -> None:
    project = await scene.start(2)
    assert (await scene.take_one(project, share_id=project.share_id)).position == 0
    assert len((await take(lane, scene, project, share_id=project.share_id)).leases) == 1


async def test_a_share_that_ended_well_says_so_although_it_was_closed(scene: Scene) -> None:
    project = await own(scene, 1)
    await scene.say(Outcome.DONE, await scene.take_one(project, share_id=project.share_id))
    await close(scene, project.share_id)
    reply = await scene.take(project, share_id=project.share_id)
    assert (reply.nothing, reply.why) == (NothingReady.OVER, "The only file is done.")


async def test_closing_and_reopening_wake_those_who_wait_for_a_file(scene: Scene) -> None:
    project = await own(scene, 2)
    for change in (close, reopen):
        async with scene.db.notices.follow(f"ready/{project.project_id}") as woken:
            await change(scene, project.share_id)
            assert await woken.wait(10)


async def test_what_is_open_in_a_share_leaves_out_what_went_on(scene: Scene) -> None:
    project = await own(scene, 4)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    await scene.take_one(project)
    assert await count_open(scene, project.share_id) == 3
    share = await move(scene, project, project.share_id, states=[HandleState.INITIAL])
    assert (await count(scene, project.share_id)).initial_count == 2
    assert await count_open(scene, project.share_id) == 1
    assert await count_open(scene, share.share_id) == 2
    await finish(scene, project.share_id)
    assert await count_open(scene, project.share_id) == 0
    with pytest.raises(ShareNotFoundError):
        await count_open(scene, 10**9)


async def test_a_project_begins_with_a_share_of_its_first_files(scene: Scene) -> None:
    project = await own_first(scene, 2, 5)
    assert project.handle_count == 5
    assert (await count(scene, project.share_id)).total_count == 2
    await scene.check()
    reply = await scene.take(project, share_id=project.share_id, count=9)
    assert [lease.position for lease in reply.leases] == [0, 1]
    share = await claim(scene, project, 2)
    assert await list_positions(scene, share) == [2, 3]
    assert await scene.value("SELECT count(*) FROM dispatch.share_outcomes") == 0
    assert [lease.position for lease in (await scene.take(project, count=9)).leases] == [2, 3, 4]
    await scene.check()


async def test_files_that_are_added_are_not_put_into_a_share_that_has_only_the_first(scene: Scene) -> None:
    project = await own_first(scene, 2, 3)
    await alter_project(scene.db, scene.who, project_id=project.project_id, add=[NewHandle("test", "new.root")])
    assert (await count(scene, project.share_id)).total_count == 2
    assert (await claim(scene, project)).handle_count == 2
    await scene.check()


@pytest.mark.parametrize("limit", [3, 4, None])
async def test_a_limit_that_is_not_reached_leaves_nothing_over(scene: Scene, limit: int | None) -> None:
    project = await own_first(scene, limit, 3)
    assert (await count(scene, project.share_id)).total_count == 3
    assert not await scene.column("SELECT position FROM dispatch.handles WHERE share_id IS NULL")
    await scene.check()


async def test_first_files_without_copies_are_counted_where_they_are(scene: Scene) -> None:
    project = await own_first(scene, 2, 3, is_virtual=False)
    assert (await count(scene, project.share_id)).unlocated_count == 2
    assert (await scene.read(project)).unlocated_count == 3
    await scene.check()
    assert await locate_handles(scene.db) == 0
    assert (await claim(scene, project)).handle_count == 1
    await scene.check()


async def test_a_share_has_at_least_one_file_from_the_beginning(scene: Scene) -> None:
    with pytest.raises(InvalidChoiceError):
        await own_first(scene, 0, 3)
