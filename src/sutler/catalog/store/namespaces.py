"""Namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog.model import Namespace, NamespaceCounts
from sutler.database import Tx, into, into_list, into_optional, load_statements

_SQL = load_statements("sutler.catalog.store", "namespaces.sql")


async def insert_namespace(
    tx: Tx,
    *,
    name: str,
    experiment_id: int,
    description: str,
    owner_user_id: int | None,
    owner_role: str | None,
    owner_group: str | None,
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
        owner_group=owner_group,
        now=tx.now,
        username=username,
    )
    return into_optional(Namespace, row)


async def list_namespaces_named(tx: Tx, *, names: Sequence[str]) -> list[Namespace]:
    """Return those of the namespaces that exist, by name."""
    return into_list(Namespace, await tx.rows(_SQL.list_namespaces_named, names=list(names)))


async def list_namespaces(tx: Tx, *, experiment_ids: Sequence[int] | None) -> list[Namespace]:
    """Return the namespaces of the experiments by name; of all for None."""
    ids = None if experiment_ids is None else list(experiment_ids)
    return into_list(Namespace, await tx.rows(_SQL.list_namespaces, experiment_ids=ids))


async def find_user_id(tx: Tx, *, username: str) -> int | None:
    """Return the number of a user if there is one of that name."""
    found: int | None = await tx.value(_SQL.find_user_id, username=username)
    return found


async def count_namespace(tx: Tx, *, name: str) -> NamespaceCounts:
    """Return how much a namespace holds."""
    row = await tx.row(_SQL.count_namespace, name=name)
    assert row is not None
    return into(NamespaceCounts, row)
