"""Whether metadata are as the categories of an experiment and the datasets concerned want them.

Metadata that are declared, or replace those of a file, are judged as a whole: what is required has to be there. Of
metadata that are merged only what is given is judged, so that files from before a rule can still be changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

from sutler.base.did import Did
from sutler.catalog import store
from sutler.catalog.errors import FileProblem, InvalidFilesError, MetadataProblem
from sutler.catalog.model import Dataset, File, NewFile
from sutler.catalog.rules import (
    CATEGORY_RULES_BROKEN,
    DATASET_RULES_BROKEN,
    CategoryRules,
    RequirementRules,
    to_problems,
)
from sutler.database import Tx

MANY_VALUES = 500
"""So many values are checked in a thread, so that others are served meanwhile."""
ROWS_AT_ONCE = 2_000

Metadata = Mapping[str, object]
Requirements = Mapping[str, object]
Rules = CategoryRules | RequirementRules


async def find_metadata_problems_in(
    tx: Tx,
    *,
    experiment_id: int,
    files: Sequence[Metadata],
    requirements: Sequence[Requirements] = (),
    is_whole: bool = True,
    with_categories: bool = True,
) -> list[tuple[MetadataProblem, ...]]:
    """Return what is wrong with the metadata of files, one tuple for each; an empty one when nothing is.

    They are judged by the categories of the experiment, unless without, and by what datasets require. What is missing
    counts only when the metadata are whole.
    """
    found: list[list[MetadataProblem]] = [[] for _ in files]
    if with_categories:
        found = await _judge_by_categories(tx, experiment_id, files, is_whole=is_whole)
    if requirements:
        more = await _judge(RequirementRules(requirements), files, is_whole=is_whole)
        found = [first + second for first, second in zip(found, more, strict=True)]
    return [tuple(problems) for problems in found]


async def check_new_files_in(tx: Tx, *, experiment_id: int, files: Sequence[NewFile], new: Collection[Did]) -> None:
    """Go on if the metadata of those files that are new are as the categories want them. Raises InvalidFilesError.

    Files that were declared before keep the metadata they have; nothing is said of those given with them.
    """
    chosen = [index for index, file in enumerate(files) if file.did in new]
    judged = await _judge_by_categories(tx, experiment_id, [files[index].metadata for index in chosen], is_whole=True)
    _refuse(
        FileProblem(index, str(files[index].did), CATEGORY_RULES_BROKEN, files[index].fid, tuple(problems))
        for index, problems in zip(chosen, judged, strict=True)
        if problems
    )


async def check_members_in(tx: Tx, dataset: Dataset, *, file_ids: Iterable[int], order: Sequence[int] = ()) -> None:
    """Go on if the metadata of all files are as the dataset requires. Raises InvalidFilesError.

    `order` are the numbers of the files as the caller gave them: problems tell the place of a file in it. Without it
    they are taken in the order of their numbers.
    """
    if not dataset.requirements:
        return
    ids = sorted(set(file_ids))
    places = {number: place for place, number in enumerate(order or ids)}
    rules = RequirementRules([dataset.requirements])
    found: list[FileProblem] = []
    for start in range(0, len(ids), ROWS_AT_ONCE):
        files = await store.list_files_numbered(tx, file_ids=ids[start : start + ROWS_AT_ONCE])
        judged = await _judge(rules, [file.metadata for file in files], is_whole=True)
        found += [
            FileProblem(places[file.id], str(file.did), DATASET_RULES_BROKEN, file.fid, tuple(problems))
            for file, problems in zip(files, judged, strict=True)
            if problems
        ]
    _refuse(sorted(found, key=lambda problem: problem.index))


async def check_changes_in(tx: Tx, *, files: Sequence[File], metadata: Sequence[Metadata], is_whole: bool) -> None:
    """Go on if files of one experiment may have such metadata: by its categories and by the datasets they are in.

    `metadata` go with `files`: what is merged into them, or all that they will have if it is whole. Raises
    InvalidFilesError, which tells the place of a file among those given.
    """
    if not files:
        return
    by_categories = await _judge_by_categories(tx, files[0].experiment_id, metadata, is_whole=is_whole)
    found = [
        FileProblem(index, str(file.did), CATEGORY_RULES_BROKEN, file.fid, tuple(problems))
        for index, (file, problems) in enumerate(zip(files, by_categories, strict=True))
        if problems
    ]
    required = await _list_requirements(tx, files)
    for index, file in enumerate(files):
        if file.id in required:
            problems = RequirementRules(required[file.id]).find_problems(metadata[index], is_whole=is_whole)
            if problems:
                found.append(FileProblem(index, str(file.did), DATASET_RULES_BROKEN, file.fid, tuple(problems)))
    _refuse(found)


async def _list_requirements(tx: Tx, files: Sequence[File]) -> dict[int, list[Mapping[str, Mapping[str, object]]]]:
    required: dict[int, list[Mapping[str, Mapping[str, object]]]] = {}
    for start in range(0, len(files), ROWS_AT_ONCE):
        part = files[start : start + ROWS_AT_ONCE]
        required |= await store.list_requirements_of_files(tx, file_ids=[file.id for file in part])
    return required


async def _judge_by_categories(
    tx: Tx, experiment_id: int, files: Sequence[Metadata], *, is_whole: bool
) -> list[list[MetadataProblem]]:
    categories = await store.list_rules(tx, experiment_id=experiment_id) if files else []
    if not categories:
        return [[] for _ in files]
    return await _judge(CategoryRules(categories), files, is_whole=is_whole)


async def _judge(rules: Rules, files: Sequence[Metadata], *, is_whole: bool) -> list[list[MetadataProblem]]:
    def judge() -> list[list[MetadataProblem]]:
        return [rules.find_problems(metadata, is_whole=is_whole) for metadata in files]

    if sum(map(len, files)) < MANY_VALUES:
        return judge()
    return await asyncio.to_thread(judge)


def _refuse(found: Iterable[FileProblem]) -> None:
    problems = list(found)
    if problems:
        raise InvalidFilesError(to_problems(problems), problems)
