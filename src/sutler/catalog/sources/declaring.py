"""Declaring files to a MetaCat server: again without harm, and no file keeps the others back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from sutler.base.did import Did
from sutler.catalog.errors import RemoteCatalogRefusedError, RemoteCatalogUnavailableError
from sutler.catalog.model import FileKey, NewFile
from sutler.catalog.sources.calls import MetacatCalls
from sutler.catalog.sources.comparing import describe_difference, order_by_parents
from sutler.catalog.sources.keys import show_key, show_new_file
from sutler.catalog.sources.port import CatalogSource
from sutler.catalog.sources.replies import find_saying, read_file_problems
from sutler.catalog.sources.wire import Answer

FILES_AT_ONCE = 1_000
MOST_FAILURES = 5
"""So many single files may make the server fail, with none accepted, before it counts as broken itself."""

EXISTS = 409
INVALID_METADATA = 488
_FOR_SOME_FILE = frozenset({400, EXISTS, 413, INVALID_METADATA, 500})
"""What the server answers to a whole call for the sake of one file."""


class Declaring:
    """One round of declaring files into a dataset. `run` gives a sentence for each file that was refused."""

    def __init__(self, calls: MetacatCalls, source: CatalogSource, dataset: Did, files: Mapping[int, NewFile]) -> None:
        self._calls = calls
        self._source = source
        self._dataset = dataset
        self._files = files
        self._refused: dict[int, str] = {}
        self._failures = 0
        self._has_success = False

    async def run(self) -> dict[int, str]:
        """Declare the files and return why which ones were refused, by the numbers they were given with.

        Raises RemoteCatalogUnavailableError, RemoteCatalogRefusedError and the errors of credentials when the server
        takes none at all; what it took before stays there and counts as declared the next time.
        """
        places = []
        for place, file in self._files.items():
            if file.size_bytes is None:
                self._refused[place] = f"Its size is not known, and {self._source.place} takes no file without one."
            else:
                places.append(place)
        for same_round in order_by_parents(self._files, places):
            for start in range(0, len(same_round), FILES_AT_ONCE):
                await self._declare(same_round[start : start + FILES_AT_ONCE])
        return self._refused

    async def _declare(self, places: Sequence[int]) -> None:
        """Declare some files: what the server says of single ones takes those out, the others are sent again."""
        patience = self._calls.start()
        arguments = {"dataset": str(self._dataset), "namespace": self._dataset.namespace}
        while places:
            body = [show_new_file(self._files[place]) for place in places]
            try:
                answer = await self._calls.change(
                    "declare_files", arguments, body=body, patience=patience, expected=_FOR_SOME_FILE
                )
            except RemoteCatalogUnavailableError as error:
                # Nobody knows whether they were declared before the answer was lost.
                places = await self._settle(places)
                if places:
                    await patience.pause(error)
                continue
            if answer.status == httpx.codes.OK:
                self._has_success = True
                return
            rest = await self._sort_out(places, answer)
            if len(rest) == len(places):
                await self._isolate(places, answer)
                return
            places = rest

    async def _sort_out(self, places: Sequence[int], answer: Answer) -> Sequence[int]:
        """Take out the files of which it is known what is the matter, and return the others."""
        if answer.status == EXISTS:
            rest = await self._settle(places)
            return rest if len(rest) < len(places) else await self._refuse_orphans(places)
        if answer.status == INVALID_METADATA:
            _, by_place, by_fid = read_file_problems(answer)
            for index, place in enumerate(places):
                problem = by_place.get(index) or by_fid.get(self._files[place].fid or "")
                if problem:
                    self._refused[place] = f"{self._source.place} refused it: {problem}"
            return [place for place in places if place not in self._refused]
        if answer.status == httpx.codes.BAD_REQUEST:
            await self._check_dataset(answer)
        return places

    async def _settle(self, places: Sequence[int]) -> list[int]:
        """Look which files are there; see to it that they are in the dataset too, and return those that are not."""
        files = [self._files[place] for place in places]
        keys: list[FileKey] = [file.did for file in files] + [file.fid for file in files if file.fid is not None]
        found = await self._source.list_files(keys, with_metadata=False)
        by_did, by_fid = {one.did: one for one in found}, {one.fid: one for one in found}
        members: list[str] = []
        rest: list[int] = []
        for place, file in zip(places, files, strict=True):
            there = by_fid.get(file.fid or "") or by_did.get(file.did)
            difference = None if there is None else describe_difference(file, there)
            if there is None:
                rest.append(place)
            elif difference is None:
                members.append(there.fid)
            else:
                self._refused[place] = (
                    f"{file.did} is at {self._source.place} already, with other contents: {difference}"
                )
        await self._add_members(members)
        return rest

    async def _add_members(self, fids: Sequence[str]) -> None:
        patience = self._calls.start()
        body = {"namespace": self._dataset.namespace, "file_list": [show_key(fid) for fid in fids]}
        while fids:
            try:
                # Those that are in it already are not counted and do no harm.
                await self._calls.change("add_files", {"dataset": str(self._dataset)}, body=body, patience=patience)
            except RemoteCatalogUnavailableError as error:
                await patience.pause(error)
            else:
                self._has_success = True
                return

    async def _refuse_orphans(self, places: Sequence[int]) -> list[int]:
        """Refuse the files with parents that the server does not know, and return the others."""
        parents: dict[int, list[FileKey]] = {
            place: [*self._files[place].parents, *self._files[place].parent_fids] for place in places
        }
        asked = sorted({key for keys in parents.values() for key in keys}, key=str)
        found = await self._source.list_files(asked, with_metadata=False)
        known: set[FileKey] = {file.fid for file in found} | {file.did for file in found}
        for place, keys in parents.items():
            unknown = next((key for key in keys if key not in known), None)
            if unknown is not None:
                self._refused[place] = f"Its parent {unknown} is not known at {self._source.place}."
        return [place for place in places if place not in self._refused]

    async def _check_dataset(self, answer: Answer) -> None:
        """Go on if there is the dataset: without it the refusal is of no file. Raises RemoteCatalogRefusedError."""
        found = await self._calls.read("dataset", {"dataset": str(self._dataset)}, expected=frozenset({404}))
        if found.status != httpx.codes.OK:
            raise RemoteCatalogRefusedError(answer.url, find_saying(answer), status=answer.status)

    async def _isolate(self, places: Sequence[int], answer: Answer) -> None:
        """Find the file that a whole call was refused for, by halves."""
        if len(places) > 1:
            middle = len(places) // 2
            await self._declare(places[:middle])
            await self._declare(places[middle:])
            return
        said = read_file_problems(answer)[0] if answer.status == INVALID_METADATA else find_saying(answer)
        if answer.status == httpx.codes.INTERNAL_SERVER_ERROR:
            self._failures += 1
            if self._failures >= min(MOST_FAILURES, len(self._files)) and not self._has_success:
                raise RemoteCatalogRefusedError(answer.url, said, status=answer.status)
        self._refused[places[0]] = f"{self._source.place} refused it: {answer.status} {said}"
