"""Files that go on in another share, files that are done without a worker, and shares counted together."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.dispatch.scene import Scene
from tests.integration.dispatch.test_shares import claim, close, count, list_positions, own

from sutler.catalog import create_ledger_in
from sutler.dispatch import (
    CreatedProject,
    CreatedShare,
    HandleState,
    NewHandle,
    NothingToClaimError,
    Outcome,
    ProjectState,
    ShareFile,
    ShareNotFoundError,
    cancel_project,
    finish_share_in,
    get_handle,
    get_merged_counts_in,
    list_done_files_in,
    list_handles,
    list_share_files_in,
    move_to_share_in,
    restart_handles,
)
from sutler.dispatch.errors import InvalidChoiceError


async def move(
    scene: Scene,
    project: CreatedProject,
    *share_ids: int,
    positions: list[int] | None = None,
    states: list[HandleState] | None = None,
) -> CreatedShare:
    async with scene.db.write() as tx:
        return await move_to_share_in(
            tx,
            project_id=project.project_id,
            positions=positions,
            states=states,
            from_share_ids=share_ids,
            actor=scene.who,
        )


async def finish(scene: Scene, share_id: int) -> int:
    async with scene.db.write() as tx:
        return await finish_share_in(tx, share_id=share_id, actor=scene.who, reason="approved")


async def list_files(scene: Scene, *share_ids: int, states: list[HandleState] | None = None) -> list[ShareFile]:
    async with scene.db.read() as tx:
        return await list_share_files_in(tx, share_ids=share_ids, states=states)


async def end_some(scene: Scene) -> CreatedProject:
    """A project of four files: done, failed, reserved, initial."""
    project = await own(scene, 4)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    await scene.say(Outcome.FAILED, await scene.take_one(project), may_retry=False, reason="bad")
    await scene.take_one(project, "lost")
    return project


async def test_failed_files_go_on_in_a_new_share_and_the_old_one_keeps_them_failed(scene: Scene) -> None:
    project = await own(scene, 3)
    await scene.say(Outcome.FAILED, await scene.take_one(project), may_retry=False, reason="bad")
    leases = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.DONE, *leases)
    assert (await scene.read(project)).state is ProjectState.FAILED
    share = await move(scene, project, project.share_id, states=[HandleState.FAILED])
    assert (share.handle_count, (await scene.read(project)).state) == (1, ProjectState.ACTIVE)
    old = await count(scene, project.share_id)
    assert (old.total_count, old.done_count, old.failed_count) == (3, 2, 1)
    lease = await scene.take_one(project, share_id=share.share_id)
    assert (lease.position, lease.attempt) == (0, 2)
    await scene.say(Outcome.DONE, lease)
    page = await list_handles(scene.db, scene.who, share_id=project.share_id, state=HandleState.FAILED)
    assert [(handle.reason, handle.attempts, handle.taken_by_share_id) for handle in page.items] == [
        ("bad", 1, share.share_id)
    ]
    assert (await scene.read(project)).state is ProjectState.DONE
    assert len(await scene.list_events("dispatch.share_finished")) == 2
    await scene.check()


async def test_everything_of_a_share_can_go_on_whatever_its_state(scene: Scene) -> None:
    project = await end_some(scene)
    share = await move(scene, project, project.share_id, states=list(HandleState))
    assert await list_positions(scene, share) == [0, 1, 2, 3]
    assert (await count(scene, share.share_id)).initial_count == 4
    old = await count(scene, project.share_id)
    assert (old.done_count, old.failed_count, old.reserved_count, old.initial_count) == (1, 1, 0, 2)
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, position=2)
    assert view.attempts[0].outcome is Outcome.RESTARTED
    await scene.check()


async def test_an_open_share_whose_last_files_go_on_is_finished(scene: Scene) -> None:
    project = await own(scene, 2)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    await move(scene, project, project.share_id, states=[HandleState.INITIAL])
    assert len(await scene.list_events("dispatch.share_finished")) == 1
    await scene.check()


async def test_only_the_chosen_places_go_on(scene: Scene) -> None:
    project = await end_some(scene)
    share = await move(scene, project, project.share_id, positions=[1, 3, 77])
    assert await list_positions(scene, share) == [1, 3]
    both = await move(scene, project, project.share_id, share.share_id, positions=[0, 1, 2], states=[HandleState.DONE])
    assert await list_positions(scene, both) == [0]
    with pytest.raises(NothingToClaimError):
        await move(scene, project, both.share_id, states=[HandleState.DONE])
    await scene.check()


async def test_moving_needs_a_choice_and_shares_of_the_project(scene: Scene) -> None:
    project, other = await scene.start(1), await scene.start(1)
    with pytest.raises(InvalidChoiceError):
        await move(scene, project, project.share_id)
    with pytest.raises(ShareNotFoundError):
        await move(scene, project, other.share_id, states=[HandleState.INITIAL])


async def test_moving_opens_a_cancelled_project_and_ends_pauses(scene: Scene) -> None:
    project = await scene.start(2, retry_pause=timedelta(minutes=5))
    await scene.say(Outcome.FAILED, await scene.take_one(project))
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    share = await move(scene, project, project.share_id, states=[HandleState.INITIAL])
    assert (await count(scene, share.share_id)).resting_count == 0
    assert len((await scene.take(project, share_id=share.share_id, count=5)).leases) == 2
    await scene.check()


async def test_a_move_and_a_report_at_once_agree_on_every_file(scene: Scene, elsewhere: Scene) -> None:
    for _ in range(5):
        project = await scene.start(4)
        leases = (await scene.take(project, count=4)).leases
        answers, moved = await asyncio.gather(
            scene.say(Outcome.DONE, *leases),
            move(elsewhere, project, project.share_id, states=[HandleState.RESERVED]),
            return_exceptions=True,
        )
        await scene.check()
        assert not isinstance(answers, BaseException)
        is_done = answers[0].is_accepted
        assert is_done == isinstance(moved, NothingToClaimError)
        assert (await scene.read(project)).done_count == (4 if is_done else 0)


async def test_two_moves_at_once_never_share_a_file(scene: Scene, elsewhere: Scene) -> None:
    project = await scene.start(8)
    moved = await asyncio.gather(
        *(move(where, project, project.share_id, states=[HandleState.INITIAL]) for where in (scene, elsewhere)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in moved) == ["CreatedShare", "NothingToClaimError"]
    await scene.check()


async def test_files_of_a_share_are_done_without_a_worker(scene: Scene) -> None:
    project = await end_some(scene)
    assert await finish(scene, project.share_id) == 2
    assert await finish(scene, project.share_id) == 0
    counts = await count(scene, project.share_id)
    assert (counts.done_count, counts.failed_count) == (3, 1)
    assert (await scene.read(project)).state is ProjectState.FAILED
    page = await list_handles(scene.db, scene.who, project_id=project.project_id, state=HandleState.DONE)
    assert [(handle.position, handle.attempts) for handle in page.items] == [(0, 1), (2, 1), (3, 0)]
    of_share = await list_handles(scene.db, scene.who, share_id=project.share_id, state=HandleState.DONE)
    assert [handle.position for handle in of_share.items] == [0, 2, 3]
    assert len(await scene.list_events("dispatch.share_finished")) == 1
    assert len(await scene.list_events("dispatch.project_ended")) == 1
    await scene.check()
    assert await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.DONE]) == 3
    await scene.check()
    async with scene.db.write() as tx:
        with pytest.raises(ShareNotFoundError):
            await finish_share_in(tx, share_id=10**9, actor=scene.who, reason="")


async def test_finishing_a_share_leaves_the_others_of_the_project(scene: Scene) -> None:
    project = await scene.start(5, is_virtual=False)
    share = await claim(scene, project, 2)
    assert await finish(scene, share.share_id) == 2
    assert (await scene.read(project)).state is ProjectState.ACTIVE
    assert (await scene.read(project)).unlocated_count == 3
    moved = await move(scene, project, share.share_id, states=[HandleState.DONE])
    assert moved.handle_count == 2
    await scene.check()


async def test_files_of_several_shares_are_listed_once_each(scene: Scene) -> None:
    project = await end_some(scene)
    share = await move(scene, project, project.share_id, states=[HandleState.FAILED])
    await scene.say(Outcome.DONE, await scene.take_one(project, share_id=share.share_id))
    both = await list_files(scene, project.share_id, share.share_id)
    assert [(file.position, file.share_id == share.share_id, file.state) for file in both] == [
        (0, False, HandleState.DONE),
        (1, True, HandleState.DONE),
        (2, False, HandleState.RESERVED),
        (3, False, HandleState.INITIAL),
    ]
    own_files = await list_files(scene, project.share_id, states=[HandleState.FAILED])
    assert [str(file.did) for file in own_files] == ["test:f1.root"]
    # A state is that of the file in the last share: it has failed in none of both any more.
    assert await list_files(scene, project.share_id, share.share_id, states=[HandleState.FAILED]) == []
    pages, after = [], None
    async with scene.db.read() as tx:
        while part := await list_share_files_in(tx, share_ids=[project.share_id, share.share_id], after=after, limit=3):
            pages.append(len(part))
            after = (part[-1].project_id, part[-1].position)
    assert pages == [3, 1]


async def test_several_shares_are_counted_by_their_distinct_files(scene: Scene) -> None:
    project = await end_some(scene)
    share = await move(scene, project, project.share_id, states=[HandleState.FAILED])
    again = await move(scene, project, share.share_id, states=[HandleState.INITIAL])
    async with scene.db.read() as tx:
        one = await get_merged_counts_in(tx, share_ids=[project.share_id] * 2)
        assert one == await count(scene, project.share_id)
        two = await get_merged_counts_in(tx, share_ids=[project.share_id, share.share_id])
        three = await get_merged_counts_in(tx, share_ids=[project.share_id, share.share_id, again.share_id])
        with pytest.raises(ShareNotFoundError):
            await get_merged_counts_in(tx, share_ids=[10**9])
    assert (one.failed_count, two.failed_count, two.initial_count, two.total_count) == (1, 0, 2, 4)
    assert (three.done_count, three.reserved_count, three.initial_count, three.total_count) == (1, 1, 2, 4)


async def test_the_best_state_of_a_file_in_several_projects_counts(scene: Scene) -> None:
    project = await end_some(scene)
    recovery = await scene.start([NewHandle("test", f"f{number}.root") for number in (1, 2, 3)])
    await scene.say(Outcome.DONE, await scene.take_one(recovery))
    await scene.say(Outcome.FAILED, await scene.take_one(recovery), may_retry=False)
    async with scene.db.read() as tx:
        counts = await get_merged_counts_in(tx, share_ids=[project.share_id, recovery.share_id])
    assert (counts.done_count, counts.reserved_count, counts.initial_count, counts.failed_count) == (2, 1, 1, 0)


async def test_files_without_copies_are_counted_as_such_in_several_shares(scene: Scene) -> None:
    project = await scene.start(3, is_virtual=False)
    share = await claim(scene, project, 1)
    async with scene.db.read() as tx:
        counts = await get_merged_counts_in(tx, share_ids=[project.share_id, share.share_id])
    assert (counts.total_count, counts.unlocated_count, counts.resting_count) == (3, 3, 0)


async def test_done_files_that_a_ledger_has_given_out_are_left_out(scene: Scene) -> None:
    project = await scene.start([NewHandle("test", "a"), NewHandle("test", "b", fid="x"), NewHandle("test", "c")])
    await scene.say(Outcome.DONE, *(await scene.take(project, count=2)).leases)
    async with scene.db.write() as tx:
        ledger_id = await create_ledger_in(tx, experiment_id=scene.experiment_id)
    for taken, left in ((None, ["a", "b"]), ("test:a", ["b"]), ("x", [])):
        if taken is not None:
            await scene.run(
                "INSERT INTO catalog.ledger_entries (ledger_id, file_key) VALUES ($1, $2)", ledger_id, taken
            )
        async with scene.db.read() as tx:
            found = await list_done_files_in(tx, project_id=project.project_id, limit=9, ledger_id=ledger_id)
        assert [handle.name for handle in found] == left


async def test_a_closed_share_is_claimed_after_a_file_of_it_was_moved(scene: Scene) -> None:
    project = await end_some(scene)
    share = await move(scene, project, project.share_id, states=[HandleState.FAILED])
    await close(scene, project.share_id)
    await close(scene, share.share_id)
    claimed = await claim(scene, project)
    assert await list_positions(scene, claimed) == [1, 3]
    await scene.check()
