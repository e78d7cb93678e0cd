"""Many files at once, with what they are related to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError
from sutler.catalog import (
    FileKey,
    NewFile,
    add_to_dataset,
    create_dataset,
    declare_files,
    list_datasets_of_files,
    list_files,
    retire_file,
)
from sutler.database import Tx

A, B, C = Did("demo", "a"), Did("demo", "b"), Did("demo", "c")


async def test_files_come_in_the_order_given_each_once_and_unknown_ones_are_left_out(world: World) -> None:
    (a, b) = await world.declare("a", "b", metadata={"core.run": 1})
    await retire_file(world.db, world["alice"], key=B)
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x", fid="faraway")])
    keys: list[FileKey] = [b.fid, Did("demo", "gone"), A, "nosuch", a.fid, "faraway"]
    views = await list_files(world.db, world["bob"], keys=keys)
    assert [view.file.did for view in views] == [B, A]
    assert (views[1].file.metadata, views[0].file.retired_by) == ({"core.run": 1}, "alice")
    assert all((view.parents, view.children, view.datasets) == ((), (), ()) for view in views)
    assert [view.file.fid for view in await list_files(world.db, world["root"], keys=keys)] == [b.fid, a.fid, "faraway"]
    bare = await list_files(world.db, world["bob"], keys=[A], with_metadata=False)
    assert bare[0].file.metadata == {}
    assert await list_files(world.db, world["bob"], keys=[]) == []


async def test_relatives_and_datasets_are_there_when_they_are_asked_for(world: World) -> None:
    (_, b) = await world.declare("a", "b")
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "c", parents=(A, B))])
    await create_dataset(world.db, world["alice"], did=Did("demo", "second"))
    await add_to_dataset(world.db, world["alice"], did=Did("demo", "second"), files=[B])
    views = await list_files(world.db, world["bob"], keys=[C, b.fid], with_provenance=True, with_datasets=True)
    child, parent = views
    assert ([one.did for one in child.parents], child.parent_count, child.children) == ([A, B], 2, ())
    assert ([one.did for one in parent.children], parent.child_count) == ([C], 1)
    assert (child.datasets, child.dataset_count) == ((), 0)
    assert (parent.datasets, parent.dataset_count) == ((RECO, Did("demo", "second")), 2)
    found = await list_datasets_of_files(world.db, world["bob"], keys=[B, C, "nosuch"])
    assert {key: [dataset.name for dataset in datasets] for key, datasets in found.items()} == {
        B: ["reco", "second"],
        C: [],
        "nosuch": [],
    }
    assert found[B][0].file_count == 2


async def test_what_others_may_not_see_has_no_datasets(world: World) -> None:
    await world.declare("a")
    assert await list_datasets_of_files(world.db, world["zoe"], keys=[A]) == {A: ()}
    assert await list_files(world.db, world["zoe"], keys=[A], with_provenance=True) == []


async def test_what_cannot_be_a_key_is_named_with_its_place(world: World) -> None:
    for ask in (list_files, list_datasets_of_files):
        with pytest.raises(InvalidInputError, match=r"files\[1\] fid.*files\[2\] file name"):
            await ask(world.db, world["bob"], keys=[A, "", Did("demo", "a b")])


async def test_a_thousand_files_with_relatives_and_datasets_take_few_statements(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"f{number:04}" for number in range(1_000)]
    await world.declare("raw", dataset=None)
    files = [NewFile("demo", name, 1, parents=(Did("demo", "raw"),)) for name in names]
    await declare_files(world.db, world["alice"], files=files, dataset=RECO)
    statements = count_statements(monkeypatch)
    keys = [Did("demo", name) for name in names]
    views = await list_files(world.db, world["bob"], keys=keys, with_provenance=True, with_datasets=True)
    assert sorted(statements) == [
        "forget_plans",
        "list_datasets_numbered",
        "list_links",
        "list_memberships",
        "read_files_named",
    ]
    assert all((view.parents[0].name, view.datasets) == ("raw", (RECO,)) for view in views)
    [raw] = await list_files(world.db, world["bob"], keys=[Did("demo", "raw")], with_provenance=True)
    assert (len(raw.children), raw.child_count) == (1_000, 1_000)


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that the names of all statements are written into from now on."""
    seen: list[str] = []

    def noting(method: Callable[..., object]) -> Callable[..., object]:
        def run(tx: Tx, statement: object, **given: object) -> object:
            seen.append(statement.name)  # type: ignore[attr-defined]
            return method(tx, statement, **given)

        return run

    for name in ("rows", "row", "value", "run"):
        monkeypatch.setattr(Tx, name, noting(getattr(Tx, name)))
    return seen
