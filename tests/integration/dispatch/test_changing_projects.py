"""Copying, altering, opening, abandoning and deleting projects, and what their history says."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene, add_user, make_handles, make_member

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.database import StillInUseError
from sutler.dispatch import (
    AttemptNotFoundError,
    EmptyProjectError,
    HandlesInUseError,
    InvalidProjectError,
    NewHandle,
    NothingReady,
    Outcome,
    ProjectFinalError,
    ProjectNotFoundError,
    ProjectState,
    abandon_idle,
    activate_project,
    alter_project,
    cancel_project,
    copy_project,
    delete_project,
    get_handle,
    get_project,
    list_handles,
    list_project_history,
    release_overdue,
    renew,
)

HOUR = timedelta(hours=1)


async def test_a_copy_begins_anew_with_what_the_original_is(scene: Scene, clock: MovableClock) -> None:
    await add_user(scene, "bob")
    files = [NewHandle("test", "a", "fid-a", 7, {"n": 1}), NewHandle("test", "b", attributes={"n": 2, "k": "x"})]
    source = await scene.start(
        files,
        max_attempts=3,
        worker_timeout=HOUR,
        idle_timeout=2 * HOUR,
        users=("bob",),
        groups=("local_production",),
        retry_pause=HOUR,
        query="files from x:y",
        attributes={"campaign": "c1", "n": 5},
    )
    await scene.take_one(source)
    clock.advance(HOUR)
    assert await release_overdue(scene.db) == 1
    clock.advance(HOUR)
    copied = await copy_project(
        scene.db,
        scene.who,
        project_id=source.project_id,
        attributes={"n": 6},
        handle_attributes={"k": "y"},
        idle_timeout=None,
    )
    assert copied.id != source.project_id
    assert (copied.state, copied.initial_count, copied.total_count) == (ProjectState.ACTIVE, 2, 2)
    assert (copied.attributes, copied.query) == ({"campaign": "c1", "n": 6}, "files from x:y")
    assert (copied.worker_timeout, copied.idle_timeout, copied.retry_pause) == (HOUR, None, HOUR)
    assert (copied.users, copied.groups, copied.max_attempts) == (("bob",), ("local_production",), 3)
    handles = (await list_handles(scene.db, scene.who, project_id=copied.id)).items
    assert [(h.name, h.fid, h.size_bytes, h.attributes, h.attempts) for h in handles] == [
        ("a", "fid-a", 7, {"n": 1, "k": "y"}, 0),
        ("b", None, None, {"n": 2, "k": "y"}, 0),
    ]
    original = (await get_handle(scene.db, scene.who, project_id=source.project_id, position=0)).handle
    assert original.attributes == {"n": 1, "timeouts": 1}
    await scene.check()


async def test_a_copy_belongs_to_who_makes_it_and_needs_the_right_to_make_one(scene: Scene) -> None:
    source = await scene.start(2)
    bob = make_member(await add_user(scene, "bob"), "bob", scene.experiment_id, Role.ANALYSIS)
    copied = await copy_project(scene.db, bob, project_id=source.project_id)
    assert (copied.owner, copied.owner_role) == ("bob", "analysis")
    with pytest.raises(NotPermittedError):
        await copy_project(
            scene.db, make_member(99, "eve", scene.experiment_id + 1, Role.SUPERUSER), project_id=source.project_id
        )
    with pytest.raises(ProjectNotFoundError):
        await copy_project(scene.db, scene.who, project_id=copied.id + 1)
    with pytest.raises(InvalidProjectError, match="handle_attributes"):
        await copy_project(scene.db, scene.who, project_id=source.project_id, handle_attributes={"x": "\0"})


async def test_copies_take_their_files_in_parts_and_look_for_replicas(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.copying.FILES_AT_ONCE", 3)
    source = await scene.start(8, is_virtual=False)
    await scene.add_replica(Did("test", "f7.root"))
    copied = await copy_project(scene.db, scene.who, project_id=source.project_id)
    assert (copied.total_count, copied.initial_count, copied.unlocated_count) == (8, 8, 7)
    await scene.check()


async def test_settings_change_and_what_is_not_given_stays(scene: Scene) -> None:
    await add_user(scene, "bob")
    project = await scene.start(2, max_attempts=3, idle_timeout=HOUR, attributes={"a": 1})
    altered = await alter_project(
        scene.db,
        scene.who,
        project_id=project.project_id,
        attributes={"b": 2},
        max_attempts=None,
        retry_pause=HOUR,
        retry_on_timeout=False,
        users=["bob"],
        groups=["local_analysis"],
    )
    assert altered == await scene.read(project)
    assert (altered.attributes, altered.max_attempts, altered.idle_timeout) == ({"a": 1, "b": 2}, None, HOUR)
    assert (altered.retry_pause, altered.retry_on_timeout) == (HOUR, False)
    assert (altered.users, altered.groups) == (("bob",), ("local_analysis",))
    replaced = await alter_project(
        scene.db, scene.who, project_id=project.project_id, attributes={"c": 3}, replaces_attributes=True
    )
    assert (replaced.attributes, replaced.users) == ({"c": 3}, ("bob",))
    assert await scene.list_events("dispatch.project_altered") == [
        {
            "changed": ["attributes", "max_attempts", "retry_on_timeout", "retry_pause", "users", "groups"],
            "added": 0,
            "removed": 0,
        },
        {"changed": ["attributes"], "added": 0, "removed": 0},
    ]


async def test_nonsense_changes_nothing(scene: Scene) -> None:
    project = await scene.start(2)
    before = await scene.read(project)
    for wrong in (
        {"users": ["nobody"]},
        {"groups": ["strangers"]},
        {"max_attempts": 0},
        {"worker_timeout": -HOUR},
        {"retry_pause": timedelta(0)},
        {"attributes": {"x": "\0"}},
        {"add": [NewHandle("", "x")]},
        {"add": [NewHandle("test", "f0.root")], "remove": [Did("test", "f0.root")]},
    ):
        with pytest.raises(InvalidProjectError):
            await alter_project(scene.db, scene.who, project_id=project.project_id, **wrong)
    with pytest.raises(EmptyProjectError):
        await alter_project(scene.db, scene.who, project_id=project.project_id, remove=make_dids(2))
    assert await scene.read(project) == before
    stranger = make_member(99, "bob", scene.experiment_id, Role.ANALYSIS)
    with pytest.raises(NotPermittedError):
        await alter_project(scene.db, stranger, project_id=project.project_id)


async def test_a_new_worker_time_out_holds_for_the_leases_there_are(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(3)
    plain = await scene.take_one(project)
    renewable = await scene.take_one(project, lease_for=timedelta(minutes=10))
    assert plain.expires_at is None
    await alter_project(scene.db, scene.who, project_id=project.project_id, worker_timeout=timedelta(minutes=15))
    clock.advance(timedelta(minutes=9))
    [renewed] = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[renewable.attempt_id])
    assert renewed.expires_at == NOON + timedelta(minutes=15)
    clock.advance(timedelta(minutes=6))
    assert await release_overdue(scene.db) == 2
    lease = await scene.take_one(project)
    await alter_project(scene.db, scene.who, project_id=project.project_id, worker_timeout=None)
    clock.advance(HOUR)
    assert await release_overdue(scene.db) == 0
    assert (await scene.say(Outcome.DONE, lease))[0].is_accepted
    await scene.check()


async def test_files_are_added_to_the_share_and_open_a_project_that_had_ended(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    assert (await scene.read(project)).state is ProjectState.DONE
    added = [NewHandle("test", name) for name in ("f0.root", "new1", "new2", "new2")]
    altered = await alter_project(scene.db, scene.who, project_id=project.project_id, add=added)
    assert (altered.state, altered.ended_at) == (ProjectState.ACTIVE, None)
    assert (altered.total_count, altered.initial_count, altered.done_count) == (3, 2, 1)
    await scene.check()
    leases = (await scene.take(project, count=5, share_id=project.share_id)).leases
    assert [lease.name for lease in leases] == ["new1", "new2"]
    await scene.say(Outcome.DONE, *leases)
    assert (await scene.read(project)).state is ProjectState.DONE


async def test_only_files_that_nobody_has_and_that_are_not_final_are_removed(scene: Scene) -> None:
    project = await scene.start(4)
    done, reserved = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.DONE, done)
    with pytest.raises(HandlesInUseError, match=r"test:f0\.root is done, test:f1\.root is reserved"):
        await alter_project(scene.db, scene.who, project_id=project.project_id, remove=make_dids(4))
    gone = [Did("test", "f2.root"), Did("test", "f3.root"), Did("test", "unknown")]
    altered = await alter_project(scene.db, scene.who, project_id=project.project_id, remove=gone)
    assert (altered.total_count, altered.initial_count, altered.state) == (2, 0, ProjectState.ACTIVE)
    await scene.check()
    assert (await scene.take(project, "w2")).nothing is NothingReady.WAIT
    await scene.say(Outcome.DONE, reserved)
    assert (await scene.read(project)).state is ProjectState.DONE


async def test_removing_the_last_open_files_ends_share_and_project(scene: Scene) -> None:
    project = await scene.start(3)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="bad", may_retry=False)
    gone = [Did("test", "f1.root"), Did("test", "f2.root")]
    altered = await alter_project(scene.db, scene.who, project_id=project.project_id, remove=gone)
    assert (altered.state, altered.failed_count) == (ProjectState.FAILED, 1)
    assert len(await scene.list_events("dispatch.share_finished")) == 1
    assert await scene.list_events("dispatch.project_ended") == [{"state": "failed"}]
    await scene.check()


async def test_a_place_with_attempts_is_not_used_again(scene: Scene) -> None:
    project = await scene.start(2)
    await scene.take_one(project)
    lease = await scene.take_one(project)
    await scene.say(Outcome.FAILED, lease, reason="bad")
    await alter_project(
        scene.db,
        scene.who,
        project_id=project.project_id,
        remove=[Did("test", "f1.root")],
    )
    await alter_project(scene.db, scene.who, project_id=project.project_id, add=[NewHandle("test", "new")])
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, did=Did("test", "new"))
    assert (view.handle.position, view.attempts) == (2, ())


async def test_an_abandoned_or_cancelled_project_is_opened_again(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2, idle_timeout=HOUR)
    clock.advance(HOUR)
    assert await abandon_idle(scene.db) == 1
    assert (await activate_project(scene.db, scene.who, project_id=project.project_id)).state is ProjectState.ACTIVE
    assert await abandon_idle(scene.db) == 0
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    opened = await activate_project(scene.db, scene.who, project_id=project.project_id)
    assert (opened.state, opened.ended_at) == (ProjectState.ACTIVE, None)
    assert await scene.list_events("dispatch.project_activated") == [{"state": "abandoned"}, {"state": "cancelled"}]
    assert await activate_project(scene.db, scene.who, project_id=project.project_id) == opened


async def test_a_project_without_open_files_is_not_opened(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    with pytest.raises(ProjectFinalError, match="put handles back"):
        await activate_project(scene.db, scene.who, project_id=project.project_id)
    assert (await scene.read(project)).state is ProjectState.DONE
    stranger = make_member(99, "bob", scene.experiment_id, Role.ANALYSIS)
    with pytest.raises(NotPermittedError):
        await activate_project(scene.db, stranger, project_id=project.project_id)


async def test_only_idleness_abandons_a_project(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(3, idle_timeout=HOUR)
    lease = await scene.take_one(project, lease_for=timedelta(minutes=50))
    for _ in range(3):
        clock.advance(timedelta(minutes=40))
        await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[lease.attempt_id])
        assert await abandon_idle(scene.db) == 0
    clock.advance(HOUR)
    assert await abandon_idle(scene.db) == 1
    assert (await scene.read(project)).state is ProjectState.ABANDONED
    assert (await scene.say(Outcome.DONE, lease))[0].is_accepted
    assert (await scene.read(project)).state is ProjectState.ACTIVE
    await scene.check()


async def test_a_deleted_project_leaves_nothing_but_its_events(scene: Scene) -> None:
    kept = await scene.start(2)
    for name in ("f0.root", "f1.root", "f2.root"):
        await scene.add_replica(Did("test", name))
    project = await scene.start(make_handles(4), is_virtual=False, retry_pause=HOUR)
    failed, _ = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.FAILED, failed, reason="bad")
    await scene.say(Outcome.DONE, failed)
    await delete_project(scene.db, scene.who, project_id=project.project_id)
    with pytest.raises(ProjectNotFoundError):
        await get_project(scene.db, scene.who, project_id=project.project_id)
    for table in ("handles", "ready", "unlocated", "resting", "leases", "attempts", "shares"):
        left = await scene.value(f"SELECT count(*) FROM dispatch.{table} WHERE project_id = {project.project_id}")
        assert left == 0, table
    assert await scene.value("SELECT count(*) FROM dispatch.late_reports") == 0
    assert await scene.list_events("dispatch.project_deleted") == [{"state": "active", "count": 4}]
    assert (await scene.read(kept)).total_count == 2
    await scene.check()
    with pytest.raises(ProjectNotFoundError):
        await delete_project(scene.db, scene.who, project_id=project.project_id)


async def test_a_project_is_deleted_under_the_hands_of_its_workers(scene: Scene) -> None:
    project = await scene.start(300, retry_pause=timedelta(seconds=1))

    begun = asyncio.Event()

    async def work(worker: str) -> int:
        for number in range(500):
            try:
                # While it is being deleted nothing is given out, so a reply may well be empty.
                for lease in (await scene.take(project, worker)).leases:
                    outcome = Outcome.FAILED if number % 3 else Outcome.DONE
                    await scene.say(outcome, lease, worker=worker, reason="bad")
                    begun.set()
            except (ProjectNotFoundError, AttemptNotFoundError):
                return number
        return 500

    async def delete() -> None:
        await begun.wait()
        await delete_project(scene.db, scene.who, project_id=project.project_id)

    numbers, _ = await asyncio.gather(asyncio.gather(*(work(f"w{number}") for number in range(6))), delete())
    assert max(numbers) < 500
    assert await scene.value("SELECT count(*) FROM dispatch.handles") == 0
    await scene.check()


async def test_a_project_that_is_referred_to_or_of_somebody_else_is_not_deleted(scene: Scene) -> None:
    project = await scene.start(2)
    await scene.run("CREATE TABLE public.referring (share_id bigint REFERENCES dispatch.shares (id))")
    try:
        await scene.run("INSERT INTO public.referring VALUES ($1)", project.share_id)
        with pytest.raises(StillInUseError):
            await delete_project(scene.db, scene.who, project_id=project.project_id)
    finally:
        await scene.run("DROP TABLE public.referring")
    stranger = make_member(99, "bob", scene.experiment_id, Role.ANALYSIS)
    with pytest.raises(NotPermittedError):
        await delete_project(scene.db, stranger, project_id=project.project_id)
    assert (await scene.read(project)).initial_count == 2


async def test_a_history_tells_what_happened_page_by_page(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    first = await list_project_history(scene.db, scene.who, project_id=project.project_id, limit=2)
    assert first.next_cursor is not None
    second = await list_project_history(
        scene.db, scene.who, project_id=project.project_id, after=first.next_cursor, limit=2
    )
    assert [event.kind for event in (*first.items, *second.items)] == [
        "dispatch.project_ended",
        "dispatch.handles_released",
        "dispatch.handles_reserved",
        "dispatch.project_created",
    ]
    assert second.next_cursor is None
    with pytest.raises(NotPermittedError):
        await list_project_history(
            scene.db, make_member(9, "eve", scene.experiment_id + 1, Role.SUPERUSER), project_id=project.project_id
        )


def make_dids(count: int) -> list[Did]:
    """The files of a project that the scene starts."""
    return [Did(handle.namespace, handle.name) for handle in make_handles(count)]
