"""Namespaces and named queries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sutler import catalog
from sutler.auth import Role
from sutler.rest.context import Context, Here, Once
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Limit
from sutler.rest.showing import show, show_page
from sutler.wire import catalog as wire
from sutler.wire import datasets as wire_datasets
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of namespaces and of what is kept in them beside files."""
    router.get("/namespaces")(list_namespaces)
    router.post("/namespaces", status_code=201)(create_namespace)
    router.get("/namespaces/{name:path}")(get_namespace)
    router.get("/queries")(list_named_queries)
    router.post("/queries", status_code=201)(save_query)
    router.get("/queries/{namespace}/{name:path}")(get_named_query)
    router.delete("/queries/{namespace}/{name:path}", status_code=204)(remove_named_query)


async def list_namespaces(
    here: Here,
    *,
    experiment: Experiment = None,
    names: Annotated[list[str] | None, Query(alias="name", max_length=1000)] = None,
    owner: Annotated[
        str | None, Query(min_length=1, description="Only what this user owns, also by a role or in a group.")
    ] = None,
    owner_group: Annotated[str | None, Query(min_length=1, description="Only what this group owns.")] = None,
    only_direct: Annotated[bool, Query(description="Only what the owner owns in person.")] = False,
) -> Page[wire.Namespace]:
    """List namespaces by name."""
    found = await catalog.list_namespaces(
        here.db,
        here.who,
        experiment=experiment,
        names=names,
        owner_user=owner,
        owner_group=owner_group,
        only_direct=only_direct,
    )
    experiments = await name_experiments(here, {namespace.experiment_id for namespace in found})
    return Page(tuple(show(wire.Namespace, one, experiment=experiments[one.experiment_id]) for one in found))


async def create_namespace(here: Once, body: wire.NewNamespace) -> wire.Namespace:
    """Make a namespace."""
    created = await catalog.create_namespace(
        here.db, here.who, **{**vars(body), "owner_role": Role(body.owner_role) if body.owner_role else None}
    )
    return show(wire.Namespace, created, experiment=body.experiment)


async def get_namespace(here: Here, name: str) -> wire_datasets.NamespaceView:
    """Show a namespace and how much it holds."""
    found = await catalog.get_namespace(here.db, here.who, name=name)
    counts = await catalog.count_namespace(here.db, here.who, name=name)
    experiment = await name_experiment(here, found.experiment_id)
    return show(wire_datasets.NamespaceView, counts, namespace=show(wire.Namespace, found, experiment=experiment))


async def list_named_queries(
    here: Here,
    namespace: str | None = None,
    experiment: Experiment = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire_datasets.NamedQuery]:
    """List named queries by name."""
    page = await catalog.list_named_queries(
        here.db, here.who, namespace=namespace, experiment=experiment, after=cursor, limit=limit
    )
    names = await name_experiments(here, {query.experiment_id for query in page.items})
    return show_page(page, lambda query: show(wire_datasets.NamedQuery, query, experiment=names[query.experiment_id]))


async def save_query(here: Once, body: wire_datasets.NewNamedQuery) -> wire_datasets.NamedQuery:
    """Keep a query under a name."""
    return await _show_query(here, await catalog.save_query(here.db, here.who, **vars(body)))


async def get_named_query(here: Here, namespace: str, name: str) -> wire_datasets.NamedQuery:
    """Show a named query."""
    return await _show_query(here, await catalog.get_named_query(here.db, here.who, namespace=namespace, name=name))


async def remove_named_query(here: Here, namespace: str, name: str) -> None:
    """Forget a named query."""
    await catalog.remove_named_query(here.db, here.who, namespace=namespace, name=name)


async def _show_query(here: Context, query: catalog.NamedQuery) -> wire_datasets.NamedQuery:
    experiment = await name_experiment(here, query.experiment_id)
    return show(wire_datasets.NamedQuery, query, experiment=experiment)
