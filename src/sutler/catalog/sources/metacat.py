"""The catalogue of a MetaCat server, behind the port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext, suppress

import msgspec

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import mql
from sutler.catalog.errors import RemoteCatalogRefusedError, RemoteCatalogUnavailableError
from sutler.catalog.model import FileKey, FileSummary, NewFile
from sutler.catalog.mql.errors import MqlMeaningError, MqlUnsupportedError
from sutler.catalog.sources.calls import MetacatCalls
from sutler.catalog.sources.declaring import Declaring
from sutler.catalog.sources.keys import show_key
from sutler.catalog.sources.port import SourceFile
from sutler.catalog.sources.replies import read_file, read_json, read_list, read_object
from sutler.catalog.sources.wire import Patience

KEYS_AT_ONCE = 1_000
LOOSE_DATASET = "unsorted"
"""Where files go that are declared without a dataset: the protocol takes none without."""

_EXISTS = frozenset({409})
_MISSING = frozenset({404})


class MetacatSource:
    """The MetaCat server that an experiment names, in the name of one of its credentials."""

    def __init__(self, calls: MetacatCalls) -> None:
        self._calls = calls

    @property
    def place(self) -> str:
        """The address of the server."""
        return self._calls.service.server_url

    async def select(
        self,
        query: str,
        *,
        skip: int = 0,
        limit: int | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> AsyncIterator[list[SourceFile]]:
        """Yield the files of a query as its server finds them. Filters and limits of the query itself hold as well."""
        text = wrap_query(query, skip=skip, limit=limit)
        arguments = {"with_meta": _say(with_metadata), "with_provenance": _say(with_provenance)}
        async for items in self._calls.stream("query", arguments, body=text):
            yield [read_file(self._calls.address("query"), item) for item in items]

    async def summarize(self, query: str) -> FileSummary:
        """Return how many files a query finds and how large they are together."""
        check_text(query)
        answer = await self._calls.read("query", {"summary": "count"}, body=query)
        try:
            found = msgspec.convert(read_object(answer), _Summary)
        except msgspec.ValidationError as error:
            raise RemoteCatalogRefusedError(answer.url, f"no count: {error}") from error
        return FileSummary(found.count, int(found.total_size or 0))

    async def list_files(
        self, keys: Sequence[FileKey], *, with_metadata: bool = True, with_provenance: bool = False
    ) -> list[SourceFile]:
        """Return those of the files that the server knows, each once, in the order given."""
        arguments = {"with_metadata": _say(with_metadata), "with_provenance": _say(with_provenance)}
        found: dict[FileKey, SourceFile] = {}
        asked = list(dict.fromkeys(keys))
        for start in range(0, len(asked), KEYS_AT_ONCE):
            body = [show_key(key) for key in asked[start : start + KEYS_AT_ONCE]]
            answer = await self._calls.read("files", arguments, body=body)
            files = [read_file(answer.url, item) for item in read_list(answer)]
            found |= {file.fid: file for file in files} | {file.did: file for file in files}
        return list({found[key].fid: found[key] for key in asked if key in found}.values())

    async def ensure_namespace(self, name: str) -> None:
        """Go on when there is a namespace; make it if there is none, for the role that the service names, if any."""
        patience = self._calls.start()
        arguments = {"name": name, "description": "Made for the outputs of campaigns"}
        if self._calls.service.account:
            arguments["owner_role"] = self._calls.service.account
        while not await self._exists("namespace", {"name": name}, patience):
            try:
                await self._calls.change("create_namespace", arguments, patience=patience, expected=_EXISTS)
            except RemoteCatalogUnavailableError as error:
                await patience.pause(error)
            else:
                return

    async def ensure_dataset(self, did: Did, *, parent: Did | None = None) -> None:
        """Go on when there is a dataset, below its parent; make and attach it if there is none."""
        patience = self._calls.start()
        while not await self._exists("dataset", {"dataset": str(did)}, patience):
            body = {"namespace": did.namespace, "name": did.name, "metadata": {}, "frozen": False, "monotonic": False}
            try:
                await self._calls.change("create_dataset", body=body, patience=patience, expected=_EXISTS)
            except RemoteCatalogUnavailableError as error:
                await patience.pause(error)
            else:
                break
        if parent is not None:
            await self._attach(did, parent, patience)

    async def declare(self, files: Sequence[NewFile], *, dataset: Did | None) -> list[str | None]:
        """Declare files and put them into a dataset; without one, into `unsorted` of the namespace of each."""
        sentences: dict[int, str] = {}
        groups: dict[Did, list[int]] = {}
        for place, file in enumerate(files):
            groups.setdefault(dataset or Did(file.namespace, LOOSE_DATASET), []).append(place)
        for target, places in groups.items():
            if dataset is None:
                await self.ensure_dataset(target)
            declaring = Declaring(self._calls, self, target, {place: files[place] for place in places})
            sentences |= await declaring.run()
        return [sentences.get(place) for place in range(len(files))]

    async def _exists(self, method: str, arguments: dict[str, str], patience: Patience) -> bool:
        answer = await self._calls.read(method, arguments, patience=patience, expected=_MISSING)
        return answer.status not in _MISSING and read_json(answer) is not None

    async def _attach(self, child: Did, parent: Did, patience: Patience) -> None:
        arguments = {"parent": str(parent), "child": str(child)}
        while True:
            try:
                # Attaching what is attached has no effect, so a lost answer needs no looking.
                await self._calls.change("add_child_dataset", arguments, patience=patience, expected=_EXISTS)
            except RemoteCatalogUnavailableError as error:
                await patience.pause(error)
            else:
                return


class _Summary(msgspec.Struct):
    count: int
    total_size: int | float | None = None


def wrap_query(query: str, *, skip: int, limit: int | None) -> str:
    """Return a query for a part of the files of another one, oldest first, whatever operators that one ends with.

    Raises MqlSyntaxError: what is no query of its own could read the words around it as its end. InvalidInputError for
    a negative skip or limit.
    """
    check_text(query)
    if skip < 0 or (limit is not None and limit < 0):
        raise InvalidInputError([Problem("limit" if skip >= 0 else "skip", "must not be negative")])
    # A comment ends with its line, so the bracket is closed on one of its own.
    text = f"(\n{query}\n) ordered"
    if skip:
        text += f" skip {skip}"
    return text if limit is None else f"{text} limit {limit}"


def check_text(query: str) -> None:
    """Go on when a text is a query for files. What only the other server knows, such as its own filters, it judges.

    Raises MqlSyntaxError, and MqlMeaningError for a query for something else than files.
    """
    is_for_files = mql.find_kind(query) == "files"
    with suppress(MqlMeaningError, MqlUnsupportedError) if is_for_files else nullcontext():
        mql.parse(query)


def _say(flag: bool) -> str:  # noqa: FBT001 - a word for a flag
    return "yes" if flag else "no"
