"""Declaring files: whole or not at all, again without harm, many at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.catalog import (
    DatasetFrozenError,
    DatasetNotFoundError,
    FileDeclaredOtherwiseError,
    InvalidFilesError,
    NewFile,
    create_dataset,
    declare_files,
    declare_files_in,
    get_dataset,
    get_file,
)


def some_files(count: int, *, start: int = 0, parents: tuple[Did, ...] = ()) -> list[NewFile]:
    return [
        NewFile("demo", f"f{number:06}", number, {"adler32": f"{number:08x}"}, {"core.run": number}, parents)
        for number in range(start, start + count)
    ]


async def test_declared_files_come_back_in_the_order_given(world: World) -> None:
    files = [NewFile("demo", name, 1) for name in ("c", "a", "b")]
    declared = await declare_files(world.db, world["alice"], files=files, dataset=RECO)
    assert [reference.did for reference in declared] == [file.did for file in files]
    assert all(re.fullmatch("[A-Za-z0-9]{16}", reference.fid) for reference in declared)
    assert len({reference.fid for reference in declared}) == 3


async def test_a_declared_file_keeps_all_that_was_said_of_it(world: World) -> None:
    file = NewFile(
        "demo", "a.root", 12, {"md5": "0" * 32}, {"core.runs": [1, 2], "core.x": {"y": None}, "core.f": 0.5}, fid="mine"
    )
    await declare_files(world.db, world["alice"], files=[file])
    kept = (await get_file(world.db, world["bob"], fid="mine")).file
    assert (kept.did, kept.size_bytes, kept.checksums) == (file.did, 12, file.checksums)
    assert kept.metadata == file.metadata
    assert (kept.created_by, kept.experiment_id) == ("alice", world.experiment_id)


async def test_the_same_files_again_change_nothing_and_give_the_same_answer(world: World) -> None:
    first = await declare_files(world.db, world["alice"], files=some_files(5), dataset=RECO)
    again = await declare_files(world.db, world["alice"], files=some_files(7), dataset=RECO)
    assert again[:5] == first
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 7
    facts = [
        row["facts"]
        for row in await world.ask(
            "SELECT facts FROM database.events WHERE kind = 'catalog.files_declared' ORDER BY seq"
        )
    ]
    assert facts == [
        {"count": 5, "known": 0, "added": 5, "dataset": "demo:reco"},
        {"count": 2, "known": 5, "added": 2, "dataset": "demo:reco"},
    ]


async def test_a_repeated_call_leaves_no_event(world: World) -> None:
    for _ in range(2):
        await declare_files(world.db, world["alice"], files=some_files(2), dataset=RECO)
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.files_declared'") == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size_bytes": 5}, "a size of 1, not 5 bytes"),
        ({"size_bytes": None}, "a size of 1, not unknown bytes"),
        ({"checksums": {}}, "other checksums"),
        ({"fid": "another"}, "declared already with the fid"),
    ],
)
async def test_other_contents_under_a_known_name_are_refused(
    world: World, change: dict[str, object], said: str
) -> None:
    known = some_files(1, start=1)[0]
    await declare_files(world.db, world["alice"], files=[known])
    other = replace(known, **change)  # type: ignore[arg-type]
    with pytest.raises(FileDeclaredOtherwiseError, match=said) as caught:
        await declare_files(world.db, world["alice"], files=[other, NewFile("demo", "new")])
    assert caught.value.facts["dids"] == ["demo:f000001"]
    assert await world.count("SELECT count(*) FROM catalog.files") == 1


async def test_a_fid_of_another_file_is_refused(world: World) -> None:
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "a", fid="same")])
    with pytest.raises(FileDeclaredOtherwiseError, match="demo:b cannot have the fid same: another file has it"):
        await declare_files(world.db, world["alice"], files=[NewFile("demo", "b", fid="same")])


async def test_a_retired_file_cannot_be_declared_again(world: World) -> None:
    await world.declare("a")
    await world.ask("UPDATE catalog.files SET retired_at = now()")
    with pytest.raises(FileDeclaredOtherwiseError, match="demo:a was retired"):
        await world.declare("a")


async def test_parents_are_linked_also_within_one_call(world: World) -> None:
    await world.declare("raw")
    raw, mid = Did("demo", "raw"), Did("demo", "mid")
    files = [NewFile("demo", "end", parents=(mid, raw)), NewFile("demo", "mid", parents=(raw,))]
    await declare_files(world.db, world["alice"], files=files)
    view = await get_file(world.db, world["alice"], did=raw)
    assert ([child.name for child in view.children], view.child_count) == (["end", "mid"], 2)
    end = await get_file(world.db, world["alice"], did=Did("demo", "end"))
    assert {parent.did for parent in end.parents} == {raw, mid}
    assert (end.parent_count, end.child_count, end.datasets) == (2, 0, ())


async def test_a_known_file_gains_dataset_and_parents_when_it_is_declared_again(world: World) -> None:
    await world.declare("raw", "out", dataset=None)
    out = NewFile("demo", "out", 1, parents=(Did("demo", "raw"),))
    await declare_files(world.db, world["alice"], files=[out], dataset=RECO)
    view = await get_file(world.db, world["alice"], did=out.did)
    assert ([parent.name for parent in view.parents], view.datasets) == (["raw"], (RECO,))


async def test_unknown_parents_are_named_with_their_child_and_nothing_is_left(world: World) -> None:
    files = [*some_files(3), NewFile("demo", "child", parents=(Did("demo", "gone"), Did("far", "x")))]
    with pytest.raises(InvalidFilesError) as caught:
        await declare_files(world.db, world["alice"], files=files, dataset=RECO)
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("demo:child", "the parent demo:gone is not in the catalogue of this experiment"),
        ("demo:child", "the parent far:x is not in the catalogue of this experiment"),
    ]
    assert await world.count("SELECT count(*) FROM catalog.files") == 0
    assert await world.count("SELECT count(*) FROM catalog.dataset_files") == 0
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 0


async def test_a_parent_of_another_experiment_is_as_good_as_unknown(world: World) -> None:
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x")])
    with pytest.raises(InvalidFilesError, match="the parent far:x is not in the catalogue"):
        await declare_files(world.db, world["alice"], files=[NewFile("demo", "a", parents=(Did("far", "x"),))])


async def test_files_cannot_be_their_own_ancestors(world: World) -> None:
    a, b = Did("demo", "a"), Did("demo", "b")
    circle = [NewFile("demo", "a", 1, parents=(b,)), NewFile("demo", "b", 1, parents=(a,))]
    with pytest.raises(InvalidFilesError, match=r"demo:a: would be its own ancestor") as caught:
        await declare_files(world.db, world["alice"], files=circle)
    assert {problem.where for problem in caught.value.problems} == {"demo:a", "demo:b"}
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "a", 1), circle[1]])
    with pytest.raises(InvalidFilesError, match=r"demo:a: would be its own ancestor"):
        await declare_files(world.db, world["alice"], files=[circle[0]])


async def test_every_problem_of_every_file_is_told(world: World) -> None:
    files = [
        NewFile("demo", "a b", -1, {"md5": "00"}),
        NewFile("demo", "ok"),
        NewFile("demo", "m", 1, {"adler32": "0000000G"}, {"run": 1, "core.nan": float("nan")}),
    ]
    with pytest.raises(InvalidFilesError) as caught:
        await declare_files(world.db, world["alice"], files=files)
    assert [problem.where for problem in caught.value.problems] == [
        "files[0] name",
        "files[0]",
        "files[0]",
        "demo:m",
        "demo:m",
        "demo:m",
    ]


async def test_an_unknown_namespace_is_named(world: World) -> None:
    with pytest.raises(InvalidFilesError, match="nowhere:a: there is no namespace nowhere"):
        await declare_files(world.db, world["alice"], files=[NewFile("nowhere", "a")])
    with pytest.raises(InvalidFilesError, match="nowhere:set: there is no namespace nowhere"):
        await declare_files(world.db, world["alice"], files=[NewFile("demo", "a")], dataset=Did("nowhere", "set"))


async def test_one_call_declares_files_of_one_experiment(world: World) -> None:
    with pytest.raises(InvalidFilesError, match="far:b: belongs to another experiment"):
        await declare_files(world.db, world["root"], files=[NewFile("demo", "a"), NewFile("far", "b")])


async def test_an_unknown_dataset_undoes_the_call(world: World) -> None:
    with pytest.raises(DatasetNotFoundError):
        await declare_files(world.db, world["alice"], files=some_files(1), dataset=Did("demo", "nosuch"))
    assert await world.count("SELECT count(*) FROM catalog.files") == 0


async def test_a_frozen_dataset_takes_no_files(world: World) -> None:
    frozen = Did("demo", "frozen")
    await create_dataset(world.db, world["alice"], did=frozen, frozen=True)
    with pytest.raises(DatasetFrozenError):
        await declare_files(world.db, world["alice"], files=some_files(1), dataset=frozen)
    assert await world.count("SELECT count(*) FROM catalog.files") == 0


@pytest.mark.parametrize(
    ("who", "namespace", "is_allowed"),
    [
        ("alice", "demo", True),
        ("bob", "demo", False),
        ("zoe", "demo", False),
        ("root", "demo", True),
        ("petra", "made", True),
        ("alice", "made", False),
    ],
)
async def test_only_owners_of_the_namespace_declare(world: World, who: str, namespace: str, is_allowed: bool) -> None:
    files = [NewFile(namespace, "a")]
    if is_allowed:
        assert len(await declare_files(world.db, world[who], files=files)) == 1
    else:
        with pytest.raises(NotPermittedError):
            await declare_files(world.db, world[who], files=files)
        assert await world.count("SELECT count(*) FROM catalog.files") == 0


async def test_the_dataset_must_be_the_callers_too(world: World) -> None:
    await create_dataset(world.db, world["petra"], did=Did("made", "set"))
    with pytest.raises(NotPermittedError):
        await declare_files(world.db, world["alice"], files=some_files(1), dataset=Did("made", "set"))


async def test_nothing_declared_is_nothing_done(world: World) -> None:
    async with world.db.write() as tx:
        assert await declare_files_in(tx, files=[], dataset=None, username="alice") == []


async def test_what_a_rolled_back_transaction_declared_is_gone(world: World) -> None:
    async def declare_and_fail() -> None:
        async with world.db.write() as tx:
            await declare_files_in(tx, files=some_files(3), dataset=RECO, username="alice")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await declare_and_fail()
    assert await world.count("SELECT count(*) FROM catalog.files") == 0
    assert await world.count("SELECT file_count FROM catalog.datasets") == 0
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.files_declared'") == 0


async def test_overlapping_calls_at_once_declare_each_file_once(world: World) -> None:
    async def declare(number: int) -> Sequence[str]:
        files = some_files(300, start=number * 50)
        order = files if number % 2 else list(reversed(files))
        # Not through `declare_files`, which would run again after a deadlock: there must be none.
        async with world.db.write() as tx:
            declared = await declare_files_in(tx, files=order, dataset=RECO, username="alice")
        return [f"{file.name} {file.fid}" for file in declared]

    answers = await asyncio.gather(*(declare(number) for number in range(8)))
    expected = 300 + 7 * 50
    assert len({name for answer in answers for name in answer}) == expected
    assert await world.count("SELECT count(*) FROM catalog.files") == expected
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == expected
    assert await world.count("SELECT count(*) FROM catalog.dataset_files") == expected
    declared = await world.count(
        "SELECT sum((facts->>'count')::int) FROM database.events WHERE kind = 'catalog.files_declared'"
    )
    assert declared == expected


async def test_single_files_into_one_dataset_at_once_are_all_counted(world: World) -> None:
    await asyncio.gather(
        *(declare_files(world.db, world["alice"], files=some_files(1, start=n % 20), dataset=RECO) for n in range(40))
    )
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 20


async def test_many_files_with_parents_take_few_statements(world: World) -> None:
    await world.declare("raw")
    files = some_files(25_000, parents=(Did("demo", "raw"),))
    declared = await declare_files(world.db, world["alice"], files=files, dataset=RECO)
    assert [reference.name for reference in declared] == [file.name for file in files]
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 25_001
    view = await get_file(world.db, world["alice"], did=Did("demo", "raw"))
    assert (len(view.children), view.child_count) == (500, 25_000)


async def test_names_are_made_from_patterns(world: World, clock: MovableClock) -> None:
    milliseconds = str(round(clock.now().timestamp() * 1000))
    patterns = ("$clock", "c$clock3.$clock6.$clock9", "u$uuid-$uuid16-$uuid8", "$fid.root", "plain", "$other$fid")
    files = [NewFile("demo", auto_name=pattern, fid="mine" if pattern == "$fid.root" else None) for pattern in patterns]
    files[-1] = replace(files[-1], auto_name="x.$fid")
    declared = await declare_files(world.db, world["alice"], files=files)
    clock_name, digits, uuids, fid_name, plain, last = declared
    later = str(int(milliseconds) + 1)
    assert clock_name.name == milliseconds
    assert digits.name == f"c{later[-3:]}.{later[-6:]}.{later[-9:]}"
    match = re.fullmatch(r"u([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{8})", uuids.name)
    assert match
    assert match[1].endswith(match[2])
    assert match[2].endswith(match[3])
    assert (fid_name.name, fid_name.fid, plain.name) == ("mine.root", "mine", "plain")
    assert last.name == f"x.{last.fid}"


async def test_files_of_one_pattern_get_names_of_their_own(world: World) -> None:
    declared = await declare_files(
        world.db, world["alice"], files=[NewFile("demo", auto_name="raw.$clock") for _ in range(5)]
    )
    assert len({file.name for file in declared}) == 5


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (NewFile("demo", "a", auto_name="b$fid"), "a name and a pattern for one"),
        (NewFile("demo", auto_name="a b"), "may hold letters"),
        (NewFile("demo", auto_name="$unknown"), "may hold letters"),
        (NewFile("demo"), "is never empty"),
    ],
)
async def test_names_that_cannot_be_made_are_refused(world: World, file: NewFile, said: str) -> None:
    with pytest.raises(InvalidFilesError, match=said):
        await declare_files(world.db, world["alice"], files=[file])


async def test_parents_are_named_by_their_fids_too(world: World) -> None:
    (raw,) = await world.declare("raw")
    files = [
        NewFile("demo", "mid", fid="midfid", parents=(Did("demo", "raw"),), parent_fids=(raw.fid,)),
        NewFile("demo", "end", parent_fids=("midfid", raw.fid)),
    ]
    await declare_files(world.db, world["alice"], files=files)
    end = await get_file(world.db, world["alice"], did=Did("demo", "end"))
    assert {parent.name for parent in end.parents} == {"mid", "raw"}
    with pytest.raises(InvalidFilesError, match="the parent nosuch is not in the catalogue of this experiment"):
        await declare_files(world.db, world["alice"], files=[NewFile("demo", "x", parent_fids=("nosuch",))])
    with pytest.raises(InvalidFilesError, match="demo:raw: cannot be its own parent"):
        await declare_files(world.db, world["alice"], files=[NewFile("demo", "raw", 1, parent_fids=(raw.fid,))])
    assert await world.count("SELECT count(*) FROM catalog.provenance") == 3


async def test_trying_out_tells_what_would_be_and_leaves_nothing(world: World) -> None:
    raw = NewFile("demo", "raw", fid="rawfid")
    tried = await declare_files(
        world.db, world["alice"], files=[raw, NewFile("demo", auto_name="x.$uuid")], dataset=RECO, check_only=True
    )
    assert (tried[0].did, tried[0].fid, tried[1].name[:2]) == (raw.did, "rawfid", "x.")
    for leftover in ("catalog.files", "catalog.dataset_files"):
        assert await world.count(f"SELECT count(*) FROM {leftover}") == 0
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.files_declared'") == 0
    await declare_files(world.db, world["alice"], files=[raw], dataset=RECO)
    with pytest.raises(FileDeclaredOtherwiseError):
        await declare_files(world.db, world["alice"], files=[replace(raw, size_bytes=1)], check_only=True)
    with pytest.raises(InvalidFilesError):
        await declare_files(world.db, world["alice"], files=[NewFile("demo", "a b")], check_only=True)
    with pytest.raises(NotPermittedError):
        await declare_files(world.db, world["bob"], files=[NewFile("demo", "b")], check_only=True)


async def test_administrators_say_who_made_a_file_and_when(world: World) -> None:
    long_ago = datetime(2011, 5, 3, 7, 30, tzinfo=UTC)
    file = NewFile("demo", "old", created_at=long_ago, created_by="somebody else")
    with pytest.raises(NotPermittedError, match="administrator"):
        await declare_files(world.db, world["alice"], files=[file])
    with pytest.raises(NotPermittedError):
        await declare_files(world.db, world["alice"], files=[replace(file, created_by=None)])
    await declare_files(world.db, world["root"], files=[file, NewFile("demo", "new")], dataset=RECO)
    kept = (await get_file(world.db, world["bob"], did=file.did)).file
    assert (kept.created_at, kept.created_by) == (long_ago, "somebody else")
    assert (await get_file(world.db, world["bob"], did=Did("demo", "new"))).file.created_by == "root"
    for wrong in (replace(file, created_by=""), replace(file, created_at=datetime(2011, 5, 3))):  # noqa: DTZ001
        with pytest.raises(InvalidFilesError):
            await declare_files(world.db, world["root"], files=[wrong])
