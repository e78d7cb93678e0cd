"""Giving files back by clients that know no attempt ids."""

from __future__ import annotations

import dataclasses

from sutler.auth import Action, Principal
from sutler.base.did import Did
from sutler.database import Database, Tx, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import HandleNotFoundError, HandleNotReservedError, WrongWorkerError
from sutler.dispatch.model import AttemptPlace, Handle, HandleState, HeldHandle, Outcome, ProjectHeader, Report
from sutler.dispatch.operations.access import open_header
from sutler.dispatch.operations.endings import end_leases, make_ending, note_returns
from sutler.dispatch.rules import checks

ROUNDS = 3


@replayable
async def release_handle(
    db: Database,
    who: Principal,
    *,
    project_id: int,
    did: Did,
    worker_id: str | None,
    outcome: Outcome,
    may_retry: bool,
    reason: str = "",
) -> Handle:
    """Say that whoever has a file is done with it or failed, and return its handle as it is then.

    With a worker id only the lease of that worker ends; the same outcome by the same worker again is accepted and
    changes nothing. Without one the lease of anybody does: prefer `report`, whose attempt ids cannot be mixed up.
    Raises ProjectNotFoundError, HandleNotFoundError, HandleNotReservedError, WrongWorkerError, InvalidReportError,
    NotPermittedError.
    """
    checks.check_outcome(outcome)
    said = Report(worker_id or "", (), outcome, reason, may_retry)
    async with db.write() as tx:
        header = await open_header(tx, who, Action.PROCESS, project_id=project_id)
        for _ in range(ROUNDS):
            handle = await _find(tx, project_id, did, worker_id)
            if handle.attempt_id is None or worker_id not in (None, handle.worker_id):
                return _accept_repeat(handle, did, worker_id, outcome)
            ended = await _end(tx, who, header, handle, said)
            if ended is not None:
                return ended
        # Each time somebody else was faster, and the file was given out again at once.
        raise HandleNotReservedError(project_id, did, HandleState.RESERVED)


async def _find(tx: Tx, project_id: int, did: Did, worker_id: str | None) -> HeldHandle:
    handle = await store.find_held_handle(tx, project_id=project_id, did=did, worker_id=worker_id)
    if handle is None:
        raise HandleNotFoundError(project_id, did)
    return handle


def _accept_repeat(handle: HeldHandle, did: Did, worker_id: str | None, outcome: Outcome) -> Handle:
    if worker_id is not None and handle.last_outcome is outcome:
        return handle
    if worker_id is not None and handle.attempt_id is not None:
        raise WrongWorkerError(did, worker_id, handle.worker_id)
    raise HandleNotReservedError(handle.project_id, did, handle.state)


async def _end(tx: Tx, who: Principal, header: ProjectHeader, handle: HeldHandle, said: Report) -> Handle | None:
    """End the lease that was seen; None if it is not there any more."""
    assert handle.attempt_id is not None
    place = AttemptPlace(handle.attempt_id, handle.attempts, header.project_id)
    ending = make_ending(header, place, said, worker_id=handle.worker_id, actor=who.username, now=tx.now)
    note_returns(tx, header.project_id, [ending])
    if not await end_leases(tx, project_id=header.project_id, endings=[ending], actor=who):
        return None
    return dataclasses.replace(handle, state=ending.state, worker_id=None, attempt_id=None, reason=ending.reason)
