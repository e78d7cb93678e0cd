"""Submissions: what became of the launches of stages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from sutler import campaigns
from sutler.rest import declarations, recoveries
from sutler.rest.context import Here, Once
from sutler.rest.dispatch import State, show_handle
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit, OptionalId, Position
from sutler.rest.showing import show, show_page
from sutler.rest.submission_shapes import show_submission, show_submission_view
from sutler.wire import dispatch as wire_dispatch
from sutler.wire import launch as wire_launch
from sutler.wire import submissions as wire
from sutler.wire.page import Page

CampaignName = Annotated[str | None, Query(description="Only of campaigns of this name; `*` is any text.")]
StageName = Annotated[str | None, Query(description="Only of stages of this name; `*` is any text.")]
Launcher = Annotated[str | None, Query(description="Only those that this user launched, or that follow from them.")]
Since = Annotated[AwareDatetime | None, Query(description="Only those launched at this instant or later.")]


def add_routes(router: APIRouter) -> None:
    """Add the routes of submissions."""
    router.get("/submissions")(list_submissions)
    router.get("/submissions/{submission_id}")(view_submission)
    router.get("/submissions/{submission_id}/files")(list_submission_handles)
    router.get("/submissions/{submission_id}/outputs")(list_submission_outputs)
    router.get("/submissions/{submission_id}/jobs/{number}/output")(read_job_output)
    router.post("/submissions/{submission_id}/cancel")(cancel_submission)
    router.post("/submissions/{submission_id}/remove")(remove_submission)
    recoveries.add_routes(router)
    declarations.add_routes(router)


async def list_submissions(
    here: Here,
    *,
    experiment: Experiment = None,
    campaign_id: OptionalId = None,
    stage_id: OptionalId = None,
    campaign: CampaignName = None,
    stage: StageName = None,
    status: wire.SubmissionStatus | None = None,
    batch_status: wire.BatchStatus | None = None,
    cause: wire.Cause | None = None,
    launched_by: Launcher = None,
    since: Since = None,
    is_open: bool | None = None,
    is_test: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.SubmissionSummary]:
    """List submissions of all campaigns, newest first."""
    wanted = campaigns.SubmissionFilter(
        campaign_id=campaign_id,
        stage_id=stage_id,
        campaign=campaign,
        stage=stage,
        status=None if status is None else campaigns.SubmissionStatus(status),
        batch_status=None if batch_status is None else campaigns.BatchStatus(batch_status),
        cause=None if cause is None else campaigns.Cause(cause),
        launched_by=launched_by,
        since=since,
        is_open=is_open,
        is_test=is_test,
    )
    page = await campaigns.search_submissions(
        here.db, here.who, experiment=experiment, wanted=wanted, after=cursor, limit=limit
    )
    return show_page(page, show_submission)


async def view_submission(here: Here, submission_id: Id) -> wire.SubmissionView:
    """Show a submission with its batch jobs and history, and why it waits or how it ended."""
    view = await campaigns.view_submission(here.db, here.who, submission_id=submission_id)
    return show_submission_view(view)


async def list_submission_handles(
    here: Here, submission_id: Id, state: State = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire_dispatch.Handle]:
    """List the files that a submission owns, in order."""
    page = await campaigns.list_submission_handles(
        here.db, here.who, submission_id=submission_id, state=state, after=cursor, limit=limit
    )
    return show_page(page, show_handle)


async def list_submission_outputs(
    here: Here, submission_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire_dispatch.ProducedFile]:
    """List the files that a submission produced."""
    page = await campaigns.list_submission_outputs(
        here.db, here.who, submission_id=submission_id, after=cursor, limit=limit
    )
    return show_page(page, lambda produced: show(wire_dispatch.ProducedFile, produced))


async def read_job_output(here: Here, submission_id: Id, number: Position) -> wire_launch.JobOutput:
    """Show what a batch job has written."""
    output = await campaigns.read_job_output(
        here.db, here.services.launcher.backends, here.who, submission_id=submission_id, number=number
    )
    return show(wire_launch.JobOutput, output)


async def cancel_submission(here: Once, submission_id: Id, body: wire_dispatch.Cancellation) -> wire.SubmissionView:
    """Stop the jobs of a submission and give out no more of its files. It ends when the last job is gone."""
    await campaigns.cancel_submission(
        here.db, here.services.launcher.backends, here.who, submission_id=submission_id, reason=body.reason
    )
    return await view_submission(here, submission_id)


async def remove_submission(here: Once, submission_id: Id, body: wire_dispatch.Cancellation) -> wire.SubmissionView:
    """Stop a submission as `cancel` does, and call it Removed."""
    await campaigns.cancel_submission(
        here.db,
        here.services.launcher.backends,
        here.who,
        submission_id=submission_id,
        reason=body.reason,
        mark=campaigns.BatchStatus.REMOVED,
    )
    return await view_submission(here, submission_id)
