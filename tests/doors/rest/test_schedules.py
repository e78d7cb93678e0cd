"""Schedules, holds and the queue through the API."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.doors.rest.campaign_scene import make_split_stage
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_routes import assert_is_problem

from sutler import campaigns, client
from sutler.base.clock import MovableClock
from sutler.client import AsyncClient
from sutler.wire.schedules import NewSchedule

pytestmark = pytest.mark.row(133, 134)

NIGHTLY = NewSchedule("0 2 * * *", "Europe/Zurich", overlap="queue")


@pytest.fixture
async def stage_id(sutler: AsyncClient) -> int:
    """A stage that splits five files in twos."""
    return await make_split_stage(sutler)


@pytest.mark.row(56)
async def test_a_stage_has_one_schedule_which_is_shown_replaced_and_deleted(
    sutler: AsyncClient, stage_id: int, clock: MovableClock
) -> None:
    with pytest.raises(client.NotFoundError):
        await sutler.get_schedule(stage_id)
    kept = await sutler.save_schedule(stage_id, NIGHTLY)
    assert (kept.cron, kept.time_zone, kept.overlap, kept.is_active) == ("0 2 * * *", "Europe/Zurich", "queue", True)
    assert (kept.stage, kept.campaign, kept.username) == ("split", "splitting", "admin")
    assert kept.next_due_at is not None
    assert clock.now() < kept.next_due_at <= clock.now() + timedelta(days=1)
    paused = await sutler.save_schedule(stage_id, NewSchedule("0 3 * * *", is_active=False))
    assert (paused.next_due_at, paused.is_active) == (None, False)
    assert await sutler.get_schedule(stage_id) == paused
    assert (await sutler.list_schedules(experiment="local")).items == (paused,)
    assert (await sutler.list_schedules(campaign_id=paused.campaign_id + 1)).items == ()
    await sutler.delete_schedule(stage_id)
    await sutler.delete_schedule(stage_id)
    assert (await sutler.list_schedules()).items == ()


async def test_times_are_shown_before_a_schedule_is_saved(
    sutler: AsyncClient, clock: MovableClock, admin: httpx.AsyncClient
) -> None:

    times = await sutler.preview_schedule("30 1 * * *", count=2)
    assert [(at.hour, at.minute) for at in times] == [(1, 30), (1, 30)]
    assert times[1] - times[0] == timedelta(days=1)
    assert clock.now() < times[0]
    with pytest.raises(client.InvalidInputError):
        await sutler.preview_schedule("every day")
    with pytest.raises(client.InvalidInputError):
        await sutler.preview_schedule("0 2 * * *", time_zone="Mars/Olympus")
    assert_is_problem(await admin.get("/schedules/preview?cron=*&count=1000"), 422)


async def test_a_bad_schedule_is_refused_and_others_may_not_set_one(
    sutler: AsyncClient, anna: AsyncClient, stage_id: int
) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.save_schedule(stage_id, NewSchedule("0 25 * * *", "Nowhere"))
    assert len(refused.value.problems) == 2
    for call in (anna.save_schedule(stage_id, NIGHTLY), anna.delete_schedule(stage_id)):
        with pytest.raises(client.NotPermittedError):
            await call


async def test_runs_of_a_schedule_are_listed(
    sutler: AsyncClient, stage_id: int, parts: Parts, clock: MovableClock
) -> None:
    kept = await sutler.save_schedule(stage_id, NIGHTLY)
    assert (await sutler.list_schedule_runs(stage_id)).items == ()
    assert kept.next_due_at is not None
    now = clock.now()
    clock.advance(kept.next_due_at - now)
    await campaigns.record_due_schedules(parts.db, count=10)
    clock.advance(now - kept.next_due_at)
    [run] = (await sutler.list_schedule_runs(stage_id)).items
    assert (run.due_at, run.state, run.submission_id) == (kept.next_due_at, "due", None)


@pytest.mark.row(53, 100)
async def test_a_switch_holds_all_launches_of_an_experiment_or_everywhere(
    sutler: AsyncClient, anna: AsyncClient, stage_id: int
) -> None:
    await sutler.hold_launches("local", reason="disk full")
    await sutler.hold_launches("local", kind="followers")
    await sutler.hold_launches(None, reason="power cut")
    found = [(one.experiment, one.kind, one.reason, one.held_by) for one in (await anna.list_holds()).items]
    assert sorted(found, key=str) == sorted(
        [
            (None, "launches", "power cut", "admin"),
            ("local", "launches", "disk full", "admin"),
            ("local", "followers", "", "admin"),
        ],
        key=str,
    )
    with pytest.raises(client.QueuedError, match="power cut"):
        await sutler.launch_stage(stage_id)
    await sutler.release_launches(None)
    with pytest.raises(client.QueuedError, match="disk full"):
        await sutler.launch_stage(stage_id)
    for call in (anna.hold_launches("local"), anna.release_launches("local"), anna.hold_launches(None)):
        with pytest.raises(client.NotPermittedError):
            await call
    await sutler.release_launches("local")
    await sutler.release_launches("local")
    assert [one.kind for one in (await sutler.list_holds()).items] == ["followers"]
    assert await sutler.launch_stage(stage_id)


@pytest.mark.row(55)
async def test_launches_that_wait_are_listed_and_deleted(
    sutler: AsyncClient, anna: AsyncClient, admin: httpx.AsyncClient, stage_id: int
) -> None:
    await sutler.hold_launches("local", reason="disk full")
    waiting = [(await sutler.request_launch(stage_id)).queued_id for _ in range(3)]
    listed = (await sutler.list_queued_launches(experiment="local")).items
    assert [one.id for one in listed] == waiting
    assert {one.state for one in listed} == {"queued"}
    assert (await anna.list_queued_launches()).items == ()
    with pytest.raises(client.NotPermittedError):
        await anna.delete_queued_launches([listed[0].id])
    assert (await admin.delete(f"/queued_launches/{listed[0].id}")).status_code == 204
    assert await sutler.delete_queued_launches([one.id for one in listed]) == tuple(one.id for one in listed[1:])
    assert (await sutler.list_queued_launches(state="queued")).items == ()
    assert len((await sutler.list_queued_launches(state="deleted")).items) == 3
    with pytest.raises(client.NotFoundError):
        await sutler.delete_queued_launches([2**40])
