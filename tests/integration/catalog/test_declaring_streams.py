"""Declaring files that come part by part: whole or not at all, and what is wrong is told by its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.auth import Role
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.catalog import (
    DatasetFrozenError,
    DatasetNotFoundError,
    DeclaredCounts,
    FileDeclaredOtherwiseError,
    InvalidFilesError,
    NewFile,
    create_category,
    create_dataset,
    declare_files,
    declare_streamed_files,
    get_dataset,
    get_file,
    store,
    update_dataset,
)
from sutler.catalog.model import KnownFile
from sutler.database import Tx
from sutler.database.errors import DatabaseUnreachableError


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three files, so that a few files are many parts."""
    monkeypatch.setattr("sutler.catalog.operations.declaring_streams.FILES_AT_ONCE", 3)


def some_files(*numbers: int) -> list[NewFile]:
    return [NewFile("demo", f"f{number:03}", number, {}, {"core.run": number}) for number in numbers]


async def come(*parts: Iterable[NewFile]) -> AsyncIterator[Sequence[NewFile]]:
    for part in parts:
        yield list(part)


async def declare(
    world: World, *parts: Iterable[NewFile], dataset: Did | None = RECO, check_only: bool = False, who: str = "alice"
) -> DeclaredCounts:
    return await declare_streamed_files(
        world.db, world[who], parts=come(*parts), dataset=dataset, check_only=check_only, call=lambda n: f"line {n}"
    )


async def count_files(world: World) -> object:
    return await world.count("SELECT count(*) FROM catalog.files")


async def test_files_of_many_parts_are_declared_into_a_dataset(world: World) -> None:
    assert await declare(world, some_files(*range(5)), some_files(*range(5, 20))) == DeclaredCounts(20, 0, 20)
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 20
    kept = (await get_file(world.db, world["bob"], did=Did("demo", "f007"))).file
    assert (kept.size_bytes, kept.metadata, kept.created_by) == (7, {"core.run": 7}, "alice")
    events = await world.ask("SELECT facts FROM database.events WHERE kind = 'catalog.files_declared'")
    assert [row["facts"] for row in events] == [{"count": 20, "known": 0, "added": 20, "dataset": "demo:reco"}]


async def test_the_same_stream_again_changes_nothing_and_leaves_no_event(world: World) -> None:
    await declare(world, some_files(*range(10)))
    assert await declare(world, some_files(*range(10))) == DeclaredCounts(0, 10, 0)
    assert await declare(world, some_files(*range(8, 12))) == DeclaredCounts(2, 2, 2)
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 12
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.files_declared'") == 2


async def test_a_file_declared_otherwise_in_a_late_part_leaves_nothing_of_the_early_ones(world: World) -> None:
    await declare_files(world.db, world["alice"], files=some_files(8))
    other = NewFile("demo", "f008", 99)
    with pytest.raises(FileDeclaredOtherwiseError, match=r"demo:f008 \(line 9\) is declared already with a size of 8"):
        await declare(world, some_files(*range(8)), [other])
    assert await count_files(world) == 1
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 0


@pytest.mark.parametrize(("first", "line"), [(0, 2), (1, 4), (7, 10)])
async def test_a_file_given_twice_is_refused_in_the_same_part_and_in_another(
    world: World, first: int, line: int
) -> None:
    files = some_files(*range(9))
    files.insert({2: 1, 4: 3, 10: 9}[line], files[first])
    with pytest.raises(InvalidFilesError) as caught:
        await declare(world, files)
    [problem] = caught.value.problems
    assert (problem.where, problem.what) == (f"line {line}", f"demo:f{first:03} is given twice")
    assert await count_files(world) == 0


async def test_what_is_wrong_with_a_file_is_told_by_its_place(world: World) -> None:
    wrong = [NewFile("demo", "a b"), NewFile("demo", "x", metadata={"nodot": 1})]
    with pytest.raises(InvalidFilesError) as caught:
        await declare(world, some_files(0, 1, 2, 3), wrong)
    assert [problem.where for problem in caught.value.problems] == ["line 5", "line 6"]
    assert "demo:x metadata 'nodot'" in caught.value.problems[1].what
    assert await count_files(world) == 0


async def test_metadata_that_break_a_rule_in_a_late_part_undo_everything(world: World) -> None:
    constraints = {"run": {"type": "int", "max": 6}}
    await create_category(
        world.db, world["root"], experiment="demo_exp", path="core", owner_role=Role.PRODUCTION, constraints=constraints
    )
    with pytest.raises(InvalidFilesError) as caught:
        await declare(world, some_files(*range(9)))
    assert [problem.where for problem in caught.value.problems] == ["line 8", "line 9"]
    assert await count_files(world) == 0


async def test_what_the_dataset_requires_is_told_by_the_place_too(world: World) -> None:
    await update_dataset(
        world.db, world["alice"], did=RECO, requirements={"core.run": {"type": "int", "max": 4, "required": True}}
    )
    with pytest.raises(InvalidFilesError) as caught:
        await declare(world, some_files(*range(6)))
    assert [problem.where for problem in caught.value.problems] == ["line 6"]
    assert await declare(world, some_files(*range(5))) == DeclaredCounts(5, 0, 5)


async def test_parents_may_come_later_than_their_children(world: World) -> None:
    await world.declare("old", dataset=None)
    child = NewFile("demo", "child", parents=(Did("demo", "f005"), Did("demo", "old")))
    await declare(world, [child], some_files(*range(6)))
    view = await get_file(world.db, world["alice"], did=child.did)
    assert [parent.name for parent in view.parents] == ["old", "f005"]


async def test_a_parent_that_is_nowhere_is_told_by_its_child(world: World) -> None:
    child = NewFile("demo", "child", parents=(Did("demo", "gone"),))
    with pytest.raises(InvalidFilesError) as caught:
        await declare(world, some_files(*range(6)), [child])
    assert caught.value.problems[0].where == "line 7"
    assert await count_files(world) == 0


@pytest.mark.parametrize("by_fid", [False, True])
async def test_a_circle_across_parts_is_refused(world: World, by_fid: bool) -> None:
    first = NewFile("demo", "a", fid="fa", parents=() if by_fid else (Did("demo", "z"),))
    if by_fid:
        first = NewFile("demo", "a", fid="fa", parent_fids=("fz",))
    last = NewFile("demo", "z", fid="fz", parents=(Did("demo", "a"),))
    with pytest.raises(InvalidFilesError, match="would be its own ancestor"):
        await declare(world, [first], some_files(*range(6)), [last])
    assert await count_files(world) == 0


async def test_names_from_a_clock_differ_in_all_parts(world: World) -> None:
    files = [NewFile("demo", auto_name="at_$clock.root") for _ in range(10)]
    assert await declare(world, files[:4], files[4:]) == DeclaredCounts(10, 0, 10)


async def test_a_trial_changes_nothing_and_says_what_would_be(world: World) -> None:
    assert await declare(world, some_files(*range(7)), check_only=True) == DeclaredCounts(7, 0, 7)
    assert await count_files(world) == 0
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 0


async def test_a_stream_that_breaks_off_leaves_nothing(world: World) -> None:
    async def break_off() -> AsyncIterator[Sequence[NewFile]]:
        yield some_files(*range(9))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await declare_streamed_files(world.db, world["alice"], parts=break_off(), dataset=RECO)
    assert await count_files(world) == 0


async def test_a_session_that_the_server_ends_half_way_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter, calls = store.enter_files, []

    async def enter_until_the_end(tx: Tx, **given: Any) -> list[KnownFile]:  # noqa: ANN401 - as the store
        calls.append(given["files"])
        if len(calls) == 3:
            await world.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND state = 'idle in transaction'"
            )
        return await enter(tx, **given)

    monkeypatch.setattr(store, "enter_files", enter_until_the_end)
    with pytest.raises(DatabaseUnreachableError):
        await declare(world, some_files(*range(12)))
    monkeypatch.undo()
    assert await count_files(world) == 0
    assert await declare(world, some_files(*range(12))) == DeclaredCounts(12, 0, 12)


async def test_a_stream_of_nothing_declares_nothing(world: World) -> None:
    assert await declare(world) == DeclaredCounts(0, 0, 0)
    assert await declare(world, dataset=None) == DeclaredCounts(0, 0, 0)
    with pytest.raises(DatasetNotFoundError):
        await declare(world, dataset=Did("demo", "gone"))


async def test_others_may_not_stream_into_a_namespace_nor_say_who_declared(world: World) -> None:
    with pytest.raises(NotPermittedError):
        await declare(world, some_files(1), who="bob")
    with pytest.raises(NotPermittedError):
        await declare(world, [NewFile("demo", "a", created_by="else")])
    late = [NewFile("made", "late")]
    with pytest.raises(NotPermittedError):
        await declare(world, some_files(*range(5)), late)
    with pytest.raises(InvalidFilesError, match="line 6: far:x belongs to another experiment"):
        await declare(world, some_files(*range(5)), [NewFile("far", "x")], who="root")
    with pytest.raises(InvalidFilesError, match="line 6: nowhere:x there is no namespace"):
        await declare(world, some_files(*range(5)), [NewFile("nowhere", "x")])
    assert await count_files(world) == 0


async def test_a_frozen_dataset_takes_no_stream(world: World) -> None:
    frozen = Did("demo", "frozen")
    await create_dataset(world.db, world["alice"], did=frozen, frozen=True)
    with pytest.raises(DatasetFrozenError):
        await declare(world, some_files(*range(5)), dataset=frozen)
    assert await count_files(world) == 0


async def test_streams_with_the_same_files_at_once_declare_each_once(world: World) -> None:
    numbers = list(range(30))
    done = await asyncio.gather(
        declare(world, some_files(*numbers)),
        declare(world, some_files(*reversed(numbers))),
        declare(world, some_files(*numbers)),
    )
    assert sum(counts.count for counts in done) == 30
    assert sum(counts.added for counts in done) == 30
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 30
