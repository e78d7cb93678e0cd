"""The page of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog, dispatch, replicas
from sutler.base.did import Did
from sutler.catalog import CatalogSource, File, FileKey, FileReference, SourceFile, UnknownFileError
from sutler.dispatch import FileUses
from sutler.pages.addresses import make_did
from sutler.pages.copies import Copy, judge_copies
from sutler.pages.door import Door
from sutler.pages.experiments import name_experiment
from sutler.pages.lineage_drawing import Drawing, draw_lineage
from sutler.pages.remote_search import find_source_of, make_file_address
from sutler.pages.session import Visit

SHOWN_RELATIVES = 100

Relative = FileReference | SourceFile


@dataclass(frozen=True)
class FilePage:
    """A file with its copies, its provenance as a picture and as lists, and the projects that used or made it.

    Of a catalogue elsewhere, that of `experiment` at `place`, there are no datasets and there is no picture. Of parents
    and children the first are listed; the counts are of all.
    """

    file: File | SourceFile
    parents: tuple[Relative, ...]
    children: tuple[Relative, ...]
    parent_count: int
    child_count: int
    copies: tuple[Copy, ...]
    uses: FileUses
    datasets: tuple[Did, ...] = ()
    dataset_count: int = 0
    lineage: Drawing | None = None
    place: str = ""
    experiment: str = ""

    def address_of(self, file: Relative) -> str:
        """Return the address of the page of another file, which asks the same catalogue."""
        return make_file_address(file.did, self.experiment)

    def write_query(self, query: str) -> str:
        """Return a search in the same catalogue, as it stands in addresses after the question mark."""
        return urlencode({"q": query} | ({"experiment": self.experiment} if self.experiment else {}))


class FilePages:
    """Looking at files."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show_file(self, request: Request, namespace: str, name: str, experiment: str = "") -> Response:
        """A file by its namespace and name, as the catalogue of an experiment has it if one is named."""
        return await self._show(request, make_did("file", namespace, name), experiment)

    async def show_file_of_did(self, request: Request, did: str = "", fid: str = "", experiment: str = "") -> Response:
        """A file by its fid, or by a name that cannot stand in an address; without either, the search page."""
        if fid:
            return await self._show(request, fid, experiment)
        if not did:
            return self._door.send_to(request, "/search?" + urlencode(dict(request.query_params)))
        namespace, _, name = did.partition(":")
        return await self._show(request, make_did("file", namespace, name), experiment)

    async def _show(self, request: Request, key: FileKey, experiment: str) -> Response:
        visit = await self._door.admit(request)
        source = await find_source_of(self._door.services, visit.who, experiment)
        if source is None:
            page = await self._view(visit, key)
        else:
            page = await self._view_remote(visit, source, key, experiment.strip())
        return self._door.show(request, "file.html", page, visit=visit)

    async def _view(self, visit: Visit, key: FileKey) -> FilePage:
        if isinstance(key, Did):
            view = await catalog.get_file(self._db, visit.who, did=key)
        else:
            view = await catalog.get_file(self._db, visit.who, fid=key)
        did = view.file.did
        lineage = await catalog.get_lineage(self._db, visit.who, did=did)
        experiment = await name_experiment(self._db, visit, view.file.experiment_id)
        return FilePage(
            file=view.file,
            parents=view.parents[:SHOWN_RELATIVES],
            children=view.children[:SHOWN_RELATIVES],
            parent_count=view.parent_count,
            child_count=view.child_count,
            copies=await self._list_copies(visit, did, experiment),
            uses=await dispatch.list_uses_of_file(self._db, visit.who, did=did, file_id=view.file.id),
            datasets=view.datasets,
            dataset_count=view.dataset_count,
            lineage=draw_lineage(lineage),
        )

    async def _view_remote(self, visit: Visit, source: CatalogSource, key: FileKey, experiment: str) -> FilePage:
        found = await source.list_files([key], with_provenance=True)
        if not found:
            raise UnknownFileError(key)
        file = found[0]
        return FilePage(
            file=file,
            parents=await _list_relatives(source, file.parents),
            children=await _list_relatives(source, file.children),
            parent_count=len(file.parents),
            child_count=len(file.children),
            copies=await self._list_copies(visit, file.did, experiment),
            uses=await dispatch.list_uses_of_file(self._db, visit.who, did=file.did, file_id=None),
            place=source.place,
            experiment=experiment,
        )

    async def _list_copies(self, visit: Visit, did: Did, experiment: str) -> tuple[Copy, ...]:
        found = await replicas.list_replicas(self._db, visit.who, dids=[did])
        rses = await replicas.list_rses(self._db, visit.who, experiment=experiment)
        return judge_copies(found, rses)


async def _list_relatives(source: CatalogSource, fids: Sequence[str]) -> tuple[SourceFile, ...]:
    return tuple(await source.list_files(fids[:SHOWN_RELATIVES], with_metadata=False))
