"""What every catalogue behind the port does, wherever it is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contract.metacat.bed import collect, make_file

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.catalog import CatalogSource, FileKey, MqlSyntaxError, NewFile, SourceFile

_NUMBERS = itertools.count()


class Shelf:
    """A namespace of its own with a dataset, in one of the catalogues."""

    def __init__(self, source: CatalogSource, clock: MovableClock) -> None:
        self.source = source
        self.clock = clock
        self.namespace = f"prod{next(_NUMBERS)}"
        self.dataset = Did(self.namespace, "out")

    def make(self, name: str, size: int = 10, **others: object) -> NewFile:
        """Return a file whose fid is the namespace and the name."""
        file = make_file(name, size=size, namespace=self.namespace, **others)
        return replace(file, fid=self.fid(name))

    def fid(self, name: str) -> str:
        """Return the fid of a file."""
        return f"{self.namespace}-{name}"

    async def declare(self, *files: NewFile) -> list[str | None]:
        """Declare files into the dataset, a second after those before."""
        self.clock.advance(timedelta(seconds=1))
        return await self.source.declare(files, dataset=self.dataset)

    async def collect(self, query: str = "", **how: int | bool) -> list[SourceFile]:
        """Return the files of a query, else of the dataset."""
        return await collect(self.source, query or f"files from {self.dataset}", **how)

    async def get_names(self) -> list[str]:
        """Return the names of the files of the dataset."""
        return [file.name for file in await self.collect()]


@pytest.fixture
async def shelf(source: CatalogSource, clock: MovableClock) -> Shelf:
    """An empty dataset."""
    made = Shelf(source, clock)
    await source.ensure_namespace(made.namespace)
    await source.ensure_dataset(made.dataset)
    return made


async def test_namespaces_and_datasets_are_made_once_and_there_the_second_time(shelf: Shelf) -> None:
    child = Did(shelf.namespace, "out.1")
    for _ in range(2):
        await shelf.source.ensure_namespace(shelf.namespace)
        await shelf.source.ensure_dataset(child, parent=shelf.dataset)
    assert await shelf.source.declare([shelf.make("a")], dataset=child) == [None]
    assert [file.name for file in await collect(shelf.source, f"files from {child}")] == ["a"]


async def test_what_was_declared_is_described(shelf: Shelf) -> None:
    given = shelf.make("a", checksums={"adler32": "0000abcd"}, metadata={"core.run": 5, "core.note": 'café "x"'})
    child = shelf.make("b", parents=(given.did,))
    assert await shelf.declare(given, child) == [None, None]
    a, b = await shelf.source.list_files([given.did, shelf.fid("b")], with_provenance=True)
    assert (a.fid, a.did, a.size_bytes) == (shelf.fid("a"), given.did, 10)
    assert a.checksums == {"adler32": "0000abcd"}
    assert a.metadata == {"core.run": 5, "core.note": 'café "x"'}
    assert a.created_at is not None
    assert a.created_at.tzinfo is not None
    assert (a.children, b.parents) == ((shelf.fid("b"),), (shelf.fid("a"),))
    assert not a.is_retired


async def test_unknown_files_are_left_out_and_each_known_one_comes_once_in_order(shelf: Shelf) -> None:
    await shelf.declare(shelf.make("a"), shelf.make("b"))
    keys: list[FileKey] = [
        shelf.fid("b"),
        Did(shelf.namespace, "nothing"),
        Did(shelf.namespace, "a"),
        Did(shelf.namespace, "b"),
        "no",
    ]
    assert [file.name for file in await shelf.source.list_files(keys)] == ["b", "a"]
    assert await shelf.source.list_files([]) == []


async def test_a_selection_comes_in_order_and_in_parts(shelf: Shelf) -> None:
    for name in ("c", "a", "b", "d"):
        await shelf.declare(shelf.make(name))
    assert await shelf.get_names() == ["c", "a", "b", "d"]
    assert [file.name for file in await shelf.collect(skip=1, limit=2)] == ["a", "b"]
    assert await shelf.collect(skip=4) == []
    assert await shelf.collect(limit=0) == []


async def test_limits_and_comments_of_a_query_stay_its_own(shelf: Shelf) -> None:
    await shelf.declare(shelf.make("a"), shelf.make("b"))
    found = await shelf.collect(f"files from {shelf.dataset} # those (all", skip=1, limit=5)
    assert [file.name for file in found] == ["b"]


async def test_metadata_and_provenance_come_where_they_are_asked_for(shelf: Shelf) -> None:
    await shelf.declare(shelf.make("a", metadata={"core.run": 5}), shelf.make("b", parent_fids=(shelf.fid("a"),)))
    bare, _ = await shelf.collect()
    assert (bare.metadata, bare.children, bare.size_bytes) == ({}, (), 10)
    a, b = await shelf.collect(with_metadata=True, with_provenance=True)
    assert (a.metadata, a.children, b.parents) == ({"core.run": 5}, (b.fid,), (a.fid,))


async def test_a_selection_is_counted(shelf: Shelf) -> None:
    await shelf.declare(shelf.make("a", 3), shelf.make("b", 4))
    summary = await shelf.source.summarize(f"files from {shelf.dataset}")
    assert (summary.count, summary.size_bytes) == (2, 7)


@pytest.mark.parametrize("query", ["nonsense", "files) - (files", "files limit"])
async def test_what_is_no_query_is_refused_with_its_place(shelf: Shelf, query: str) -> None:
    with pytest.raises(MqlSyntaxError):
        await shelf.collect(query)
    with pytest.raises(MqlSyntaxError):
        await shelf.source.summarize(query)


async def test_files_are_declared_again_without_harm(shelf: Shelf) -> None:
    files = [shelf.make("a"), shelf.make("b")]
    for _ in range(2):
        assert await shelf.declare(*files) == [None, None]
    assert await shelf.declare(*files, shelf.make("c")) == [None, None, None]
    assert await shelf.get_names() == ["a", "b", "c"]


async def test_a_file_that_is_there_with_another_fid_and_the_same_contents_counts_as_declared(shelf: Shelf) -> None:
    first = shelf.make("a", checksums={"adler32": "0000abcd"})
    await shelf.declare(first)
    assert await shelf.declare(replace(first, fid=shelf.fid("other"))) == [None]
    assert [file.fid for file in await shelf.collect()] == [shelf.fid("a")]


async def test_a_file_that_is_there_elsewhere_comes_into_the_dataset(shelf: Shelf) -> None:
    other = Did(shelf.namespace, "other")
    await shelf.source.ensure_dataset(other)
    await shelf.source.declare([shelf.make("a")], dataset=other)
    assert await shelf.declare(shelf.make("a")) == [None]
    assert await shelf.get_names() == ["a"]


async def test_a_file_with_other_contents_is_refused_and_keeps_no_other_back(shelf: Shelf) -> None:
    await shelf.declare(shelf.make("a"))
    other = replace(shelf.make("a", 11), fid=shelf.fid("other"))
    nothing, why, also_nothing = await shelf.declare(shelf.make("x"), other, shelf.make("y"))
    assert (nothing, also_nothing) == (None, None)
    assert why is not None
    assert "its size is 10 there and 11 here" in why
    assert await shelf.get_names() == ["a", "x", "y"]


async def test_bad_metadata_are_refused_with_the_reason_and_keep_no_other_back(shelf: Shelf) -> None:
    nothing, why = await shelf.declare(shelf.make("x"), shelf.make("y", metadata={"nodot": 1}))
    assert nothing is None
    assert why is not None
    assert "nodot" in why
    assert await shelf.get_names() == ["x"]


async def test_an_unknown_parent_is_a_reason_that_names_it(shelf: Shelf) -> None:
    lost = Did(shelf.namespace, "lost")
    orphans = [shelf.make("x", parents=(lost,)), shelf.make("y", parent_fids=("no-such-fid",)), shelf.make("z")]
    by_name, by_fid, nothing = await shelf.declare(*orphans)
    assert by_name is not None
    assert by_fid is not None
    assert "no-such-fid" in by_fid
    assert nothing is None
    assert await shelf.get_names() == ["z"]
