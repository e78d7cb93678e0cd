"""Namespaces, datasets and files."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import catalog
from sutler.base.did import Did
from sutler.rest import categories, datasets, declaring, files, indexed_keys, namespaces, queries, tables
from sutler.rest.context import Context, Here
from sutler.rest.experiments import name_experiment
from sutler.rest.remote_files import CatalogueOf, get_view
from sutler.rest.remote_queries import find_source_of
from sutler.wire import catalog as wire


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room. An address is looked for in their order: what is called most comes first."""
    router.post("/files", status_code=201)(declaring.declare_files)
    namespaces.add_routes(router)
    datasets.add_routes(router)
    categories.add_routes(router)
    indexed_keys.add_routes(router)
    queries.add_routes(router)
    tables.add_routes(router)
    router.get("/files/{namespace}/{name:path}")(get_file)
    router.get("/fids/{fid:path}")(get_file_by_fid)
    files.add_routes(router)


async def get_file(here: Here, namespace: str, name: str, experiment: CatalogueOf = None) -> wire.FileView:
    """Show a file by its name, with its parents, children and datasets.

    A catalogue that is elsewhere does not tell the datasets.
    """
    did = Did(namespace, name)
    source = await find_source_of(here, experiment)
    if source is not None:
        return await get_view(source, did, experiment=experiment or "")
    return await _show_view(here, await catalog.get_file(here.db, here.who, did=did))


async def get_file_by_fid(here: Here, fid: str, experiment: CatalogueOf = None) -> wire.FileView:
    """Show a file by its fid."""
    source = await find_source_of(here, experiment)
    if source is not None:
        return await get_view(source, fid, experiment=experiment or "")
    return await _show_view(here, await catalog.get_file(here.db, here.who, fid=fid))


async def _show_view(here: Context, view: catalog.FileView) -> wire.FileView:
    return files.show_view(view, await name_experiment(here, view.file.experiment_id))
