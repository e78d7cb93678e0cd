"""Reports: what is accepted, what is refused, and what ends with the last one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.dispatch.scene import Scene, make_member

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.dispatch import (
    AttemptNotFoundError,
    CreatedProject,
    HandleState,
    InvalidReportError,
    Lease,
    Order,
    Outcome,
    Output,
    ProjectState,
    Report,
    alter_project,
    cancel_project,
    get_handle,
    release_overdue,
    renew,
    report,
    restart_handles,
)


async def test_done_moves_handle_and_counts(scene: Scene) -> None:
    project = await scene.start(2)
    lease = await scene.take_one(project)
    (answer,) = await scene.say(Outcome.DONE, lease)
    assert (answer.attempt_id, answer.state, answer.is_accepted) == (lease.attempt_id, HandleState.DONE, True)
    now = await scene.read(project)
    assert (now.state, now.counts.initial_count, now.counts.done_count) == (ProjectState.ACTIVE, 1, 1)
    await scene.check()


async def test_the_attempt_keeps_everything_that_was_reported(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project, batch_job_id="17.0")
    clock.advance(timedelta(minutes=3))
    said = Report(
        "w1", (lease.attempt_id,), Outcome.FAILED, "exit code 3", measures={"wall_seconds": 9.5}, log_tail="boom\n"
    )
    await report(scene.db, scene.who, report=said)
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, position=0)
    (attempt,) = view.attempts
    assert (attempt.outcome, attempt.handle_state) == (Outcome.FAILED, HandleState.INITIAL)
    assert (attempt.reason, attempt.measures, attempt.log_tail) == ("exit code 3", {"wall_seconds": 9.5}, "boom\n")
    assert (attempt.worker_id, attempt.batch_job_id) == ("w1", "17.0")
    assert attempt.ended_at == attempt.reserved_at + timedelta(minutes=3)
    assert (view.handle.reason, view.handle.worker_id, view.handle.attempts) == ("exit code 3", None, 1)


async def test_one_report_appends_one_event(scene: Scene) -> None:
    project = await scene.start(2)
    lease = await scene.take_one(project)
    await scene.say(Outcome.DONE, lease)
    assert await scene.list_events("dispatch.handles_released") == [
        {"workers": ["w1"], "attempts": [lease.attempt_id], "outcome": "done", "state": "done"}
    ]


async def test_a_failure_goes_back_until_the_attempts_are_used_up(scene: Scene) -> None:
    project = await scene.start(1, max_attempts=2)
    (first,) = await scene.say(Outcome.FAILED, await scene.take_one(project), reason="no")
    assert first.state is HandleState.INITIAL
    await scene.check()
    (second,) = await scene.say(Outcome.FAILED, await scene.take_one(project), reason="no")
    assert second.state is HandleState.FAILED
    assert (await scene.read(project)).state is ProjectState.FAILED
    await scene.check()


async def test_a_failure_that_may_not_be_retried_is_final(scene: Scene) -> None:
    project = await scene.start(1)
    (answer,) = await scene.say(Outcome.FAILED, await scene.take_one(project), reason="bad input", may_retry=False)
    assert answer.state is HandleState.FAILED
    await scene.check()


async def test_a_failure_without_a_reason_gets_one(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.FAILED, await scene.take_one(project))
    view = await get_handle(scene.db, scene.who, project_id=project.project_id, position=0)
    assert view.handle.reason == "The worker gave no reason."


async def test_binary_output_in_reason_and_log_does_no_harm(scene: Scene) -> None:
    lease = await scene.take_one(await scene.start(1))
    said = Report("w1", (lease.attempt_id,), Outcome.FAILED, "exit\0", log_tail="a\0b\ud800")
    (answer,) = await report(scene.db, scene.who, report=said)
    assert answer.is_accepted
    assert await scene.value("SELECT reason || log_tail FROM dispatch.attempts") == "exit\ufffda\ufffdb?"


async def test_the_last_done_ends_share_and_project_once(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(2)
    leases = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.DONE, leases[0])
    clock.advance(timedelta(hours=1))
    await scene.say(Outcome.DONE, leases[1])
    await scene.say(Outcome.DONE, leases[1])
    now = await scene.read(project)
    assert (now.state, now.ended_at) == (ProjectState.DONE, clock.now())
    assert await scene.list_events("dispatch.project_ended") == [{"state": "done"}]
    assert await scene.list_events("dispatch.share_finished") == [{"project": project.project_id}]
    await scene.check()


async def test_one_failed_file_makes_the_project_failed(scene: Scene) -> None:
    project = await scene.start(2)
    leases = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.FAILED, leases[0], may_retry=False)
    await scene.say(Outcome.DONE, leases[1])
    assert (await scene.read(project)).state is ProjectState.FAILED
    assert await scene.list_events("dispatch.project_ended") == [{"state": "failed"}]


async def test_the_same_report_again_is_accepted_and_changes_nothing(scene: Scene) -> None:
    project = await scene.start(2)
    lease = await scene.take_one(project)
    first = await scene.say(Outcome.FAILED, lease, reason="no")
    again = await scene.say(Outcome.FAILED, lease, reason="no")
    assert again == first
    assert await scene.value("SELECT count(*) FROM dispatch.attempts") == 1
    assert len(await scene.list_events("dispatch.handles_released")) == 1
    assert await scene.value("SELECT count(*) FROM dispatch.late_reports") == 0
    await scene.check()


async def test_another_outcome_after_the_report_is_refused(scene: Scene) -> None:
    project = await scene.start(2)
    lease = await scene.take_one(project)
    await scene.say(Outcome.DONE, lease)
    (answer,) = await scene.say(Outcome.FAILED, lease, reason="changed my mind")
    assert not answer.is_accepted
    assert answer.why.startswith(f"Attempt {lease.attempt_id} was reported done at ")
    assert answer.state is HandleState.DONE
    await scene.check()


async def test_another_worker_may_not_report_the_lease(scene: Scene) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project, "w1")
    (answer,) = await scene.say(Outcome.DONE, lease, worker="w2")
    assert not answer.is_accepted
    assert answer.why == f"Attempt {lease.attempt_id} belongs to worker w1, not to w2."
    assert answer.state is HandleState.RESERVED
    await scene.check()


async def test_a_late_done_is_refused_with_the_reason_and_kept_as_evidence(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project, "w1", lease_for=timedelta(minutes=5))
    clock.advance(timedelta(minutes=6))
    assert await release_overdue(scene.db) == 1
    clock.advance(timedelta(minutes=1))
    second = await scene.take_one(project, "w2")
    assert second.attempt_id > lease.attempt_id
    for _ in range(2):
        (answer,) = await scene.say(Outcome.DONE, lease, worker="w1", reason="finished after all")
        assert not answer.is_accepted
    assert answer.why == (
        f"Attempt {lease.attempt_id} timed out at 2026-03-01 12:06:00 UTC. "
        "The file is with worker w2 since 2026-03-01 12:07:00 UTC."
    )
    kept = await scene.column("SELECT reported || ': ' || reason FROM dispatch.late_reports")
    assert kept == ["done: finished after all"]
    assert (await scene.say(Outcome.DONE, second, worker="w2"))[0].is_accepted
    await scene.check()


async def test_a_group_is_done_together(scene: Scene) -> None:
    project = await scene.start(3)
    leases = (await scene.take(project, count=3)).leases
    answers = await scene.say(Outcome.DONE, *reversed(leases))
    assert [answer.attempt_id for answer in answers] == [lease.attempt_id for lease in leases]
    assert all(answer.is_accepted for answer in answers)
    assert len(await scene.list_events("dispatch.handles_released")) == 1
    assert (await scene.read(project)).state is ProjectState.DONE
    await scene.check()


async def test_a_group_with_one_lost_lease_changes_nothing(scene: Scene) -> None:
    project = await scene.start(2)
    one, two = await _hold_two_and_lose_the_second(scene, project)
    answers = await scene.say(Outcome.DONE, one, two)
    assert [answer.is_accepted for answer in answers] == [False, False]
    assert answers[0].why == (
        f"The report stands for all its files or for none, and these attempts were lost: {two.attempt_id}."
    )
    assert "put the file back" in answers[1].why
    assert await scene.column("SELECT attempt_id FROM dispatch.late_reports") == [two.attempt_id]
    assert (await scene.read(project)).counts.reserved_count == 1
    await scene.check()


async def test_a_group_of_which_a_part_was_accepted_before_is_accepted(scene: Scene) -> None:
    project = await scene.start(2)
    leases = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.DONE, leases[0])
    answers = await scene.say(Outcome.DONE, *leases)
    assert [(answer.is_accepted, answer.state) for answer in answers] == [(True, HandleState.DONE)] * 2
    await scene.check()


async def test_a_group_may_hold_first_and_last_attempts(scene: Scene) -> None:
    project = await scene.start(2, max_attempts=2)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="no")
    leases = (await scene.take(project, count=2)).leases
    answers = {a.attempt_id: a.state for a in await scene.say(Outcome.FAILED, *leases, reason="no")}
    by_attempt = {lease.attempt: answers[lease.attempt_id] for lease in leases}
    assert by_attempt == {1: HandleState.INITIAL, 2: HandleState.FAILED}
    assert len(await scene.list_events("dispatch.handles_released")) == 3
    await scene.check()


async def test_a_cancelled_project_still_takes_reports(scene: Scene) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project)
    await cancel_project(scene.db, scene.who, project_id=project.project_id)
    (answer,) = await scene.say(Outcome.DONE, lease)
    assert answer.is_accepted
    assert (await scene.read(project)).state is ProjectState.CANCELLED
    assert await scene.list_events("dispatch.project_ended") == []
    await scene.check()


async def test_a_report_makes_an_abandoned_project_active(scene: Scene) -> None:
    project = await scene.start(2)
    lease = await scene.take_one(project)
    await scene.run("UPDATE dispatch.projects SET state = 'abandoned'")
    await scene.say(Outcome.DONE, lease)
    assert (await scene.read(project)).state is ProjectState.ACTIVE


async def test_the_last_report_ends_an_abandoned_project(scene: Scene) -> None:
    project = await scene.start(1)
    lease = await scene.take_one(project)
    await scene.run("UPDATE dispatch.projects SET state = 'abandoned'")
    await scene.say(Outcome.DONE, lease)
    assert (await scene.read(project)).state is ProjectState.DONE


@pytest.mark.parametrize(
    "bad",
    [
        Report("w1", (), Outcome.DONE),
        Report("w1", (1, 1), Outcome.DONE),
        Report("w1", (1,), Outcome.TIMED_OUT),
        Report("w1", (1,), Outcome.FAILED, outputs=(Output("test", "x", 1, {}),)),
    ],
)
async def test_a_report_that_makes_no_sense_is_refused(scene: Scene, bad: Report) -> None:
    with pytest.raises(InvalidReportError):
        await report(scene.db, scene.who, report=bad)


async def test_an_attempt_that_never_was_is_an_error(scene: Scene) -> None:
    with pytest.raises(AttemptNotFoundError):
        await scene.say(Outcome.DONE, 10**12)


async def test_attempts_of_two_projects_cannot_be_one_report(scene: Scene) -> None:
    one = await scene.take_one(await scene.start(1))
    other = await scene.take_one(await scene.start(1))
    with pytest.raises(InvalidReportError):
        await scene.say(Outcome.DONE, one, other)
    await scene.check()


async def test_a_stranger_may_not_report(scene: Scene) -> None:
    lease = await scene.take_one(await scene.start(1))
    stranger = make_member(99, "eve", scene.experiment_id, Role.ANALYSIS)
    said = Report("w1", (lease.attempt_id,), Outcome.DONE)
    with pytest.raises(NotPermittedError):
        await report(scene.db, stranger, report=said)
    await scene.check()


async def test_a_worker_is_told_that_its_file_was_taken_out_of_the_project(scene: Scene) -> None:
    project = await scene.start(3)
    first, second = (await scene.take(project, count=2)).leases
    dids = [Did("test", lease.name) for lease in (first, second)]
    await restart_handles(scene.db, scene.who, project_id=project.project_id, dids=dids)
    await alter_project(scene.db, scene.who, project_id=project.project_id, remove=dids)
    [renewal] = await renew(scene.db, scene.who, worker_id="w1", attempt_ids=[first.attempt_id])
    assert renewal.order is Order.STOP_NOW
    assert renewal.why.endswith("UTC. The file is not in the project any more.")
    answers = await scene.say(Outcome.DONE, first, second)
    assert [(answer.is_accepted, answer.state) for answer in answers] == [(False, HandleState.INITIAL)] * 2
    assert await scene.value("SELECT count(*) FROM dispatch.late_reports") == 2
    await scene.check()


async def _hold_two_and_lose_the_second(scene: Scene, project: CreatedProject) -> tuple[Lease, Lease]:
    one, two = (await scene.take(project, count=2)).leases
    await restart_handles(scene.db, scene.who, project_id=project.project_id, dids=[Did(two.namespace, two.name)])
    return one, two
