"""Pages of submissions: progress, files, outputs, pictures, jobs, cancelling."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, Problem, UpstreamError
from sutler.campaigns import BatchStatus, SubmissionView
from sutler.database.listing import Page
from sutler.dispatch import ProducedFile
from sutler.launch import BatchJob, JobOutput
from sutler.pages.addresses import check_id
from sutler.pages.advice import Advice, make_advice
from sutler.pages.door import Door
from sutler.pages.handles import HANDLES_PER_PAGE, HandleList, Tile, count_states, make_tiles, read_state
from sutler.pages.live import join_subjects
from sutler.pages.pictures import can_be_shown, read_picture
from sutler.pages.session import Visit
from sutler.pages.submission_changes import Verb, explain_no_change, list_verbs

OUTPUTS_PER_PAGE = 100
SHOWN_JOBS = 50
LONGEST_REASON = 500


@dataclass(frozen=True)
class SubmissionPage:
    """A submission with one page of its files; without them where only the progress is shown."""

    submission_view: SubmissionView
    files: HandleList | None = None
    subjects: str = ""
    may_change: bool = False

    @property
    def spoken(self) -> str:
        """What a screen reader is told, changing only every ten percent."""
        submission = self.submission_view.submission
        return f"{submission.status.value}, {submission.counts.percent_completed // 10 * 10} percent completed"

    @property
    def advice(self) -> Advice:
        """What to do when something did not go well."""
        return make_advice(self.submission_view)

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What the visitor can do with it as it stands, each after a question."""
        return list_verbs(self.submission_view) if self.may_change else ()

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The counts, in the order of a file's life."""
        return make_tiles(self.submission_view.submission.counts)

    @property
    def pictures(self) -> tuple[ProducedFile, ...]:
        """The pictures that a browser can be shown."""
        return tuple(picture for picture in self.submission_view.pictures if can_be_shown(picture))

    @property
    def shown_jobs(self) -> tuple[BatchJob, ...]:
        """The first jobs; all of them would be too many on a page."""
        return self.submission_view.jobs[:SHOWN_JOBS]

    @property
    def job_counts(self) -> tuple[tuple[str, int], ...]:
        """How many jobs are in which state."""
        return tuple(Counter(job.state.value for job in self.submission_view.jobs).most_common())


@dataclass(frozen=True)
class OutputsPage:
    """Files that a submission produced."""

    submission_view: SubmissionView
    outputs: Page[ProducedFile]
    is_first: bool


@dataclass(frozen=True)
class CancelPage:
    """The question before a submission is cancelled."""

    submission_view: SubmissionView


@dataclass(frozen=True)
class JobPage:
    """A batch job and what it has written. `trouble` says why the output cannot be read."""

    submission_view: SubmissionView
    job: BatchJob
    output: JobOutput | None
    trouble: str


class SubmissionPages:
    """Submissions: looking and cancelling."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(
        self, request: Request, submission_id: int, state: str | None = None, after: str | None = None
    ) -> Response:
        """A submission; `state` and `after` choose which of its files are listed."""
        return await self._show(request, submission_id, state, after, "submission.html")

    async def show_files(
        self, request: Request, submission_id: int, state: str | None = None, after: str | None = None
    ) -> Response:
        """The list of files alone."""
        return await self._show(request, submission_id, state, after, "_files.html")

    async def show_progress(self, request: Request, submission_id: int) -> Response:
        """The part of the page that changes, without the files."""
        visit = await self._door.admit(request)
        page = SubmissionPage(await self._view(visit, submission_id))
        return self._door.show(request, "_progress.html", page, visit=visit)

    async def show_outputs(self, request: Request, submission_id: int, after: str | None = None) -> Response:
        """Files that the submission produced."""
        visit = await self._door.admit(request)
        view = await self._view(visit, submission_id)
        outputs = await campaigns.list_submission_outputs(
            self._db, visit.who, submission_id=submission_id, after=after, limit=OUTPUTS_PER_PAGE
        )
        return self._door.show(request, "outputs.html", OutputsPage(view, outputs, after is None), visit=visit)

    async def show_picture(self, request: Request, submission_id: int, file_id: int) -> Response:
        """One picture among the outputs. Raises NotFoundError unless it lies in the storage of this installation."""
        visit = await self._door.admit(request)
        view = await self._view(visit, submission_id)
        picture = next((p for p in view.pictures if p.file_id == file_id), None)
        if picture is None:
            raise NotFoundError("picture", file_id)
        contents, media_type = await asyncio.to_thread(read_picture, picture, self._door.services.storage)
        headers = {
            "Cache-Control": "private, max-age=3600",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox",
            "Content-Disposition": "inline",
        }
        return Response(contents, media_type=media_type, headers=headers)

    async def show_job(self, request: Request, submission_id: int, number: int) -> Response:
        """A batch job with the end of its output."""
        return await self._show_job(request, submission_id, number, "job.html")

    async def show_job_part(self, request: Request, submission_id: int, number: int) -> Response:
        """The output alone, as it grows."""
        return await self._show_job(request, submission_id, number, "_job.html")

    async def ask_cancel(self, request: Request, submission_id: int) -> Response:
        """Ask before cancelling. Raises ConflictError when there is nothing to cancel for this visitor."""
        visit = await self._door.admit(request)
        view = await self._view(visit, submission_id)
        if not view.may_cancel:
            raise ConflictError(_explain_no_cancel(view))
        return self._door.show(request, "cancel.html", CancelPage(view), visit=visit)

    async def cancel(
        self,
        request: Request,
        submission_id: int,
        reason: Annotated[str, Form()] = "",
        mark: Annotated[str, Form()] = "",
    ) -> Response:
        """Cancel, or mark as removed, and go back to the submission."""
        visit = await self._door.admit(request)
        if len(reason) > LONGEST_REASON or "\0" in reason:
            raise InvalidInputError([Problem("reason", f"must be text of at most {LONGEST_REASON} characters")])
        await campaigns.cancel_submission(
            self._db,
            self._door.services.launcher.backends,
            visit.who,
            submission_id=check_id("submission", submission_id),
            reason=reason.strip(),
            mark=BatchStatus.REMOVED if mark == "removed" else BatchStatus.CANCELLED,
        )
        return self._door.send_to(request, f"/submissions/{submission_id}")

    async def _view(self, visit: Visit, submission_id: int) -> SubmissionView:
        return await campaigns.view_submission(self._db, visit.who, submission_id=check_id("submission", submission_id))

    async def _show(
        self, request: Request, submission_id: int, state: str | None, after: str | None, template: str
    ) -> Response:
        visit = await self._door.admit(request)
        chosen = read_state(state)
        view = await self._view(visit, submission_id)
        handles = await campaigns.list_submission_handles(
            self._db, visit.who, submission_id=submission_id, state=chosen, after=after, limit=HANDLES_PER_PAGE
        )
        base = f"/submissions/{submission_id}"
        submission = view.submission
        files = HandleList(handles, chosen, after, base, f"{base}/files", count_states(submission.counts))
        followed = [f"submission/{submission_id}"]
        if submission.project_id is not None:
            followed.append(f"project/{submission.project_id}")
        subjects = join_subjects(followed)
        return self._door.show(
            request,
            template,
            SubmissionPage(view, files, subjects, not explain_no_change(visit.who, view)),
            visit=visit,
        )

    async def _show_job(self, request: Request, submission_id: int, number: int, template: str) -> Response:
        visit = await self._door.admit(request)
        view = await self._view(visit, submission_id)
        job = next((job for job in view.jobs if job.number == number), None)
        if job is None:
            raise NotFoundError("batch job", number)
        output, trouble = None, ""
        try:
            output = await campaigns.read_job_output(
                self._db, self._door.services.launcher.backends, visit.who, submission_id=submission_id, number=number
            )
        except (UpstreamError, NotFoundError) as error:
            trouble = error.sentence
        return self._door.show(request, template, JobPage(view, job, output, trouble), visit=visit)


def _explain_no_cancel(view: SubmissionView) -> str:
    submission = view.submission
    if submission.ended_at is not None:
        return f"Submission {submission.id} has ended: {submission.status.value}. There is nothing left to cancel."
    return f"Cancelling submission {submission.id} takes a role that you do not hold."
