"""Storage elements and replicas."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sutler import replicas
from sutler.base.did import Did
from sutler.rest.context import Here, Once
from sutler.rest.showing import show, show_all
from sutler.wire import replicas as wire
from sutler.wire.page import Count, Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room."""
    router.get("/rses")(list_rses)
    router.post("/rses", status_code=201)(create_rse)
    router.get("/rses/{experiment}/{name}")(get_rse)
    router.patch("/rses/{experiment}/{name}")(update_rse)
    router.delete("/rses/{experiment}/{name}", status_code=204)(delete_rse)
    router.get("/proximity/{experiment}")(list_proximity)
    router.put("/proximity/{experiment}")(set_proximity)
    router.get("/replicas")(list_replicas)
    router.post("/replicas")(add_replicas)


async def list_rses(here: Here, experiment: str) -> Page[wire.Rse]:
    """List the storage elements of an experiment, the preferred first."""
    found = await replicas.list_rses(here.db, here.who, experiment=experiment)
    return Page(show_all(wire.Rse, found, experiment=experiment))


async def create_rse(here: Once, body: wire.NewRse) -> wire.Rse:
    """Make a storage element known."""
    created = await replicas.create_rse(here.db, here.who, **vars(body))
    return show(wire.Rse, created, experiment=body.experiment)


async def update_rse(here: Here, experiment: str, name: str, body: wire.RseChange) -> wire.Rse:
    """Change a storage element, or say that it is down or up again."""
    changed = await replicas.update_rse(here.db, here.who, experiment=experiment, name=name, **vars(body))
    return show(wire.Rse, changed, experiment=experiment)


async def get_rse(here: Here, experiment: str, name: str) -> wire.Rse:
    """Show a storage element."""
    found = await replicas.get_rse(here.db, here.who, experiment=experiment, name=name)
    return show(wire.Rse, found, experiment=experiment)


async def delete_rse(here: Here, experiment: str, name: str) -> None:
    """Delete a storage element without replicas."""
    await replicas.delete_rse(here.db, here.who, experiment=experiment, name=name)


async def list_proximity(here: Here, experiment: str) -> Page[wire.Proximity]:
    """List how far storage elements are from where jobs run."""
    found = await replicas.list_proximity(here.db, here.who, experiment=experiment)
    return Page(show_all(wire.Proximity, found))


async def set_proximity(here: Here, experiment: str, body: wire.NewProximity) -> Count:
    """Replace the map of distances. Says how many pairs it has."""
    return Count(await replicas.set_proximity(here.db, here.who, experiment=experiment, text=body.text))


async def list_replicas(
    here: Here, dids: Annotated[list[str], Query(alias="did", max_length=1000)]
) -> Page[wire.Replica]:
    """List the replicas of files, which are named by `did`, once for each file."""
    found = await replicas.list_replicas(here.db, here.who, dids=[Did.parse(text) for text in dids])
    return Page(show_all(wire.Replica, found))


async def add_replicas(here: Once, body: wire.NewReplicas) -> Count:
    """Record replicas, all or none. Says how many are new or changed."""
    new = [replicas.NewReplica(**{**vars(one), "did": Did.parse(one.did)}) for one in body.replicas]
    return Count(await replicas.add_replicas(here.db, here.who, experiment=body.experiment, replicas=new))
