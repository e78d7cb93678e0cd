"""The page of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog
from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.events import RecordedEvent
from sutler.catalog import Dataset, DatasetRelatives, DatasetSample, File, QueryTooSlowError
from sutler.database.listing import Page
from sutler.pages.addresses import make_did
from sutler.pages.dataset_history import describe_dataset_event
from sutler.pages.distributions import SmallPlot, draw_distribution
from sutler.pages.door import Door
from sutler.pages.formats import make_dataset_path

FILES_PER_PAGE = 50
OFFERED_KEYS = 60

Keys = Annotated[list[str] | None, Query()]


@dataclass(frozen=True)
class Moment:
    """One event of a dataset."""

    event: RecordedEvent
    phrase: str


@dataclass(frozen=True)
class DatasetPage:
    """A dataset: its files, where it stands among others, what happened to it, and what its metadata are.

    `sample` is None when looking at the metadata took too long.
    """

    dataset: Dataset
    files: Page[File]
    relatives: DatasetRelatives
    moments: tuple[Moment, ...]
    sample: DatasetSample | None
    chosen: tuple[str, ...]
    after: str | None

    @property
    def query(self) -> str:
        """The query for its files."""
        return f"files from {self.dataset.did}"

    @property
    def plots(self) -> tuple[SmallPlot, ...]:
        """The distributions, ready to be drawn."""
        return tuple(draw_distribution(part) for part in self.sample.distributions) if self.sample else ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that can be chosen, and those that are."""
        known = self.sample.keys[:OFFERED_KEYS] if self.sample else ()
        return tuple(dict.fromkeys([*known, *self.chosen]))

    @property
    def plotted(self) -> tuple[str, ...]:
        """The keys whose values are shown."""
        return tuple(plot.key for plot in self.plots)

    def write_address(self, *, after: str | None) -> str:
        """Return the address of this page at another place of the list."""
        pairs = [("keys", key) for key in self.chosen] + ([("after", after)] if after else [])
        path = make_dataset_path(self.dataset.did)
        return f"{path}{'&' if '?' in path else '?'}{urlencode(pairs)}" if pairs else path


class DatasetPages:
    """Looking at datasets."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show_dataset(
        self, request: Request, namespace: str, name: str, after: str | None = None, keys: Keys = None
    ) -> Response:
        """A dataset by its namespace and name."""
        return await self._show(request, make_did("dataset", namespace, name), after, keys)

    async def show_dataset_of_did(
        self, request: Request, did: str, after: str | None = None, keys: Keys = None
    ) -> Response:
        """A dataset whose name cannot stand in an address."""
        namespace, _, name = did.partition(":")
        return await self._show(request, make_did("dataset", namespace, name), after, keys)

    async def _show(self, request: Request, did: Did, after: str | None, keys: list[str] | None) -> Response:
        visit = await self._door.admit(request)
        chosen = tuple(dict.fromkeys(keys or ()))
        events = await catalog.list_dataset_history(self._db, visit.who, did=did)
        view = DatasetPage(
            dataset=await catalog.get_dataset(self._db, visit.who, did=did),
            files=await catalog.page_dataset_files(self._db, visit.who, did=did, after=after, limit=FILES_PER_PAGE),
            relatives=await catalog.get_dataset_relatives(self._db, visit.who, did=did),
            moments=tuple(Moment(event, describe_dataset_event(event)) for event in events),
            sample=await self._sample(visit.who, did, chosen),
            chosen=chosen,
            after=after,
        )
        return self._door.show(request, "dataset.html", view, visit=visit)

    async def _sample(self, who: Principal, did: Did, keys: tuple[str, ...]) -> DatasetSample | None:
        try:
            return await catalog.sample_dataset(self._db, who, did=did, keys=keys)
        except QueryTooSlowError:
            return None
