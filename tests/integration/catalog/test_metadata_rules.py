"""Rules for metadata at work: nothing enters the catalogue or a dataset that breaks them, and nothing by halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.did import Did
from sutler.catalog import (
    FileChange,
    FileProblem,
    InvalidFilesError,
    MetadataProblem,
    NewFile,
    add_to_dataset,
    create_category,
    create_dataset,
    declare_files,
    declare_files_in,
    get_dataset,
    get_file,
    remove_category,
    update_file,
    update_metadata,
    update_metadata_of,
)
from sutler.catalog.operations.validation import find_metadata_problems_in

STRICT = Did("demo", "strict")
CATEGORY = "Metadata category validation errors"
DATASET = "Dataset metadata validation errors"


async def rule(
    world: World, path: str, constraints: Mapping[str, object], *, restricted: bool = False, required: bool = False
) -> None:
    """Make a category of demo_exp."""
    await create_category(
        world.db,
        world["root"],
        experiment="demo_exp",
        path=path,
        constraints=constraints,
        restricted=restricted,
        required=required,
    )


async def problems_of(
    world: World, *files: Mapping[str, object], requirements: Sequence[Mapping[str, object]] = (), is_whole: bool = True
) -> list[list[tuple[str, str]]]:
    """What is wrong with metadata: the keys and the reasons for each file."""
    async with world.db.read() as tx:
        found = await find_metadata_problems_in(
            tx, experiment_id=world.experiment_id, files=files, requirements=requirements, is_whole=is_whole
        )
    return [[(one.key, one.reason) for one in problems] for problems in found]


async def count_files(world: World) -> object:
    """How many files there are."""
    return await world.count("SELECT count(*) FROM catalog.files")


async def test_without_rules_everything_is_fine(world: World) -> None:
    assert await problems_of(world, {"core.run": "x"}, {}) == [[], []]
    assert await problems_of(world) == []


async def test_the_deepest_category_judges_by_the_last_word(world: World) -> None:
    await rule(world, ".", {"run": {"type": "boolean"}})
    await rule(world, "core", {"run": {"type": "int"}})
    await rule(world, "core.deep", {"run": {"type": "text"}})
    metadata = {"core.run": 1, "core.deep.run": "a", "core.other.run": 2, "else.run": True, "core.free": []}
    assert await problems_of(world, metadata) == [[]]
    wrong = {"core.run": "a", "core.deep.run": 1, "core.deep.er.run": 1, "core.other.run": "a", "else.run": 1}
    assert [key for key, _ in (await problems_of(world, wrong))[0]] == list(wrong)


async def test_a_restricted_category_takes_no_other_words(world: World) -> None:
    await rule(world, "core", {"run": {}}, restricted=True)
    found = await problems_of(world, {"core.run": 1, "core.what": 2, "core.x.run": 3, "core.x.what": 4, "a.b": 5})
    reason = "the category core does not define it"
    assert found == [[("core.what", reason), ("core.x.what", reason)]]


async def test_what_is_required_has_to_be_there_when_metadata_are_whole(world: World) -> None:
    await rule(world, "core", {"run": {"required": True}, "tier": {}}, required=True)
    await rule(world, "idle", {"run": {"required": True}})
    await rule(world, ".", {"site": {"required": True}}, required=True)
    assert await problems_of(world, {"core.run": 1, "lab.site": 1}) == [[]]
    reason = "it is required and missing"
    assert sorted((await problems_of(world, {"core.x.run": 1, "core.site": 1}))[0]) == [
        ("core.run", reason),
        ("site", reason),
    ]
    assert await problems_of(world, {"core.tier": 1}, is_whole=False) == [[]]


async def test_rules_of_another_experiment_say_nothing(world: World) -> None:
    await create_category(world.db, world["zoe"], experiment="other_exp", path="core", restricted=True)
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "a", metadata={"core.run": 1})])
    with pytest.raises(InvalidFilesError):
        await declare_files(world.db, world["zoe"], files=[NewFile("far", "a", metadata={"core.run": 1})])


async def test_many_files_are_judged_one_by_one(world: World) -> None:
    await rule(world, "core", {f"k{n}": {"type": "int", "max": 100} for n in range(30)})
    files = [{f"core.k{n}": 101 if (number, n) == (700, 3) else n for n in range(30)} for number in range(1000)]
    found = await problems_of(world, *files)
    assert [number for number, problems in enumerate(found) if problems] == [700]
    assert found[700] == [("core.k3", "value 101 out of range (max:100)")]


async def test_declaring_tells_every_file_that_breaks_a_rule_and_keeps_none(world: World) -> None:
    await rule(world, "core", {"run": {"type": "int", "max": 10}})
    files = [
        NewFile("demo", "b", metadata={"core.run": 50}),
        NewFile("demo", "c", metadata={"core.run": 1}),
        NewFile("demo", "a", metadata={"core.run": "x"}, fid="fa"),
    ]
    for check_only in (True, False):
        with pytest.raises(InvalidFilesError) as caught:
            await declare_files(world.db, world["alice"], files=files, dataset=RECO, check_only=check_only)
        assert caught.value.file_problems == (
            FileProblem(
                0,
                "demo:b",
                CATEGORY,
                None,
                (MetadataProblem("core.run", "value 50 out of range (max:10)", 50),),
            ),
            FileProblem(2, "demo:a", CATEGORY, "fa", (MetadataProblem("core.run", "value x is not of type int", "x"),)),
        )
        assert [problem.where for problem in caught.value.problems] == ["demo:b", "demo:a"]
    assert await count_files(world) == 0
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 0
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.files_declared'") == 0


async def test_other_rooms_declare_by_the_same_rules(world: World) -> None:
    await rule(world, "core", {}, restricted=True)
    with pytest.raises(InvalidFilesError):
        async with world.db.write() as tx:
            await declare_files_in(
                tx, files=[NewFile("demo", "a", metadata={"core.x": 1})], dataset=None, username="alice"
            )
    assert await count_files(world) == 0


async def test_declaring_again_is_not_judged_by_later_rules(world: World) -> None:
    files = [NewFile("demo", "a", metadata={"core.run": 50})]
    (first,) = await declare_files(world.db, world["alice"], files=files)
    await rule(world, "core", {}, restricted=True)
    (again,) = await declare_files(world.db, world["alice"], files=files, dataset=RECO)
    assert again == first
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 1
    await remove_category(world.db, world["root"], experiment="demo_exp", path="core")
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "b", metadata={"core.run": 50})])


async def test_what_cannot_be_stored_is_told_file_by_file_too(world: World) -> None:
    files = [
        NewFile("demo", "ok"),
        NewFile("demo", "a", metadata={"nodot": 1}),
        NewFile("demo", "b b", checksums={"adler32": "ab"}),
        NewFile("demo", "ok", fid="x"),
    ]
    with pytest.raises(InvalidFilesError) as caught:
        await declare_files(world.db, world["alice"], files=files)
    found = [
        (one.index, one.message, [part.key for part in one.metadata_problems]) for one in caught.value.file_problems
    ]
    assert found[0] == (1, CATEGORY, ["nodot"])
    assert found[-2:] == [
        (2, "Metadata checksum validation errors", ["checksum adler32"]),
        (3, "is given twice", []),
    ]
    assert found[1][0] == 2


async def test_metadata_are_changed_by_the_same_rules(world: World) -> None:
    await world.declare("a", metadata={"core.old": "kept"})
    did = Did("demo", "a")
    await rule(world, "core", {"run": {"type": "int", "required": True}}, restricted=True, required=True)
    with pytest.raises(InvalidFilesError) as caught:
        await update_metadata(world.db, world["alice"], did=did, metadata={"core.run": "x"})
    assert caught.value.file_problems[0].metadata_problems[0].key == "core.run"
    with pytest.raises(InvalidFilesError, match="required and missing"):
        await update_metadata(world.db, world["alice"], did=did, metadata={"a.b": 1}, mode="replace")
    assert (await get_file(world.db, world["alice"], did=did)).file.updated_at is None
    merged = await update_metadata(world.db, world["alice"], did=did, metadata={"a.b": 1})
    assert merged.metadata == {"core.old": "kept", "a.b": 1}
    replaced = await update_metadata(world.db, world["alice"], did=did, metadata={"core.run": 1}, mode="replace")
    assert replaced.metadata == {"core.run": 1}


async def test_one_file_and_many_are_changed_by_the_same_rules(world: World) -> None:
    await world.declare("a", "b", metadata={"core.run": 1})
    keys = [Did("demo", "b"), Did("demo", "a")]
    await rule(world, "core", {"run": {"type": "int", "max": 10}})
    with pytest.raises(InvalidFilesError) as caught:
        await update_metadata_of(world.db, world["alice"], keys=keys, metadata={"core.run": 50})
    assert [(one.index, one.did) for one in caught.value.file_problems] == [(0, "demo:b"), (1, "demo:a")]
    change = FileChange(size_bytes=7, metadata={"core.run": 50})
    with pytest.raises(InvalidFilesError):
        await update_file(world.db, world["alice"], key=keys[0], change=change)
    for key in keys:
        file = (await get_file(world.db, world["alice"], did=key)).file
        assert (file.metadata, file.size_bytes, file.updated_at) == ({"core.run": 1}, 1, None)
    changed = await update_metadata_of(world.db, world["alice"], keys=keys, metadata={"core.run": 9})
    assert [file.metadata for file in changed] == [{"core.run": 9}] * 2


@pytest.fixture
async def strict(world: World) -> World:
    """The same world with a dataset that requires a run from 1 to 10, and files that have one or not."""
    requirements = {"core.run": {"type": "int", "min": 1, "max": 10, "required": True}, "core.note": {"type": "text"}}
    await create_dataset(world.db, world["alice"], did=STRICT, requirements=requirements)
    for name, metadata in (("good", {"core.run": 5}), ("bad", {"core.run": 50}), ("none", {})):
        await world.declare(name, dataset=None, metadata=metadata)
    return world


async def test_a_dataset_takes_files_that_are_as_it_requires(strict: World) -> None:
    names = [Did("demo", name) for name in ("good", "none", "bad")]
    with pytest.raises(InvalidFilesError) as caught:
        await add_to_dataset(strict.db, strict["alice"], did=STRICT, files=names)
    assert [(one.index, one.did, one.message) for one in caught.value.file_problems] == [
        (1, "demo:none", DATASET),
        (2, "demo:bad", DATASET),
    ]
    assert [one.metadata_problems[0].reason for one in caught.value.file_problems] == [
        "it is required and missing",
        "value 50 out of range (min:1, max:10)",
    ]
    assert (await get_dataset(strict.db, strict["alice"], did=STRICT)).file_count == 0
    assert await add_to_dataset(strict.db, strict["alice"], did=STRICT, files=names[:1]) == 1


async def test_declaring_into_a_dataset_obeys_what_it_requires(strict: World) -> None:
    files = [
        NewFile("demo", "new", metadata={"core.run": 3}),
        NewFile("demo", "bad", size_bytes=1, metadata={"core.run": 3}),
        NewFile("demo", "also", metadata={"core.run": 3, "core.note": 7}),
    ]
    with pytest.raises(InvalidFilesError) as caught:
        await declare_files(strict.db, strict["alice"], files=files, dataset=STRICT)
    assert [(one.index, one.did, one.message) for one in caught.value.file_problems] == [
        (1, "demo:bad", DATASET),
        (2, "demo:also", DATASET),
    ]
    assert await count_files(strict) == 3
    await declare_files(strict.db, strict["alice"], files=files[:1], dataset=STRICT)
    assert (await get_dataset(strict.db, strict["alice"], did=STRICT)).file_count == 1


async def test_metadata_of_a_member_stay_as_its_datasets_require(strict: World) -> None:
    good = Did("demo", "good")
    await add_to_dataset(strict.db, strict["alice"], did=STRICT, files=[good])
    for metadata, mode in (({"core.run": 11}, "merge"), ({"a.b": 1}, "replace")):
        with pytest.raises(InvalidFilesError) as caught:
            await update_metadata(strict.db, strict["alice"], did=good, metadata=metadata, mode=mode)  # type: ignore[arg-type]
        assert caught.value.file_problems[0].message == DATASET
    assert (await get_file(strict.db, strict["alice"], did=good)).file.metadata == {"core.run": 5}
    with pytest.raises(InvalidFilesError) as caught:
        await update_metadata_of(strict.db, strict["alice"], keys=[Did("demo", "bad"), good], metadata={"core.run": 12})
    assert [(one.index, one.message) for one in caught.value.file_problems] == [(1, DATASET)]
    await update_metadata(strict.db, strict["alice"], did=good, metadata={"core.run": 6, "a.b": 1})
    await update_metadata(strict.db, strict["alice"], did=Did("demo", "bad"), metadata={"core.run": 51})
