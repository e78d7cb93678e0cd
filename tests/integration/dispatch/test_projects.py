"""Starting and reading projects, and their handles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.dispatch.scene import Scene, make_handles, make_member

from sutler.auth import Role
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.dispatch import (
    EmptyProjectError,
    HandleNotFoundError,
    HandleState,
    InvalidChoiceError,
    InvalidProjectError,
    NewHandle,
    NewProject,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    ShareNotFoundError,
    create_project,
    explain_share_in,
    get_handle,
    get_project,
    get_share_counts_in,
    list_handles,
    list_projects,
    locate_handles,
    restart_handles,
    set_project_attributes_in,
)


async def test_a_project_comes_back_as_it_was_given(scene: Scene) -> None:
    new = NewProject(
        experiment_id=scene.experiment_id,
        handles=make_handles(2),
        query="files from a:b",
        attributes={"n": 5, "tags": ["x", 'q"uote']},
        is_virtual=True,
        max_attempts=3,
        worker_timeout=timedelta(hours=12),
        idle_timeout=timedelta(hours=72),
    )
    created = await create_project(scene.db, scene.who, project=new)
    project = await get_project(scene.db, scene.who, project_id=created.project_id)
    assert (project.owner, project.owner_role, project.state) == ("ada", "production", ProjectState.ACTIVE)
    assert (project.query, project.attributes) == (new.query, new.attributes)
    assert (project.max_attempts, project.worker_timeout, project.idle_timeout) == (
        3,
        timedelta(hours=12),
        timedelta(hours=72),
    )
    assert await scene.list_events("dispatch.project_created") == [{"count": 2}]
    await scene.check()


async def test_a_shifter_creates_as_analysis(scene: Scene) -> None:
    shifter = make_member(scene.who.user_id, "ada", scene.experiment_id, Role.SHIFTER)
    new = NewProject(scene.experiment_id, make_handles(1), is_virtual=True)
    created = await create_project(scene.db, shifter, project=new)
    assert (await scene.read(created)).owner_role == "analysis"


async def test_a_file_named_twice_is_one_handle_and_the_first_stands(scene: Scene) -> None:
    twice = [NewHandle("a", "x", size_bytes=1), NewHandle("a", "y"), NewHandle("a", "x", size_bytes=2)]
    created = await scene.start(twice)
    assert created.handle_count == 2
    page = await list_handles(scene.db, scene.who, project_id=created.project_id)
    assert [(handle.name, handle.size_bytes) for handle in page.items] == [("x", 1), ("y", None)]
    await scene.check()


async def test_an_empty_project_is_refused(scene: Scene) -> None:
    with pytest.raises(EmptyProjectError):
        await scene.start([])
    assert await scene.value("SELECT count(*) FROM dispatch.projects") == 0


async def test_what_is_wrong_with_a_project_is_named(scene: Scene) -> None:
    handles = (NewHandle("a", "fine"), NewHandle("", "x"), NewHandle("a", "nul\0"), NewHandle("a", "y", size_bytes=-1))
    new = NewProject(scene.experiment_id, handles, max_attempts=0, worker_timeout=timedelta(0))
    with pytest.raises(InvalidProjectError) as caught:
        await create_project(scene.db, scene.who, project=new)
    assert [problem.where for problem in caught.value.problems] == [
        "max_attempts",
        "worker_timeout",
        "file 2",
        "file 3",
        "file 4",
    ]
    assert await scene.value("SELECT count(*) FROM dispatch.projects") == 0


async def test_names_of_any_kind_survive(scene: Scene) -> None:
    names = ["it's", 'say "hi"', "tab\there", "back\\slash", "é", "a:b"]
    created = await scene.start([NewHandle("n s", name, attributes={"k": name}) for name in names])
    page = await list_handles(scene.db, scene.who, project_id=created.project_id)
    assert [handle.name for handle in page.items] == names
    assert [handle.attributes["k"] for handle in page.items] == names


async def test_files_without_a_usable_replica_are_put_aside(scene: Scene) -> None:
    await scene.add_replica(Did("test", "f0.root"))
    await scene.add_replica(Did("test", "f1.root"), "TAPE", is_staged=False)
    project = await scene.start(3, is_virtual=False)
    counts = (await scene.read(project)).counts
    assert (counts.initial_count, counts.unlocated_count) == (3, 2)
    await scene.check()
    assert [lease.name for lease in (await scene.take(project, count=3)).leases] == ["f0.root"]


async def test_files_that_turn_up_become_ready(scene: Scene) -> None:
    project = await scene.start(3, is_virtual=False)
    assert await locate_handles(scene.db) == 0
    for number in range(3):
        await scene.add_replica(Did("test", f"f{number}.root"))
    async with scene.db.notices.follow(f"share/{project.share_id}") as follower:
        assert await locate_handles(scene.db, limit=2) == 2
        assert await follower.wait(1)
    assert (await scene.read(project)).counts.unlocated_count == 1
    await scene.check()
    assert await locate_handles(scene.db) == 1
    assert await locate_handles(scene.db) == 0
    assert await scene.list_events("dispatch.handles_located") == [{"count": 2}, {"count": 1}]
    assert len((await scene.take(project, count=3)).leases) == 3
    await scene.check()


async def test_a_file_that_turns_up_behind_the_mark_is_handed_out(scene: Scene) -> None:
    await scene.add_replica(Did("test", "f1.root"))
    project = await scene.start(3, is_virtual=False)
    assert (await scene.take_one(project)).name == "f1.root"
    await scene.add_replica(Did("test", "f0.root"))
    await locate_handles(scene.db)
    assert (await scene.take_one(project)).name == "f0.root"
    await scene.check()


async def test_a_cancelled_project_is_not_searched_for_replicas(scene: Scene) -> None:
    project = await scene.start(1, is_virtual=False)
    await scene.run("UPDATE dispatch.projects SET state = 'cancelled', ended_at = now()")
    await scene.add_replica(Did("test", "f0.root"))
    assert await locate_handles(scene.db) == 0
    assert (await scene.read(project)).counts.unlocated_count == 1


async def test_failed_handles_go_back_and_the_project_is_active_again(scene: Scene) -> None:
    project = await scene.start(3)
    leases = (await scene.take(project, count=3)).leases
    await scene.say(Outcome.DONE, leases[0])
    for lease in leases[1:]:
        await scene.say(Outcome.FAILED, lease, may_retry=False, reason="no")
    count = await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.FAILED])
    assert count == 2
    now = await scene.read(project)
    assert (now.state, now.ended_at, now.counts.initial_count) == (ProjectState.ACTIVE, None, 2)
    assert await scene.list_events("dispatch.handles_restarted") == [{"count": 2}]
    await scene.check()
    again = await scene.take(project, count=3)
    assert [(lease.name, lease.attempt) for lease in again.leases] == [("f1.root", 2), ("f2.root", 2)]
    await scene.say(Outcome.DONE, *again.leases)
    assert await scene.list_events("dispatch.share_finished") == [{"project": project.project_id}] * 2
    await scene.check()


async def test_restarting_by_file_ends_a_lease_and_passes_over_unknown_files(scene: Scene) -> None:
    project = await scene.start(3)
    leases = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.DONE, leases[1])
    dids = [Did("test", name) for name in ("f0.root", "f1.root", "f2.root", "unknown")]
    assert await restart_handles(scene.db, scene.who, project_id=project.project_id, dids=dids) == 2
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, did=dids[0])
    assert [attempt.outcome for attempt in view.attempts] == [Outcome.RESTARTED]
    assert view.handle.reason == "ada put the file back."
    assert (await scene.read(project)).counts.initial_count == 3
    await scene.check()


async def test_restarting_reserved_handles_revives_a_cancelled_project(scene: Scene) -> None:
    project = await scene.start(2)
    await scene.take_one(project)
    await scene.run("UPDATE dispatch.projects SET state = 'cancelled', ended_at = now()")
    states = [HandleState.RESERVED]
    assert await restart_handles(scene.db, scene.who, project_id=project.project_id, states=states) == 1
    assert (await scene.read(project)).state is ProjectState.ACTIVE
    await scene.check()


async def test_restarting_nothing_leaves_the_project_alone(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    states = [HandleState.FAILED, HandleState.INITIAL]
    assert await restart_handles(scene.db, scene.who, project_id=project.project_id, states=states) == 0
    assert (await scene.read(project)).state is ProjectState.DONE
    with pytest.raises(InvalidChoiceError):
        await restart_handles(scene.db, scene.who, project_id=project.project_id)


async def test_a_restarted_file_without_a_replica_is_put_aside(scene: Scene) -> None:
    await scene.add_replica(Did("test", "f0.root"))
    project = await scene.start(1, is_virtual=False)
    await scene.say(Outcome.FAILED, await scene.take_one(project), may_retry=False)
    await scene.run("UPDATE replicas.rses SET is_available = false")
    await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.FAILED])
    assert (await scene.read(project)).counts.unlocated_count == 1
    await scene.check()


async def test_handles_are_listed_in_pages_by_state_and_share(scene: Scene) -> None:
    project = await scene.start(5)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="exit code 1", may_retry=False)
    failed = await list_handles(scene.db, scene.who, share_id=project.share_id, state=HandleState.FAILED)
    assert [(handle.name, handle.reason) for handle in failed.items] == [("f0.root", "exit code 1")]
    page = await list_handles(scene.db, scene.who, project_id=project.project_id, limit=3)
    rest = await list_handles(scene.db, scene.who, project_id=project.project_id, after=page.next_cursor)
    assert [handle.position for handle in (*page.items, *rest.items)] == [0, 1, 2, 3, 4]
    with pytest.raises(InvalidChoiceError):
        await list_handles(scene.db, scene.who)
    with pytest.raises(ShareNotFoundError):
        await list_handles(scene.db, scene.who, share_id=10**9)


async def test_a_handle_shows_its_attempts_the_running_one_first(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="no")
    running = await scene.take_one(project, "w2")
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, did=Did("test", "f0.root"))
    assert [(attempt.worker_id, attempt.outcome) for attempt in view.attempts] == [
        ("w2", None),
        ("w1", Outcome.FAILED),
    ]
    assert view.attempts[0].id == running.attempt_id
    assert (view.handle.worker_id, view.handle.reason) == ("w2", "no")


async def test_what_is_not_there_is_an_error(scene: Scene) -> None:
    project = await scene.start(1)
    with pytest.raises(HandleNotFoundError):
        await get_handle(scene.db, scene.who, project_id=project.project_id, position=7)
    with pytest.raises(InvalidChoiceError):
        await get_handle(scene.db, scene.who, project_id=project.project_id)
    with pytest.raises(ProjectNotFoundError):
        await get_project(scene.db, scene.who, project_id=10**9)
    with pytest.raises(ShareNotFoundError):
        async with scene.db.read() as tx:
            await get_share_counts_in(tx, share_id=10**9)


async def test_projects_are_listed_newest_first_and_only_those_one_may_see(scene: Scene) -> None:
    created = [await scene.start(1) for _ in range(3)]
    await scene.say(Outcome.DONE, await scene.take_one(created[1]))
    page = await list_projects(scene.db, scene.who, experiment="local", limit=2)
    assert [project.id for project in page.items] == [created[2].project_id, created[1].project_id]
    rest = await list_projects(scene.db, scene.who, after=page.next_cursor)
    assert [project.id for project in rest.items] == [created[0].project_id]
    done = await list_projects(scene.db, scene.who, state=ProjectState.DONE, owner="ada")
    assert [project.id for project in done.items] == [created[1].project_id]
    stranger = make_member(99, "eve", scene.experiment_id + 1, Role.SUPERUSER)
    assert (await list_projects(scene.db, stranger)).items == ()
    with pytest.raises(NotPermittedError):
        await list_projects(scene.db, stranger, experiment="local")
    with pytest.raises(NotPermittedError):
        await get_project(scene.db, stranger, project_id=created[0].project_id)


async def test_attributes_are_laid_over_those_that_are_there(scene: Scene) -> None:
    project = await scene.start(1)
    async with scene.db.write() as tx:
        await set_project_attributes_in(tx, project_id=project.project_id, attributes={"a": 1, "b": 1})
        await set_project_attributes_in(tx, project_id=project.project_id, attributes={"b": 2})
    assert (await scene.read(project)).attributes == {"a": 1, "b": 2}
    with pytest.raises(ProjectNotFoundError):
        async with scene.db.write() as tx:
            await set_project_attributes_in(tx, project_id=10**9, attributes={})


async def test_a_share_explains_what_it_waits_for(scene: Scene) -> None:
    await scene.add_replica(Did("test", "f0.root"))
    await scene.add_replica(Did("test", "f1.root"))
    project = await scene.start(3, is_virtual=False)
    await scene.take_one(project)
    async with scene.db.read() as tx:
        why = await explain_share_in(tx, share_id=project.share_id)
    assert why == (
        "1 file is reserved by 1 worker; none of the leases has an end. "
        "1 file has no known replica: one would make it ready. "
        "1 file is ready and waits for a worker."
    )


async def test_many_handles_are_one_project(scene: Scene) -> None:
    project = await scene.start(25_000)
    assert project.handle_count == 25_000
    assert (await scene.take(project, count=2)).leases[1].name == "f1.root"
    assert await scene.value("SELECT max(position) FROM dispatch.handles") == 24_999
