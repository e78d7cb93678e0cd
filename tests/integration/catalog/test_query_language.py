"""Every form of the query language through the operations that people and programs call."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.catalog.world import World
from tests.property.mql.cases import CASES, EXAMPLE
from tests.server import ServerUnderTest

from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.catalog import (
    FilterTooLargeError,
    MqlMeaningError,
    MqlSyntaxError,
    NewFile,
    QueryTooSlowError,
    Selection,
    UnreadableQueryError,
    add_child_dataset,
    add_to_dataset,
    count_files,
    create_dataset,
    create_ledger_in,
    create_namespace,
    declare_files,
    explain_query,
    find_query_kind,
    list_metadata_keys,
    query_files,
    retire_file,
    save_query,
    search_queries,
    stream_datasets,
    stream_files,
    summarize_files,
    take_in,
)
from sutler.database import Database

NAMED = {
    "t:good_raw": "files from t:raw where core.ok = true",
    "t:good_reco": "files from t:reco where core.events > 15",
    "t:both": "union(files selected by good_raw, files selected by t:good_reco)",
    "u:half": "filter sample(0.5)(files ana_001.root, ana_002.root, ana_003.root)",
}


@pytest.fixture
async def example(world: World) -> World:
    """The catalogue of the written-out cases, with some named queries."""
    db, root = world.db, world["root"]
    for name in ("t", "u"):
        await create_namespace(db, root, experiment="demo_exp", name=name, owner_role=Role.PRODUCTION)
    dids = {file.number: Did(file.namespace, file.name) for file in EXAMPLE.files}
    sets = {dataset.number: Did(dataset.namespace, dataset.name) for dataset in EXAMPLE.datasets}
    for file in EXAMPLE.files:
        new = NewFile(
            file.namespace, file.name, file.size, metadata=file.metadata, fid=file.key, created_at=file.created_at,
            created_by="ann", parents=tuple(dids[number] for number in file.parents),
        )  # fmt: skip
        await declare_files(db, root, files=[new])
    for dataset in EXAMPLE.datasets:
        await create_dataset(db, root, did=sets[dataset.number], metadata=dataset.metadata)
        await add_to_dataset(db, root, did=sets[dataset.number], files=[dids[number] for number in dataset.files])
    for dataset in EXAMPLE.datasets:
        for child in dataset.children:
            await add_child_dataset(db, root, parent=sets[dataset.number], child=sets[child])
    for file in EXAMPLE.files:
        if file.is_retired:
            await retire_file(db, root, key=file.key)
    for name, source in NAMED.items():
        namespace, _, short = name.partition(":")
        await save_query(db, root, namespace=namespace, name=short, source=source, metadata={"q.kind": short[:4]})
    return world


async def find(world: World, query: str, *, namespace: str | None = None, include_retired: bool = False) -> list[str]:
    """The fids of a query, for somebody of the experiment."""
    found = await query_files(
        world.db, world["bob"], query=query, experiment=None, default_namespace=namespace,
        include_retired=include_retired,
    )  # fmt: skip
    return [file.fid for file in found]


def fids(numbers: str) -> list[str]:
    return [f"f{int(number):02}" for number in numbers.split()]


async def test_every_written_out_query_gives_its_files_in_a_list_a_stream_and_a_sum(example: World) -> None:
    sizes = {file.key: file.size for file in EXAMPLE.files}
    for text, numbers in CASES.items():
        expected = fids(numbers)
        assert await find(example, text) == expected, text
        batches = [batch async for batch in stream_files(example.db, example["bob"], query=text, experiment=None)]
        assert [file.fid for batch in batches for file in batch] == expected, text
        summary = await summarize_files(example.db, example["bob"], query=text, experiment=None)
        assert (summary.count, summary.size_bytes) == (len(expected), sum(sizes[fid] for fid in expected)), text
        assert await count_files(example.db, example["bob"], query=text, experiment=None) == len(expected), text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("filter stride(3, 1)(files from t:raw ordered)", "2 5"),
        ("filter stride(2)(files from t:raw) limit 2", "1 3"),
        ("filter stride(2)(files from t:raw) where core.run > 1", "3"),
        ("filter sample(0.5)(files from t:raw)", "2 4 6"),
        ("filter mix(2, 1)(files from t:raw, files from u:mix)", "1 2 8 3 4 11 5 6 12"),
        ("filter mix(2, 1)(files from t:raw, files from u:mix) ordered", "1 2 3 4 5 6 8 11 12"),
        ("filter mix(2, 1)(files from t:raw, files from u:mix) skip 0", "1 2 3 4 5 6 8 11 12"),
        ("filter mix(2, 1)(files from t:raw, files from u:mix) limit 4", "1 2 8 3"),
        ("filter stride(2, 1)(filter mix(1, 1)(files from t:raw, files from t:reco))", "8 9 10"),
        ("files from t:raw - filter stride(2)(files from t:raw)", "2 4 6"),
        ("union(filter stride(5)(files from t:raw), children(filter stride(6)(files from t:raw)))", "1 6 8"),
        ("files selected by t:good_raw", "1 2"),
        ("files selected t:good_raw where core.run = 2", "2"),
        ("files selected by good_reco", "9 10"),
        ("files selected by both limit 3", "1 2 9"),
        ("children(files selected by t:both)", "8 9 11 12"),
        ("files selected by u:half", "12"),
    ],
)  # fmt: skip
async def test_filters_and_named_queries_are_sets_like_others(example: World, query: str, numbers: str) -> None:
    assert await find(example, query, namespace="t") == fids(numbers)
    batches = stream_files(example.db, example["bob"], query=query, experiment=None, default_namespace="t")
    assert [file.fid async for batch in batches for file in batch] == fids(numbers)


async def test_a_shuffle_is_the_same_in_every_answer(example: World) -> None:
    query = "filter randomize(seed=7)(files from t:raw)"
    first = await find(example, query)
    assert first != sorted(first)
    assert sorted(first) == fids("1 2 3 4 5 6")
    assert await find(example, query) == first
    assert await find(example, f"{query} limit 2") == first[:2]


async def test_retired_files_come_when_asked_for(example: World) -> None:
    assert await find(example, "files from t:raw", include_retired=True) == fids("1 2 3 4 5 6 7")
    assert await find(example, "files from t:raw skip 5", include_retired=True) == fids("6 7")


async def test_relatives_of_files_come_with_them(example: World) -> None:
    found = await query_files(
        example.db, example["bob"], query="files from t:reco", experiment=None, with_provenance=True
    )
    relatives = {file.fid: (file.parents, file.children) for file in found}
    assert relatives == {
        "f08": (("f01",), ("f11",)),
        "f09": (("f02",), ("f11",)),
        "f10": (("f03", "f04"), ("f12",)),
    }
    streamed = stream_files(
        example.db, example["bob"], query="fids f06, f10", experiment=None, with_metadata=False, with_provenance=True
    )
    assert [(file.fid, file.parents, file.children, file.metadata) async for batch in streamed for file in batch] == [
        ("f06", (), (), {}),
        ("f10", ("f03", "f04"), ("f12",), {}),
    ]
    plain = await query_files(example.db, example["bob"], query="fids f10", experiment=None)
    assert (plain[0].parents, plain[0].children) == (None, None)


async def test_a_stream_in_small_pieces_has_everything_in_order(
    example: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.catalog.operations.streaming.FILES_AT_ONCE", 2)
    batches = [b async for b in stream_files(example.db, example["bob"], query="files", experiment=None)]
    assert [len(batch) for batch in batches] == [2, 2, 2, 2, 2, 2, 1]
    assert [file.fid for batch in batches for file in batch] == fids("1 2 3 4 5 6 8 9 10 11 12 13 14")


async def test_keys_are_those_of_the_files_found(example: World) -> None:
    async def keys(query: str) -> list[str]:
        return await list_metadata_keys(example.db, example["bob"], query=query, experiment=None)

    assert await keys("files from u:mix where core.type = ana") == ["ana.cut", "ana.label", "core.runs", "core.type"]
    assert await keys("fids f06") == []
    assert await keys("filter stride(9)(files from u:mix)") == ["core.events", "core.run", "core.runs", "core.type",
                                                                "det.mods"]  # fmt: skip


async def datasets_of(world: World, query: str, *, with_relatives: bool = False) -> list[str]:
    batches = stream_datasets(world.db, world["bob"], query=query, experiment="demo_exp", with_relatives=with_relatives)
    return [str(dataset.did) async for batch in batches for dataset in batch]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("datasets matching t:*", "t:2numeric t:all t:empty t:raw t:reco"),
        ("datasets matching t:* having ds.year = 2022", "t:reco"),
        ("datasets u:mix, t:raw, t:raw", "t:raw u:mix"),
        ("datasets t:nosuch", ""),
        ("datasets t:all with subsets", "t:all t:raw u:mix"),
        ("datasets t:all with subsets recursively having ds.year present", "t:raw t:reco u:mix"),
        ("datasets matching regexp t:'^r' having file_count > 3", "t:raw"),
    ],
)
async def test_datasets_are_found(example: World, monkeypatch: pytest.MonkeyPatch, query: str, names: str) -> None:
    assert await datasets_of(example, query) == names.split()
    monkeypatch.setattr("sutler.catalog.operations.streaming.DATASETS_AT_ONCE", 2)
    assert await datasets_of(example, query, with_relatives=True) == names.split()


async def test_datasets_come_with_those_above_and_below(example: World) -> None:
    batches = stream_datasets(
        example.db, example["bob"], query="datasets t:all, u:mix, t:empty", experiment=None, with_relatives=True
    )
    found = {str(one.did): (one.parents, one.children) async for batch in batches for one in batch}
    assert found == {
        "t:all": ((), (Did("t", "raw"), Did("u", "mix"))),
        "t:empty": ((), ()),
        "u:mix": ((Did("t", "all"),), (Did("t", "reco"),)),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("queries", "t:both t:good_raw t:good_reco u:half"),
        ("queries matching t:good*", "t:good_raw t:good_reco"),
        ("queries matching regexp t:'w$'", "t:good_raw"),
        ("queries matching t:* where q.kind = both", "t:both"),
        ("queries where source ~ 'sample' and creator = root", "u:half"),
    ],
)
async def test_named_queries_are_found(example: World, query: str, names: str) -> None:
    found = await search_queries(example.db, example["bob"], query=query, experiment=None)
    assert [str(one.did) for one in found] == names.split()
    assert all(one.source == NAMED[str(one.did)] for one in found)


async def test_named_queries_and_datasets_of_others_are_not_there(example: World) -> None:
    zoe = example["zoe"]
    assert await search_queries(example.db, zoe, query="queries", experiment=None) == []
    assert [b async for b in stream_datasets(example.db, zoe, query="datasets t:raw", experiment=None)] == []
    with pytest.raises(MqlMeaningError, match="no named query t:good_raw"):
        await query_files(example.db, zoe, query="files selected by t:good_raw", experiment=None)


async def test_an_unknown_named_query_is_told_with_its_place(example: World) -> None:
    with pytest.raises(MqlMeaningError, match="line 2, column 19: there is no named query t:nosuch") as caught:
        await find(example, "files from t:raw -\nfiles selected by t:nosuch")
    assert caught.value.excerpt == "files selected by t:nosuch\n                  ^"


async def test_a_named_query_that_cannot_be_read_any_more_is_told_by_its_name(example: World) -> None:
    async with example.db.connection() as connection:
        await connection.execute("UPDATE catalog.named_queries SET source = 'files frm x' WHERE name = 'good_raw'")
    with pytest.raises(MqlMeaningError, match="The named query t:good_raw cannot be used: expected"):
        await find(example, "files selected by t:both")


async def test_named_queries_cannot_go_round_in_circles(example: World) -> None:
    root = example["root"]
    await save_query(example.db, root, namespace="t", name="a", source="files selected by t:b")
    await save_query(example.db, root, namespace="t", name="b", source="files - files selected by t:a")
    with pytest.raises(MqlMeaningError, match="cannot select by itself: t:a by t:b by t:a"):
        await find(example, "files selected by t:a")


async def test_a_query_of_another_kind_is_refused_where_it_makes_no_sense(example: World) -> None:
    assert [find_query_kind(text) for text in ("files", "datasets t:a", "queries")] == ["files", "datasets", "queries"]
    with pytest.raises(MqlMeaningError, match="a query for files is needed here"):
        await find(example, "datasets t:raw")
    with pytest.raises(MqlMeaningError, match="This is no search for datasets"):
        await datasets_of(example, "files")
    with pytest.raises(MqlMeaningError, match="This is no search for named queries"):
        await search_queries(example.db, example["bob"], query="files", experiment=None)
    with pytest.raises(MqlSyntaxError, match="Did you mean 'files'"):
        await find(example, "FILES FROM t:raw")


async def test_a_filter_takes_only_so_many_files(example: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.catalog.operations.working_out.MAX_FILTERED_FILES", 5)
    assert await find(example, "filter stride(2)(files from t:raw limit 5)") == fids("1 3 5")
    with pytest.raises(FilterTooLargeError, match="at most 5 files"):
        await find(example, "filter stride(2)(files from t:raw)")
    many = "filter stride(2)(" * 21 + "files" + ")" * 21
    with pytest.raises(MqlMeaningError, match="has 21 filters with its named queries; 20 are allowed"):
        await find(example, many)


async def test_a_query_that_takes_too_long_is_ended_with_advice(
    example: World, migrated: ServerUnderTest, clock: MovableClock
) -> None:
    """Some texts that a regular expression has to look at from each place again take much longer than the limit."""
    files = [NewFile("t", "x" * 301 + str(number), 1) for number in range(50)]
    await declare_files(example.db, example["root"], files=files)
    hasty = await Database.open(migrated.connect, size=1, clock=clock, settings={"sutler.query_timeout": "5ms"})
    try:
        # There is no way to cut 301 letters into three equal parts: all are tried.
        slow = r"files where name ~ '^(x+)(x+)\1\2\1\2[0-9]+$'"
        with pytest.raises(QueryTooSlowError, match="Narrow it"):
            await query_files(hasty, example["bob"], query=slow, experiment=None)
        with pytest.raises(QueryTooSlowError):
            await anext(stream_files(hasty, example["bob"], query=slow, experiment=None))
    finally:
        await hasty.close()
    assert await count_files(example.db, example["bob"], query=slow, experiment=None) == 0


async def test_an_explanation_has_an_outline_statements_values_and_estimates(example: World) -> None:
    async def explain(query: str) -> tuple[str, list[str]]:
        found = await explain_query(example.db, example["bob"], query=query, experiment=None, default_namespace="t")
        for one in found.statements:
            assert one.statement.startswith("select ")
            assert one.estimated_rows >= 0
            assert f"${len(one.parameters)}" in one.statement
        return found.outline, [one.purpose for one in found.statements]

    assert await explain("files from t:raw where core.run = 1 limit 5") == (
        "limit 5\n  where core.run = 1\n    files from t:raw", ["the files"],
    )  # fmt: skip
    outline, purposes = await explain("filter mix(1, 1)(files selected by good_raw, filter stride(2)(files))")
    assert outline == (
        "filter mix(1, 1)\n"
        "  files selected by t:good_raw\n"
        "    where core.ok = true\n"
        "      files from t:raw\n"
        "  filter stride(2)\n"
        "    all files"
    )
    assert purposes == [
        "set 1 of the filter stride", "set 1 of the filter mix", "set 2 of the filter mix", "the files",
    ]  # fmt: skip
    assert (await explain("datasets matching t:*"))[1] == ["the datasets"]
    assert (await explain("queries where creator = ann"))[1] == ["the named queries"]


async def test_an_explanation_never_has_values_in_its_statements(example: World) -> None:
    hostile = "'; drop table catalog.files --"
    found = await explain_query(
        example.db, example["bob"], query=f'files where core.x = "{hostile[1:]}" and name = "{hostile[1:]}"',
        experiment=None,
    )  # fmt: skip
    (one,) = found.statements
    assert "drop table" not in one.statement
    assert sum("drop table" in parameter for parameter in one.parameters) == 2


async def test_what_the_database_cannot_read_is_told_before_the_first_file(example: World) -> None:
    stream: AsyncIterator[object] = stream_files(
        example.db, example["bob"], query="filter stride(2)(files where name ~ 'a[')", experiment=None
    )
    with pytest.raises(UnreadableQueryError, match="regular expression"):
        await anext(stream)


async def test_a_ledger_takes_from_filters_and_named_queries_too(example: World) -> None:
    query = "filter stride(2)(files from t:raw) - files selected by t:good_raw"
    async with example.db.write() as tx:
        ledger = await create_ledger_in(tx, experiment_id=example.experiment_id)
    taken = []
    for _ in range(3):
        async with example.db.write() as tx:
            selection = Selection(query, example.experiment_id, limit=1)
            taken.append([file.fid for file in await take_in(tx, selection=selection, ledger_id=ledger)])
    assert taken == [["f03"], ["f05"], []]
