"""Projects of very many files: what comes in parts is stored whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from tests.integration.dispatch.scene import Scene, make_handles, make_member

from sutler.auth import Role
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.database import load_statements
from sutler.dispatch import (
    CreatedProject,
    EmptyProjectError,
    InvalidProjectError,
    NewHandle,
    NewProject,
    create_streamed_project,
    list_handles,
)
from sutler.dispatch.operations.adding import Spool, make_columns


async def give(*parts: Sequence[NewHandle]) -> AsyncIterator[Sequence[NewHandle]]:
    """Give parts one after the other."""
    for part in parts:
        yield part


async def stream(
    scene: Scene, parts: AsyncIterator[Sequence[NewHandle]], *, is_virtual: bool = True, most: int = 10_000
) -> CreatedProject:
    """Make a project of what comes."""
    new = NewProject(scene.experiment_id, (), is_virtual=is_virtual)
    return await create_streamed_project(scene.db, scene.who, project=new, parts=parts, most=most)


async def count_rows(scene: Scene) -> object:
    """Count what creating leaves behind."""
    return await scene.value(
        "SELECT (SELECT count(*) FROM dispatch.projects) + (SELECT count(*) FROM dispatch.handles)"
        " + (SELECT count(*) FROM dispatch.ready) + (SELECT count(*) FROM dispatch.shares)"
    )


async def test_parts_become_one_project_and_of_a_repeated_file_the_first_mention_stands(scene: Scene) -> None:
    first, second = NewHandle("a", "x", fid="1", size_bytes=1, attributes={"k": 'é"\\'}), NewHandle("a", "y")
    created = await stream(
        scene, give([first, second, first], [], [NewHandle("a", "y", size_bytes=5), NewHandle("b", "x")])
    )
    assert created.handle_count == 3
    page = await list_handles(scene.db, scene.who, project_id=created.project_id)
    assert [(h.position, h.namespace, h.name, h.fid, h.size_bytes, h.attributes) for h in page.items] == [
        (0, "a", "x", "1", 1, {"k": 'é"\\'}),
        (1, "a", "y", None, None, {}),
        (4, "b", "x", None, None, {}),
    ]
    assert (await scene.read(created)).counts.total_count == 3
    assert await scene.list_events("dispatch.project_created") == [{"count": 3}]
    await scene.check()
    assert [lease.position for lease in (await scene.take(created, count=5)).leases] == [0, 1, 4]


async def test_files_are_placed_and_counted_across_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.adding.FILES_AT_ONCE", 2)
    monkeypatch.setattr("sutler.dispatch.operations.creating.FILES_AT_ONCE", 2)
    for number, rse in ((0, "DISK"), (1, "NEAR"), (3, "DISK"), (4, "NEAR")):
        await scene.add_replica(Did("test", f"f{number}.root"), rse)
    handles = make_handles(6)
    created = await stream(scene, give(handles[:5], handles[5:]), is_virtual=False)
    counts = (await scene.read(created)).counts
    assert (counts.total_count, counts.unlocated_count) == (6, 2)
    assert await scene.value("SELECT count(*) FROM dispatch.pools WHERE project_id = $1", created.project_id) == 2
    await scene.check()


async def test_nothing_is_kept_when_the_parts_end_with_an_error(scene: Scene) -> None:
    async def break_off() -> AsyncIterator[Sequence[NewHandle]]:
        yield make_handles(100)
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        await stream(scene, break_off())
    assert await count_rows(scene) == 0


async def test_a_file_that_cannot_be_held_is_named_by_its_number_in_all_parts(scene: Scene) -> None:
    for wrong in (NewHandle("a", ""), NewHandle("a", "\0"), NewHandle("a", "x", fid="\0"), NewHandle("a" * 1025, "x")):
        with pytest.raises(InvalidProjectError) as caught:
            await stream(scene, give(make_handles(7), [NewHandle("a", "fine"), wrong]))
        assert [problem.where for problem in caught.value.problems] == ["file 9"]
    with pytest.raises(InvalidProjectError, match="more than the 8"):
        await stream(scene, give(make_handles(7), [NewHandle("a", "1"), NewHandle("a", "2")]), most=8)
    with pytest.raises(EmptyProjectError):
        await stream(scene, give([], []))
    assert await count_rows(scene) == 0


async def test_who_may_not_is_refused_before_anything_is_read(scene: Scene) -> None:
    is_read = False

    async def note() -> AsyncIterator[Sequence[NewHandle]]:
        nonlocal is_read
        is_read = True
        yield make_handles(1)

    stranger = make_member(99, "eve", scene.experiment_id + 1, Role.SUPERUSER)
    with pytest.raises(NotPermittedError):
        await create_streamed_project(scene.db, stranger, project=NewProject(scene.experiment_id, ()), parts=note())
    with pytest.raises(InvalidProjectError, match="max_attempts"):
        await create_streamed_project(
            scene.db, scene.who, project=NewProject(scene.experiment_id, (), max_attempts=0), parts=note()
        )
    assert not is_read


async def test_no_transaction_is_open_while_files_are_waited_for(scene: Scene) -> None:
    seen = []

    async def look() -> AsyncIterator[Sequence[NewHandle]]:
        for number in range(3):
            yield [NewHandle("a", str(number))]
            seen.append(
                await scene.value(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND state = 'idle in transaction'"
                )
            )

    await stream(scene, look())
    assert seen == [0, 0, 0]


async def test_projects_that_begin_at_once_at_the_same_new_places_do_not_hinder_each_other(scene: Scene) -> None:
    rses = ("A", "B", "C", "D")
    for number in range(40):
        await scene.add_replica(Did("test", f"f{number}.root"), rses[number % 4])
        await scene.add_replica(Did("test", f"f{number}.root"), rses[(number // 4) % 4])
    orders = [make_handles(40), make_handles(40)[::-1], make_handles(40)[20:] + make_handles(20)]
    await asyncio.gather(*(stream(scene, give(order), is_virtual=False) for order in orders))
    assert await scene.value("SELECT count(*) FROM dispatch.locations") == await scene.value(
        "SELECT count(DISTINCT rse_ids) FROM dispatch.locations"
    )
    await scene.check()


async def test_files_are_looked_up_one_by_one_whatever_the_planner_believes(scene: Scene) -> None:
    """Reading all replicas for each of two hundred parts would take minutes."""
    await scene.add_replica(Did("test", "f0.root"))
    await scene.run(
        """INSERT INTO replicas.replicas (namespace, name, rse_id, experiment_id, url, created_at)
           SELECT 'test', 'f' || number || '.root', rse.id, rse.experiment_id, '', now()
           FROM generate_series(1, 30000) AS number, replicas.rses AS rse"""
    )
    await scene.run("ANALYZE replicas.replicas")
    project = await scene.start(1)
    statement = load_statements("sutler.dispatch.store", "handles.sql").insert_handles
    given = {
        "project_id": project.project_id,
        "share_id": project.share_id,
        "experiment_id": scene.experiment_id,
        "is_virtual": False,
        "first_position": 1,
        "now": scene.db.clock.now(),
        **vars(make_columns(make_handles(5_000))),
    }
    async with scene.db.connection() as connection:
        for mode in ("force_custom_plan", "force_generic_plan"):
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
            text = "EXPLAIN (FORMAT JSON) " + statement.text
            (plan,) = await connection.fetchval(text, *statement.arguments(given))
            await transaction.rollback()
            assert set(list_reads(plan["Plan"], "replicas")) == {"replicas_pkey"}, mode


def list_reads(node: dict[str, Any], table: str) -> Iterator[object]:
    """Yield the indexes through which a plan reads a table; the type of the node where it is none."""
    if node.get("Relation Name") == table and "Scan" in node["Node Type"]:
        yield node.get("Index Name", node["Node Type"])
    for part in node.get("Plans", ()):
        yield from list_reads(part, table)


async def test_a_spool_can_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.adding.FILES_AT_ONCE", 3)
    monkeypatch.setattr("sutler.dispatch.operations.adding.SPOOLED_BYTES", 100)
    with Spool() as spool:
        spool.append(make_handles(7))
        spool.append([NewHandle("a", "é", "f", 2**62, {"n": None})])
        for _ in range(2):
            parts = [part async for part in spool.read()]
            assert [len(part.names) for part in parts] == [3, 3, 1, 1]
            assert vars(parts[-1]) == {
                "namespaces": ["a"],
                "names": ["é"],
                "fids": ["f"],
                "sizes": [2**62],
                "attributes": ['{"n":null}'],
            }
        assert spool.count == 8
