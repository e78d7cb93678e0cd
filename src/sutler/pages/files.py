"""Pages of the catalogue: files, datasets, and asking by query."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog, replicas
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotFoundError
from sutler.catalog import Dataset, FileReference, FileView
from sutler.pages.addresses import make_did
from sutler.pages.door import Door
from sutler.replicas import Replica

SEARCH_LIMIT = 100
SHOWN_RELATIVES = 100


@dataclass(frozen=True)
class FilePage:
    """A file with its replicas and the nearest part of its provenance."""

    file_view: FileView
    replicas: tuple[Replica, ...]

    @property
    def parents(self) -> tuple[FileReference, ...]:
        """The first parents."""
        return self.file_view.parents[:SHOWN_RELATIVES]

    @property
    def children(self) -> tuple[FileReference, ...]:
        """The first children."""
        return self.file_view.children[:SHOWN_RELATIVES]


@dataclass(frozen=True)
class DatasetPage:
    """A dataset with its first files."""

    dataset: Dataset
    files: tuple[FileReference, ...]
    query: str


@dataclass(frozen=True)
class SearchPage:
    """A query and what it found. `problem` and `excerpt` say what is wrong with it, and where."""

    query: str
    files: tuple[FileReference, ...] = ()
    count: int = 0
    problem: str = ""
    excerpt: str = ""
    limit: int = SEARCH_LIMIT


class FilePages:
    """The catalogue: looking and asking."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show_file(self, request: Request, namespace: str, name: str) -> Response:
        """A file by its namespace and name."""
        return await self._show_file(request, make_did("file", namespace, name))

    async def show_file_of_did(self, request: Request, did: str) -> Response:
        """A file whose name cannot stand in an address."""
        namespace, _, name = did.partition(":")
        return await self._show_file(request, make_did("file", namespace, name))

    async def show_dataset(self, request: Request, namespace: str, name: str) -> Response:
        """A dataset by its namespace and name."""
        return await self._show_dataset(request, make_did("dataset", namespace, name))

    async def show_dataset_of_did(self, request: Request, did: str) -> Response:
        """A dataset whose name cannot stand in an address."""
        namespace, _, name = did.partition(":")
        return await self._show_dataset(request, make_did("dataset", namespace, name))

    async def search(self, request: Request, q: str = "") -> Response:
        """Ask the catalogue in MQL; a query that cannot be read comes back with the place that is wrong."""
        visit = await self._door.admit(request)
        query = q.strip()
        view, status = SearchPage(query), 200
        if query:
            try:
                found = await catalog.query_files(
                    self._db, visit.who, query=query, experiment=None, limit=SEARCH_LIMIT, with_metadata=True
                )
                count = len(found)
                if count == SEARCH_LIMIT:
                    count = await catalog.count_files(self._db, visit.who, query=query, experiment=None)
                view = SearchPage(query, tuple(found), count)
            except (InvalidInputError, NotFoundError) as error:
                excerpt = str(error.facts.get("excerpt", ""))
                view, status = SearchPage(query, problem=error.sentence, excerpt=excerpt), 422
        return self._door.show(request, "search.html", view, visit=visit, status=status)

    async def _show_file(self, request: Request, did: Did) -> Response:
        visit = await self._door.admit(request)
        view = await catalog.get_file(self._db, visit.who, did=did)
        copies = await replicas.list_replicas(self._db, visit.who, dids=[did])
        return self._door.show(request, "file.html", FilePage(view, tuple(copies)), visit=visit)

    async def _show_dataset(self, request: Request, did: Did) -> Response:
        visit = await self._door.admit(request)
        dataset = await catalog.get_dataset(self._db, visit.who, did=did)
        query = f"files from {did}"
        files = await catalog.query_files(self._db, visit.who, query=query, experiment=None, limit=SEARCH_LIMIT)
        return self._door.show(request, "dataset.html", DatasetPage(dataset, tuple(files), query), visit=visit)
