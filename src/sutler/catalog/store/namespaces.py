"""Namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog.model import Namespace
from sutler.database import Tx, into_list, into_optional, load_statements

_SQL = load_statements("sutler.catalog.store", "namespaces.sql")


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
