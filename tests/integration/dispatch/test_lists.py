"""Lists of handles by state and name: complete, in order, and the same from every place that reads them."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from tests.integration.dispatch.scene import Scene

from sutler.base.did import Did
from sutler.database import load_statements
from sutler.dispatch import (
    CreatedProject,
    Handle,
    HandleState,
    NewHandle,
    Outcome,
    list_handles,
    look_through_handles,
    restart_handles,
)

FAILED, RESERVED, DONE, INITIAL = (HandleState[name] for name in ("FAILED", "RESERVED", "DONE", "INITIAL"))
CHOICES = [*chain.from_iterable(combinations(HandleState, count) for count in range(1, 5))]


async def start_mixed(scene: Scene) -> CreatedProject:
    """Start a project with handles in every state, ready ones at several places with and without attempts."""
    files = [NewHandle("test", f"f{number:02}.root") for number in range(20)]
    for number in range(16):
        await scene.add_replica(Did("test", files[number].name), ("DISK", "FAR")[number % 2])
    project = await scene.start(files, is_virtual=False, max_attempts=3)
    leases = (await scene.take(project, count=10)).leases
    assert len(leases) == 10
    await scene.say(Outcome.DONE, *leases[:3])
    await scene.say(Outcome.FAILED, *leases[3:6], reason="exit code 1", may_retry=False)
    await scene.say(Outcome.FAILED, *leases[6:8], reason="exit code 2")
    return project


async def list_all(scene: Scene, states: tuple[HandleState, ...], limit: int, **given: object) -> list[Handle]:
    """Follow the list of our API to its end."""
    found: list[Handle] = []
    after = None
    while True:
        page = await list_handles(scene.db, scene.who, states=states, after=after, limit=limit, **given)  # type: ignore[arg-type]  # by keyword
        found += page.items
        after = page.next_cursor
        if after is None:
            return found
        assert len(page.items) == limit


async def look_to_the_end(scene: Scene, project_id: int, states: tuple[HandleState, ...], limit: int) -> list[Handle]:
    """Follow the list of the page to its end; by state alone no page ends before it is full."""
    found: list[Handle] = []
    after = None
    while True:
        page = await look_through_handles(
            scene.db, scene.who, project_id=project_id, states=states, after=after, limit=limit
        )
        found += page.items
        after = page.next_cursor
        if after is None:
            return found
        assert len(page.items) == limit


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_every_choice_of_states_lists_exactly_those_handles_in_order(scene: Scene, limit: int) -> None:
    project = await start_mixed(scene)
    everything = await list_all(scene, (), 100, project_id=project.project_id)
    assert [handle.position for handle in everything] == list(range(20))
    assert {handle.state for handle in everything} == set(HandleState)
    for states in CHOICES:
        expected = [handle for handle in everything if handle.state in states]
        assert await list_all(scene, states, limit, project_id=project.project_id) == expected
        assert await list_all(scene, states, limit, share_id=project.share_id) == expected
        assert await list_all(scene, states, limit, project_id=project.project_id, name="f") == expected
        if len(states) < len(HandleState):
            assert await look_to_the_end(scene, project.project_id, states, limit) == expected


async def test_handles_of_another_share_are_not_listed(scene: Scene) -> None:
    project = await start_mixed(scene)
    other = await scene.value(
        "INSERT INTO dispatch.shares (project_id, experiment_id, created_at)"
        " SELECT project_id, experiment_id, created_at FROM dispatch.shares RETURNING id"
    )
    for table in ("handles", "ready", "unlocated", "leases", "attempts"):
        await scene.run(f"UPDATE dispatch.{table} SET share_id = $1 WHERE position % 3 = 1", other)
    everything = await list_all(scene, (), 100, project_id=project.project_id)
    for share_id in (project.share_id, other):
        for states in CHOICES:
            expected = [one for one in everything if one.share_id == share_id and one.state in states]
            assert await list_all(scene, states, 2, share_id=share_id) == expected
    assert await list_all(scene, (DONE,), 2, share_id=await add_empty_share(scene)) == []


async def add_empty_share(scene: Scene) -> object:
    """Add a share that owns nothing."""
    return await scene.value(
        "INSERT INTO dispatch.shares (project_id, experiment_id, created_at)"
        " SELECT project_id, experiment_id, created_at FROM dispatch.shares LIMIT 1 RETURNING id"
    )


async def test_what_was_put_back_is_listed_as_what_it_is_now(scene: Scene) -> None:
    project = await start_mixed(scene)
    project_id = project.project_id
    assert await restart_handles(scene.db, scene.who, project_id=project_id, states=[DONE, FAILED]) == 6
    await scene.check()
    assert await list_all(scene, (DONE, FAILED), 2, project_id=project_id) == []
    assert len(await list_all(scene, (INITIAL,), 2, project_id=project_id)) == 18
    lease = await scene.take_one(project)
    await scene.say(Outcome.DONE, lease)
    await scene.check()
    assert [one.position for one in await list_all(scene, (DONE,), 2, project_id=project_id)] == [lease.position]
    assert await list_all(scene, (FAILED,), 2, project_id=project_id) == []


async def test_an_attempt_that_was_not_noted_as_put_back_lists_nothing(scene: Scene) -> None:
    """A server of the version before puts handles back without noting it."""
    project = await start_mixed(scene)
    await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[DONE, FAILED])
    await scene.run("UPDATE dispatch.attempts SET is_put_back = false")
    assert await list_all(scene, (DONE, FAILED), 1, project_id=project.project_id) == []
    assert await look_to_the_end(scene, project.project_id, (DONE, FAILED), 1) == []


async def test_a_whole_name_finds_its_file_alone(scene: Scene) -> None:
    project_id = (await scene.start(12)).project_id
    assert [one.name for one in await list_all(scene, (), 100, project_id=project_id, name="f1")] == [
        "f1.root",
        "f10.root",
        "f11.root",
    ]
    for name, states, namespace, expected in (
        ("test:f1.root", (), None, [1]),
        ("test:f1.root", (INITIAL, DONE), "test", [1]),
        ("test:f1.root", (DONE,), None, []),
        ("test:f1.root", (), "other", []),
        ("test:f1", (), None, []),
        ("other:f1.root", (), None, []),
    ):
        page = await look_through_handles(
            scene.db, scene.who, project_id=project_id, name=name, states=states, namespace=namespace
        )
        assert [one.position for one in page.items] == expected
        assert page.next_cursor is None
        listed = await list_all(scene, states, 100, project_id=project_id, name=name, namespace=namespace)
        assert [one.position for one in listed] == expected


async def test_names_are_looked_for_from_the_first_handle_in_the_state_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.throughput.STRETCH", 2)
    project = await scene.start(9)
    leases = (await scene.take(project, count=9)).leases
    await scene.say(Outcome.DONE, *leases[7:])
    given = {"project_id": project.project_id, "states": (DONE,), "limit": 100}
    page = await look_through_handles(scene.db, scene.who, name="f8", **given)  # type: ignore[arg-type]  # by keyword
    assert [one.position for one in page.items] == [8]
    assert page.next_cursor is None


async def test_the_pace_of_a_project_is_that_of_its_newest_done_attempts(scene: Scene) -> None:
    project = await scene.start(3)
    leases = (await scene.take(project, count=3)).leases
    await scene.say(Outcome.DONE, *leases)
    await scene.run(
        """
        INSERT INTO dispatch.attempts (
            id, project_id, position, share_id, experiment_id, attempt, worker_id, reserved_at, ended_at, outcome,
            handle_state, is_put_back
        )
        SELECT 1000000000 + n, project_id, position, share_id, experiment_id, 1, 'w',
               ended_at + n * interval '1 second' - CASE WHEN n > 2300 THEN interval '7 min' ELSE interval '1 h' END,
               ended_at + n * interval '1 second', 'done', 'done', true
        FROM dispatch.attempts, generate_series(2001, 2600) AS n WHERE position = 0
        """
    )
    [statement] = [one for one in load_statements("sutler.dispatch.store", "reading.sql") if one.name == "find_pace"]
    async with scene.db.connection() as connection:
        row = await connection.fetchrow(statement.text, *statement.arguments({"project_id": project.project_id}))
    assert row is not None
    assert (row["count"], row["nine_of_ten"].total_seconds()) == (200, 420)
