"""What the page of a submission advises when something did not go well."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.campaigns import BatchStatus, SubmissionView
from sutler.launch import BatchJob, JobState


@dataclass(frozen=True)
class Advice:
    """What to look at and what to do. `job_number` is the first batch job that did not end well, if any."""

    launch_again: bool
    failed_count: int
    job_number: int | None
    restart: bool
    start_worker: bool
    retry_declarations: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to advise."""
        return bool(
            self.launch_again or self.failed_count or self.job_number or self.start_worker or self.retry_declarations
        )


def make_advice(view: SubmissionView) -> Advice:
    """Return what fits the situation; nothing is advised about what goes well, or was cancelled by somebody."""
    one = view.submission
    is_cancelled = one.batch_status is BatchStatus.CANCELLED
    is_over = one.ended_at is not None and not is_cancelled
    return Advice(
        launch_again=view.may_cancel and one.batch_status is BatchStatus.LAUNCH_FAILED,
        failed_count=one.failed_count,
        job_number=None if is_cancelled else next((job.number for job in view.jobs if _ended_badly(job)), None),
        restart=is_over and one.failed_count > 0,
        start_worker=is_over and one.failed_count + one.initial_count > 0,
        retry_declarations=view.undeclared is not None and view.undeclared.refused_count > 0,
    )


def _ended_badly(job: BatchJob) -> bool:
    return job.state is JobState.LOST or bool(job.exit_code) or bool(job.signal)
