"""The built-in catalogue behind the port, in the name of somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import mql
from sutler.catalog.errors import (
    DatasetExistsError,
    DatasetNotFoundError,
    FileDeclaredOtherwiseError,
    FileProblem,
    InvalidFilesError,
    NamespaceNotFoundError,
    NamespaceTakenError,
)
from sutler.catalog.model import File, FileKey, FileReference, FileSummary, NewFile
from sutler.catalog.operations.dataset_files import add_to_dataset
from sutler.catalog.operations.dataset_tree import add_child_dataset
from sutler.catalog.operations.datasets import create_dataset, get_dataset
from sutler.catalog.operations.declaring import declare_files
from sutler.catalog.operations.listing_files import list_files
from sutler.catalog.operations.namespaces import create_namespace, get_namespace
from sutler.catalog.operations.queries import read_query, summarize_files
from sutler.catalog.operations.streaming import stream_files
from sutler.catalog.sources.comparing import describe_difference
from sutler.catalog.sources.port import SourceFile
from sutler.database import Database

FILES_AT_ONCE = 1_000


class BuiltinSource:
    """The catalogue of this installation, as one member of an experiment sees and may change it."""

    def __init__(self, db: Database, who: Principal, *, experiment: str) -> None:
        self._db = db
        self._who = who
        self._experiment = experiment

    @property
    def place(self) -> str:
        """What it is called in sentences."""
        return "the built-in catalogue"

    async def select(
        self,
        query: str,
        *,
        skip: int = 0,
        limit: int | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> AsyncIterator[list[SourceFile]]:
        """Yield the files of a query."""
        if skip < 0 or (limit is not None and limit < 0):
            raise InvalidInputError([Problem("limit" if skip >= 0 else "skip", "must not be negative")])
        tree: mql.FileQuery = mql.Ordered(read_query(query))
        tree = mql.skip(tree, skip) if skip else tree
        text = mql.to_text(tree if limit is None else mql.limit(tree, limit))
        batches = stream_files(
            self._db,
            self._who,
            query=text,
            experiment=self._experiment,
            with_metadata=with_metadata,
            with_provenance=with_provenance,
        )
        async for files in batches:
            yield [_show(file, file.parents or (), file.children or ()) for file in files]

    async def summarize(self, query: str) -> FileSummary:
        """Return how many files a query finds and how large they are together."""
        return await summarize_files(self._db, self._who, query=query, experiment=self._experiment)

    async def list_files(
        self, keys: Sequence[FileKey], *, with_metadata: bool = True, with_provenance: bool = False
    ) -> list[SourceFile]:
        """Return those of the files that there are."""
        views = await list_files(
            self._db, self._who, keys=keys, with_metadata=with_metadata, with_provenance=with_provenance
        )
        return [_show(view.file, _list_fids(view.parents), _list_fids(view.children)) for view in views]

    async def ensure_namespace(self, name: str) -> None:
        """Go on when there is the namespace, made if there is none."""
        try:
            await get_namespace(self._db, self._who, name=name)
        except NamespaceNotFoundError:
            try:
                await create_namespace(self._db, self._who, experiment=self._experiment, name=name)
            except NamespaceTakenError:
                # Somebody was quicker; this says whether it may be seen.
                await get_namespace(self._db, self._who, name=name)

    async def ensure_dataset(self, did: Did, *, parent: Did | None = None) -> None:
        """Go on when there is the dataset below its parent, made and attached if there is none."""
        try:
            await get_dataset(self._db, self._who, did=did)
        except DatasetNotFoundError:
            try:
                await create_dataset(self._db, self._who, did=did)
            except DatasetExistsError:
                await get_dataset(self._db, self._who, did=did)
        if parent is not None:
            await add_child_dataset(self._db, self._who, parent=parent, child=did)

    async def declare(self, files: Sequence[NewFile], *, dataset: Did | None) -> list[str | None]:
        """Declare files and put them into the dataset."""
        sentences: list[str | None] = []
        for start in range(0, len(files), FILES_AT_ONCE):
            sentences += await self._declare(files[start : start + FILES_AT_ONCE], dataset)
        return sentences

    async def _declare(self, files: Sequence[NewFile], dataset: Did | None) -> list[str | None]:
        settled: dict[int, str | None] = {}
        while len(settled) < len(files):
            rest = {place: file for place, file in enumerate(files) if place not in settled}
            try:
                await declare_files(self._db, self._who, files=list(rest.values()), dataset=dataset)
                break
            except InvalidFilesError as error:
                found: dict[int, str | None] = dict(_find_refused(error, rest))
                if not found:
                    raise
            except FileDeclaredOtherwiseError as error:
                found = await self._settle(error, rest, dataset)
                if not found:
                    raise
            settled |= found
        return [settled.get(place) for place in range(len(files))]

    async def _settle(
        self, error: FileDeclaredOtherwiseError, files: Mapping[int, NewFile], dataset: Did | None
    ) -> dict[int, str | None]:
        """Decide on those files that are there already: one with the same fid is the same, whatever became of it."""
        named = error.facts["dids"]
        taken = {place: file for place, file in files.items() if isinstance(named, list) and str(file.did) in named}
        keys: list[FileKey] = [key for file in taken.values() for key in (file.did, file.fid) if key is not None]
        there = await self.list_files(keys, with_metadata=False)
        known: dict[FileKey, SourceFile] = {one.did: one for one in there} | {one.fid: one for one in there}
        settled: dict[int, str | None] = {}
        for place, file in taken.items():
            one = known.get(file.fid or "") or known.get(file.did)
            if one is None:
                continue
            difference = describe_difference(file, one)
            settled[place] = difference and f"{file.did} is there already, with other contents: {difference}"
            if difference is None and dataset is not None:
                await add_to_dataset(self._db, self._who, did=dataset, files=[one.fid])
        return settled


def _find_refused(error: InvalidFilesError, files: Mapping[int, NewFile]) -> dict[int, str]:
    """Return what is wrong with which of the files that were sent; empty when that is not said of single ones."""
    places = list(files)
    found = {places[one.index]: f"It was refused: {_describe(one)}." for one in error.file_problems}
    by_name = {str(file.did): place for place, file in files.items()}
    for problem in error.problems:
        place = by_name.get(problem.where.partition(" ")[0])
        if place is not None:
            found.setdefault(place, f"It was refused: {problem.where}: {problem.what}.")
    return found


def _describe(problem: FileProblem) -> str:
    inner = ", ".join(f"{one.key}: {one.reason}" for one in problem.metadata_problems)
    return f"{problem.message}: {inner}" if inner else problem.message


def _show(file: File, parents: tuple[str, ...], children: tuple[str, ...]) -> SourceFile:
    return SourceFile(
        file.fid,
        file.namespace,
        file.name,
        file.size_bytes,
        file.checksums,
        file.metadata,
        file.created_at,
        parents,
        children,
        is_retired=file.retired_at is not None,
        created_by=file.created_by,
    )


def _list_fids(files: Sequence[FileReference]) -> tuple[str, ...]:
    return tuple(file.fid for file in files)
