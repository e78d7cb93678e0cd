"""What a catalogue must be able to do for the rooms that select from it and declare to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sutler.base.did import Did
from sutler.catalog.model import FileKey, FileSummary, NewFile


@dataclass(frozen=True)
class SourceFile:
    """A file as a catalogue describes it. What was not asked for is empty; parents and children are fids."""

    fid: str
    namespace: str
    name: str
    size_bytes: int | None
    checksums: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    created_at: datetime | None = None
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    is_retired: bool = False
    created_by: str = ""

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


class CatalogSource(Protocol):
    """A catalogue, in the name of somebody or of a credential. All its calls may be repeated without harm.

    One that is reached over the network raises RemoteCatalogUnavailableError, RemoteCatalogRefusedError,
    CredentialRefusedError, CredentialMissingError from any call.
    """

    @property
    def place(self) -> str:
        """Where it is, for sentences: an address, or the words for the one that is built in."""
        ...

    def select(
        self,
        query: str,
        *,
        skip: int = 0,
        limit: int | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> AsyncIterator[list[SourceFile]]:
        """Yield the files of a query in MQL by creation time and fid, some at a time; never all are held.

        Raises MqlSyntaxError before anything is yielded. Whatever ends it early is an error: what ends quietly is all.
        """
        ...

    async def summarize(self, query: str) -> FileSummary:
        """Return how many files a query finds and how large they are together. Raises MqlSyntaxError."""
        ...

    async def list_files(
        self, keys: Sequence[FileKey], *, with_metadata: bool = True, with_provenance: bool = False
    ) -> list[SourceFile]:
        """Return those of the files that are known, each once, in the order given; also those that were retired."""
        ...

    async def ensure_namespace(self, name: str) -> None:
        """Go on when there is a namespace of that name; make it if there is none."""
        ...

    async def ensure_dataset(self, did: Did, *, parent: Did | None = None) -> None:
        """Go on when there is such a dataset, below its parent; make and attach it if there is none."""
        ...

    async def declare(self, files: Sequence[NewFile], *, dataset: Did | None) -> list[str | None]:
        """Declare files, each with its fid, and put them into a dataset; return one entry for each of them.

        None: it is there now. Else a sentence that says why it was refused; it does not keep the others back. A file
        that is there with this fid, or with the same size and checksums, counts as declared.
        """
        ...
