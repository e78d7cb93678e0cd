"""Several shares in one project: who owns what, what is claimed, and what workers of a share are given."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.dispatch.scene import Scene, make_handles

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.dispatch import (
    CreatedProject,
    CreatedShare,
    HandleState,
    NewHandle,
    NewProject,
    NothingToClaimError,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    ShareNotFoundError,
    abandon_idle,
    alter_project,
    cancel_project,
    claim_share_in,
    close_share_in,
    copy_project,
    create_project_in,
    delete_project,
    explain_share_in,
    get_share_counts_in,
    list_handles,
    locate_handles,
    reopen_share_in,
    restart_handles,
)
from sutler.dispatch.errors import InvalidChoiceError
from sutler.dispatch.model import Counts


async def own(scene: Scene, files: int) -> CreatedProject:
    """Start a project whose only share is open."""
    new = NewProject(experiment_id=scene.experiment_id, handles=make_handles(files), is_virtual=True)
    async with scene.db.write() as tx:
        return await create_project_in(
            tx, project=new, owner_id=scene.who.user_id, owner_role=Role.PRODUCTION, actor=scene.who
        )


async def claim(scene: Scene, project: CreatedProject, limit: int | None = None) -> CreatedShare:
    async with scene.db.write() as tx:
        return await claim_share_in(tx, project_id=project.project_id, limit=limit, actor=scene.who)


async def close(scene: Scene, share_id: int) -> bool:
    async with scene.db.write() as tx:
        return await close_share_in(tx, share_id=share_id)


async def count(scene: Scene, share_id: int) -> Counts:
    async with scene.db.read() as tx:
        return await get_share_counts_in(tx, share_id=share_id)


async def list_positions(scene: Scene, share: CreatedShare) -> list[object]:
    return await scene.column("SELECT position FROM dispatch.handles WHERE share_id = $1 ORDER BY 1", share.share_id)


async def test_the_first_files_that_nobody_owns_are_claimed_in_order(scene: Scene) -> None:
    project = await scene.start(5)
    first = await claim(scene, project, 2)
    second = await claim(scene, project, 2)
    third = await claim(scene, project)
    assert [share.handle_count for share in (first, second, third)] == [2, 2, 1]
    assert [await list_positions(scene, share) for share in (first, second, third)] == [[0, 1], [2, 3], [4]]
    await scene.check()


async def test_a_share_that_loses_files_counts_them_for_ever(scene: Scene) -> None:
    project = await scene.start(3)
    share = await claim(scene, project, 2)
    await scene.say(Outcome.DONE, await scene.take_one(project, share_id=share.share_id))
    assert (await count(scene, project.share_id)).initial_count == 3
    assert (await count(scene, share.share_id)).done_count == 1
    page = await list_handles(scene.db, scene.who, share_id=project.share_id)
    assert [(handle.position, handle.state, handle.taken_by_share_id) for handle in page.items] == [
        (0, HandleState.INITIAL, share.share_id),
        (1, HandleState.INITIAL, share.share_id),
        (2, HandleState.INITIAL, None),
    ]
    await scene.check()


async def test_what_an_open_share_owns_is_not_claimed_until_it_is_closed(scene: Scene) -> None:
    project = await own(scene, 3)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    with pytest.raises(NothingToClaimError) as refused:
        await claim(scene, project)
    assert refused.value.sentence == (
        "There is no file to claim. Of 3 files 1 is done, 0 failed, 0 are reserved, and 2 belong to work that goes on."
    )
    assert refused.value.facts["owned_count"] == 2
    assert await close(scene, project.share_id)
    assert not await close(scene, project.share_id)
    assert (await claim(scene, project)).handle_count == 2
    await scene.check()


async def test_a_share_that_is_open_again_owns_what_is_left_of_it(scene: Scene) -> None:
    project = await own(scene, 3)
    await close(scene, project.share_id)
    await claim(scene, project, 1)
    async with scene.db.write() as tx:
        assert await reopen_share_in(tx, share_id=project.share_id)
        assert not await reopen_share_in(tx, share_id=project.share_id)
    with pytest.raises(NothingToClaimError):
        await claim(scene, project)


async def test_closing_needs_a_share_and_claiming_a_project_and_a_limit(scene: Scene) -> None:
    project = await scene.start(1)
    async with scene.db.write() as tx:
        with pytest.raises(ShareNotFoundError):
            await close_share_in(tx, share_id=10**9)
        with pytest.raises(ShareNotFoundError):
            await reopen_share_in(tx, share_id=10**9)
        with pytest.raises(ProjectNotFoundError):
            await claim_share_in(tx, project_id=10**9, limit=None, actor=scene.who)
    with pytest.raises(InvalidChoiceError):
        await claim(scene, project, 0)


async def test_reserved_and_final_files_are_not_claimed(scene: Scene) -> None:
    project = await scene.start(4)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    await scene.say(Outcome.FAILED, await scene.take_one(project), may_retry=False)
    await scene.take_one(project)
    share = await claim(scene, project)
    assert await list_positions(scene, share) == [3]
    with pytest.raises(NothingToClaimError) as refused:
        await claim(scene, project)
    assert "1 is done, 1 failed, 1 is reserved, and 1 belongs" in refused.value.sentence
    await scene.check()


async def test_a_project_that_is_over_says_so_instead(scene: Scene) -> None:
    over = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(over))
    with pytest.raises(NothingToClaimError, match="The only file is done"):
        await claim(scene, over)
    cancelled = await scene.start(2)
    await cancel_project(scene.db, scene.who, project_id=cancelled.project_id)
    with pytest.raises(NothingToClaimError, match="was cancelled"):
        await claim(scene, cancelled)


async def test_claiming_from_an_abandoned_project_makes_it_active(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2, idle_timeout=timedelta(hours=1))
    clock.advance(timedelta(hours=2))
    assert await abandon_idle(scene.db) == 1
    await claim(scene, project)
    assert (await scene.read(project)).state is ProjectState.ACTIVE
    assert await abandon_idle(scene.db) == 0


async def test_files_without_copies_and_files_that_pause_are_claimed_with_their_counts(scene: Scene) -> None:
    project = await scene.start(3, is_virtual=False, retry_pause=timedelta(minutes=5))
    await scene.check()
    await scene.add_replica(Did("test", "f0.root"))
    await scene.add_replica(Did("test", "f1.root"))
    assert await locate_handles(scene.db) == 2
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="no")
    share = await claim(scene, project)
    counts = await count(scene, share.share_id)
    assert (counts.initial_count, counts.unlocated_count, counts.resting_count) == (3, 1, 1)
    left = await count(scene, project.share_id)
    assert (left.initial_count, left.unlocated_count, left.resting_count) == (3, 0, 0)
    page = await list_handles(scene.db, scene.who, share_id=project.share_id)
    assert [handle.reason for handle in page.items] == ["no", "", ""]
    await scene.add_replica(Did("test", "f2.root"))
    await locate_handles(scene.db)
    await scene.check()


async def test_a_worker_of_a_share_gets_nothing_of_another_one(scene: Scene) -> None:
    project = await scene.start(4)
    one, two = await claim(scene, project, 2), await claim(scene, project, 1)
    given = [await scene.take_one(project, share_id=two.share_id)]
    assert [lease.position for lease in given] == [2]
    reply = await scene.take(project, share_id=two.share_id)
    assert not reply.leases
    reply = await scene.take(project, share_id=one.share_id, count=9)
    assert [(lease.position, lease.share_id) for lease in reply.leases] == [(0, one.share_id), (1, one.share_id)]
    await scene.check()


async def test_a_worker_that_names_no_share_draws_from_all_of_them(scene: Scene) -> None:
    project = await scene.start(4)
    one, two = await claim(scene, project, 2), await claim(scene, project, 1)
    reply = await scene.take(project, count=9)
    assert [lease.share_id for lease in reply.leases] == [one.share_id, one.share_id, two.share_id, project.share_id]
    await scene.say(Outcome.DONE, *reply.leases)
    assert (await count(scene, one.share_id)).done_count == 2
    assert (await scene.read(project)).state is ProjectState.DONE
    # Each share is finished once.
    assert len(await scene.list_events("dispatch.share_finished")) == 3
    await scene.check()


async def test_a_share_is_finished_although_files_of_it_wait_in_another_one(scene: Scene) -> None:
    project = await scene.start(3)
    lease = await scene.take_one(project)
    share = await claim(scene, project)
    await scene.say(Outcome.DONE, lease)
    assert await scene.column("SELECT subject_id FROM database.events WHERE kind = 'dispatch.share_finished'") == [
        str(project.share_id)
    ]
    async with scene.db.read() as tx:
        why = await explain_share_in(tx, share_id=project.share_id)
    assert why == "Nothing is left to do here: 1 done, 0 failed. 2 files were taken over by another share."
    reply = await scene.take(project, share_id=project.share_id)
    assert reply.why == why
    assert (await scene.take_one(project, share_id=share.share_id)).position == 1


async def test_a_file_that_is_put_back_counts_in_the_share_where_it_is_now(scene: Scene) -> None:
    project = await scene.start(2)
    share = await claim(scene, project, 1)
    await scene.say(Outcome.DONE, await scene.take_one(project, share_id=share.share_id))
    assert await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.DONE]) == 1
    counts = await count(scene, share.share_id)
    assert (counts.initial_count, counts.done_count) == (1, 0)
    await scene.check()


async def test_removing_a_file_leaves_what_its_former_share_kept_of_it(scene: Scene) -> None:
    project = await scene.start(2)
    share = await claim(scene, project)
    await alter_project(scene.db, scene.who, project_id=project.project_id, remove=[Did("test", "f1.root")])
    assert (await count(scene, share.share_id)).total_count == 1
    assert (await count(scene, project.share_id)).total_count == 2
    await alter_project(scene.db, scene.who, project_id=project.project_id, add=[NewHandle("test", "new.root")])
    page = await list_handles(scene.db, scene.who, share_id=project.share_id)
    assert [(handle.position, handle.name) for handle in page.items] == [(0, "f0.root"), (1, "f1.root")]
    # The place of what was removed is not used again, and what was added belongs to nobody.
    late = await claim(scene, project)
    assert await list_positions(scene, late) == [2]
    await scene.check()


async def test_a_copy_has_the_files_of_all_shares_in_one(scene: Scene) -> None:
    project = await scene.start(3)
    await claim(scene, project, 1)
    copied = await copy_project(scene.db, scene.who, project_id=project.project_id)
    assert copied.total_count == 3
    assert await scene.column("SELECT count(*) FROM dispatch.shares WHERE project_id = $1", copied.id) == [1]
    assert (await claim(scene, CreatedProject(copied.id, 0, 3))).handle_count == 3
    await delete_project(scene.db, scene.who, project_id=project.project_id)
    assert (
        await scene.value("SELECT count(*) FROM dispatch.share_outcomes WHERE project_id = $1", project.project_id) == 0
    )
    await scene.check()


async def test_what_a_share_has_and_had_is_listed_by_state_page_by_page(scene: Scene) -> None:
    project = await scene.start(6)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    await scene.say(Outcome.FAILED, await scene.take_one(project), may_retry=False, reason="bad")
    await claim(scene, project, 2)
    seen, after = [], None
    while True:
        page = await list_handles(
            scene.db, scene.who, share_id=project.share_id, state=HandleState.INITIAL, after=after, limit=1
        )
        seen += [(handle.position, handle.taken_by_share_id is not None) for handle in page.items]
        after = page.next_cursor
        if after is None:
            break
    assert seen == [(2, True), (3, True), (4, False), (5, False)]
    named = await list_handles(scene.db, scene.who, share_id=project.share_id, state=HandleState.FAILED, name="f1")
    assert [handle.reason for handle in named.items] == ["bad"]


async def test_two_claims_at_once_never_share_a_file(scene: Scene, elsewhere: Scene) -> None:
    project = await scene.start(40)
    shares = await asyncio.gather(*(claim(where, project, 7) for where in (scene, elsewhere) * 2))
    positions = [position for share in shares for position in await list_positions(scene, share)]
    assert sorted(str(position) for position in positions) == sorted(str(number) for number in range(28))
    await scene.check()


async def test_claims_and_workers_at_once_never_share_a_file(scene: Scene, elsewhere: Scene) -> None:
    project = await scene.start(40)

    async def work(where: Scene, worker: str) -> int:
        leases = [lease for _ in range(5) for lease in (await where.take(project, worker, count=2)).leases]
        await where.say(Outcome.DONE, *leases, worker=worker)
        return len(leases)

    results = await asyncio.gather(
        work(scene, "w1"), claim(elsewhere, project, 8), work(elsewhere, "w2"), claim(scene, project, 8)
    )
    assert results[0] == results[2] == 10
    assert [share.handle_count for share in results if isinstance(share, CreatedShare)] == [8, 8]
    await scene.check()


async def test_a_claim_waits_for_a_worker_who_is_just_taking_a_file(scene: Scene, elsewhere: Scene) -> None:
    project = await scene.start(2)
    async with scene.db.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "SELECT FROM dispatch.ready WHERE project_id = $1 AND position = 0 FOR UPDATE", project.project_id
        )
        claiming = asyncio.create_task(claim(elsewhere, project))
        done, _ = await asyncio.wait([claiming], timeout=0.2)
        assert not done
        await transaction.rollback()
    assert (await claiming).handle_count == 2
    await scene.check()


async def test_a_claim_that_is_not_committed_leaves_nothing(scene: Scene) -> None:
    project = await scene.start(3)

    async def crash() -> None:
        async with scene.db.write() as tx:
            await claim_share_in(tx, project_id=project.project_id, limit=2, actor=scene.who)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await crash()
    assert await scene.value("SELECT count(*) FROM dispatch.share_outcomes") == 0
    assert (await claim(scene, project)).handle_count == 3
    await scene.check()
