"""Many files at once by their keys, and what they are related to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sutler.base.did import Did
from sutler.catalog.model import Dataset, File, FileReference, KnownFile
from sutler.database import Tx, into, into_list, load_statements

_SQL = load_statements("sutler.catalog.store", "relatives.sql")


@dataclass(frozen=True)
class Link:
    """A relative of one of many files."""

    file_id: int
    is_parent: bool
    relative: FileReference


async def list_files_with_fids(tx: Tx, *, fids: Sequence[str]) -> list[KnownFile]:
    """Return those of the files that exist, in no order."""
    return into_list(KnownFile, await tx.rows(_SQL.list_files_with_fids, fids=list(fids)))


async def keep_files_named(tx: Tx, *, dids: Sequence[Did]) -> list[KnownFile]:
    """Return those of the files that exist; they can be neither renamed, retired nor deleted by others meanwhile."""
    return into_list(KnownFile, await tx.rows(_SQL.keep_files_named, **_names_of(dids)))


async def keep_files_with_fids(tx: Tx, *, fids: Sequence[str]) -> list[KnownFile]:
    """Do what `keep_files_named` does, by fid."""
    return into_list(KnownFile, await tx.rows(_SQL.keep_files_with_fids, fids=list(fids)))


async def read_files_named(tx: Tx, *, dids: Sequence[Did], with_metadata: bool) -> list[File]:
    """Return those of the files that exist, in no order; metadata are empty unless asked for."""
    return into_list(File, await tx.rows(_SQL.read_files_named, **_names_of(dids), with_metadata=with_metadata))


async def read_files_with_fids(tx: Tx, *, fids: Sequence[str], with_metadata: bool) -> list[File]:
    """Do what `read_files_named` does, by fid."""
    return into_list(File, await tx.rows(_SQL.read_files_with_fids, fids=list(fids), with_metadata=with_metadata))


async def list_links(tx: Tx, *, file_ids: Sequence[int]) -> list[Link]:
    """Return all parents and children of many files."""
    rows = await tx.rows(_SQL.list_links, file_ids=list(file_ids))
    return [Link(row["file_id"], row["is_parent"], into(FileReference, row)) for row in rows]


async def list_memberships(tx: Tx, *, file_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return pairs of a file and a dataset that it is in."""
    rows = await tx.rows(_SQL.list_memberships, file_ids=list(file_ids))
    return [(row["file_id"], row["dataset_id"]) for row in rows]


async def list_datasets_numbered(tx: Tx, *, dataset_ids: Sequence[int]) -> list[Dataset]:
    """Return datasets by their numbers, in no order."""
    return into_list(Dataset, await tx.rows(_SQL.list_datasets_numbered, dataset_ids=list(dataset_ids)))


async def lock_provenance(tx: Tx, *, experiment_id: int) -> None:
    """Wait until nobody else looks for circles among the files of an experiment, and keep it so."""
    await tx.run(_SQL.lock_provenance, experiment_id=experiment_id)


async def delete_links(tx: Tx, *, file_id: int) -> None:
    """Cut a file off from its parents and children."""
    await tx.run(_SQL.delete_links, file_id=file_id)


async def delete_other_parents(tx: Tx, *, file_id: int, parent_ids: Sequence[int]) -> None:
    """Cut a file off from its parents, except for these."""
    await tx.run(_SQL.delete_other_parents, file_id=file_id, parent_ids=list(parent_ids))


async def delete_other_children(tx: Tx, *, file_id: int, child_ids: Sequence[int]) -> None:
    """Cut a file off from its children, except for these."""
    await tx.run(_SQL.delete_other_children, file_id=file_id, child_ids=list(child_ids))


def _names_of(dids: Sequence[Did]) -> dict[str, list[str]]:
    return {"namespaces": [did.namespace for did in dids], "names": [did.name for did in dids]}
