"""What the asker may see."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.database.sql import Fragment, sql, value


@dataclass(frozen=True, slots=True)
class Scope:
    """The files and datasets a query can be about: those of some namespaces and experiments, None meaning all.

    With `include_retired` the selections of files by dataset, and of all files, keep retired files.
    """

    namespaces: tuple[str, ...] | None
    experiment_ids: tuple[int, ...] | None
    include_retired: bool = False

    def restrict_files(self) -> list[Fragment]:
        """Conditions on `f`, a file."""
        conditions = []
        if self.experiment_ids is not None:
            conditions.append(sql("f.experiment_id = any(") + value(list(self.experiment_ids), "bigint[]") + sql(")"))
        if self.namespaces is not None:
            conditions.append(sql("f.namespace = any(") + value(list(self.namespaces), "text[]") + sql(")"))
        return conditions

    def restrict_datasets(self) -> list[Fragment]:
        """Conditions on `d`, a dataset."""
        conditions = []
        if self.experiment_ids is not None:
            conditions.append(sql("d.experiment_id = any(") + value(list(self.experiment_ids), "bigint[]") + sql(")"))
        if self.namespaces is not None:
            conditions.append(sql("d.namespace = any(") + value(list(self.namespaces), "text[]") + sql(")"))
        return conditions
