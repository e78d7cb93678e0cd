# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Queries in MQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import catalog as wire_catalog
from sutler.wire import queries as wire
from sutler.wire.convert import to_json
from sutler.wire.datasets import NamedQuery
from sutler.wire.page import Page

LONGEST_IN_ADDRESS = 2000
"""Characters of a query that can stand in an address; longer ones are posted."""

Reply = TypeVar("Reply")


class QueryCalls(Caller):
    """Calls that ask for files, datasets and named queries. Names without a namespace are of `namespace`."""

    def query_files(
        self,
        query: str,
        *,
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
        limit: int = 1000,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> Page[wire_catalog.FileReference]:
        """Return the first files of a query in MQL, at most 100,000."""
        asked = wire.FileListQuestion(
            query, experiment, namespace, include_retired, limit, with_metadata, with_provenance
        )
        return self._question(Page[wire_catalog.FileReference], "files", "files/query", asked)

    def count_files(self, query: str, *, experiment: str | None = None) -> int:
        """Return how many files a query finds."""
        return (self.summarize_files(query, experiment=experiment)).count

    def summarize_files(
        self,
        query: str,
        *,
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
    ) -> wire.FileSummary:
        """Return how many files a query finds and how large they are together."""
        asked = wire.FileQuestion(query, experiment, namespace, include_retired)
        return self._question(wire.FileSummary, "files/count", "files/count", asked)

    def list_metadata_keys(
        self,
        query: str,
        *,
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
    ) -> tuple[str, ...]:
        """Return the keys of the metadata of the files of a query."""
        asked = wire.FileQuestion(query, experiment, namespace, include_retired)
        return (self._question(wire.Keys, "files/keys", "files/keys", asked)).keys

    def explain_query(
        self,
        query: str,
        *,
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
    ) -> wire.Explanation:
        """Return what a query of any kind means and how the database would answer it."""
        asked = wire.FileQuestion(query, experiment, namespace, include_retired)
        return self._question(wire.Explanation, "files/explain", "files/explain", asked)

    def stream_files(
        self,
        query: str,
        *,
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
        with_metadata: bool = True,
        with_provenance: bool = False,
    ) -> Iterator[wire.FoundFile]:
        """Yield all files of a query as they come."""
        asked = wire.FileStreamQuestion(query, experiment, namespace, include_retired, with_metadata, with_provenance)
        yield from self.read_lines(wire.FoundFile, path_of("files", "stream"), body=asked)

    def stream_datasets(
        self, query: str, *, experiment: str | None = None, with_relatives: bool = False
    ) -> Iterator[wire.FoundDataset]:
        """Yield the datasets that a search such as `datasets matching demo:*` finds, as they come."""
        asked = wire.DatasetQuestion(query, experiment, with_relatives)
        yield from self.read_lines(wire.FoundDataset, path_of("datasets", "stream"), body=asked)

    def search_queries(self, query: str, *, experiment: str | None = None) -> Page[NamedQuery]:
        """Return the named queries that a search such as `queries matching demo:*` finds."""
        return self.get(Page[NamedQuery], path_of("queries", "search"), q=query, experiment=experiment)

    def _question(self, shape: type[Reply], path: str, posted: str, asked: wire.FileQuestion) -> Reply:
        """Ask in the address as long as the query fits into one: then a busy server is asked again."""
        if len(asked.query) > LONGEST_IN_ADDRESS:
            return self.send(shape, "POST", path_of(posted), asked)
        filters = {name: item for name, item in to_json(asked).items() if name != "query"}
        return self.get(shape, path_of(path), q=asked.query, **filters)
