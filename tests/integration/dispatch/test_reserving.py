"""Handing out handles."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene, make_handles, make_member

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.dispatch import (
    InvalidWishError,
    NewHandle,
    NothingReady,
    Outcome,
    ProjectNotFoundError,
    ProjectState,
    ReplicaAt,
    RequestTakenError,
    ShareNotFoundError,
    Wish,
    cancel_project,
    reserve_next,
)


async def test_handles_come_in_order_and_the_counts_move(scene: Scene) -> None:
    project = await scene.start(3)
    reply = await scene.take(project, count=2)
    assert [lease.name for lease in reply.leases] == ["f0.root", "f1.root"]
    assert [lease.attempt for lease in reply.leases] == [1, 1]
    assert reply.leases[0].attempt_id < reply.leases[1].attempt_id
    now = await scene.read(project)
    assert (now.counts.initial_count, now.counts.reserved_count) == (1, 2)
    await scene.check()


async def test_a_lease_carries_what_is_known_of_its_file(scene: Scene) -> None:
    handle = NewHandle("test", "a b'c.root", fid="abc", size_bytes=12, attributes={"seed": 7, "é": [1]})
    project = await scene.start([handle])
    lease = await scene.take_one(project)
    assert (lease.namespace, lease.name, lease.fid, lease.size_bytes) == ("test", "a b'c.root", "abc", 12)
    assert lease.attributes == {"seed": 7, "é": [1]}
    assert lease.share_id == project.share_id


async def test_reserving_appends_one_event_and_wakes_followers(scene: Scene) -> None:
    project = await scene.start(3)
    async with scene.db.notices.follow(f"share/{project.share_id}") as follower:
        reply = await scene.take(project, count=2)
        assert await follower.wait(1)
    ids = [lease.attempt_id for lease in reply.leases]
    assert await scene.list_events("dispatch.handles_reserved") == [{"workers": ["w1"], "attempts": ids}]


async def test_usable_replicas_come_with_the_lease_the_preferred_first(scene: Scene) -> None:
    did = Did("test", "f0.root")
    for rse in ("DISK", "TAPE", "NEAR"):
        await scene.add_replica(did, rse, is_staged=rse != "TAPE")
    await scene.run("UPDATE replicas.rses SET preference = 5 WHERE name = 'DISK'")
    project = await scene.start(1, is_virtual=False)
    lease = await scene.take_one(project)
    assert lease.replicas == (ReplicaAt("NEAR", "file:///f0.root"), ReplicaAt("DISK", "file:///f0.root"))


async def test_a_virtual_project_hides_replicas(scene: Scene) -> None:
    await scene.add_replica(Did("test", "f0.root"))
    assert (await scene.take_one(await scene.start(1))).replicas == ()


async def test_the_lease_ends_at_the_earlier_of_lease_time_and_worker_timeout(scene: Scene) -> None:
    project = await scene.start(3, worker_timeout=timedelta(hours=1))
    assert (await scene.take_one(project)).expires_at == NOON + timedelta(hours=1)
    short = await scene.take_one(project, lease_for=timedelta(minutes=5))
    assert short.expires_at == NOON + timedelta(minutes=5)
    long = await scene.take_one(project, lease_for=timedelta(hours=5))
    assert long.expires_at == NOON + timedelta(hours=1)


async def test_without_any_timeout_a_lease_has_no_end(scene: Scene) -> None:
    assert (await scene.take_one(await scene.start(1))).expires_at is None


async def test_handles_with_fewer_attempts_come_first(scene: Scene) -> None:
    project = await scene.start(3)
    await scene.say(Outcome.FAILED, await scene.take_one(project), reason="no")
    names = [lease.name for lease in (await scene.take(project, count=3)).leases]
    assert names == ["f1.root", "f2.root", "f0.root"]
    await scene.check()


async def test_the_same_request_gets_the_same_leases(scene: Scene) -> None:
    project = await scene.start(5)
    request_id = uuid4()
    first = await scene.take(project, count=2, request_id=request_id)
    again = await scene.take(project, count=2, request_id=request_id)
    assert again == first
    assert (await scene.read(project)).counts.reserved_count == 2
    await scene.check()


async def test_the_same_request_gets_its_lease_even_when_nothing_else_is_ready(scene: Scene) -> None:
    project = await scene.start(1)
    request_id = uuid4()
    first = await scene.take(project, request_id=request_id)
    assert await scene.take(project, request_id=request_id) == first


async def test_a_request_id_of_another_worker_is_refused(scene: Scene) -> None:
    project = await scene.start(5)
    request_id = uuid4()
    await scene.take(project, "w1", request_id=request_id)
    with pytest.raises(RequestTakenError) as caught:
        await scene.take(project, "w2", request_id=request_id)
    assert caught.value.facts == {"request_id": str(request_id)}
    await scene.check()


async def test_a_request_whose_lease_was_reported_is_free_again(scene: Scene) -> None:
    project = await scene.start(2)
    request_id = uuid4()
    first = (await scene.take(project, request_id=request_id)).leases[0]
    await scene.say(Outcome.DONE, first)
    second = (await scene.take(project, request_id=request_id)).leases[0]
    assert second.name == "f1.root"


async def test_nothing_ready_tells_who_has_the_files_and_until_when(scene: Scene) -> None:
    project = await scene.start(2, worker_timeout=timedelta(hours=2))
    await scene.take(project, "w1")
    await scene.take(project, "w2")
    reply = await scene.take(project, "w3")
    assert reply.leases == ()
    assert reply.nothing is NothingReady.WAIT
    assert reply.why == ("2 files are reserved by 2 workers; unless it is renewed, the next lease ends at 14:00 UTC.")


async def test_nothing_ready_tells_of_missing_replicas(scene: Scene) -> None:
    reply = await scene.take(await scene.start(2, is_virtual=False))
    assert reply.nothing is NothingReady.WAIT
    assert reply.why == "2 files have no known replica: one would make it ready."


async def test_a_finished_project_is_over(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.say(Outcome.DONE, await scene.take_one(project))
    reply = await scene.take(project)
    assert (reply.nothing, reply.why) == (NothingReady.OVER, "The only file is done.")


async def test_a_cancelled_project_gives_out_nothing(scene: Scene) -> None:
    project = await scene.start(2)
    await cancel_project(scene.db, scene.who, project_id=project.project_id, reason="wrong files")
    reply = await scene.take(project)
    assert reply.nothing is NothingReady.OVER
    assert reply.why == "The project was cancelled. 2 files are not given out any more."
    await scene.check()


async def test_an_abandoned_project_becomes_active(scene: Scene) -> None:
    project = await scene.start(2)
    await scene.run("UPDATE dispatch.projects SET state = 'abandoned'")
    await scene.take_one(project)
    assert (await scene.read(project)).state is ProjectState.ACTIVE


async def test_a_worker_that_names_its_share_draws_from_that_share_only(scene: Scene) -> None:
    project = await scene.start(4)
    share_id = await _split_off_share(scene, project.project_id, from_position=2)
    reply = await scene.take(project, count=4, share_id=share_id)
    assert [lease.name for lease in reply.leases] == ["f2.root", "f3.root"]
    await scene.check()
    rest = await scene.take(project, count=4)
    assert [lease.name for lease in rest.leases] == ["f0.root", "f1.root"]
    await scene.check()
    for lease in (*reply.leases, *rest.leases):
        await scene.say(Outcome.DONE, lease)
    await scene.check()


async def test_one_reservation_from_a_project_may_touch_several_shares(scene: Scene) -> None:
    project = await scene.start(4)
    share_id = await _split_off_share(scene, project.project_id, from_position=2)
    leases = (await scene.take(project, count=4)).leases
    assert {lease.share_id for lease in leases} == {project.share_id, share_id}
    await scene.check()
    await scene.say(Outcome.DONE, *leases)
    await scene.check()
    finished = await scene.column(
        "SELECT subject_id::bigint FROM database.events WHERE kind = 'dispatch.share_finished' ORDER BY 1"
    )
    assert finished == [project.share_id, share_id]


async def test_a_handle_that_is_being_handed_out_does_not_hold_up_the_next(scene: Scene) -> None:
    project = await scene.start(2)
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.ready WHERE position = 0 FOR UPDATE")
        assert (await scene.take_one(project)).name == "f1.root"
        async with asyncio.timeout(5):
            reply = await scene.take(project)
        assert (reply.nothing, reply.leases) == (NothingReady.WAIT, ())
    assert (await scene.take_one(project)).name == "f0.root"
    await scene.check()


@pytest.mark.parametrize(
    "wish",
    [
        Wish("w1", uuid4(), count=0),
        Wish("w1", uuid4(), count=1001),
        Wish("", uuid4()),
        Wish("w1", uuid4(), lease_for=timedelta(0)),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(scene: Scene, wish: Wish) -> None:
    project = await scene.start(1)
    with pytest.raises(InvalidWishError):
        await reserve_next(scene.db, scene.who, project_id=project.project_id, wish=wish)


async def test_an_unknown_project_or_share_is_an_error(scene: Scene) -> None:
    project, other = await scene.start(1), await scene.start(1)
    with pytest.raises(ShareNotFoundError):
        await scene.take(project, share_id=other.share_id)
    with pytest.raises(ProjectNotFoundError):
        await reserve_next(scene.db, scene.who, project_id=10**9, wish=Wish("w1", uuid4()))


async def test_a_stranger_may_not_reserve(scene: Scene, clock: MovableClock) -> None:
    project = await scene.start(1)
    stranger = make_member(99, "eve", scene.experiment_id + 1, Role.SUPERUSER)
    with pytest.raises(NotPermittedError):
        await reserve_next(scene.db, stranger, project_id=project.project_id, wish=Wish("w1", uuid4()))
    assert (await scene.read(project)).counts.initial_count == 1


async def _split_off_share(scene: Scene, project_id: int, *, from_position: int) -> int:
    """Give the later handles of a project to a second share, as a recovery would."""
    count = len(make_handles(4)) - from_position
    share_id = await scene.value(
        """INSERT INTO dispatch.shares (project_id, experiment_id, total_count, initial_count, created_at)
           VALUES ($1, $2, $3, $3, $4) RETURNING id""",
        project_id,
        scene.experiment_id,
        count,
        NOON,
    )
    assert isinstance(share_id, int)
    for table in ("handles", "ready"):
        await scene.run(
            f"UPDATE dispatch.{table} SET share_id = $1 WHERE project_id = $2 AND position >= $3",
            share_id,
            project_id,
            from_position,
        )
    await scene.run(
        """UPDATE dispatch.shares SET total_count = total_count - $1, initial_count = initial_count - $1
           WHERE project_id = $2 AND id <> $3""",
        count,
        project_id,
        share_id,
    )
    return share_id
