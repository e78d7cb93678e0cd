"""Queries that nobody writes who means well, and files that are larger than anybody's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from tests.integration.catalog.world import World
from tests.server import ServerUnderTest

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, SutlerError
from sutler.catalog import (
    MqlMeaningError,
    MqlSyntaxError,
    NewFile,
    count_files,
    create_dataset,
    declare_files,
    explain_query,
    query_files,
    save_query,
    search_queries,
    stream_datasets,
    stream_files,
    summarize_files,
)
from sutler.catalog.mql.sizes import MAX_SETS, MAX_TERMS
from sutler.database import Database

MEGABYTE = 1_000_000
PATIENCE_SECONDS = 30
"""Much longer than any of these takes on a busy machine, much shorter than they take when their time grows faster."""


NUMBERS = (
    "0", "-0", "-1", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "9" * 299, "-" + "9" * 300, "9" * 10_000, "1e308", "-1.7976931348623157e308", "1e309", "5e-324", "1e-400", "NaN",
    "-Infinity", "inf", "253402300800", "-62135596801", "1.5", ".5", "0x10",
)  # fmt: skip


def long_list(head: str, item: str, between: str, tail: str = "") -> str:
    """A text of a million characters; `{}` in the item is its number."""
    count = MEGABYTE // (len(item.format(10**5)) + len(between))
    return head + between.join(item.format(number) for number in range(count)) + tail


@pytest.mark.parametrize(
    "query",
    [
        long_list("fids ", "f{}", ", "),
        long_list("files ", "demo:f{}", ", "),
        long_list("files from ", "demo:d{}", ", "),
        long_list("files where core.run in (", "{}", ", ", ")"),
        long_list("files where name in (", "'n{}'", ", ", ")"),
        f"files where core.run = '{'x' * MEGABYTE}'",
        f"files{' ' * MEGABYTE}limit 0",
        f"files #{'x' * MEGABYTE}\nlimit 0",
    ],
    ids=lambda query: query[:26],
)
async def test_a_list_of_a_megabyte_is_a_query_like_others(world: World, query: str) -> None:
    begun = time.monotonic()
    assert await query_files(world.db, world["bob"], query=query, experiment=None) == []
    assert await count_files(world.db, world["bob"], query=query, experiment=None) == 0
    assert time.monotonic() - begun < PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("query", "what"),
    [
        (long_list("union(", "fids f{}", ", ", ")"), "more than 1000 sets"),
        (long_list("join(", "files demo:f{}", ", ", ")"), "more than 1000 sets"),
        (long_list("union(", "files limit {}", ", ", ")"), "more than 1000 sets"),
        (long_list("files from ", "matching demo:d{}*", ", "), "more than 1000 sets"),
        (long_list("files from ", "demo:d{} with subsets", ", "), "more than 1000 sets"),
        (long_list("files where ", "core.run in ({})", " and "), "more than 3000 comparisons"),
        (long_list("files where ", "name = n{}", " or "), "more than 3000 comparisons"),
        (long_list("files where ", "len(core.runs) = {}", " or "), "more than 3000 comparisons"),
        (long_list("files from ", "demo:d{} having core.x = 1", ", "), "more than 1000 sets"),
        (long_list("filter mix(", "{}", ", ", ")(files)"), "so many arguments"),
        ("files" + " limit 5" * (MEGABYTE // 8), "nested more than 50 levels"),
        ("files" + " - files" * (MEGABYTE // 8), "nested more than 50 levels"),
        ("(" * MEGABYTE, "nested more than 50 levels"),
        ("files where " + "!" * MEGABYTE, "nested more than 50 levels"),
        ("union(" * (MEGABYTE // 6), "nested more than 50 levels"),
        ("files where core.run = " + "9" * MEGABYTE, "a smaller number"),
        ("files where core.run = '" + "x" * MEGABYTE, "no closing quotation mark"),
        ("x" * MEGABYTE, "a set of files"),
        (f"files {'x' * MEGABYTE}", "has no namespace"),
        (f"files where {'x' * MEGABYTE} = 1", "no attribute"),
        (f"filter {'x' * MEGABYTE}(1)(files)", "no filter"),
        (f"files where len(a.{'b' * MEGABYTE}) = x", "with a number"),
        (f"files where a.b = date('{'x' * MEGABYTE}')", "expected a date"),
    ],
    ids=lambda text: text[:26],
)
async def test_what_is_too_much_is_refused_soon_in_few_words(world: World, query: str, what: str) -> None:
    begun = time.monotonic()
    with pytest.raises((MqlSyntaxError, MqlMeaningError), match=what) as caught:
        await query_files(world.db, world["bob"], query=query, experiment=None)
    assert time.monotonic() - begun < PATIENCE_SECONDS
    assert caught.value.position is not None
    assert 0 <= caught.value.position.offset <= len(query)
    assert len(str(caught.value)) < 400
    assert len(caught.value.excerpt) < 400


def most_terms(term: str, *, between: str = " or ") -> str:
    """A condition of as many terms as there may be."""
    return between.join(term.format(number) for number in range(MAX_TERMS))


def most_sets(part: str) -> str:
    """A union of as many sets as there may be, itself among them."""
    return f"union({', '.join(part.format(number) for number in range(MAX_SETS - 1))})"


@pytest.mark.parametrize(
    "query",
    [
        f"files where {most_terms('name = n{}')}",
        f"files where {most_terms('len(core.runs) in {}:9')}",
        f"files where {most_terms('core.run = {}')}",
        f"files where {most_terms('created_timestamp in date(2021-01-01):date(2021-01-02)', between=' and ')}",
        f"union({', '.join(['files limit 1'] * 15)}) where {most_terms('name != n{}', between=' and ')}",
        most_sets("fids f{}"),
        most_sets("files limit 1 skip {}"),
        "files from " + ", ".join(f"matching demo:d{n}* with subsets recursively" for n in range(MAX_SETS - 1)),
    ],
    ids=lambda query: query[:26],
)
async def test_what_is_just_not_too_much_is_no_trouble_for_the_server(world: World, query: str) -> None:
    await query_files(world.db, world["bob"], query=query, experiment="demo_exp")
    await summarize_files(world.db, world["bob"], query=query, experiment="demo_exp")
    assert (await explain_query(world.db, world["bob"], query=query, experiment=None)).statements


async def test_named_queries_are_not_larger_together_than_a_query_may_be(world: World) -> None:
    source = f"files where {most_terms('core.run = {}')}"
    for name in ("one", "two"):
        await save_query(world.db, world["root"], namespace="demo", name=name, source=source)
    found = await query_files(world.db, world["bob"], query="files selected by demo:one", experiment=None)
    assert found == []
    with pytest.raises(MqlMeaningError, match="more than 3000 comparisons"):
        await query_files(
            world.db, world["bob"], query="[files selected by demo:one, files selected by demo:two]", experiment=None
        )


@pytest.mark.parametrize(
    "query",
    [
        "files where size = {}",
        "files where core.run = {}",
        "files where core.run in ({}, 1)",
        "files where core.run in {}:{}",
        "files where core.run[any] > {} and len(core.runs) < {}",
        "files where core.runs[{}] = 1",
        "files where created_timestamp > {}",
        "files where created_timestamp in {}:{}",
        "files where {} in core.runs",
        "files where {} not in core.runs",
        "files limit {}",
        "files skip {}",
        "files skip {} limit {} skip {} limit {}",
        "filter stride({})(files)",
        "filter stride({}, {})(files)",
        "filter sample({})(files)",
        "filter hash({}, {})(files)",
        "filter mix({}, 1)(files, files)",
        "filter randomize({}, {})(files)",
        "filter randomize(seed={})(files)",
        "datasets matching demo:* having file_count > {}",
        "queries where q.year = {}",
    ],
)
async def test_any_number_gives_files_or_a_refusal(world: World, query: str) -> None:
    for number in NUMBERS:
        try:
            await ask(world, query.replace("{}", number))
        except InvalidInputError as error:
            assert error.code.startswith("catalog."), number  # noqa: PT017 - many of them are fine
            assert len(str(error)) < 600, number  # noqa: PT017


async def ask(world: World, query: str) -> None:
    """Run a query of any kind in each way."""
    if query.startswith("datasets"):
        _ = [batch async for batch in stream_datasets(world.db, world["bob"], query=query, experiment=None)]
    elif query.startswith("queries"):
        await search_queries(world.db, world["bob"], query=query, experiment=None)
    else:
        await query_files(world.db, world["bob"], query=query, experiment=None)
        await summarize_files(world.db, world["bob"], query=query, experiment=None)
        await explain_query(world.db, world["bob"], query=query, experiment=None)


async def test_subsets_in_a_circle_come_to_an_end(world: World) -> None:
    """No command makes a circle; a table that was restored or written by hand may have one."""
    names = [f"ring{number}" for number in range(3)]
    for name in names:
        await create_dataset(world.db, world["alice"], did=Did("demo", name))
        await world.declare(f"file_of_{name}", dataset=Did("demo", name))
    await world.ask(
        "INSERT INTO catalog.dataset_children (parent_id, child_id) SELECT a.id, b.id FROM catalog.datasets a"
        " JOIN catalog.datasets b ON a.id <> b.id AND a.name LIKE 'ring%' AND b.name LIKE 'ring%' RETURNING 1"
    )
    for query in ("files from demo:ring0 with subsets recursively", "files from matching demo:ring* with subsets"):
        found = await query_files(world.db, world["bob"], query=query, experiment=None)
        assert sorted(file.name for file in found) == [f"file_of_{name}" for name in names]
        batches = [batch async for batch in stream_files(world.db, world["bob"], query=query, experiment=None)]
        assert sum(map(len, batches)) == 3
    searched = stream_datasets(
        world.db, world["bob"], query="datasets demo:ring0 with subsets recursively", experiment=None,
        with_relatives=True,
    )  # fmt: skip
    assert [dataset.did.name for batch in [b async for b in searched] for dataset in batch] == names


async def test_metadata_of_ten_megabytes_are_kept_found_and_given_back(world: World) -> None:
    words = [f"word-{number:07}" for number in range(600_000)]
    text = "x" * (4 * MEGABYTE)
    new = NewFile("demo", "large", 1, metadata={"core.words": words, "core.text": text, "core.run": 7})
    await declare_files(world.db, world["alice"], files=[new])
    for condition in ("'word-0599999' in core.words", "core.words[599999] = 'word-0599999'", "core.run = 7"):
        query = f"files where {condition}"
        (found,) = await query_files(world.db, world["bob"], query=query, experiment=None, with_metadata=True)
        assert found.metadata == new.metadata
    assert await count_files(world.db, world["bob"], query="files where len(core.words) = 600000", experiment=None) == 1
    (batch,) = [b async for b in stream_files(world.db, world["bob"], query="files", experiment=None)]
    assert batch[0].metadata == new.metadata


@pytest.fixture
async def narrow(migrated: ServerUnderTest, clock: MovableClock) -> AsyncIterator[Database]:
    """A pool of one connection, so that one that is kept is missed at once."""
    db = await Database.open(migrated.connect, size=1, clock=clock)
    yield db
    await db.close()


async def test_streams_that_nobody_reads_on_hold_no_connection(
    world: World, narrow: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.catalog.operations.streaming.FILES_AT_ONCE", 2)
    await world.declare(*(f"f{number}" for number in range(9)))
    queries = ("files", "files from demo:reco", "filter stride(2)(files)", "files where size > 0 limit 8")
    streams = [stream_files(narrow, world["bob"], query=query, experiment=None) for query in queries]
    async with asyncio.timeout(PATIENCE_SECONDS):
        for stream in streams:
            assert len(await anext(stream)) == 2
        assert await count_files(narrow, world["bob"], query="files", experiment=None) == 9
        for stream in streams[:2]:
            assert isinstance(stream, AsyncGenerator)
            await stream.aclose()
        for stream in streams[2:]:
            assert len([file async for batch in stream for file in batch]) > 2
        assert await count_files(narrow, world["bob"], query="files", experiment=None) == 9


async def test_a_stream_that_is_refused_holds_no_connection(world: World, narrow: Database) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        for query in ("files where name ~ '('", "files frm", "files selected by demo:nosuch"):
            with pytest.raises(SutlerError):
                await anext(stream_files(narrow, world["bob"], query=query, experiment=None))
        assert await count_files(narrow, world["bob"], query="files", experiment=None) == 0
