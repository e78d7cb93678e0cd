"""Datasets: their files, their flags, and the tree that they stand in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query

from sutler import catalog
from sutler.base.did import Did
from sutler.rest.context import Context, Here, Once
from sutler.rest.dispatch import Lines
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Limit
from sutler.rest.showing import show, show_page
from sutler.wire import catalog as wire
from sutler.wire import datasets as wire_datasets
from sutler.wire.page import Count, Page

DatasetDid = Annotated[str, Query(alias="did", description="The dataset, namespace:name.")]
LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One file a line.", "content": {"application/x-ndjson": {}}}
}

_encode = msgspec.json.Encoder().encode_lines


def add_routes(router: APIRouter) -> None:
    """Add the routes of datasets. Names may have slashes, so whatever is about a part of one stands before them."""
    router.get("/datasets")(list_datasets)
    router.post("/datasets", status_code=201)(create_dataset)
    router.get("/datasets/files", responses=LINES)(list_dataset_files)
    router.post("/datasets/files")(add_to_dataset)
    router.post("/datasets/files/remove")(remove_from_dataset)
    router.get("/datasets/relatives")(get_dataset_relatives)
    router.post("/datasets/subsets")(add_child_dataset)
    router.post("/datasets/subsets/remove")(remove_child_dataset)
    router.get("/datasets/{namespace}/{name:path}")(get_dataset)
    router.patch("/datasets/{namespace}/{name:path}")(update_dataset)
    router.delete("/datasets/{namespace}/{name:path}", status_code=204)(remove_dataset)


async def list_datasets(
    here: Here,
    namespace: str | None = None,
    experiment: Experiment = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Dataset]:
    """List datasets."""
    page = await catalog.list_datasets(
        here.db, here.who, namespace=namespace, experiment=experiment, after=cursor, limit=limit
    )
    names = await name_experiments(here, {dataset.experiment_id for dataset in page.items})
    return show_page(page, lambda dataset: show(wire.Dataset, dataset, experiment=names[dataset.experiment_id]))


async def create_dataset(here: Once, body: wire.NewDataset) -> wire.Dataset:
    """Make a dataset, empty or of what queries select."""
    created = await catalog.create_dataset(here.db, here.who, **{**vars(body), "did": Did.parse(body.did)})
    return await _show_dataset(here, created)


async def get_dataset(here: Here, namespace: str, name: str) -> wire.Dataset:
    """Show a dataset."""
    return await _show_dataset(here, await catalog.get_dataset(here.db, here.who, did=Did(namespace, name)))


async def update_dataset(here: Here, namespace: str, name: str, body: wire_datasets.DatasetChange) -> wire.Dataset:
    """Change a dataset: its description, flags, metadata or requirements."""
    changed = await catalog.update_dataset(here.db, here.who, did=Did(namespace, name), **vars(body))
    return await _show_dataset(here, changed)


async def remove_dataset(here: Here, namespace: str, name: str) -> None:
    """Remove a dataset. Its files and subsets stay."""
    await catalog.remove_dataset(here.db, here.who, did=Did(namespace, name))


async def list_dataset_files(
    here: Here, did: DatasetDid, *, with_metadata: bool = True, include_retired: bool = False
) -> Lines:
    """List all files of a dataset in one reply, however many: one JSON document a line, oldest first."""
    parts = catalog.list_dataset_files(
        here.db, here.who, did=Did.parse(did), with_metadata=with_metadata, include_retired=include_retired
    )
    # The first part before the reply begins, so that a refusal is still one.
    first = await anext(parts, None) or []
    experiment = await name_experiment(here, first[0].experiment_id) if first else ""
    return Lines(_encode_lines(first, parts, experiment))


async def add_to_dataset(here: Once, body: wire_datasets.ChosenFiles) -> Count:
    """Put files that are known into a dataset. Says how many were not in it before."""
    return Count(await catalog.add_to_dataset(here.db, here.who, **_read_choice(body)))


async def remove_from_dataset(here: Once, body: wire_datasets.ChosenFiles) -> Count:
    """Take files out of a dataset. Says how many were in it."""
    return Count(await catalog.remove_from_dataset(here.db, here.who, **_read_choice(body)))


async def get_dataset_relatives(here: Here, did: DatasetDid) -> wire_datasets.DatasetRelatives:
    """Show the datasets above and below one."""
    found = await catalog.get_dataset_relatives(here.db, here.who, did=Did.parse(did))
    return show(
        wire_datasets.DatasetRelatives,
        found,
        parents=tuple(map(str, found.parents)),
        children=tuple(map(str, found.children)),
    )


async def add_child_dataset(here: Once, body: wire_datasets.Subset) -> Count:
    """Put a dataset below another one. Says 0 if it was there before."""
    is_new = await catalog.add_child_dataset(
        here.db, here.who, parent=Did.parse(body.parent), child=Did.parse(body.child)
    )
    return Count(int(is_new))


async def remove_child_dataset(here: Once, body: wire_datasets.Subset) -> Count:
    """Take a dataset out from below another one. Says 0 if it was not there."""
    was_there = await catalog.remove_child_dataset(
        here.db, here.who, parent=Did.parse(body.parent), child=Did.parse(body.child)
    )
    return Count(int(was_there))


def read_key(text: str) -> catalog.FileKey:
    """Return what names a file: a DID if there is a colon in it, else a fid. Raises InvalidNameError."""
    return Did.parse(text) if ":" in text else text


def _read_choice(body: wire_datasets.ChosenFiles) -> dict[str, Any]:
    files = [read_key(text) for text in body.files]
    return {"did": Did.parse(body.dataset), "files": files, "query": body.query}


async def _encode_lines(
    first: Sequence[catalog.File], rest: AsyncIterator[Sequence[catalog.File]], experiment: str
) -> AsyncIterator[bytes]:
    yield _encode([show(wire.File, file, experiment=experiment) for file in first])
    async for part in rest:
        yield _encode([show(wire.File, file, experiment=experiment) for file in part])


async def _show_dataset(here: Context, dataset: catalog.Dataset) -> wire.Dataset:
    return show(wire.Dataset, dataset, experiment=await name_experiment(here, dataset.experiment_id))
