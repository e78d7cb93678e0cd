"""Namespaces, datasets and files."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from sutler import catalog
from sutler.base.did import Did
from sutler.rest import categories, datasets, files, namespaces, queries
from sutler.rest.context import Context, Here, Once
from sutler.rest.experiments import name_experiment
from sutler.rest.showing import show_all
from sutler.wire import catalog as wire
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room."""
    namespaces.add_routes(router)
    datasets.add_routes(router)
    categories.add_routes(router)
    queries.add_routes(router)
    router.post("/files", status_code=201)(declare_files)
    router.get("/files/{namespace}/{name:path}")(get_file)
    router.get("/fids/{fid:path}")(get_file_by_fid)
    files.add_routes(router)


async def declare_files(here: Once, body: wire.NewFiles) -> Page[wire.FileReference]:
    """Declare files, all or none, or only say whether it would do. Declaring the same again changes nothing."""
    dataset = Did.parse(body.dataset) if body.dataset else None
    new = [catalog.NewFile(**{**vars(file), "parents": tuple(_parse_dids(file.parents))}) for file in body.files]
    declared = await catalog.declare_files(here.db, here.who, files=new, dataset=dataset, check_only=body.check_only)
    return Page(show_all(wire.FileReference, declared))


async def get_file(here: Here, namespace: str, name: str) -> wire.FileView:
    """Show a file by its name, with its parents, children and datasets."""
    return await _show_view(here, await catalog.get_file(here.db, here.who, did=Did(namespace, name)))


async def get_file_by_fid(here: Here, fid: str) -> wire.FileView:
    """Show a file by its fid."""
    return await _show_view(here, await catalog.get_file(here.db, here.who, fid=fid))


async def _show_view(here: Context, view: catalog.FileView) -> wire.FileView:
    return files.show_view(view, await name_experiment(here, view.file.experiment_id))


def _parse_dids(texts: Sequence[str]) -> list[Did]:
    return [Did.parse(text) for text in texts]
