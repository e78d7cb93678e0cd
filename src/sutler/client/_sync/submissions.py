# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Submissions: what became of the launches of stages."""

from __future__ import annotations

from datetime import datetime

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import submissions as wire
from sutler.wire.dispatch import Cancellation, Handle, ProducedFile
from sutler.wire.launch import JobOutput
from sutler.wire.page import Page


class SubmissionCalls(Caller):
    """Calls about submissions."""

    def list_submissions(
        self,
        *,
        experiment: str | None = None,
        campaign_id: int | None = None,
        stage_id: int | None = None,
        campaign: str | None = None,
        stage: str | None = None,
        status: wire.SubmissionStatus | None = None,
        batch_status: wire.BatchStatus | None = None,
        cause: wire.Cause | None = None,
        launched_by: str | None = None,
        since: datetime | None = None,
        is_open: bool | None = None,
        is_test: bool | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.SubmissionSummary]:
        """List submissions of all campaigns, newest first; names of campaigns and stages may hold `*` for any text."""
        return self.get(
            Page[wire.SubmissionSummary],
            path_of("submissions"),
            experiment=experiment,
            campaign_id=campaign_id,
            stage_id=stage_id,
            campaign=campaign,
            stage=stage,
            status=status,
            batch_status=batch_status,
            cause=cause,
            launched_by=launched_by,
            since=since,
            is_open=is_open,
            is_test=is_test,
            limit=limit,
            cursor=cursor,
        )

    def view_submission(self, submission_id: int) -> wire.SubmissionView:
        """Return a submission with its batch jobs and history, and why it waits or how it ended."""
        return self.get(wire.SubmissionView, path_of("submissions", submission_id))

    def list_submission_handles(
        self, submission_id: int, *, state: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page[Handle]:
        """List the files that a submission owns, in order."""
        path = path_of("submissions", submission_id, "files")
        return self.get(Page[Handle], path, state=state, limit=limit, cursor=cursor)

    def list_submission_outputs(
        self, submission_id: int, *, limit: int = 100, cursor: str | None = None
    ) -> Page[ProducedFile]:
        """List the files that a submission produced."""
        path = path_of("submissions", submission_id, "outputs")
        return self.get(Page[ProducedFile], path, limit=limit, cursor=cursor)

    def read_job_output(self, submission_id: int, number: int) -> JobOutput:
        """Return what a batch job has written."""
        return self.get(JobOutput, path_of("submissions", submission_id, "jobs", number, "output"))

    def cancel_submission(self, submission_id: int, *, reason: str = "", key: str | None = None) -> wire.SubmissionView:
        """Stop the jobs of a submission and give out no more of its files."""
        path = path_of("submissions", submission_id, "cancel")
        return self.send(wire.SubmissionView, "POST", path, Cancellation(reason), key=key)

    def remove_submission(self, submission_id: int, *, reason: str = "", key: str | None = None) -> wire.SubmissionView:
        """Stop a submission as `cancel_submission` does, and call it Removed."""
        path = path_of("submissions", submission_id, "remove")
        return self.send(wire.SubmissionView, "POST", path, Cancellation(reason), key=key)

    def retry_declarations(self, experiment: str) -> wire.Retried:
        """Have outputs whose declaration was refused elsewhere declared once more, and those that wait, at once."""
        return self.send(wire.Retried, "POST", path_of("experiments", experiment, "declarations", "retry"))
