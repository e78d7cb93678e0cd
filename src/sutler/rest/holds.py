"""Holding launches everywhere or in an experiment, and the queue of launches that wait for a hold to end."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import campaigns
from sutler.rest.context import Here
from sutler.rest.experiments import name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit, OptionalId
from sutler.rest.showing import show
from sutler.wire import holds as wire
from sutler.wire.campaigns import Changed
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of holds and of the queue."""
    router.get("/holds")(list_holds)
    router.put("/holds", status_code=204)(hold_launches)
    router.post("/holds/release", status_code=204)(release_launches)
    router.get("/queued_launches")(list_queued_launches)
    router.post("/queued_launches/delete")(delete_queued_launches)
    router.delete("/queued_launches/{queued_id}", status_code=204)(delete_queued_launch)


async def list_holds(here: Here) -> Page[wire.Hold]:
    """List the switches that are on: those of the installation, then those of the caller's experiments."""
    found = await campaigns.list_holds(here.db, here.who)
    names = await name_experiments(here, {one.experiment_id for one in found if one.experiment_id is not None})
    return Page(
        tuple(
            show(wire.Hold, one, experiment=None if one.experiment_id is None else names[one.experiment_id])
            for one in found
        )
    )


async def hold_launches(here: Here, body: wire.NewHold) -> None:
    """Turn a switch on. One that is on keeps its first reason."""
    kind = campaigns.HoldKind(body.kind)
    await campaigns.hold_launches(here.db, here.who, experiment=body.experiment, kind=kind, reason=body.reason)


async def release_launches(here: Here, body: wire.NewHold) -> None:
    """Turn a switch off; what waited goes on. Turning it off twice changes nothing."""
    kind = campaigns.HoldKind(body.kind)
    await campaigns.release_launches(here.db, here.who, experiment=body.experiment, kind=kind, reason=body.reason)


async def list_queued_launches(
    here: Here,
    *,
    experiment: Experiment = None,
    stage_id: OptionalId = None,
    state: wire.QueueState | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.QueuedLaunch]:
    """List launches that wait or waited, oldest first."""
    page = await campaigns.list_queued_launches(
        here.db,
        here.who,
        experiment=experiment,
        stage_id=stage_id,
        state=None if state is None else campaigns.QueueState(state),
        after=cursor,
        limit=limit,
    )
    names = await name_experiments(here, {one.experiment_id for one in page.items})
    return Page(
        tuple(show(wire.QueuedLaunch, one, experiment=names[one.experiment_id]) for one in page.items),
        page.next_cursor,
    )


async def delete_queued_launches(here: Here, body: wire.DeletedLaunches) -> Changed:
    """Take launches out of the queue, all or none: one's own, or those of stages that one may launch."""
    return Changed(tuple(await campaigns.delete_queued_launches(here.db, here.who, queued_ids=body.queued_ids)))


async def delete_queued_launch(here: Here, queued_id: Id) -> None:
    """Take a launch out of the queue."""
    await campaigns.delete_queued_launches(here.db, here.who, queued_ids=[queued_id])
