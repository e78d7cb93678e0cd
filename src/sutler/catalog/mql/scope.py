"""What the asker may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sutler.catalog.model import KeyKind
from sutler.database.sql import Fragment, sql, value


@dataclass(frozen=True, slots=True)
class Scope:
    """What a query can be about: files, datasets and queries of some namespaces and experiments, None meaning all.

    With `include_retired` the selections of files by dataset, and of all files, keep retired files. `indexed_keys` are
    metadata keys with an index of their own: they change how files are found, never which.
    """

    namespaces: tuple[str, ...] | None
    experiment_ids: tuple[int, ...] | None
    include_retired: bool = False
    indexed_keys: frozenset[tuple[str, KeyKind]] = frozenset()

    def restrict_files(self) -> list[Fragment]:
        """Conditions on `f`, a file."""
        return self._restrict("f")

    def restrict_datasets(self) -> list[Fragment]:
        """Conditions on `d`, a dataset."""
        return self._restrict("d")

    def restrict_queries(self) -> list[Fragment]:
        """Conditions on `q`, a named query."""
        return self._restrict("q")

    def _restrict(self, alias: Literal["f", "d", "q"]) -> list[Fragment]:
        conditions = []
        if self.experiment_ids is not None:
            listed = value(list(self.experiment_ids), "bigint[]")
            conditions.append(sql(alias) + sql(".experiment_id = any(") + listed + sql(")"))
        if self.namespaces is not None:
            conditions.append(sql(alias) + sql(".namespace = any(") + value(list(self.namespaces), "text[]") + sql(")"))
        return conditions
