"""The provenance around a file, as much as is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog.model import FileReference
from sutler.database import Row, Tx, load_statements

_SQL = load_statements("sutler.catalog.store", "lineage.sql")


async def list_generation_above(
    tx: Tx,
    *,
    file_ids: Sequence[int],
    drawn_ids: Sequence[int],
    experiment_ids: Sequence[int] | None,
    most: int,
    count: int,
) -> tuple[list[FileReference], int]:
    """Return the first `count` parents of files and how many were found, following `most` links of each file."""
    rows = await tx.rows(
        _SQL.list_generation_above,
        file_ids=list(file_ids),
        drawn_ids=list(drawn_ids),
        experiment_ids=None if experiment_ids is None else list(experiment_ids),
        most=most,
        count=count,
    )
    return _read(rows)


async def list_generation_below(
    tx: Tx,
    *,
    file_ids: Sequence[int],
    drawn_ids: Sequence[int],
    experiment_ids: Sequence[int] | None,
    most: int,
    count: int,
) -> tuple[list[FileReference], int]:
    """Return the first `count` children of files and how many were found, following `most` links of each file."""
    rows = await tx.rows(
        _SQL.list_generation_below,
        file_ids=list(file_ids),
        drawn_ids=list(drawn_ids),
        experiment_ids=None if experiment_ids is None else list(experiment_ids),
        most=most,
        count=count,
    )
    return _read(rows)


async def list_links_among(tx: Tx, *, file_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return the links between files as pairs of parent and child."""
    rows = await tx.rows(_SQL.list_links_among, file_ids=list(file_ids))
    return [(row["parent_id"], row["child_id"]) for row in rows]


def _read(rows: Sequence[Row]) -> tuple[list[FileReference], int]:
    files = [FileReference(row["id"], row["fid"], row["namespace"], row["name"], row["size_bytes"]) for row in rows]
    return files, rows[0]["total"] if rows else 0
