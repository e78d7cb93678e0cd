"""Named queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.base.did import Did
from sutler.catalog.model import NamedQuery
from sutler.database import Tx, into_optional, load_statements
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import sql, value

_SQL = load_statements("sutler.catalog.store", "named_queries.sql")


async def insert_named_query(
    tx: Tx,
    *,
    did: Did,
    experiment_id: int,
    source: str,
    description: str,
    metadata: Mapping[str, object],
    parameters: Sequence[object],
    username: str,
) -> NamedQuery | None:
    """Keep a query under a name. None if there is one of that name."""
    row = await tx.row(
        _SQL.insert_named_query,
        namespace=did.namespace,
        name=did.name,
        experiment_id=experiment_id,
        source=source,
        description=description,
        metadata=dict(metadata),
        parameters=list(parameters),
        now=tx.now,
        username=username,
    )
    return into_optional(NamedQuery, row)


async def replace_named_query(
    tx: Tx,
    *,
    did: Did,
    source: str,
    description: str | None,
    metadata: Mapping[str, object] | None,
    parameters: Sequence[object] | None,
    username: str,
) -> NamedQuery | None:
    """Keep another query under a name; what is None besides stays as it is. None if there is no query of that name."""
    row = await tx.row(
        _SQL.replace_named_query,
        namespace=did.namespace,
        name=did.name,
        source=source,
        description=description,
        metadata=None if metadata is None else dict(metadata),
        parameters=None if parameters is None else list(parameters),
        now=tx.now,
        username=username,
    )
    return into_optional(NamedQuery, row)


async def find_named_query(tx: Tx, *, did: Did) -> NamedQuery | None:
    """Return a named query if it exists."""
    return into_optional(NamedQuery, await tx.row(_SQL.find_named_query, namespace=did.namespace, name=did.name))


async def delete_named_query(tx: Tx, *, did: Did) -> bool:
    """Forget a named query. Returns whether it was there."""
    return await tx.run(_SQL.delete_named_query, namespace=did.namespace, name=did.name) > 0


async def list_named_queries(
    tx: Tx, *, namespace: str | None, experiment_ids: Sequence[int] | None, after: str | None, limit: int
) -> Page[NamedQuery]:
    """Return a page of named queries by their names with namespace."""
    filters = []
    if namespace is not None:
        filters.append(sql("namespace = ") + value(namespace, "text"))
    if experiment_ids is not None:
        filters.append(sql("experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"))
    return await list_page(
        tx,
        NamedQuery,
        select="SELECT * FROM (SELECT namespace || ':' || name AS did, namespace, name, experiment_id, source,"
        " description, metadata, parameters, created_at, created_by, updated_at, updated_by"
        " FROM catalog.named_queries) AS found",
        filters=filters,
        key=Key("did", "text"),
        after=after,
        limit=limit,
    )
