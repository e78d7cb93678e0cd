"""Entering files, and what is asked before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from sutler.base.did import Did
from sutler.catalog.model import KnownFile, Namespace, NewFile
from sutler.database import Row, Tx, into, load_statements
from sutler.database.transaction import encode_json

_SQL = load_statements("sutler.catalog.store", "declaring.sql")

_encode = msgspec.json.Encoder().encode


async def list_ground(tx: Tx, *, names: Sequence[str]) -> tuple[list[Namespace], bool]:
    """Return those of the namespaces that exist, by name, and whether their experiments have categories."""
    rows = await tx.rows(_SQL.list_ground, names=list(names))
    return [into(Namespace, row) for row in rows], any(row["has_categories"] for row in rows)


async def enter_files(
    tx: Tx, *, files: Sequence[NewFile], fids: Sequence[str], experiment_id: int, username: str
) -> list[KnownFile]:
    """Declare files in the order given and return those that were not there. `fids` were made for them."""
    columns = _write_columns(files, fids)
    row = await tx.row(_SQL.enter_files, **columns, experiment_id=experiment_id, now=tx.now, username=username)
    return _list_entered(row, files, fids, experiment_id)


async def enter_files_from_elsewhere(
    tx: Tx, *, files: Sequence[NewFile], fids: Sequence[str], experiment_id: int, username: str
) -> list[KnownFile]:
    """Do the same for files that may bring their fid, instant or author. `fids` go with `files`."""
    row = await tx.row(
        _SQL.enter_files_from_elsewhere,
        **_write_columns(files, fids),
        created_at=[file.created_at for file in files],
        created_by=[file.created_by for file in files],
        experiment_id=experiment_id,
        now=tx.now,
        username=username,
    )
    return _list_entered(row, files, fids, experiment_id)


async def keep_known_files(tx: Tx, *, dids: Sequence[Did]) -> list[tuple[KnownFile, bool]]:
    """Return those of the files that exist, and whether this transaction declared or changed each.

    Others cannot rename, retire or delete them until it ends.
    """
    namespaces, names = [did.namespace for did in dids], [did.name for did in dids]
    rows = await tx.rows(_SQL.keep_known_files, namespaces=namespaces, names=names)
    return [(into(KnownFile, row), row["is_own"]) for row in rows]


async def enter_members(
    tx: Tx, *, dataset: Did, file_ids: Sequence[int], created_at: Sequence[datetime | None]
) -> bool | None:
    """Put files that this transaction declared into a dataset, which stays locked. None without such a dataset.

    False for one that is frozen or requires something of its files: nothing is entered then. `created_at` go with the
    files; None is the instant of the transaction.
    """
    done: bool | None = await tx.value(
        _SQL.enter_members,
        namespace=dataset.namespace,
        name=dataset.name,
        file_ids=list(file_ids),
        created_at=list(created_at),
        now=tx.now,
    )
    return done


def _write_columns(files: Sequence[NewFile], fids: Sequence[str]) -> dict[str, object]:
    return {
        "fids": list(fids),
        "namespaces": [file.namespace for file in files],
        "names": [file.name for file in files],
        "sizes": [file.size_bytes for file in files],
        "checksums": [write_json(file.checksums) for file in files],
        "metadata": [write_json(file.metadata) for file in files],
    }


def _list_entered(
    row: Row | None, files: Sequence[NewFile], fids: Sequence[str], experiment_id: int
) -> list[KnownFile]:
    if row is None or row["ids"] is None:
        return []
    numbers = dict(zip(row["fids"], row["ids"], strict=True))
    return [
        KnownFile(numbers[fid], fid, file.namespace, file.name, experiment_id, file.size_bytes, file.checksums)
        for file, fid in zip(files, fids, strict=True)
        if fid in numbers
    ]


def write_json(document: Mapping[str, object]) -> str:
    """Write a document that was checked, quickly; what only the ordinary writer knows is left to it."""
    if not document:
        return "{}"
    try:
        return _encode(document).decode()
    except (TypeError, OverflowError, ValueError):
        return encode_json(dict(document))
