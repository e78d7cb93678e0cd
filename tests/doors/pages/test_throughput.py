"""What the page of a project reads costs the same however many handles it has, and adds up to what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.doors.pages.projects import finish, make_mixed_project, make_project, reserve
from tests.integration.campaigns.scene import Scene

from sutler import dispatch
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.database import load_statements
from sutler.dispatch import HandleState, InvalidChoiceError, ProjectNotFoundError
from sutler.dispatch.operations import throughput
from sutler.dispatch.operations.throughput import choose_buckets

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MANY = 150_000

_FILL = """
INSERT INTO dispatch.handles (project_id, position, namespace, name, state, attempt_id)
SELECT $1, number, 'nova', 'big' || number, CASE WHEN number % 1000 = 7 THEN 'failed' ELSE 'done' END, 1000000 + number
FROM generate_series(10, $2 - 1) AS number
"""
_FAIL = """
INSERT INTO dispatch.attempts (
    id, experiment_id, project_id, position, attempt, worker_id, reserved_at, ended_at, outcome, handle_state, reason
)
SELECT 1000000 + position, $2, project_id, position, 1, 'w', $3, $3, 'failed', 'failed', 'x'
FROM dispatch.handles WHERE project_id = $1 AND state = 'failed' AND position >= 10
"""


async def _add(scene: Scene, project_id: int, at: datetime, *counts: int) -> None:
    async with scene.db.connection() as connection:
        await connection.execute("INSERT INTO dispatch.throughput VALUES ($1, $2, $3, $4, $5)", project_id, at, *counts)


async def _clear(scene: Scene) -> None:
    async with scene.db.connection() as connection:
        await connection.execute("DELETE FROM dispatch.throughput")


async def test_what_ended_is_added_up_in_intervals_of_one_length(scene: Scene, clock: MovableClock) -> None:
    project_id = await make_project(scene)
    assert await dispatch.list_throughput(scene.db, scene.producer, project_id=project_id) == []
    for minutes in range(300):
        await _add(scene, project_id, AT - timedelta(minutes=minutes), 2, 1, 0)
    found = await dispatch.list_throughput(scene.db, scene.producer, project_id=project_id, buckets=60)
    assert len(found) <= 60
    assert {interval.span for interval in found} == {timedelta(minutes=10)}
    assert all(later.at - one.at == one.span for one, later in pairwise(found))
    assert sum(interval.done_count for interval in found) == 600
    assert sum(interval.failed_count for interval in found) == 300
    assert found[0].at <= AT - timedelta(minutes=299)
    assert found[-1].at <= AT < found[-1].at + found[-1].span


async def test_active_project_is_drawn_up_to_now_and_one_that_ended_up_to_its_last_file(
    scene: Scene, clock: MovableClock
) -> None:
    project_id = await make_project(scene)
    await _clear(scene)
    await _add(scene, project_id, AT, 4, 0, 0)
    clock.advance(timedelta(minutes=30))
    open_project = await dispatch.list_throughput(scene.db, scene.producer, project_id=project_id)
    assert [interval.done_count for interval in open_project] == [4] + [0] * 30
    await finish(scene, *await reserve(scene, project_id, 4))
    await _clear(scene)
    await _add(scene, project_id, AT, 4, 0, 0)
    ended = await dispatch.list_throughput(scene.db, scene.producer, project_id=project_id)
    assert [interval.done_count for interval in ended] == [4]


async def test_throughput_is_for_those_who_may_see_the_project(scene: Scene) -> None:
    project_id = await make_project(scene)
    for buckets in (0, -1, 1000):
        with pytest.raises(InvalidChoiceError):
            await dispatch.list_throughput(scene.db, scene.producer, project_id=project_id, buckets=buckets)
    stranger = type(scene.producer)(0, "eve", "", is_admin=False, roles={}, experiments={})
    for ask in (dispatch.list_throughput, dispatch.explain_project, dispatch.look_through_handles):
        with pytest.raises(NotPermittedError):
            await ask(scene.db, stranger, project_id=project_id)
        with pytest.raises(ProjectNotFoundError):
            await ask(scene.db, scene.producer, project_id=project_id + 1)


@pytest.mark.parametrize("days", [0, 0.01, 0.5, 1, 3, 30, 365, 4000])
@pytest.mark.parametrize("buckets", [1, 2, 60, 120])
def test_intervals_are_round_cover_everything_and_are_not_too_many(days: float, buckets: int) -> None:
    last_at = AT + timedelta(days=days)
    begin, minutes, number = choose_buckets(AT, last_at, buckets)
    assert begin <= AT
    assert last_at < begin + number * timedelta(minutes=minutes)
    assert number <= max(buckets, 2)
    assert int(begin.timestamp()) % (minutes * 60) == 0


async def test_project_says_what_it_waits_for(scene: Scene) -> None:
    project_id = await make_mixed_project(scene)
    why = await dispatch.explain_project(scene.db, scene.producer, project_id=project_id)
    assert "1 file is reserved by 1 worker" in why
    assert "1 file is ready" in why


async def test_handles_are_looked_through_by_places(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "STRETCH", 3)
    monkeypatch.setattr(throughput, "MARKED_AT_ONCE", 2)
    project_id = await make_project(scene, *(f"g{number}" for number in range(10)), is_virtual=True)
    leases = await reserve(scene, project_id, 6)
    await finish(scene, *leases[:2])
    await finish(scene, *leases[2:5], reason="no")
    expected = {
        (): list(range(10)),
        (HandleState.DONE,): [0, 1],
        (HandleState.FAILED,): [2, 3, 4],
        (HandleState.RESERVED,): [5],
        (HandleState.FAILED, HandleState.RESERVED): [2, 3, 4, 5],
        (HandleState.INITIAL, HandleState.FAILED): [2, 3, 4, 6, 7, 8, 9],
        tuple(HandleState): list(range(10)),
    }
    for states, positions in expected.items():
        for name in (None, "g"):
            for limit in (1, 2, 100):
                found = await _look(scene, project_id, states, name=name, limit=limit, after=None)
                assert found == positions, (states, name, limit)


async def _look(
    scene: Scene, project_id: int, states: tuple[HandleState, ...], *, name: str | None, limit: int, after: str | None
) -> list[int]:
    """Follow the list to its end."""
    page = await dispatch.look_through_handles(
        scene.db, scene.producer, project_id=project_id, states=states, name=name, after=after, limit=limit
    )
    assert len(page.items) <= limit
    found = [handle.position for handle in page.items]
    if page.next_cursor is not None:
        found += await _look(scene, project_id, states, name=name, limit=limit, after=page.next_cursor)
    return found


@pytest.mark.parametrize(
    ("after", "limit"),
    [("x", 1), ("-1", 1), ("", 1), ("99999999999", 1), ("²", 1), (None, 0), (None, 1001)],
)
async def test_unusable_places_are_refused(scene: Scene, after: str | None, limit: int) -> None:
    project_id = await make_project(scene)
    with pytest.raises(InvalidInputError):
        await dispatch.look_through_handles(scene.db, scene.producer, project_id=project_id, after=after, limit=limit)


def _list_scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from _list_scans(part)


@pytest.mark.parametrize("plan_mode", ["force_custom_plan", "force_generic_plan"])
async def test_lists_of_a_large_project_read_a_bounded_part_of_it_by_indexes(scene: Scene, plan_mode: str) -> None:
    project_id = await make_project(scene, *(f"g{number}" for number in range(10)), is_virtual=True)
    statements = {statement.name: statement for statement in load_statements("sutler.dispatch.store", "throughput.sql")}
    places = {"project_id": project_id, "after": -1, "count": 101}
    names = {"namespace": None, "name": "nothing"}
    given: list[tuple[str, dict[str, object], int]] = [
        ("list_handles_between", {**places, **names, "until": 49_999, "states": None}, 50_000),
        ("list_handles_between", {**places, **names, "name": None, "until": 49_999, "states": None}, 101),
        ("list_positions", {**places, "share_id": None, "states": ["failed", "reserved"]}, 202),
        (
            "list_handles_at",
            {**names, "project_id": project_id, "positions": [7, 1007, 2007], "states": ["failed"], "count": 101},
            3,
        ),
        ("find_throughput_ends", {"project_id": project_id}, 2),
    ]
    async with scene.db.connection() as connection:
        experiment_id = next(iter(scene.producer.roles))
        await connection.execute(_FILL, project_id, MANY)
        await connection.execute(_FAIL, project_id, experiment_id, AT)
        await connection.execute("ANALYZE dispatch.handles")
        await connection.execute("ANALYZE dispatch.attempts")
        await connection.execute(f"SET plan_cache_mode = {plan_mode}")
        try:
            for name, arguments, most in given:
                statement = statements[name]
                text = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"
                plan = await connection.fetchval(text, *statement.arguments(arguments))
                scans = list(_list_scans(plan[0]["Plan"]))
                assert scans, name
                big = [scan for scan in scans if scan["Relation Name"] in ("handles", "attempts")]
                assert all("Index" in scan["Node Type"] or "Bitmap" in scan["Node Type"] for scan in big), (name, scans)
                for scan in big:
                    read = (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"]
                    assert read <= most, (name, scan)
        finally:
            await connection.execute("RESET plan_cache_mode")
