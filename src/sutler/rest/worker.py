"""The protocol of workers: next, renew, done, failed."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from fastapi import APIRouter, Request

from sutler import dispatch
from sutler.auth import Principal
from sutler.database import ENDING
from sutler.rest.context import Here, Services
from sutler.rest.parameters import Id
from sutler.rest.security import authenticate
from sutler.rest.showing import LONGEST_SECONDS
from sutler.wire import worker as wire

LEASE_FOR = timedelta(minutes=10)
RENEW_SECONDS = 120.0
LONGEST_WAIT_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 5.0


def add_routes(router: APIRouter) -> None:
    """Add the routes of workers. `hot` answers almost all calls before they get here."""
    router.post("/projects/{project_id}/next")(reserve_next)
    router.post("/attempts/renew")(renew)
    router.post("/attempts/done")(report_done)
    router.post("/attempts/failed")(report_failed)


async def reserve_next(here: Here, request: Request, project_id: Id, body: wire.NextRequest) -> wire.NextReply:
    """Lease files to a worker. While there are none the answer is held back, for at most 30 seconds."""
    return await answer_next(here.services, here.who, body, project_id=project_id, request=request)


async def renew(here: Here, body: wire.RenewRequest) -> wire.RenewReply:
    """Prolong leases, and hear whether to go on."""
    return await answer_renew(here.services, here.who, body)


async def report_done(here: Here, body: wire.DoneReport) -> wire.ReportReply:
    """Say that a run succeeded, and declare what it made."""
    return await answer_done(here.services, here.who, body)


async def report_failed(here: Here, body: wire.FailedReport) -> wire.ReportReply:
    """Say that a run failed, and why."""
    return await answer_failed(here.services, here.who, body)


async def answer_next(
    services: Services, who: Principal, body: wire.NextRequest, *, project_id: int, request: Request
) -> wire.NextReply:
    """Lease files of a project, or say why there are none.

    Raises what `dispatch.reserve_next` raises, and NotAuthenticatedError when the token is revoked meanwhile.
    """
    wish = dispatch.Wish(
        worker_id=body.worker_id,
        request_id=body.request_id,
        count=body.count,
        share_id=body.share_id,
        site=body.site,
        batch_job_id=body.batch_job_id,
        lease_for=LEASE_FOR,
        time_left=_read_time_left(body.time_left_seconds),
    )
    reply = await services.lane.reserve_next(who, project_id=project_id, wish=wish)
    if reply.nothing is dispatch.NothingReady.WAIT and body.wait_seconds > 0:
        deadline = time.monotonic() + min(body.wait_seconds, LONGEST_WAIT_SECONDS)
        reply = await _reserve_patiently(services, request, wish, reply, project_id=project_id, deadline=deadline)
    return _show_reply(reply)


async def answer_renew(services: Services, who: Principal, body: wire.RenewRequest) -> wire.RenewReply:
    """Prolong leases. Raises what `dispatch.renew` raises."""
    renewals = await dispatch.renew(services.db, who, worker_id=body.worker_id, attempt_ids=body.attempt_ids)
    return wire.RenewReply(
        tuple(
            wire.Renewal(
                attempt_id=renewal.attempt_id,
                order=renewal.order.value,
                expires_at=renewal.expires_at,
                why=renewal.why,
            )
            for renewal in renewals
        )
    )


async def answer_done(services: Services, who: Principal, body: wire.DoneReport) -> wire.ReportReply:
    """Record a success and what it made. Raises what `dispatch.report` raises."""
    report = dispatch.Report(
        worker_id=body.worker_id,
        attempt_ids=body.attempt_ids,
        outcome=dispatch.Outcome.DONE,
        measures=body.measures,
        log_tail=body.log_tail,
        outputs=tuple(map(_read_output, body.outputs)),
    )
    return await _report(services, who, report)


async def answer_failed(services: Services, who: Principal, body: wire.FailedReport) -> wire.ReportReply:
    """Record a failure. Raises what `dispatch.report` raises."""
    report = dispatch.Report(
        worker_id=body.worker_id,
        attempt_ids=body.attempt_ids,
        outcome=dispatch.Outcome.FAILED,
        reason=body.reason,
        may_retry=body.retry,
        measures=body.measures,
        log_tail=body.log_tail,
    )
    return await _report(services, who, report)


async def _reserve_patiently(
    services: Services,
    request: Request,
    wish: dispatch.Wish,
    reply: dispatch.Reply,
    *,
    project_id: int,
    deadline: float,
) -> dispatch.Reply:
    """Ask again whenever something happened in the project, outside any transaction, until the time is over.

    Who asks is looked up each time: a right that was withdrawn meanwhile gives nobody a file. The pauses grow and
    differ, so that a thousand workers that wait do not all ask at every file that is done. When the server is about to
    stop, nobody waits any longer.
    """
    pause = 0.0
    notices = services.db.notices
    async with notices.follow(f"project/{project_id}", ENDING) as follower:
        while not notices.is_ending:
            # The first time at once: something may have happened before the watch began.
            who = await authenticate(request, services.authenticator)
            reply = await services.lane.reserve_next(who, project_id=project_id, wish=wish)
            left = deadline - time.monotonic()
            if reply.nothing is not dispatch.NothingReady.WAIT or left <= 0:
                break
            await notices.pause(min(left, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - jitter, not a secret
            # Notices may be lost, so the wait for one has an end.
            await follower.wait(min(LONGEST_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
            if await request.is_disconnected():
                break
            pause = min(LONGEST_PAUSE_SECONDS, 2 * pause or 0.25)
    return reply


async def _report(services: Services, who: Principal, report: dispatch.Report) -> wire.ReportReply:
    answers = await services.lane.report(who, report=report)
    return wire.ReportReply(
        tuple(
            wire.Result(
                attempt_id=answer.attempt_id,
                state=answer.state.value,
                accepted=answer.is_accepted,
                why=answer.why,
            )
            for answer in answers
        )
    )


def _read_time_left(seconds: float | None) -> timedelta | None:
    """Return what is left of a worker's time; more than anybody can mean is taken as very long."""
    return None if seconds is None else timedelta(seconds=min(max(0.0, seconds), LONGEST_SECONDS))


def _read_output(output: wire.Output) -> dispatch.Output:
    return dispatch.Output(
        namespace=output.namespace,
        name=output.name,
        size_bytes=output.size_bytes,
        checksums=output.checksums,
        metadata=output.metadata,
        dataset=output.dataset,
        rse=output.rse,
        url=output.url,
        media_type=output.media_type,
    )


def _show_reply(reply: dispatch.Reply) -> wire.NextReply:
    return wire.NextReply(
        leases=tuple(map(_show_lease, reply.leases)),
        reason="reserved" if reply.nothing is None else reply.nothing.value,
        why=reply.why,
        retry=reply.nothing is dispatch.NothingReady.WAIT,
    )


def _show_lease(lease: dispatch.Lease) -> wire.Lease:
    return wire.Lease(
        attempt_id=lease.attempt_id,
        attempt=lease.attempt,
        namespace=lease.namespace,
        name=lease.name,
        fid=lease.fid,
        size_bytes=lease.size_bytes,
        attributes=dict(lease.attributes),
        replicas=tuple(wire.ReplicaAt(copy.rse, copy.url) for copy in lease.replicas),
        expires_at=lease.expires_at,
        renew_seconds=RENEW_SECONDS,
    )
