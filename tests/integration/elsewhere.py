"""A catalogue elsewhere that lives in the memory of a test, and does what tests of its users need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from sutler.auth import Role
from sutler.base.did import Did
from sutler.catalog import CatalogSource, FileKey, FileSummary, NewFile, SourceFile
from sutler.database import Database

PLACE = "https://metacat.example"


@dataclass
class Elsewhere:
    """Files in order of creation, and datasets; it can refuse, be away, and lose answers."""

    files: dict[Did, SourceFile] = field(default_factory=dict)
    parents: dict[Did, tuple[Did, ...]] = field(default_factory=dict)
    datasets: dict[Did, set[Did]] = field(default_factory=dict)
    dataset_parents: dict[Did, Did] = field(default_factory=dict)
    namespaces: set[str] = field(default_factory=set)
    declared_count: int = 0
    asked: list[tuple[int, int | None]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    failure: Exception | None = None
    failure_after: Exception | None = None
    page: int = 3
    place: str = PLACE

    async def find(self, *, experiment_id: int, role: Role | None) -> CatalogSource | None:
        """Itself, for whoever asks."""
        assert experiment_id
        assert role is not None
        return self

    def add(self, *names: str) -> None:
        """Let files be there."""
        for name in names:
            self.files[Did("far", name)] = SourceFile(f"fid{len(self.files)}", "far", name, 10)

    async def select(
        self,
        query: str,
        *,
        skip: int = 0,
        limit: int | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> AsyncIterator[list[SourceFile]]:
        """All files, whatever is asked."""
        assert query
        assert not with_metadata
        assert not with_provenance
        self._fail()
        self.asked.append((skip, limit))
        found = list(self.files.values())[skip:]
        found = found if limit is None else found[:limit]
        for start in range(0, len(found), self.page):
            yield found[start : start + self.page]

    async def summarize(self, query: str) -> FileSummary:
        """Count all files."""
        assert query
        return FileSummary(len(self.files), 10 * len(self.files))

    async def list_files(
        self, keys: Sequence[FileKey], *, with_metadata: bool = True, with_provenance: bool = False
    ) -> list[SourceFile]:
        """Those that are there."""
        assert with_metadata or not with_provenance
        return [self.files[key] for key in keys if isinstance(key, Did) and key in self.files]

    async def ensure_namespace(self, name: str) -> None:
        """Make it."""
        self._fail()
        self.namespaces.add(name)

    async def ensure_dataset(self, did: Did, *, parent: Did | None = None) -> None:
        """Make it, below its parent."""
        self._fail()
        assert did.namespace in self.namespaces
        self.datasets.setdefault(did, set())
        if parent is not None:
            assert parent in self.datasets
            self.dataset_parents[did] = parent

    async def declare(self, files: Sequence[NewFile], *, dataset: Did | None) -> list[str | None]:
        """Take what it does not refuse; a parent must be there."""
        self._fail()
        answers = [self._declare(file, dataset) for file in files]
        if self.failure_after is not None:
            raise self.failure_after
        return answers

    def _declare(self, file: NewFile, dataset: Did | None) -> str | None:
        if file.name in self.refusals:
            return self.refusals[file.name]
        missing = [parent for parent in file.parents if parent not in self.files]
        if missing:
            return f"the parent {missing[0]} is not there"
        if file.did not in self.files:
            assert file.fid
            self.declared_count += 1
            self.files[file.did] = SourceFile(file.fid, file.namespace, file.name, file.size_bytes)
            self.parents[file.did] = file.parents
        if dataset is not None:
            self.datasets[dataset].add(file.did)
        return None

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


_NAME = """
INSERT INTO auth.services (experiment_id, kind, server_url, auth_url, timeout, updated_at, updated_by)
SELECT id, 'metacat', $2, $2 || '/auth', interval '60 s', now(), 'admin' FROM auth.experiments WHERE name = $1
RETURNING experiment_id
"""


async def name_elsewhere(db: Database, *, experiment: str) -> int:
    """Let an experiment name the catalogue elsewhere; returns the number of the experiment."""
    async with db.connection() as connection:
        return int(await connection.fetchval(_NAME, experiment, PLACE))
