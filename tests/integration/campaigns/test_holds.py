"""Holds of launches and of what follows, and the queue of launches that wait for them to end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import auth, campaigns
from sutler.auth import Principal, Role
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotFoundError, NotPermittedError, UnavailableError
from sutler.campaigns import (
    HoldKind,
    Launched,
    Launcher,
    LaunchKeyTakenError,
    LaunchOutcome,
    LaunchRequest,
    NewCampaign,
    NewSchedule,
    NewStage,
    Queued,
    QueuedLaunch,
    QueueState,
)
from sutler.campaigns.operations import holds, queueing
from sutler.campaigns.settings import StageSettings
from sutler.campaigns.store import get_stage
from sutler.database import Database
from sutler.loops import Surroundings, queued_launches

RAW = StageSettings(dataset_query="files from nova:raw")


async def find_admin(scene: Scene) -> Principal:
    async with scene.db.connection() as connection:
        user_id = await connection.fetchval("SELECT id FROM auth.users WHERE username = 'admin'")
    return await auth.get_principal_of(scene.db, user_id=user_id)


async def make_stages(scene: Scene, count: int = 1) -> list[int]:
    return await scene.make_campaign(
        *(NewStage(f"s{number}", "copy", "here", settings=RAW) for number in range(1, count + 1))
    )


async def launch(scene: Scene, stage_id: int, key: str | None = None, who: Principal | None = None) -> LaunchOutcome:
    request = LaunchRequest(stage_id, key or f"test/{uuid4()}")
    return await campaigns.launch_stage(scene.db, scene.launcher, who or scene.producer, request=request)


async def queue(scene: Scene, stage_id: int, key: str | None = None, who: Principal | None = None) -> Queued:
    outcome = await launch(scene, stage_id, key, who)
    assert isinstance(outcome, Queued)
    return outcome


async def hold(scene: Scene, *stage_ids: int) -> None:
    await campaigns.hold_stages(scene.db, scene.producer, stage_ids=stage_ids, is_held=True, reason="disks full")


async def release(scene: Scene, *stage_ids: int) -> None:
    await campaigns.hold_stages(scene.db, scene.producer, stage_ids=stage_ids, is_held=False)


async def list_queue(
    scene: Scene,
    who: Principal | None = None,
    *,
    experiment: str | None = None,
    stage_id: int | None = None,
    state: QueueState | None = None,
) -> list[QueuedLaunch]:
    page = await campaigns.list_queued_launches(
        scene.db, who or scene.producer, experiment=experiment, stage_id=stage_id, state=state
    )
    return list(page.items)


async def find_hold(scene: Scene, stage_id: int, kind: HoldKind = HoldKind.LAUNCHES) -> str | None:
    async with scene.db.read() as tx:
        stage = await get_stage(tx, stage_id=stage_id)
        assert stage is not None
        return await holds.find_hold_in(tx, stage=stage, kind=kind)


async def list_kinds(scene: Scene, subject_kind: str) -> list[str]:
    async with scene.db.connection() as connection:
        rows = await connection.fetch(
            "SELECT kind FROM database.events WHERE subject_kind = $1 ORDER BY seq", subject_kind
        )
    return [row["kind"] for row in rows]


def around(scene: Scene) -> Surroundings:
    return Surroundings(scene.db, scene.launcher)


@pytest.mark.row(53)
async def test_launches_of_everybody_wait_while_an_administrator_holds_them(scene: Scene) -> None:
    admin = await find_admin(scene)
    (stage,) = await make_stages(scene)
    await campaigns.hold_launches(scene.db, admin, experiment=None, reason="The database moves.")
    waiting = await queue(scene, stage, "k1")
    assert waiting.reason == "Launches are on hold since 2026-03-01 12:00 UTC by admin: The database moves."
    assert [(one.experiment_id, one.held_by) for one in await campaigns.list_holds(scene.db, scene.analyst)] == [
        (None, "admin")
    ]
    assert await queued_launches.step(around(scene)) == 0
    await campaigns.release_launches(scene.db, admin, experiment=None)
    assert await campaigns.list_holds(scene.db, scene.analyst) == []
    assert await queued_launches.step(around(scene)) == 1
    assert isinstance(await launch(scene, stage, "k1"), Launched)


@pytest.mark.row(53)
async def test_an_experiment_is_held_by_those_who_run_its_production(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await campaigns.hold_launches(scene.db, scene.producer, experiment="nova", reason="calibration")
    assert await find_hold(scene, stage) == (
        "Launches of nova are on hold since 2026-03-01 12:00 UTC by pia: calibration."
    )
    await auth.create_experiment(scene.db, await find_admin(scene), name="dune")
    await campaigns.release_launches(scene.db, scene.producer, experiment="nova")
    assert await find_hold(scene, stage) is None
    with pytest.raises(NotPermittedError, match="takes the role production"):
        await campaigns.hold_launches(scene.db, scene.analyst, experiment="nova")
    with pytest.raises(NotPermittedError, match="takes the role production"):
        await campaigns.release_launches(scene.db, scene.analyst, experiment="nova")
    with pytest.raises(NotPermittedError):
        await campaigns.hold_launches(scene.db, scene.producer, experiment=None)
    with pytest.raises(NotPermittedError):
        await campaigns.hold_launches(scene.db, scene.producer, experiment="dune")
    with pytest.raises(NotFoundError):
        await campaigns.hold_launches(scene.db, scene.producer, experiment="nowhere")


async def test_a_switch_of_another_experiment_holds_nothing_here(scene: Scene) -> None:
    admin = await find_admin(scene)
    await auth.create_experiment(scene.db, admin, name="dune")
    await campaigns.hold_launches(scene.db, admin, experiment="dune")
    (stage,) = await make_stages(scene)
    assert isinstance(await launch(scene, stage), Launched)
    assert await campaigns.list_holds(scene.db, scene.producer) == [], "nor is it shown"


@pytest.mark.row(53)
async def test_setting_a_switch_twice_changes_nothing_and_says_nothing_twice(scene: Scene, clock: MovableClock) -> None:
    for reason in ("first", "second"):
        await campaigns.hold_launches(scene.db, scene.producer, experiment="nova", reason=reason)
        clock.advance(timedelta(hours=1))
    assert [one.reason for one in await campaigns.list_holds(scene.db, scene.producer)] == ["first"]
    for _ in range(2):
        await campaigns.release_launches(scene.db, scene.producer, experiment="nova")
    assert (await list_kinds(scene, "experiment")).count("campaigns.switch_set") == 2


@pytest.mark.row(100)
async def test_what_follows_by_itself_has_a_switch_of_its_own(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await campaigns.hold_launches(
        scene.db, scene.producer, experiment="nova", kind=HoldKind.FOLLOWERS, reason="outputs are wrong"
    )
    assert await find_hold(scene, stage) is None
    assert await find_hold(scene, stage, HoldKind.FOLLOWERS) == (
        "Recoveries and dependants that would follow by themselves of nova are on hold "
        "since 2026-03-01 12:00 UTC by pia: outputs are wrong."
    )
    assert isinstance(await launch(scene, stage), Launched), "launches by hand go on"
    await campaigns.release_launches(scene.db, scene.producer, experiment="nova", kind=HoldKind.FOLLOWERS)
    await hold(scene, stage)
    assert await find_hold(scene, stage, HoldKind.FOLLOWERS) is None, "the hold of a stage is about launches"


@pytest.mark.row(100)
async def test_what_follows_by_itself_can_be_stopped_everywhere(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await campaigns.hold_launches(scene.db, await find_admin(scene), experiment=None, kind=HoldKind.FOLLOWERS)
    assert "are on hold since" in str(await find_hold(scene, stage, HoldKind.FOLLOWERS))


@pytest.mark.row(54)
async def test_a_stage_is_held_and_released_once_and_says_who_and_why(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    held = await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=True, reason="disks full")
    assert (held.held_by, held.hold_reason) == (scene.producer.user_id, "disks full")
    again = await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=True, reason="other")
    assert again.hold_reason == "disks full"
    assert await find_hold(scene, stage) == (
        "Launches of stage s1 are on hold since 2026-03-01 12:00 UTC by pia: disks full."
    )
    released = await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=False)
    assert (released.held_by, released.held_at, released.hold_reason) == (None, None, "")
    assert await find_hold(scene, stage) is None
    kinds = await list_kinds(scene, "stage")
    assert [kind for kind in kinds if kind.endswith(("held", "released"))] == [
        "campaigns.stage_held",
        "campaigns.stage_released",
    ]


@pytest.mark.row(54)
async def test_stages_are_held_together_or_not_at_all(scene: Scene) -> None:
    first, second, third = await make_stages(scene, 3)
    await hold(scene, second)
    changed = await campaigns.hold_stages(
        scene.db, scene.producer, stage_ids=[third, second, first], is_held=True, reason="x"
    )
    assert changed == [first, third]
    assert await campaigns.hold_stages(scene.db, scene.producer, stage_ids=[first], is_held=False) == [first]
    with pytest.raises(NotPermittedError):
        await campaigns.hold_stages(scene.db, scene.analyst, stage_ids=[second], is_held=False)
    with pytest.raises(NotFoundError):
        await campaigns.hold_stages(scene.db, scene.producer, stage_ids=[first, 10**6], is_held=True)
    assert await find_hold(scene, first) is None
    with pytest.raises(InvalidInputError, match="1000 at once"):
        await campaigns.hold_stages(scene.db, scene.producer, stage_ids=range(1001), is_held=True)
    with pytest.raises(InvalidInputError, match="reason"):
        await campaigns.hold_stages(scene.db, scene.producer, stage_ids=[first], is_held=True, reason="x" * 501)


@pytest.mark.row(54, 56)
async def test_holding_a_stage_ends_its_schedule_unless_that_is_declined(scene: Scene) -> None:
    kept, ended = await make_stages(scene, 2)
    for stage in (kept, ended):
        await campaigns.save_schedule(scene.db, scene.producer, stage_id=stage, new=NewSchedule("0 * * * *"))
    await campaigns.hold_stages(scene.db, scene.producer, stage_ids=[kept], is_held=True, ends_schedules=False)
    await hold(scene, ended)
    schedules = {one.stage_id: one for one in (await campaigns.list_schedules(scene.db, scene.producer)).items}
    assert schedules[kept].is_active
    assert (schedules[ended].is_active, schedules[ended].next_due_at) == (False, None)
    assert schedules[ended].reason == "pia put the stage on hold: disks full"


@pytest.mark.row(54, 55)
async def test_queued_launches_are_made_in_the_order_they_came(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    for number in range(6):
        await queue(scene, stage, f"k{number}")
    assert [(one.launch_key, one.state) for one in await list_queue(scene)] == [
        (f"k{number}", QueueState.QUEUED) for number in range(6)
    ]
    assert await queued_launches.step(around(scene)) == 0, "nothing moves while the stage is held"
    await release(scene, stage)
    while await queued_launches.step(around(scene)):
        pass
    settled = await list_queue(scene, stage_id=stage)
    assert [one.state for one in settled] == [QueueState.LAUNCHED] * 6
    made = [one.submission_id for one in settled if one.submission_id is not None]
    assert len(made) == 6
    assert made == sorted(made)
    assert settled[0].outcome == f"submission {made[0]}"
    submissions = (await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage)).items
    assert {one.launched_by for one in submissions} == {"pia"}
    assert (await list_kinds(scene, "stage")).count("campaigns.launch_unqueued") == 6


@pytest.mark.row(54)
async def test_the_same_key_waits_once_and_is_launched_once(scene: Scene) -> None:
    stage, other = await make_stages(scene, 2)
    await hold(scene, stage, other)
    first, again = await queue(scene, stage, "k"), await queue(scene, stage, "k")
    assert first == again
    with pytest.raises(LaunchKeyTakenError):
        await queue(scene, other, "k")
    await release(scene, stage)
    await asyncio.gather(*(queued_launches.step(around(scene)) for _ in range(3)))
    (settled,) = await list_queue(scene)
    assert await launch(scene, stage, "k") == Launched(settled.submission_id or 0)
    assert len((await campaigns.list_submissions(scene.db, scene.producer)).items) == 1


async def test_a_key_that_made_a_submission_is_not_queued(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    made = await launch(scene, stage, "k")
    await hold(scene, stage)
    assert await launch(scene, stage, "k") == made
    async with scene.db.write() as tx:
        found = await get_stage(tx, stage_id=stage)
        assert found is not None
        with pytest.raises(LaunchKeyTakenError):
            await queueing.queue_launch_in(
                tx, scene.producer, stage=found, request=LaunchRequest(stage, "k"), reason="held"
            )
    assert await list_queue(scene) == []


@pytest.mark.row(55)
async def test_a_crash_between_launch_and_mark_makes_one_launch(scene: Scene, clock: MovableClock) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    await queue(scene, stage, "k")
    await release(scene, stage)
    (claimed,) = await campaigns.claim_queued_launches(scene.db, count=10)
    made = await launch(scene, stage, claimed.launch_key)
    assert isinstance(made, Launched)
    assert await queued_launches.step(around(scene)) == 0, "it is left to whoever took it"
    clock.advance(timedelta(minutes=2))
    assert await queued_launches.step(around(scene)) == 1
    (settled,) = await list_queue(scene)
    assert (settled.state, settled.submission_id) == (QueueState.LAUNCHED, made.submission_id)
    assert len((await campaigns.list_submissions(scene.db, scene.producer)).items) == 1


@pytest.mark.row(55)
async def test_a_refusal_settles_a_queued_launch_and_lets_the_next_one_pass(scene: Scene) -> None:
    admin = await find_admin(scene)
    (stage,) = await make_stages(scene)
    await auth.set_member(scene.db, admin, experiment="nova", username="ann", role=Role.SHIFTER)
    shifter = await auth.get_principal_of(scene.db, user_id=scene.analyst.user_id)
    await hold(scene, stage)
    await queue(scene, stage, "of ann", shifter)
    await queue(scene, stage, "of pia")
    await auth.set_member(scene.db, admin, experiment="nova", username="ann", role=Role.ANALYSIS)
    await release(scene, stage)
    while await queued_launches.step(around(scene)):
        pass
    refused, made = await list_queue(scene)
    assert (refused.state, refused.submission_id) == (QueueState.REFUSED, None)
    assert "You may not launch this stage" in refused.outcome
    assert made.state is QueueState.LAUNCHED


async def test_a_queued_launch_of_somebody_who_left_or_of_a_removed_stage_is_refused(scene: Scene) -> None:
    admin = await find_admin(scene)
    stage, removed = await make_stages(scene, 2)
    await hold(scene, stage, removed)
    await queue(scene, removed)
    await queue(scene, stage, who=admin)
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE auth.users SET is_active = false WHERE username = 'admin'")
        await connection.execute(
            "UPDATE campaigns.stages SET removed_at = now(), held_at = NULL, held_by = NULL WHERE id = $1", removed
        )
    await release(scene, stage)
    assert await queued_launches.step(around(scene)) == 2
    assert [one.state for one in await list_queue(scene)] == [QueueState.REFUSED] * 2
    assert "admin" in (await list_queue(scene, stage_id=stage))[0].outcome


@pytest.mark.row(55)
async def test_what_is_away_for_a_while_leaves_the_order_of_its_stage_and_stops_no_other(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubled, healthy = await make_stages(scene, 2)
    await hold(scene, troubled, healthy)
    for key in ("t1", "t2"):
        await queue(scene, troubled, key)
    await queue(scene, healthy, "h1")
    await release(scene, troubled, healthy)

    async def launch_some(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> LaunchOutcome:
        if request.stage_id == troubled:
            raise UnavailableError("The catalogue is away.")
        return await campaigns.launch_stage(db, launcher, who, request=request)

    with monkeypatch.context() as away:
        away.setattr("sutler.campaigns.operations.releasing.launch_stage", launch_some)
        await queued_launches.step(around(scene))
        states = {one.launch_key: (one.state.value, one.outcome) for one in await list_queue(scene)}
        assert states["t1"] == ("queued", "The catalogue is away.")
        assert states["t2"] == ("queued", "")
        assert states["h1"][0] == "launched"
    assert await queued_launches.step(around(scene)) == 0, "it is left alone for a while"
    clock.advance(timedelta(minutes=1))
    while await queued_launches.step(around(scene)):
        pass
    first, second = await list_queue(scene, stage_id=troubled)
    assert (first.submission_id or 0) < (second.submission_id or 0)


async def test_a_defect_that_meets_one_queued_launch_stops_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, healthy = await make_stages(scene, 2)
    await hold(scene, broken, healthy)
    for stage in (broken, healthy):
        await queue(scene, stage)
    await release(scene, broken, healthy)

    async def launch_some(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> LaunchOutcome:
        if request.stage_id == broken:
            raise KeyError("a defect")
        return await campaigns.launch_stage(db, launcher, who, request=request)

    monkeypatch.setattr("sutler.campaigns.operations.releasing.launch_stage", launch_some)
    await queued_launches.step(around(scene))
    assert [one.state.value for one in await list_queue(scene)] == ["queued", "launched"]


async def test_a_stage_that_is_held_again_keeps_its_queue(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    await queue(scene, stage, "k")
    await release(scene, stage)
    (claimed,) = await campaigns.claim_queued_launches(scene.db, count=1)
    await hold(scene, stage)
    await campaigns.release_queued_launch(scene.db, scene.launcher, waiting=claimed)
    assert [one.state for one in await list_queue(scene)] == [QueueState.QUEUED]
    await release(scene, stage)
    assert await queued_launches.step(around(scene)) == 1
    assert [one.state for one in await list_queue(scene)] == [QueueState.LAUNCHED]


async def test_many_stages_take_turns(scene: Scene) -> None:
    stages = await make_stages(scene, 3)
    await hold(scene, *stages)
    for number in range(3):
        await queue(scene, stages[0], f"a{number}")
    for stage in stages[1:]:
        await queue(scene, stage)
    await release(scene, *stages)
    claimed = await campaigns.claim_queued_launches(scene.db, count=10)
    assert [one.stage_id for one in claimed] == stages
    assert await campaigns.claim_queued_launches(scene.db, count=10) == [], "the later ones wait for the first"


@pytest.mark.row(54)
async def test_a_launch_by_hand_does_not_wait_behind_the_queue_of_a_stage_that_is_not_held(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    await queue(scene, stage)
    await release(scene, stage)
    assert isinstance(await launch(scene, stage), Launched)


async def make_own_stage(scene: Scene) -> int:
    new = NewCampaign("nova", "anns", stages=(NewStage("own", "copy", "here", settings=RAW),))
    campaign = await campaigns.create_campaign(scene.db, scene.analyst, new=new)
    async with scene.db.connection() as connection:
        return int(await connection.fetchval("SELECT id FROM campaigns.stages WHERE campaign_id = $1", campaign.id))


@pytest.mark.row(55)
async def test_queued_launches_are_seen_and_deleted_by_those_they_concern(scene: Scene) -> None:
    (stage,), own = await make_stages(scene), await make_own_stage(scene)
    await campaigns.hold_launches(scene.db, scene.producer, experiment="nova")
    of_producer = (await queue(scene, stage)).queued_id
    of_analyst = (await queue(scene, own, who=scene.analyst)).queued_id
    assert [one.id for one in await list_queue(scene)] == [of_producer, of_analyst]
    assert [one.id for one in await list_queue(scene, scene.analyst)] == [of_analyst]
    assert [one.id for one in await list_queue(scene, stage_id=own, experiment="nova")] == [of_analyst]
    with pytest.raises(NotFoundError):
        await list_queue(scene, experiment="dune")
    with pytest.raises(NotPermittedError):
        await campaigns.delete_queued_launches(scene.db, scene.analyst, queued_ids=[of_analyst, of_producer])
    assert len(await list_queue(scene, state=QueueState.QUEUED)) == 2, "all or none"
    with pytest.raises(NotFoundError):
        await campaigns.delete_queued_launches(scene.db, scene.producer, queued_ids=[of_producer, 10**6])
    deleted = await campaigns.delete_queued_launches(scene.db, scene.analyst, queued_ids=[of_analyst])
    assert deleted == [of_analyst]
    assert await campaigns.delete_queued_launches(scene.db, scene.producer, queued_ids=[of_analyst, of_producer]) == [
        of_producer
    ]
    assert {one.outcome for one in await list_queue(scene)} == {
        "pia took it out of the queue",
        "ann took it out of the queue",
    }
    await campaigns.release_launches(scene.db, scene.producer, experiment="nova")
    assert await queued_launches.step(around(scene)) == 0
    assert (await campaigns.list_submissions(scene.db, scene.producer)).items == ()


async def test_a_key_that_was_deleted_from_the_queue_is_not_queued_again(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    waiting = await queue(scene, stage, "k")
    await campaigns.delete_queued_launches(scene.db, scene.producer, queued_ids=[waiting.queued_id])
    again = await queue(scene, stage, "k")
    assert again == Queued(waiting.queued_id, "pia took it out of the queue")
    assert await list_queue(scene, state=QueueState.QUEUED) == []


async def test_a_launch_that_was_deleted_while_it_was_made_is_told_as_made(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    waiting = await queue(scene, stage)
    await release(scene, stage)
    (claimed,) = await campaigns.claim_queued_launches(scene.db, count=1)
    await campaigns.delete_queued_launches(scene.db, scene.producer, queued_ids=[waiting.queued_id])
    await campaigns.release_queued_launch(scene.db, scene.launcher, waiting=claimed)
    (settled,) = await list_queue(scene)
    assert settled.state is QueueState.LAUNCHED
    assert settled.submission_id is not None


async def test_pages_of_the_queue_follow_each_other(scene: Scene) -> None:
    (stage,) = await make_stages(scene)
    await hold(scene, stage)
    ids = [(await queue(scene, stage)).queued_id for _ in range(5)]
    page = await campaigns.list_queued_launches(scene.db, scene.producer, limit=3)
    rest = await campaigns.list_queued_launches(scene.db, scene.producer, limit=3, after=page.next_cursor)
    assert [one.id for one in (*page.items, *rest.items)] == ids
    assert rest.next_cursor is None
