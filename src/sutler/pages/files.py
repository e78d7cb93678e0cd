"""The page of a file."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog, dispatch, replicas
from sutler.base.did import Did
from sutler.catalog import FileReference, FileView
from sutler.dispatch import FileUses
from sutler.pages.addresses import make_did
from sutler.pages.copies import Copy, judge_copies
from sutler.pages.door import Door
from sutler.pages.experiments import name_experiment
from sutler.pages.lineage_drawing import Drawing, draw_lineage

SHOWN_RELATIVES = 100


@dataclass(frozen=True)
class FilePage:
    """A file with its copies, its provenance as a picture and as lists, and the projects that used or made it."""

    file_view: FileView
    copies: tuple[Copy, ...]
    lineage: Drawing
    uses: FileUses

    @property
    def parents(self) -> tuple[FileReference, ...]:
        """The first parents."""
        return self.file_view.parents[:SHOWN_RELATIVES]

    @property
    def children(self) -> tuple[FileReference, ...]:
        """The first children."""
        return self.file_view.children[:SHOWN_RELATIVES]


class FilePages:
    """Looking at files."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show_file(self, request: Request, namespace: str, name: str) -> Response:
        """A file by its namespace and name."""
        return await self._show(request, make_did("file", namespace, name))

    async def show_file_of_did(self, request: Request, did: str = "", fid: str = "") -> Response:
        """A file by its fid, or by a name that cannot stand in an address; without either, the search page."""
        if fid:
            visit = await self._door.admit(request)
            return await self._show(request, (await catalog.get_file(self._db, visit.who, fid=fid)).file.did)
        if not did:
            return self._door.send_to(request, "/search?" + urlencode(dict(request.query_params)))
        namespace, _, name = did.partition(":")
        return await self._show(request, make_did("file", namespace, name))

    async def _show(self, request: Request, did: Did) -> Response:
        visit = await self._door.admit(request)
        view = await catalog.get_file(self._db, visit.who, did=did)
        lineage = await catalog.get_lineage(self._db, visit.who, did=did)
        parents = [parent.did for parent in view.parents]
        uses = await dispatch.list_uses_of_file(self._db, visit.who, did=did, file_id=view.file.id, parents=parents)
        found = await replicas.list_replicas(self._db, visit.who, dids=[did])
        experiment = await name_experiment(self._db, visit, view.file.experiment_id)
        rses = await replicas.list_rses(self._db, visit.who, experiment=experiment)
        page = FilePage(view, judge_copies(found, rses), draw_lineage(lineage), uses)
        return self._door.show(request, "file.html", page, visit=visit)
