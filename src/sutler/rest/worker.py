"""The protocol of workers: next, renew, done, failed."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import timedelta

from fastapi import APIRouter, Request

from sutler import dispatch
from sutler.rest.context import Context, Here
from sutler.rest.parameters import Id
from sutler.rest.showing import show, show_all
from sutler.wire import worker as wire

LEASE_FOR = timedelta(minutes=10)
RENEW_SECONDS = 120.0
LONGEST_WAIT_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 5.0


def add_routes(router: APIRouter) -> None:
    """Add the routes of workers."""
    router.post("/projects/{project_id}/next")(reserve_next)
    router.post("/attempts/renew")(renew)
    router.post("/attempts/done")(report_done)
    router.post("/attempts/failed")(report_failed)


async def reserve_next(here: Here, request: Request, project_id: Id, body: wire.NextRequest) -> wire.NextReply:
    """Lease files to a worker. While there are none the answer is held back, for at most 30 seconds."""
    wish = dispatch.Wish(
        worker_id=body.worker_id,
        request_id=body.request_id,
        count=body.count,
        share_id=body.share_id,
        site=body.site,
        batch_job_id=body.batch_job_id,
        lease_for=LEASE_FOR,
    )
    return _show_reply(await _reserve_patiently(here, request, project_id, wish, body.wait_seconds))


async def renew(here: Here, body: wire.RenewRequest) -> wire.RenewReply:
    """Prolong leases, and hear whether to go on."""
    renewals = await dispatch.renew(here.db, here.who, worker_id=body.worker_id, attempt_ids=body.attempt_ids)
    return wire.RenewReply(show_all(wire.Renewal, renewals))


async def report_done(here: Here, body: wire.DoneReport) -> wire.ReportReply:
    """Say that a run succeeded, and declare what it made."""
    report = dispatch.Report(
        worker_id=body.worker_id,
        attempt_ids=body.attempt_ids,
        outcome=dispatch.Outcome.DONE,
        measures=body.measures,
        log_tail=body.log_tail,
        outputs=tuple(dispatch.Output(**vars(output)) for output in body.outputs),
    )
    return await _report(here, report)


async def report_failed(here: Here, body: wire.FailedReport) -> wire.ReportReply:
    """Say that a run failed, and why."""
    report = dispatch.Report(
        worker_id=body.worker_id,
        attempt_ids=body.attempt_ids,
        outcome=dispatch.Outcome.FAILED,
        reason=body.reason,
        may_retry=body.retry,
        measures=body.measures,
        log_tail=body.log_tail,
    )
    return await _report(here, report)


async def _reserve_patiently(
    here: Context, request: Request, project_id: int, wish: dispatch.Wish, wait_seconds: float
) -> dispatch.Reply:
    """Ask again whenever something happened in the project, outside any transaction, until the time is over.

    The pauses grow and differ, so that a thousand workers that wait do not all ask at every file that is done.
    """
    deadline = time.monotonic() + min(wait_seconds, LONGEST_WAIT_SECONDS)
    pause = 0.0
    async with here.db.notices.follow(f"project/{project_id}") as follower:
        while True:
            reply = await dispatch.reserve_next(here.db, here.who, project_id=project_id, wish=wish)
            left = deadline - time.monotonic()
            if reply.leases or reply.nothing is dispatch.NothingReady.OVER or left <= 0:
                return reply
            await asyncio.sleep(min(left, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - jitter, not a secret
            # Notices may be lost, so the wait for one has an end.
            await follower.wait(min(LONGEST_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
            if await request.is_disconnected():
                return reply
            pause = min(LONGEST_PAUSE_SECONDS, 2 * pause or 0.25)


async def _report(here: Context, report: dispatch.Report) -> wire.ReportReply:
    answers = await dispatch.report(here.db, here.who, report=report)
    return wire.ReportReply(tuple(show(wire.Result, answer, accepted=answer.is_accepted) for answer in answers))


def _show_reply(reply: dispatch.Reply) -> wire.NextReply:
    return wire.NextReply(
        leases=tuple(_show_lease(lease) for lease in reply.leases),
        reason=reply.nothing or "reserved",
        why=reply.why,
        retry=reply.nothing is dispatch.NothingReady.WAIT,
    )


def _show_lease(lease: dispatch.Lease) -> wire.Lease:
    return show(wire.Lease, lease, replicas=show_all(wire.ReplicaAt, lease.replicas), renew_seconds=RENEW_SECONDS)
