"""Files given back by clients that know no attempt ids, and by those whom a project lists."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.dispatch.scene import Scene, add_user, make_member

from sutler.auth import Principal, Role
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.dispatch import (
    CreatedProject,
    Handle,
    HandleNotFoundError,
    HandleNotReservedError,
    HandleState,
    InvalidProjectError,
    InvalidReportError,
    Outcome,
    ProjectState,
    Report,
    Wish,
    WrongWorkerError,
    cancel_project,
    get_handle,
    get_project,
    release_handle,
    report,
    reserve_next,
    restart_handles,
)

FILE = Did("test", "f0.root")


async def give_back(
    scene: Scene,
    project: CreatedProject,
    outcome: Outcome = Outcome.DONE,
    *,
    worker: str | None = "w1",
    may_retry: bool = True,
    did: Did = FILE,
    who: Principal | None = None,
) -> Handle:
    return await release_handle(
        scene.db,
        who or scene.who,
        project_id=project.project_id,
        did=did,
        worker_id=worker,
        outcome=outcome,
        may_retry=may_retry,
    )


@pytest.mark.parametrize("worker", ["w1", None])
@pytest.mark.parametrize(
    ("outcome", "may_retry", "expected"),
    [
        (Outcome.DONE, True, HandleState.DONE),
        (Outcome.FAILED, True, HandleState.INITIAL),
        (Outcome.FAILED, False, HandleState.FAILED),
    ],
)
async def test_a_file_goes_where_its_release_sends_it(
    scene: Scene, worker: str | None, outcome: Outcome, may_retry: bool, expected: HandleState
) -> None:
    project = await scene.start(2)
    await scene.take_one(project)
    handle = await give_back(scene, project, outcome, worker=worker, may_retry=may_retry)
    assert (handle.state, handle.worker_id, handle.attempts) == (expected, None, 1)
    stored = (await get_handle(scene.db, scene.who, project_id=project.project_id, position=0)).handle
    assert (stored.state, stored.worker_id, stored.reserved_at) == (expected, None, handle.reserved_at)
    await scene.check()


async def test_the_same_outcome_by_the_same_worker_again_changes_nothing(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.take_one(project)
    await give_back(scene, project)
    assert (await give_back(scene, project)).state is HandleState.DONE
    for worker, outcome in (("w1", Outcome.FAILED), ("w2", Outcome.DONE), (None, Outcome.DONE)):
        with pytest.raises(HandleNotReservedError, match="it is done"):
            await give_back(scene, project, outcome, worker=worker)
    assert len(await scene.list_events("dispatch.handles_released")) == 1


async def test_a_repeat_does_not_touch_the_lease_of_the_next_worker(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.take_one(project, "w1")
    await give_back(scene, project, Outcome.FAILED)
    await scene.take_one(project, "w2")
    assert (await give_back(scene, project, Outcome.FAILED)).worker_id == "w2"
    with pytest.raises(WrongWorkerError, match="Worker w2 has the file"):
        await give_back(scene, project, Outcome.DONE)
    assert (await give_back(scene, project, worker="w2")).state is HandleState.DONE
    await scene.check()


async def test_what_is_not_there_or_no_outcome_is_refused(scene: Scene) -> None:
    project = await scene.start(1)
    with pytest.raises(HandleNotFoundError):
        await give_back(scene, project, did=Did("test", "unknown"))
    with pytest.raises(HandleNotReservedError, match="it is initial"):
        await give_back(scene, project)
    with pytest.raises(InvalidReportError):
        await give_back(scene, project, Outcome.TIMED_OUT)


async def test_files_are_given_back_to_cancelled_and_abandoned_projects(scene: Scene) -> None:
    project = await scene.start(2)
    await scene.take(project, count=2)
    await scene.run("UPDATE dispatch.projects SET state = 'abandoned'")
    await give_back(scene, project, Outcome.FAILED)
    assert (await scene.read(project)).state is ProjectState.ACTIVE
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    await give_back(scene, project, did=Did("test", "f1.root"))
    assert (await scene.read(project)).state is ProjectState.CANCELLED
    await scene.check()


async def test_of_many_releases_at_once_exactly_one_counts(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.take_one(project)
    calls = [give_back(scene, project, worker=None) for _ in range(8)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["HandleNotReservedError"] * 7 + ["HeldHandle"]
    await scene.check()


async def test_a_release_counts_attempts_like_a_report(scene: Scene) -> None:
    project = await scene.start(1, max_attempts=2, retry_pause=timedelta(minutes=5))
    await scene.take_one(project)
    assert (await give_back(scene, project, Outcome.FAILED)).state is HandleState.INITIAL
    assert (await scene.read(project)).resting_count == 1
    await restart_handles(scene.db, scene.who, project_id=project.project_id, dids=[FILE])
    await scene.take_one(project)
    assert (await give_back(scene, project, Outcome.FAILED)).state is HandleState.FAILED
    assert (await scene.read(project)).state is ProjectState.FAILED


async def test_users_and_groups_of_a_project_process_its_files_and_nobody_else_does(scene: Scene) -> None:
    bob_id = await add_user(scene, "bob")
    bob = replace(make_member(bob_id, "bob", scene.experiment_id, Role.ANALYSIS), roles={}, experiments={})
    cal = replace(bob, user_id=10**9 + 1, username="cal", groups=frozenset({"calibrators"}))
    await scene.run(
        "INSERT INTO auth.groups (experiment_id, name, created_at) VALUES ($1, 'calibrators', now())",
        scene.experiment_id,
    )
    project = await scene.start(3, users=("bob",), groups=("calibrators",))
    for number, who in enumerate((bob, cal)):
        wish = Wish(who.username, uuid4())
        [lease] = (await reserve_next(scene.db, who, project_id=project.project_id, wish=wish)).leases
        if number:
            [answer] = await report(scene.db, who, report=Report(who.username, (lease.attempt_id,), Outcome.DONE))
            assert answer.is_accepted
        else:
            released = await give_back(scene, project, worker="bob", did=Did("test", lease.name), who=bob)
            assert released.state is HandleState.DONE
        assert (await get_project(scene.db, who, project_id=project.project_id)).users == ("bob",)
    with pytest.raises(NotPermittedError):
        await cancel_project(scene.db, bob, project_id=project.project_id)
    eve = replace(bob, user_id=10**9 + 2, username="eve")
    with pytest.raises(NotPermittedError):
        await give_back(scene, project, who=eve)
    with pytest.raises(InvalidProjectError, match=r"no user eve.*no group strangers"):
        await scene.start(1, users=("eve",), groups=("strangers",))
    assert await scene.value("SELECT count(*) FROM dispatch.projects") == 1
