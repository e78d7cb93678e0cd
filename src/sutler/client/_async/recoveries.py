"""What people decide about a submission, recoveries of it, launching it again, comparing it with another."""

from __future__ import annotations

from uuid import uuid4

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.client._async.stages import take_submission
from sutler.wire import recoveries as wire
from sutler.wire.campaigns import RecoveryType
from sutler.wire.page import Page
from sutler.wire.plans import Difference, PlannedChange
from sutler.wire.stage_settings import Methodology, Parameters
from sutler.wire.submissions import Launched, SubmissionView


class AsyncRecoveryCalls(AsyncCaller):
    """Calls about what comes after a submission."""

    async def approve_submission(self, submission_id: int, *, reason: str = "") -> SubmissionView:
        """Approve what an approval stage waits for: what came in goes on to its dependants."""
        return await self._decide(submission_id, "approve", reason)

    async def unapprove_submission(self, submission_id: int, *, reason: str = "") -> SubmissionView:
        """Refuse what an approval stage waits for: it is removed, and nothing follows."""
        return await self._decide(submission_id, "unapprove", reason)

    async def complete_submission(self, submission_id: int, *, reason: str = "") -> SubmissionView:
        """Call a submission Completed as it is; jobs that still run are stopped, and what follows goes on."""
        return await self._decide(submission_id, "complete", reason)

    async def locate_submission(self, submission_id: int, *, reason: str = "") -> SubmissionView:
        """Call a Completed submission Located: nobody waits for its outputs any more."""
        return await self._decide(submission_id, "locate", reason)

    async def preview_recovery(self, submission_id: int) -> Page[wire.RecoveryPreview]:
        """Return for each kind of recovery how many files it would take now, or why there are none."""
        return await self.get(Page[wire.RecoveryPreview], path_of("submissions", submission_id, "recoveries"))

    async def recover_submission(
        self,
        submission_id: int,
        recovery_type: RecoveryType,
        *,
        methodology: Methodology | None = None,
        parameter_overrides: Parameters = (),
        key: str | None = None,
    ) -> int:
        """Launch a recovery of a submission and return its id. The same `key` again launches nothing new.

        Raises QueuedError if it waits for a hold to end.
        """
        body = wire.RecoveryRequest(recovery_type, methodology, parameter_overrides)
        return await self._launch(submission_id, "recovery", body, key)

    async def relaunch_submission(
        self, submission_id: int, *, same_project: bool = False, key: str | None = None
    ) -> int:
        """Launch a submission again on its files, or what is left of them in its project, and return the new id.

        Raises QueuedError if it waits for a hold to end.
        """
        return await self._launch(submission_id, "relaunch", wire.RelaunchRequest(same_project), key)

    async def retry_launch(self, submission_id: int, *, key: str | None = None) -> SubmissionView:
        """Hand a launch that failed to its back-end once more: the same submission, files, plan and key."""
        path = path_of("submissions", submission_id, "retry")
        return await self.send(SubmissionView, "POST", path, key=key)

    async def compare_submissions(self, submission_id: int, other_id: int) -> tuple[PlannedChange, ...]:
        """Return what is different about another submission, of all that was frozen when they were launched."""
        path = path_of("submissions", submission_id, "config", "diff")
        return (await self.get(Difference, path, **{"with": other_id})).changes

    async def _decide(self, submission_id: int, verb: str, reason: str) -> SubmissionView:
        return await self.send(
            SubmissionView, "POST", path_of("submissions", submission_id, verb), wire.Decision(reason)
        )

    async def _launch(self, submission_id: int, verb: str, body: object, key: str | None) -> int:
        path = path_of("submissions", submission_id, verb)
        launched = await self.send(Launched, "POST", path, body, key=key or str(uuid4()))
        return take_submission(launched)
