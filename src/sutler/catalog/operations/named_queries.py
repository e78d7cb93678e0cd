"""Queries that are kept under a name, to be used in other queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import NamedQueryExistsError, NamedQueryNotFoundError
from sutler.catalog.model import CatalogEvent, NamedQuery
from sutler.catalog.operations.namespaces import find_visible_in, get_namespace_in, permit_changing
from sutler.catalog.operations.queries import read_query
from sutler.database import Database, Tx, replayable
from sutler.database.listing import DEFAULT_LIMIT, Page


@replayable
async def save_query(
    db: Database,
    who: Principal,
    *,
    namespace: str,
    name: str,
    source: str,
    description: str | None = None,
    metadata: Mapping[str, object] | None = None,
    parameters: Sequence[object] | None = None,
    replace: bool = False,
) -> NamedQuery:
    """Keep a query for files under a name of a namespace that the caller owns, and return it.

    With `replace` a query that is there is changed; what is not given besides the source stays as it was. Names of
    files without a namespace, in the text, are of the namespace of the query.
    Raises MqlSyntaxError and its kin for a text that cannot be used, NamedQueryExistsError, NamespaceNotFoundError,
    InvalidInputError, NotPermittedError.
    """
    did = Did(namespace, name)
    _check(did, description, metadata or {}, parameters or ())
    read_query(source, default_namespace=namespace)
    async with db.write() as tx:
        owner = await get_namespace_in(tx, name=namespace)
        permit_changing(who, owner)
        saved = await store.insert_named_query(
            tx,
            did=did,
            experiment_id=owner.experiment_id,
            source=source,
            description=description or "",
            metadata=metadata or {},
            parameters=parameters or (),
            username=who.username,
        )
        is_new = saved is not None
        if saved is None and replace:
            saved = await store.replace_named_query(
                tx,
                did=did,
                source=source,
                description=description,
                metadata=metadata,
                parameters=parameters,
                username=who.username,
            )
        if saved is None:
            raise NamedQueryExistsError(did)
        await _record(tx, CatalogEvent.QUERY_SAVED, saved, who, is_new=is_new)
        return saved


async def get_named_query(db: Database, who: Principal, *, namespace: str, name: str) -> NamedQuery:
    """Return a named query. Raises NamedQueryNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        found = await _get(tx, Did(namespace, name))
        permit(who, Action.VIEW, Thing("named query", found.experiment_id))
        return found


async def list_named_queries(
    db: Database,
    who: Principal,
    *,
    namespace: str | None = None,
    experiment: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[NamedQuery]:
    """Return a page of the named queries that the caller may see, by name. Raises NotPermittedError."""
    async with db.read() as tx:
        experiment_ids = await find_visible_in(tx, who, experiment=experiment)
        return await store.list_named_queries(
            tx, namespace=namespace, experiment_ids=experiment_ids, after=after, limit=limit
        )


@replayable
async def remove_named_query(db: Database, who: Principal, *, namespace: str, name: str) -> None:
    """Forget a named query. Raises NamedQueryNotFoundError, NotPermittedError."""
    async with db.write() as tx:
        found = await _get(tx, Did(namespace, name))
        permit_changing(who, await get_namespace_in(tx, name=namespace))
        if await store.delete_named_query(tx, did=found.did):
            await _record(tx, CatalogEvent.QUERY_REMOVED, found, who)


async def _get(tx: Tx, did: Did) -> NamedQuery:
    found = await store.find_named_query(tx, did=did)
    if found is None:
        raise NamedQueryNotFoundError(did)
    return found


def _check(did: Did, description: str | None, metadata: Mapping[str, object], parameters: Sequence[object]) -> None:
    problems = rules.check_did(did, "query") + rules.check_text(description or "", "description")
    problems += rules.check_metadata(metadata, "query")
    problems += rules.check_metadata({"query.parameters": list(parameters)}, "parameters")
    if problems:
        raise InvalidInputError(problems)


async def _record(tx: Tx, kind: CatalogEvent, query: NamedQuery, who: Principal, **facts: object) -> None:
    facts = {"name": str(query.did), **facts}
    await tx.record(Event(kind, "query", str(query.did), query.experiment_id, facts), who)
