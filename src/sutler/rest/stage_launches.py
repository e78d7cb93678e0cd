"""Launching stages and campaigns, and showing what a launch would do."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Response

from sutler import campaigns
from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.rest.context import Context, Here, Once
from sutler.rest.errors import InvalidRequestError
from sutler.rest.parameters import Id
from sutler.rest.showing import show
from sutler.wire import submissions as wire

QUEUED = 202
"""The status of a launch that waits for a hold to end."""

ANSWERS: dict[int | str, dict[str, Any]] = {
    QUEUED: {"model": wire.Launched, "description": "A hold is on: the launch waits in the queue."}
}
"""What a launch may answer beside the submission that it made."""


def add_routes(router: APIRouter) -> None:
    """Add the routes of launches."""
    router.post("/stages/{stage_id}/launch", status_code=201, responses=ANSWERS)(launch_stage)
    router.post("/stages/{stage_id}/rehearsal")(rehearse_launch)
    router.post("/campaigns/{campaign_id}/launch", status_code=201, responses=ANSWERS)(launch_campaign)


async def launch_stage(
    here: Once, response: Response, stage_id: Id, body: wire.LaunchRequest | None = None
) -> wire.Launched:
    """Launch a stage. When the batch system refuses, the submission is there and says why; while a hold is on, the
    launch waits in the queue.
    """
    request = _read_request(stage_id, body or wire.LaunchRequest(), key=make_launch_key(here))
    # The submission keeps the key for good: a launch whose answer was lost is run again and finds it.
    db = here.services.db
    return show_outcome(response, await campaigns.launch_stage(db, here.services.launcher, here.who, request=request))


async def launch_campaign(here: Once, response: Response, campaign_id: Id) -> wire.Launched:
    """Launch the one stage of a campaign that no other feeds."""
    outcome = await campaigns.launch_campaign(
        here.services.db,
        here.services.launcher,
        here.who,
        campaign_id=campaign_id,
        key=make_launch_key(here),
    )
    return show_outcome(response, outcome)


async def rehearse_launch(here: Here, stage_id: Id, body: wire.LaunchRequest | None = None) -> wire.Rehearsal:
    """Show what a launch would do if it were made now: its files, and what would run. Nothing is moved."""
    request = _read_request(stage_id, body or wire.LaunchRequest(), key=f"rehearsal/{uuid4()}")
    found = await campaigns.rehearse_launch(here.db, here.services.launcher, here.who, request=request)
    return show(wire.Rehearsal, found)


def show_outcome(response: Response, outcome: campaigns.LaunchOutcome) -> wire.Launched:
    """Make the answer to a launch; one that waits is accepted, not created."""
    if isinstance(outcome, campaigns.Launched):
        return wire.Launched(outcome.submission_id)
    response.status_code = QUEUED
    return wire.Launched(None, outcome.queued_id, outcome.reason)


def make_launch_key(here: Context) -> str:
    """The key of the caller holds for this caller only; it outlives the answer that was kept for it."""
    return f"manual/{uuid4()}" if here.key is None else f"{here.who.user_id}/{here.key}"


def _read_request(stage_id: int, body: wire.LaunchRequest, *, key: str) -> campaigns.LaunchRequest:
    return campaigns.LaunchRequest(
        stage_id=stage_id,
        key=key,
        is_test=body.is_test,
        data=_choose_data(body),
        parameter_overrides=body.parameter_overrides,
    )


def _choose_data(body: wire.LaunchRequest) -> campaigns.ChosenData | None:
    given = [name for name in ("query", "dataset", "project_id") if getattr(body, name) is not None]
    if len(given) > 1:
        raise InvalidRequestError([Problem(given[1], f"cannot stand beside {given[0]}: a launch has one kind of data")])
    if body.query is not None:
        return campaigns.ChosenQuery(body.query)
    if body.dataset is not None:
        return campaigns.ChosenQuery(f"files from {Did.parse(body.dataset)}")
    return None if body.project_id is None else campaigns.ChosenProject(body.project_id)
