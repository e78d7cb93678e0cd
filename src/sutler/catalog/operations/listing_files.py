"""Many files at once, with what they are related to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.catalog import rules, store
from sutler.catalog.model import Dataset, File, FileKey, FileReference, FileView
from sutler.catalog.operations.finding import find_known_in, read_files_in, refuse_keys
from sutler.catalog.operations.members import cut
from sutler.catalog.operations.namespaces import find_visible_in
from sutler.database import Database, Tx


async def list_files(
    db: Database,
    who: Principal,
    *,
    keys: Sequence[FileKey],
    with_metadata: bool = True,
    with_provenance: bool = False,
    with_datasets: bool = False,
) -> list[FileView]:
    """Return files in the order given, each once; those that are unknown or that the caller may not see are left out.

    What is not asked for is empty; parents, children and datasets that are asked for are all there. Raises
    InvalidInputError for what cannot be a key.
    """
    refuse_keys(rules.check_keys(keys))
    async with db.read() as tx:
        found = await read_files_in(tx, keys, with_metadata=with_metadata)
        visible = await find_visible_in(tx, who, experiment=None)
        seen = (found[key] for key in keys if key in found)
        files = {file.id: file for file in seen if visible is None or file.experiment_id in visible}
        parents, children = await _list_relatives(tx, files if with_provenance else ())
        datasets = await _list_datasets(tx, files if with_datasets else ())
        return [
            _view(file, parents.get(file.id, ()), children.get(file.id, ()), datasets.get(file.id, ()))
            for file in files.values()
        ]


async def list_datasets_of_files(
    db: Database, who: Principal, *, keys: Sequence[FileKey]
) -> dict[FileKey, tuple[Dataset, ...]]:
    """Return the datasets of each file by its key; a file that is unknown or not to be seen has none.

    Raises InvalidInputError for what cannot be a key.
    """
    refuse_keys(rules.check_keys(keys))
    async with db.read() as tx:
        found = await find_known_in(tx, keys)
        visible = await find_visible_in(tx, who, experiment=None)
        ids = {key: file.id for key, file in found.items() if visible is None or file.experiment_id in visible}
        datasets = await _list_datasets(tx, set(ids.values()))
        return {key: tuple(datasets.get(ids.get(key, 0), ())) for key in keys}


async def _list_relatives(
    tx: Tx, ids: Iterable[int]
) -> tuple[Mapping[int, list[FileReference]], Mapping[int, list[FileReference]]]:
    parents: dict[int, list[FileReference]] = {}
    children: dict[int, list[FileReference]] = {}
    for part in cut(sorted(ids)):
        for link in await store.list_links(tx, file_ids=part):
            (parents if link.is_parent else children).setdefault(link.file_id, []).append(link.relative)
    return parents, children


async def _list_datasets(tx: Tx, ids: Iterable[int]) -> Mapping[int, list[Dataset]]:
    pairs = [pair for part in cut(sorted(ids)) for pair in await store.list_memberships(tx, file_ids=part)]
    numbers = sorted({dataset_id for _, dataset_id in pairs})
    found = [one for part in cut(numbers) for one in await store.list_datasets_numbered(tx, dataset_ids=part)]
    by_number = {dataset.id: dataset for dataset in found}
    datasets: dict[int, list[Dataset]] = {}
    for file_id, dataset_id in pairs:
        datasets.setdefault(file_id, []).append(by_number[dataset_id])
    return datasets


def _view(
    file: File, parents: Sequence[FileReference], children: Sequence[FileReference], datasets: Sequence[Dataset]
) -> FileView:
    names: tuple[Did, ...] = tuple(dataset.did for dataset in datasets)
    return FileView(file, tuple(parents), tuple(children), names, len(parents), len(children), len(names))
