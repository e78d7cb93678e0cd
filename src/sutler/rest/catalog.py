"""Namespaces, datasets and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from sutler import catalog
from sutler.auth import Role
from sutler.base.did import Did
from sutler.rest.context import Context, Here, Once
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Limit
from sutler.rest.showing import show, show_all, show_page
from sutler.wire import catalog as wire
from sutler.wire.page import Count, Page

DEFAULT_FILE_LIMIT = 1000

QueryText = Annotated[str, Query(alias="q", description="A query in MQL.")]


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room."""
    router.get("/namespaces")(list_namespaces)
    router.post("/namespaces", status_code=201)(create_namespace)
    router.get("/datasets")(list_datasets)
    router.post("/datasets", status_code=201)(create_dataset)
    router.post("/datasets/files")(add_to_dataset)
    router.get("/datasets/{namespace}/{name:path}")(get_dataset)
    router.get("/files")(query_files)
    router.post("/files", status_code=201)(declare_files)
    router.get("/files/count")(count_files)
    router.get("/files/{namespace}/{name:path}")(get_file)
    router.patch("/files/{namespace}/{name:path}")(update_metadata)
    router.get("/fids/{fid}")(get_file_by_fid)


async def list_namespaces(here: Here, experiment: Experiment = None) -> Page[wire.Namespace]:
    """List namespaces by name."""
    found = await catalog.list_namespaces(here.db, here.who, experiment=experiment)
    names = await name_experiments(here, {namespace.experiment_id for namespace in found})
    return Page(tuple(show(wire.Namespace, one, experiment=names[one.experiment_id]) for one in found))


async def create_namespace(here: Once, body: wire.NewNamespace) -> wire.Namespace:
    """Make a namespace."""
    created = await catalog.create_namespace(
        here.db,
        here.who,
        experiment=body.experiment,
        name=body.name,
        description=body.description,
        owner_role=Role(body.owner_role) if body.owner_role else None,
    )
    return show(wire.Namespace, created, experiment=body.experiment)


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
    """Make an empty dataset."""
    created = await catalog.create_dataset(here.db, here.who, **{**vars(body), "did": Did.parse(body.did)})
    return await _show_dataset(here, created)


async def add_to_dataset(here: Once, body: wire.AddedFiles) -> Count:
    """Put files that are known into a dataset. Says how many were not in it before."""
    did = Did.parse(body.dataset)
    return Count(await catalog.add_to_dataset(here.db, here.who, did=did, files=_parse_dids(body.files)))


async def get_dataset(here: Here, namespace: str, name: str) -> wire.Dataset:
    """Show a dataset."""
    return await _show_dataset(here, await catalog.get_dataset(here.db, here.who, did=Did(namespace, name)))


async def query_files(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    limit: Annotated[int, Query(description="At most 100,000.")] = DEFAULT_FILE_LIMIT,
    with_metadata: bool = False,
) -> Page[wire.FileReference]:
    """List the first files of a query by creation time."""
    found = await catalog.query_files(
        here.db, here.who, query=query, experiment=experiment, limit=limit, with_metadata=with_metadata
    )
    return Page(show_all(wire.FileReference, found))


async def count_files(here: Here, query: QueryText, experiment: Experiment = None) -> Count:
    """Count the files of a query."""
    return Count(await catalog.count_files(here.db, here.who, query=query, experiment=experiment))


async def declare_files(here: Once, body: wire.NewFiles) -> Page[wire.FileReference]:
    """Declare files, all or none. Declaring the same again changes nothing."""
    dataset = Did.parse(body.dataset) if body.dataset else None
    files = [catalog.NewFile(**{**vars(file), "parents": tuple(_parse_dids(file.parents))}) for file in body.files]
    declared = await catalog.declare_files(here.db, here.who, files=files, dataset=dataset)
    return Page(show_all(wire.FileReference, declared))


async def get_file(here: Here, namespace: str, name: str) -> wire.FileView:
    """Show a file by its name, with its parents, children and datasets."""
    return await _show_view(here, await catalog.get_file(here.db, here.who, did=Did(namespace, name)))


async def get_file_by_fid(here: Here, fid: str) -> wire.FileView:
    """Show a file by its fid."""
    return await _show_view(here, await catalog.get_file(here.db, here.who, fid=fid))


async def update_metadata(here: Here, namespace: str, name: str, body: wire.NewMetadata) -> wire.File:
    """Change the metadata of a file."""
    changed = await catalog.update_metadata(here.db, here.who, did=Did(namespace, name), **vars(body))
    return show(wire.File, changed, experiment=await name_experiment(here, changed.experiment_id))


async def _show_dataset(here: Context, dataset: catalog.Dataset) -> wire.Dataset:
    return show(wire.Dataset, dataset, experiment=await name_experiment(here, dataset.experiment_id))


async def _show_view(here: Context, view: catalog.FileView) -> wire.FileView:
    experiment = await name_experiment(here, view.file.experiment_id)
    return show(
        wire.FileView,
        view,
        file=show(wire.File, view.file, experiment=experiment),
        parents=show_all(wire.FileReference, view.parents),
        children=show_all(wire.FileReference, view.children),
        datasets=tuple(str(did) for did in view.datasets),
    )


def _parse_dids(texts: Sequence[str]) -> list[Did]:
    return [Did.parse(text) for text in texts]
