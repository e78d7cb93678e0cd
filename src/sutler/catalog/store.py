"""The statements of the catalogue, one function each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

from sutler.base.did import Did
from sutler.catalog.errors import UnreadableQueryError
from sutler.catalog.model import Dataset, File, FileReference, KnownFile, Namespace, NewFile
from sutler.database import Row, Tx, into, into_list, into_optional, load_statements
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import Fragment, sql, value

_SQL = load_statements("sutler.catalog")


async def insert_namespace(
    tx: Tx,
    *,
    name: str,
    experiment_id: int,
    description: str,
    owner_user_id: int | None,
    owner_role: str | None,
    username: str,
) -> Namespace | None:
    """Make a namespace. None if the name is taken."""
    row = await tx.row(
        _SQL.insert_namespace,
        name=name,
        experiment_id=experiment_id,
        description=description,
        owner_user_id=owner_user_id,
        owner_role=owner_role,
        now=tx.now,
        username=username,
    )
    return into_optional(Namespace, row)


async def list_namespaces_named(tx: Tx, *, names: Sequence[str]) -> list[Namespace]:
    """Return those of the namespaces that exist."""
    return into_list(Namespace, await tx.rows(_SQL.list_namespaces_named, names=list(names)))


async def list_namespaces(tx: Tx, *, experiment_ids: Sequence[int] | None) -> list[Namespace]:
    """Return the namespaces of the experiments by name; of all for None."""
    ids = None if experiment_ids is None else list(experiment_ids)
    return into_list(Namespace, await tx.rows(_SQL.list_namespaces, experiment_ids=ids))


async def insert_dataset(
    tx: Tx,
    *,
    did: Did,
    experiment_id: int,
    description: str,
    frozen: bool,
    monotonic: bool,
    metadata: Mapping[str, object],
    username: str,
) -> Dataset | None:
    """Make a dataset. None if there is one of that name."""
    row = await tx.row(
        _SQL.insert_dataset,
        namespace=did.namespace,
        name=did.name,
        experiment_id=experiment_id,
        description=description,
        frozen=frozen,
        monotonic=monotonic,
        metadata=dict(metadata),
        now=tx.now,
        username=username,
    )
    return into_optional(Dataset, row)


async def find_dataset(tx: Tx, *, did: Did) -> Dataset | None:
    """Return a dataset if it exists."""
    return into_optional(Dataset, await tx.row(_SQL.find_dataset, namespace=did.namespace, name=did.name))


async def lock_dataset(tx: Tx, *, did: Did) -> Dataset | None:
    """Return a dataset if it exists, locked against changes of its flags and count."""
    return into_optional(Dataset, await tx.row(_SQL.lock_dataset, namespace=did.namespace, name=did.name))


async def list_datasets(
    tx: Tx, *, namespace: str | None, experiment_ids: Sequence[int] | None, after: str | None, limit: int
) -> Page[Dataset]:
    """Return a page of datasets, oldest first."""
    filters = []
    if namespace is not None:
        filters.append(sql("namespace = ") + value(namespace, "text"))
    if experiment_ids is not None:
        filters.append(sql("experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"))
    return await list_page(
        tx,
        Dataset,
        select="SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count,"
        " created_at, created_by FROM catalog.datasets",
        filters=filters,
        key=Key("id", "bigint"),
        after=after,
        limit=limit,
    )


async def is_dataset_below(tx: Tx, *, upper_id: int, lower_id: int) -> bool:
    """Whether the lower dataset is the upper one or anywhere below it."""
    return bool(await tx.value(_SQL.is_dataset_below, upper_id=upper_id, lower_id=lower_id))


async def link_datasets(tx: Tx, *, parent_id: int, child_id: int) -> None:
    """Put a dataset below another one; nothing happens if it is there."""
    await tx.run(_SQL.link_datasets, parent_id=parent_id, child_id=child_id)


async def insert_files(
    tx: Tx, *, files: Sequence[NewFile], fids: Sequence[str], experiment_id: int, username: str
) -> list[KnownFile]:
    """Declare files in the order given and return those that were not there. `fids` go with `files`."""
    rows = await tx.rows(
        _SQL.insert_files,
        fids=list(fids),
        namespaces=[file.namespace for file in files],
        names=[file.name for file in files],
        sizes=[file.size_bytes for file in files],
        checksums=[dict(file.checksums) for file in files],
        metadata=[dict(file.metadata) for file in files],
        experiment_id=experiment_id,
        now=tx.now,
        username=username,
    )
    return [_known_file(row) for row in rows]


async def list_files_named(tx: Tx, *, dids: Sequence[Did]) -> list[KnownFile]:
    """Return those of the files that exist, in no order."""
    namespaces = [did.namespace for did in dids]
    rows = await tx.rows(_SQL.list_files_named, namespaces=namespaces, names=[did.name for did in dids])
    return [_known_file(row) for row in rows]


async def insert_provenance(tx: Tx, *, parent_ids: Sequence[int], child_ids: Sequence[int]) -> list[int]:
    """Link children with parents, pair by pair. Returns the child of each link that was not there."""
    rows = await tx.rows(_SQL.insert_provenance, parent_ids=list(parent_ids), child_ids=list(child_ids))
    return [row["child_id"] for row in rows]


async def list_own_ancestors(tx: Tx, *, file_ids: Sequence[int]) -> list[int]:
    """Return those of the files that are their own ancestors."""
    return [row["start_id"] for row in await tx.rows(_SQL.list_own_ancestors, file_ids=list(file_ids))]


async def insert_members(tx: Tx, *, dataset_id: int, file_ids: Sequence[int]) -> int:
    """Put files into a dataset and return how many were not in it. Its count grows by as many."""
    return await tx.value(_SQL.insert_members, dataset_id=dataset_id, file_ids=list(file_ids)) or 0


async def find_file_named(tx: Tx, *, did: Did) -> File | None:
    """Return a file by its name if it exists."""
    return into_optional(File, await tx.row(_SQL.find_file_named, namespace=did.namespace, name=did.name))


async def find_file(tx: Tx, *, fid: str) -> File | None:
    """Return a file by its fid if it exists."""
    return into_optional(File, await tx.row(_SQL.find_file, fid=fid))


async def list_parents(tx: Tx, *, file_id: int, count: int) -> list[FileReference]:
    """Return the first parents of a file."""
    return into_list(FileReference, await tx.rows(_SQL.list_parents, file_id=file_id, count=count))


async def list_children(tx: Tx, *, file_id: int, count: int) -> list[FileReference]:
    """Return the first children of a file."""
    return into_list(FileReference, await tx.rows(_SQL.list_children, file_id=file_id, count=count))


async def list_datasets_of(tx: Tx, *, file_id: int, count: int) -> list[Did]:
    """Return the names of the first datasets that a file is in."""
    return into_list(Did, await tx.rows(_SQL.list_datasets_of, file_id=file_id, count=count))


async def count_relatives(tx: Tx, *, file_id: int) -> Mapping[str, int]:
    """Return `parent_count`, `child_count` and `dataset_count` of a file."""
    row = await tx.row(_SQL.count_relatives, file_id=file_id)
    return dict(row or {})


async def change_metadata(
    tx: Tx, *, file_id: int, metadata: Mapping[str, object], replaces: bool, username: str
) -> File:
    """Change the metadata of a file and return it as it is then."""
    row = await tx.row(
        _SQL.change_metadata,
        file_id=file_id,
        metadata=dict(metadata),
        replaces=replaces,
        now=tx.now,
        username=username,
    )
    assert row is not None
    return into(File, row)


async def insert_ledger(tx: Tx, *, experiment_id: int) -> int:
    """Open a ledger and return its id."""
    return int(await tx.value(_SQL.insert_ledger, experiment_id=experiment_id, now=tx.now))


async def lock_ledger(tx: Tx, *, ledger_id: int) -> int | None:
    """Lock a ledger and return the experiment it belongs to. None if there is no such ledger."""
    found: int | None = await tx.value(_SQL.lock_ledger, ledger_id=ledger_id)
    return found


async def list_files_numbered(tx: Tx, *, file_ids: Sequence[int]) -> list[File]:
    """Return files in the order of their numbers."""
    return into_list(File, await tx.rows(_SQL.list_files_numbered, file_ids=file_ids))


async def plan_by_values(tx: Tx) -> None:
    """Have what follows planned for its values, until the transaction ends. Not for those that enter many rows."""
    await tx.run(_SQL.plan_by_values)


async def forget_plans(tx: Tx) -> None:
    """Have what follows planned for the tables as they are now. Kept plans of a small table read all of a large one."""
    await tx.run(_SQL.forget_plans)


async def run_selection(tx: Tx, *, statement: Fragment) -> list[Row]:
    """Run what a query was composed into. Raises UnreadableQueryError when the server cannot use a part of it."""
    try:
        return await tx.composed(statement)
    except asyncpg.exceptions.DataError as error:
        raise UnreadableQueryError(str(error)) from error


def _known_file(row: Row) -> KnownFile:
    return KnownFile(**row)
