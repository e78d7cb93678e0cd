"""Which handle a worker gets: the nearest first, then that with the fewest attempts, then the order of the project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.dispatch.scene import Scene

from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.dispatch import (
    CreatedProject,
    Lane,
    Lease,
    NewHandle,
    NothingReady,
    Outcome,
    ReplicaAt,
    Reply,
    Report,
    Wish,
    alter_project,
    explain_project,
    locate_handles,
    release_overdue,
    relocate_handles,
    reserve_next,
)
from sutler.replicas import Rse, create_rse, set_proximity, update_rse

MAP = "A,NEAR,1\nA,FAR,50\nA,ALSO_FAR,50\nA,NEVER,-1\nB,FAR,1\nB,NEAR,50\nDEFAULT,DEFAULT,100\n"
FIVE_MINUTES = timedelta(minutes=5)

Ask = Callable[..., Coroutine[Any, Any, Reply]]


@pytest.fixture(params=["alone", "together"])
async def ask(request: pytest.FixtureRequest, scene: Scene) -> AsyncIterator[Ask]:
    """How a worker asks: by the operation itself, or through the lane of a server."""
    if request.param == "alone":
        yield partial(reserve_next, scene.db, scene.who)
        return
    async with Lane(scene.db) as lane:
        yield partial(lane.reserve_next, scene.who)


async def take(
    ask: Ask,
    project: CreatedProject,
    site: str | None = "A",
    *,
    count: int = 1,
    worker: str = "w1",
    share_id: int | None = None,
    lease_for: timedelta | None = None,
) -> Reply:
    wish = Wish(worker, uuid4(), count, share_id=share_id, site=site, lease_for=lease_for)
    return await ask(project_id=project.project_id, wish=wish)


async def take_names(ask: Ask, project: CreatedProject, site: str | None = "A", *, count: int = 1) -> list[str]:
    """Ask for handles one by one, and return the first letters of their names."""
    leases: list[Lease] = []
    for _ in range(count):
        leases += (await take(ask, project, site)).leases
    return [lease.name.removesuffix(".root") for lease in leases]


async def place(scene: Scene, *where: str, text: str = MAP) -> CreatedProject:
    """Start a project with one file for each argument, which names the storage elements that it lies on."""
    names = sorted({rse for rses in where for rse in rses.split()})
    for rse in names:
        await create_rse(scene.db, SYSTEM, experiment="local", name=rse)
    for number, rses in enumerate(where):
        for rse in rses.split():
            await scene.add_replica(Did("test", f"f{number}.root"), rse)
    await set_proximity(scene.db, SYSTEM, experiment="local", text=text)
    return await scene.start(len(where), is_virtual=False)


async def test_nearness_goes_before_attempts_and_these_before_the_order(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "FAR", "FAR", "NEAR", "NEAR")
    await scene.say(Outcome.FAILED, *(await take(ask, project, "A")).leases)
    assert await take_names(ask, project, count=4) == ["f3", "f2", "f0", "f1"]
    await scene.check()


async def test_one_call_goes_on_to_farther_handles_when_the_near_ones_do_not_suffice(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "FAR", "NEAR", "FAR", "NEAR", "NEAR")
    leases = (await take(ask, project, count=4)).leases
    assert [lease.name[:2] for lease in leases] == ["f1", "f3", "f4", "f0"]
    assert [lease.replicas[0].distance for lease in leases] == [1, 1, 1, 50]
    assert await take_names(ask, project, "B") == ["f2"]
    await scene.check()


async def test_places_equally_far_count_as_one(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "ALSO_FAR", "FAR", "FAR", "ALSO_FAR", "FAR", "ALSO_FAR FAR")
    await scene.say(Outcome.FAILED, *(await take(ask, project)).leases)
    assert await take_names(ask, project, count=3) == ["f1", "f2", "f3"]
    leases = (await take(ask, project, count=3)).leases
    assert [lease.name[:2] for lease in leases] == ["f4", "f5", "f0"]
    await scene.check()


async def test_of_several_copies_the_nearest_counts_and_comes_first(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "FAR", "FAR NEAR NEVER")
    [lease] = (await take(ask, project, "A")).leases
    assert lease.replicas == (
        ReplicaAt("NEAR", "file:///f1.root", 1),
        ReplicaAt("FAR", "file:///f1.root", 50),
    )
    [lease] = (await take(ask, project, "B")).leases
    assert lease.replicas == (ReplicaAt("FAR", "file:///f0.root", 1),)


async def test_what_is_never_to_be_read_from_a_site_is_not_given_there(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "NEVER", "FAR")
    assert await take_names(ask, project, "A") == ["f1"]
    reply = await take(ask, project, "A")
    assert reply.nothing is NothingReady.WAIT
    assert reply.why == (
        "1 file is reserved by 1 worker; none of the leases has an end. "
        "1 file is only on NEVER, which workers there never read."
    )
    assert await explain_project(scene.db, scene.who, project_id=project.project_id) == (
        "1 file is reserved by 1 worker; none of the leases has an end. 1 file is ready and waits for a worker."
    )
    [lease] = (await take(ask, project, "B")).leases
    assert (lease.replicas[0].rse, lease.replicas[0].distance) == ("NEVER", None)
    await scene.check()


async def test_an_unknown_distance_is_behind_every_known_one(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "NOWHERE", "FAR", text=f"A,FAR,{2**31 - 1}\n")
    leases = (await take(ask, project, count=2)).leases
    assert [(lease.name[:2], lease.replicas[0].distance) for lease in leases] == [("f1", 2**31 - 1), ("f0", None)]


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("A", [("DISK1", 0), ("DISK2", 20), ("DISK3", None)]),
        ("B", [("DISK1", 30), ("DISK2", 77), ("DISK3", 77)]),
        ("C", [("DISK3", 100), ("DISK2", 100), ("DISK1", 100)]),
        (None, [("DISK3", 100), ("DISK2", 100), ("DISK1", 100)]),
    ],
)
async def test_default_stands_for_sites_and_storage_that_are_not_named(
    scene: Scene, ask: Ask, site: str | None, expected: list[tuple[str, int | None]]
) -> None:
    project = await place(
        scene, "DISK3", "DISK2", "DISK1", text="A,DISK1,0\nA,DISK2,20\nB,DISK1,30\nB,DEFAULT,77\nDEFAULT,DEFAULT,100\n"
    )
    replicas = [lease.replicas[0] for lease in (await take(ask, project, site, count=3)).leases]
    names = [(replica.rse, replica.distance) for replica in replicas]
    # Of files equally far the order of the project decides: f0 on DISK3 first.
    assert names == expected if site != "B" else names == [expected[0], expected[2], expected[1]]


async def test_a_new_map_of_distances_holds_at_once(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "NEAR", "FAR", "NEAR", "FAR")
    assert await take_names(ask, project) == ["f0"]
    await set_proximity(scene.db, SYSTEM, experiment="local", text="A,NEAR,50\nA,FAR,1\n")
    assert await take_names(ask, project) == ["f1"]
    await set_proximity(scene.db, SYSTEM, experiment="local", text="A,NEAR,-1\nA,FAR,-1\n")
    assert (await take(ask, project)).nothing is NothingReady.WAIT
    await set_proximity(scene.db, SYSTEM, experiment="local", text="")
    assert await take_names(ask, project, count=2) == ["f2", "f3"]


@pytest.mark.parametrize(
    ("switch", "what"),
    [
        (partial(update_rse, is_available=False), "which is down"),
        (partial(update_rse, is_enabled=False), "which is disabled"),
    ],
)
async def test_storage_that_is_down_or_disabled_is_passed_over_at_once_and_named(
    scene: Scene, ask: Ask, switch: Callable[..., Coroutine[Any, Any, Rse]], what: str
) -> None:
    project = await place(scene, "NEAR", "NEAR", "NEAR", "FAR", "FAR NEAR")
    assert await take_names(ask, project) == ["f0"]
    await switch(scene.db, SYSTEM, experiment="local", name="NEAR")
    leases = (await take(ask, project, count=9)).leases
    assert [[lease.name[:2], *(at.rse for at in lease.replicas)] for lease in leases] == [["f3", "FAR"], ["f4", "FAR"]]
    reply = await take(ask, project)
    assert reply.why.endswith(f"none of the leases has an end. 2 files are only on NEAR, {what}.")
    assert (await scene.read(project)).unlocated_count == 0
    await update_rse(scene.db, SYSTEM, experiment="local", name="NEAR", is_available=True, is_enabled=True)
    assert await take_names(ask, project, count=2) == ["f1", "f2"]
    await scene.check()


async def test_a_handle_that_is_put_back_goes_before_farther_fresh_ones(
    scene: Scene, ask: Ask, clock: MovableClock
) -> None:
    project = await place(scene, *["FAR"] * 4, "NEAR", "NEAR")
    leases = (await take(ask, project, count=2, lease_for=FIVE_MINUTES)).leases
    assert await take_names(ask, project) == ["f0"]
    await scene.say(Outcome.FAILED, leases[0])
    assert await take_names(ask, project) == ["f4"]
    assert await take_names(ask, project) == ["f1"]
    clock.advance(FIVE_MINUTES)
    assert await release_overdue(scene.db) == 1
    assert await take_names(ask, project) == ["f5"]
    await scene.check()


async def test_a_handle_that_turns_up_near_goes_before_farther_ones(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "", "FAR", "FAR", *["NEAR"] * 3, *["FAR"] * 6)
    assert await take_names(ask, project, count=4) == ["f3", "f4", "f5", "f1"]
    await scene.add_replica(Did("test", "f0.root"), "NEAR")
    assert await locate_handles(scene.db) == 1
    await scene.add_replica(Did("test", "f2.root"), "NEAR")
    await relocate_handles(scene.db)
    assert await take_names(ask, project, count=3) == ["f0", "f2", "f6"]
    await scene.add_replica(Did("test", "new.root"), "NEAR")
    await alter_project(scene.db, scene.who, project_id=project.project_id, add=[NewHandle("test", "new.root")])
    assert await take_names(ask, project, count=2) == ["new", "f7"]
    await scene.check()


async def test_a_file_whose_last_copy_went_away_is_put_aside_and_another_given(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "NEAR", "NEAR", "FAR", "NEAR")
    assert await take_names(ask, project) == ["f0"]
    await scene.run("DELETE FROM replicas.replicas WHERE name = 'f1.root'")
    assert await take_names(ask, project) == ["f3"]
    counts = (await scene.read(project)).counts
    assert (counts.unlocated_count, counts.initial_count, counts.reserved_count) == (1, 2, 2)
    await scene.run("DELETE FROM replicas.replicas")
    reply = await take(ask, project)
    assert reply.nothing is NothingReady.WAIT
    assert "2 files have no known replica: one would make it ready." in reply.why
    await scene.check()


async def test_a_storage_element_that_goes_down_unheard_costs_a_call_no_more_than_a_few_handles(
    scene: Scene, ask: Ask
) -> None:
    project = await place(scene, "NEAR", "FAR", *["NEAR"] * 400)
    assert await take_names(ask, project) == ["f0"]
    await scene.run("UPDATE replicas.rses SET is_available = false WHERE name = 'NEAR'")
    assert await take_names(ask, project) == ["f1"]
    assert (await scene.read(project)).unlocated_count <= 20
    await scene.check()


async def test_virtual_files_are_equally_near_from_everywhere(scene: Scene, ask: Ask) -> None:
    await set_proximity(scene.db, SYSTEM, experiment="local", text="DEFAULT,DEFAULT,-1\n")
    project = await scene.start(3)
    assert [await take_names(ask, project, site) for site in ("A", None, "Z")] == [["f0"], ["f1"], ["f2"]]


async def test_who_names_its_share_gets_the_nearest_handles_of_that_share(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "NEAR", "FAR", "FAR", "NEAR", "ALSO_FAR")
    share_id = await _split_off(scene, project, [1, 3, 4])
    leases = (await take(ask, project, count=5, share_id=share_id)).leases
    assert [lease.name[:2] for lease in leases] == ["f3", "f1", "f4"]
    reply = await take(ask, project, share_id=share_id)
    assert reply.why == "3 files are reserved by 1 worker; none of the leases has an end."
    assert await take_names(ask, project, count=2) == ["f0", "f2"]
    await scene.say(Outcome.FAILED, leases[1])
    assert [lease.name[:2] for lease in (await take(ask, project, share_id=share_id)).leases] == ["f1"]
    await scene.check()


async def test_more_files_than_are_looked_at_are_told_as_at_least_so_many(
    scene: Scene, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.obstacles.MOST_LOOKED_AT", 3)
    project = await place(scene, *["NEAR"] * 5)
    await update_rse(scene.db, SYSTEM, experiment="local", name="NEAR", is_available=False)
    assert (await take(ask, project)).why == "At least 3 files are only on NEAR, which is down."
    await scene.run("DELETE FROM replicas.replicas")
    await relocate_handles(scene.db)
    assert (await take(ask, project)).why == "At least 3 files have no known replica: one would make it ready."
    assert (await scene.read(project)).unlocated_count == 5


async def test_a_copy_that_can_be_read_again_is_not_told_as_missing(scene: Scene, ask: Ask) -> None:
    project = await place(scene, "NEAR", "NEAR FAR")
    await scene.run("UPDATE replicas.rses SET is_available = false")
    other = await scene.start(2, is_virtual=False)
    assert (await scene.read(other)).unlocated_count == 2
    assert (await take(ask, other)).why == (
        "1 file is only on FAR, which is down and NEAR, which is down. 1 file is only on NEAR, which is down."
    )
    await update_rse(scene.db, SYSTEM, experiment="local", name="NEAR", is_available=True)
    reply = await take(ask, other)
    assert reply.why == "2 files have got a usable replica and will be ready in a moment."
    assert await locate_handles(scene.db) == 2
    assert await take_names(ask, other, count=2) == ["f0", "f1"]
    assert await take_names(ask, project, count=2) == ["f0", "f1"]
    await scene.check()


@pytest.mark.parametrize("sites", [("A", "A"), ("A", "B")])
async def test_as_many_handles_as_workers_at_two_servers_give_each_worker_one(
    scene: Scene, elsewhere: Scene, sites: Sequence[str]
) -> None:
    rounds, workers = 6, 20
    async with Lane(scene.db) as here, Lane(elsewhere.db) as there:
        for number in range(rounds):
            if not number:
                project = await place(scene, *(["FAR", "NEAR", "ALSO_FAR", "NEAR FAR"] * (workers // 4)))
            else:
                project = await scene.start(workers, is_virtual=False)
            asks = [partial((here, there)[worker % 2].reserve_next, scene.who) for worker in range(workers)]
            replies = await asyncio.gather(
                *(take(one, project, sites[n // 2 % 2], worker=f"w{n}") for n, one in enumerate(asks))
            )
            assert [reply.why for reply in replies if not reply.leases] == []
            assert len({lease.position for reply in replies for lease in reply.leases}) == workers
            last = await asyncio.gather(*(take(one, project, "A") for one in asks))
            assert all(reply.nothing is NothingReady.WAIT for reply in last)
            await scene.check()


async def test_nobody_waits_while_there_is_work_and_everybody_gets_some(scene: Scene, elsewhere: Scene) -> None:
    workers, files = 20, 320
    project = await place(scene, *(["NEAR", "FAR", "ALSO_FAR", "NEAR FAR"] * (files // 4)))
    given: list[str] = []
    got = [0] * workers
    waited_with: list[int] = []

    async def work(number: int, lane: Lane) -> None:
        ask = partial(lane.reserve_next, scene.who)
        for turn in range(1000):
            reply = await take(ask, project, "AB"[number // 2 % 2], worker=f"w{number}")
            if reply.nothing is NothingReady.OVER:
                return
            if reply.nothing is NothingReady.WAIT:
                waited_with.append(files - len(given))
                await asyncio.sleep(0.01)
            for lease in reply.leases:
                got[number] += 1
                is_broken = lease.attempt == 1 and lease.position % 5 == 0
                if not is_broken:
                    given.append(lease.name)
                outcome = Outcome.FAILED if is_broken else Outcome.DONE
                said = Report(f"w{number}", (lease.attempt_id,), outcome)
                await (
                    lane.report(scene.who, report=said) if turn % 3 else scene.say(outcome, lease, worker=f"w{number}")
                )

    async with Lane(scene.db) as here, Lane(elsewhere.db) as there:
        async with asyncio.timeout(60):
            await asyncio.gather(*(work(number, (here, there)[number % 2]) for number in range(workers)))
    assert sorted(given) == sorted(f"f{number}.root" for number in range(files))
    # Who is told to wait sees only what is in others' hands.
    assert max(waited_with, default=0) <= workers
    assert min(got) > 0
    await scene.check()


async def _split_off(scene: Scene, project: CreatedProject, positions: Sequence[int]) -> int:
    """Give some handles of a project to a second share."""
    share_id = await scene.value(
        """INSERT INTO dispatch.shares (project_id, experiment_id, total_count, initial_count, created_at)
           VALUES ($1, $2, $3, $3, $4) RETURNING id""",
        project.project_id,
        scene.experiment_id,
        len(positions),
        scene.db.clock.now(),
    )
    assert isinstance(share_id, int)
    for table in ("handles", "ready"):
        await scene.run(
            f"UPDATE dispatch.{table} SET share_id = $1 WHERE project_id = $2 AND position = ANY($3)",
            share_id,
            project.project_id,
            positions,
        )
    await scene.run(
        "UPDATE dispatch.shares SET total_count = total_count - $1, initial_count = initial_count - $1 WHERE id = $2",
        len(positions),
        project.share_id,
    )
    return share_id
