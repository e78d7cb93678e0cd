"""What came from the files of a submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sutler.database import Tx, into_list, load_statements
from sutler.dispatch.model import ShareFile

_SQL = load_statements("sutler.campaigns.store", "outputs.sql")


@dataclass(frozen=True)
class FoundOutput:
    """A file that came from others."""

    file_id: int
    fid: str | None
    namespace: str
    name: str
    size_bytes: int | None


async def list_outputs(
    tx: Tx, *, share_ids: Sequence[int], fids: Sequence[str], depth: int, since: datetime, name_like: str
) -> list[FoundOutput]:
    """Return what shares declared, and what stands `depth` generations below files or that many less below those."""
    rows = await tx.rows(
        _SQL.list_outputs,
        share_ids=list(share_ids),
        fids=list(fids),
        depth=depth,
        since=since,
        name_like=name_like,
    )
    return into_list(FoundOutput, rows)


async def list_files_with_outputs(
    tx: Tx,
    *,
    files: Sequence[ShareFile],
    share_ids: Sequence[int],
    depth: int,
    since: datetime | None,
    name_patterns: Sequence[str],
    needs_copy: bool,
) -> list[ShareFile]:
    """Return those of the files that have an output `depth` generations below, of one of the names if there are any."""
    rows = await tx.rows(
        _SQL.list_files_with_outputs,
        fids=[file.fid for file in files],
        project_ids=[file.project_id for file in files],
        positions=[file.position for file in files],
        share_ids=list(share_ids),
        depth=depth,
        since=since,
        name_patterns=list(name_patterns),
        needs_copy=needs_copy,
    )
    numbers = {row["number"] for row in rows}
    return [file for number, file in enumerate(files, start=1) if number in numbers]
