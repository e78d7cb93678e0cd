"""What people decide about a submission, recoveries of it, launching it again, comparing it with another."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sutler import campaigns
from sutler.rest.context import Context, Here, Once
from sutler.rest.parameters import Id
from sutler.rest.showing import show_all
from sutler.rest.stage_launches import ANSWERS, make_launch_key, show_outcome
from sutler.rest.submission_shapes import show_submission_view
from sutler.wire import plans as wire_plans
from sutler.wire import recoveries as wire
from sutler.wire import submissions as wire_submissions
from sutler.wire.bounds import LARGEST_INT64
from sutler.wire.page import Page

Other = Annotated[int, Query(alias="with", ge=1, le=LARGEST_INT64, description="The number of the other submission.")]


def add_routes(router: APIRouter) -> None:
    """Add the routes of what comes after submissions."""
    router.post("/submissions/{submission_id}/approve")(approve_submission)
    router.post("/submissions/{submission_id}/unapprove")(unapprove_submission)
    router.post("/submissions/{submission_id}/complete")(complete_submission)
    router.post("/submissions/{submission_id}/locate")(locate_submission)
    router.get("/submissions/{submission_id}/recoveries")(preview_recovery)
    router.post("/submissions/{submission_id}/recovery", status_code=201, responses=ANSWERS)(recover_submission)
    router.post("/submissions/{submission_id}/relaunch", status_code=201, responses=ANSWERS)(relaunch_submission)
    router.post("/submissions/{submission_id}/retry")(retry_launch)
    router.get("/submissions/{submission_id}/config/diff")(compare_submissions)


async def approve_submission(
    here: Once, submission_id: Id, body: wire.Decision | None = None
) -> wire_submissions.SubmissionView:
    """Approve what an approval stage waits for: what came in is done and goes on to its dependants."""
    await campaigns.approve_submission(here.db, here.who, submission_id=submission_id, reason=_read_reason(body))
    return await _show(here, submission_id)


async def unapprove_submission(
    here: Once, submission_id: Id, body: wire.Decision | None = None
) -> wire_submissions.SubmissionView:
    """Refuse what an approval stage waits for: it is removed with its project, and nothing follows."""
    await campaigns.unapprove_submission(here.db, here.who, submission_id=submission_id, reason=_read_reason(body))
    return await _show(here, submission_id)


async def complete_submission(
    here: Once, submission_id: Id, body: wire.Decision | None = None
) -> wire_submissions.SubmissionView:
    """Call a submission Completed as it is. Jobs that still run are stopped, and what follows goes on."""
    backends = here.services.launcher.backends
    await campaigns.complete_submission(
        here.db, backends, here.who, submission_id=submission_id, reason=_read_reason(body)
    )
    return await _show(here, submission_id)


async def locate_submission(
    here: Once, submission_id: Id, body: wire.Decision | None = None
) -> wire_submissions.SubmissionView:
    """Call a Completed submission Located: nobody waits for its outputs any more, and what follows goes on."""
    await campaigns.locate_submission(here.db, here.who, submission_id=submission_id, reason=_read_reason(body))
    return await _show(here, submission_id)


async def preview_recovery(here: Here, submission_id: Id) -> Page[wire.RecoveryPreview]:
    """Show for each kind of recovery how many files it would take now, or why there are none."""
    found = await campaigns.preview_recovery(here.db, here.who, submission_id=submission_id)
    return Page(show_all(wire.RecoveryPreview, found))


async def recover_submission(
    here: Once, response: Response, submission_id: Id, body: wire.RecoveryRequest
) -> wire_submissions.Launched:
    """Launch a recovery of a submission by hand; a recovery of a recovery is one of the original submission."""
    # The recovery keeps the key for good: one whose answer was lost is asked for again and found.
    outcome = await campaigns.recover_submission(
        here.services.db,
        here.services.launcher,
        here.who,
        submission_id=submission_id,
        recovery_type=campaigns.RecoveryType(body.recovery_type),
        key=make_launch_key(here),
        methodology=None if body.methodology is None else campaigns.Methodology(body.methodology),
        parameter_overrides=body.parameter_overrides,
    )
    return show_outcome(response, outcome)


async def relaunch_submission(
    here: Once, response: Response, submission_id: Id, body: wire.RelaunchRequest | None = None
) -> wire_submissions.Launched:
    """Launch the stage of a submission again on its files. The split of the stage does not move."""
    outcome = await campaigns.relaunch_submission(
        here.services.db,
        here.services.launcher,
        here.who,
        submission_id=submission_id,
        key=make_launch_key(here),
        same_project=body is not None and body.same_project,
    )
    return show_outcome(response, outcome)


async def retry_launch(here: Once, submission_id: Id) -> wire_submissions.SubmissionView:
    """Hand a launch that failed to its back-end once more: the same submission, files, plan and key."""
    await campaigns.retry_launch(here.db, here.services.launcher, here.who, submission_id=submission_id)
    return await _show(here, submission_id)


async def compare_submissions(here: Here, submission_id: Id, other_id: Other) -> wire_plans.Difference:
    """Show what is different about another submission, of everything that was frozen when they were launched."""
    changes = await campaigns.compare_submissions(here.db, here.who, submission_id=submission_id, other_id=other_id)
    return wire_plans.Difference(show_all(wire_plans.PlannedChange, changes))


async def _show(here: Context, submission_id: int) -> wire_submissions.SubmissionView:
    return show_submission_view(await campaigns.view_submission(here.db, here.who, submission_id=submission_id))


def _read_reason(body: wire.Decision | None) -> str:
    return "" if body is None else body.reason
