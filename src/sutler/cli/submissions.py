"""Submissions: what became of the launches of stages."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli import recoveries
from sutler.cli.asking import connect, take
from sutler.cli.options import Experiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_cell, show_counts, show_duration, show_size

if TYPE_CHECKING:
    from sutler.wire.launch import BatchJob
    from sutler.wire.submissions import SubmissionSummary, SubmissionView

commands = typer.Typer(no_args_is_help=True, help="Submissions: what became of the launches of stages.")

INSTANTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
ENDINGS = {"memory": "its memory limit", "time": "its time limit", "stopped": "being stopped", "signal": "a signal"}
"""What can end a batch job that does not end by itself."""

SubmissionId = Annotated[int, typer.Argument(metavar="ID", help="The number of the submission.")]


class HandleWord(StrEnum):
    """The states of files."""

    INITIAL = "initial"
    RESERVED = "reserved"
    DONE = "done"
    FAILED = "failed"


class StatusWord(StrEnum):
    """How the files of a submission stand."""

    CREATED = "Created"
    COMPLETED = "Completed"
    COMPLETED_WITH_FAILURES = "Completed with failures"


class BatchWord(StrEnum):
    """How the launch and the jobs of a submission stand."""

    NEW = "New"
    AWAITING_APPROVAL = "Awaiting Approval"
    APPROVED = "Approved"
    LAUNCH_FAILED = "LaunchFailed"
    IDLE = "Idle"
    RUNNING = "Running"
    HELD = "Held"
    FAILED = "Failed"
    COMPLETED = "Completed"
    LOCATED = "Located"
    CANCELLED = "Cancelled"
    REMOVED = "Removed"


class CauseWord(StrEnum):
    """What submissions are launched for."""

    MANUAL = "manual"
    DEPENDENCY = "dependency"
    RECOVERY = "recovery"
    RELAUNCH = "relaunch"
    SCHEDULE = "schedule"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="submission")
    recoveries.register(commands)


@commands.command("list")
def list_submissions(
    *,
    experiment: Experiment = None,
    campaign: Annotated[str | None, typer.Option(help="Only of this campaign: its number, or a name with *.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only of this stage: its number, or a name with *.")] = None,
    status: Annotated[StatusWord | None, typer.Option(help="Only where the files stand so.")] = None,
    batch_status: Annotated[BatchWord | None, typer.Option("--batch", help="Only where the jobs stand so.")] = None,
    cause: Annotated[CauseWord | None, typer.Option(help="Only those launched for this.")] = None,
    launched_by: Annotated[str | None, typer.Option("--by", help="Only those that this user launched.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=INSTANTS, help="Only those launched then or later, in UTC.")
    ] = None,
    is_open: Annotated[bool | None, typer.Option("--open/--ended", help="Only those that run, or ended.")] = None,
    is_test: Annotated[bool | None, typer.Option("--test/--no-test", help="Only tests, or none.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List submissions of all campaigns, newest first."""
    with connect() as client:
        items = take(
            client,
            client.list_submissions,
            limit,
            experiment=experiment,
            **_choose("campaign", campaign),
            **_choose("stage", stage),
            status=status,
            batch_status=batch_status,
            cause=cause,
            launched_by=launched_by,
            since=None if since is None else since.replace(tzinfo=UTC),
            is_open=is_open,
            is_test=is_test,
        )
    if as_json:
        print_json(items)
        return
    told = ("id", "campaign", "stage", "cause", "of", "test", "status", "batch")
    print_table((*told, "files", "done", "failed", "created"), [_list_summary(one) for one in items])


@commands.command("show")
def show_submission(*, submission_id: SubmissionId, as_json: Json = False) -> None:
    """Show a submission: its files, batch jobs and history, and why it waits or how it ended."""
    with connect() as client:
        view = client.view_submission(submission_id)
    if as_json:
        print_json(view)
    else:
        _print_view(view)


@commands.command("files")
def list_files(
    *,
    submission_id: SubmissionId,
    state: Annotated[HandleWord | None, typer.Option(help="Only files in this state.")] = None,
    limit: Limit = 1000,
    as_json: Json = False,
) -> None:
    """List the files that a submission owns; of failed ones, why."""
    with connect() as client:
        items = take(client, client.list_submission_handles, limit, submission_id=submission_id, state=state)
    if as_json:
        print_json(items)
        return
    print_table(
        ("file", "state", "attempts", "worker", "reason"),
        [(f"{one.namespace}:{one.name}", one.state, one.attempts, one.worker_id, one.reason) for one in items],
    )


@commands.command("outputs")
def list_outputs(*, submission_id: SubmissionId, limit: Limit = 1000, as_json: Json = False) -> None:
    """List the files that a submission produced."""
    with connect() as client:
        items = take(client, client.list_submission_outputs, limit, submission_id=submission_id)
    if as_json:
        print_json(items)
        return
    print_table(
        ("file", "size", "where"),
        [(f"{one.namespace}:{one.name}", show_size(one.size_bytes), one.url) for one in items],
    )


@commands.command("cancel")
def cancel_submission(
    *,
    submission_id: SubmissionId,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    as_json: Json = False,
) -> None:
    """Stop the jobs of a submission and give out no more of its files."""
    with connect() as client:
        view = client.cancel_submission(submission_id, reason=reason)
    if as_json:
        print_json(view)
    else:
        typer.echo(f"Submission {submission_id} is being stopped. {view.why}")


@commands.command("log")
def show_log(
    *,
    submission_id: SubmissionId,
    job: Annotated[int, typer.Argument(metavar="JOB", help="The number of the batch job: 1, 2, …")] = 1,
) -> None:
    """Print what a batch job has written."""
    with connect() as client:
        output = client.read_job_output(submission_id, job)
    if output.is_cut:
        typer.echo("Only the end of it:", err=True)
    typer.echo(output.text, nl=not output.text.endswith("\n"))


@commands.command("watch")
def watch_submission(
    *,
    submission_id: SubmissionId,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Follow a submission until it ends. The exit code is 1 if files failed or it was cancelled."""
    from sutler.cli.watching import watch

    with connect() as client:
        status = watch(client, submission_id, every_seconds=every)
    if status != "Completed":
        raise typer.Exit(1)


@commands.command("retry-declarations")
def retry_declarations(
    *, experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="The experiment.")]
) -> None:
    """Declare outputs once more that the catalogue of an experiment refused; those that wait are tried at once."""
    with connect() as client:
        count = client.retry_declarations(experiment).count
    typer.echo(f"{count} refused declarations of {experiment} are tried once more.")


def _choose(what: str, given: str | None) -> dict[str, object]:
    """Return the filter that a number or a name stands for."""
    if given is not None and given.isascii() and given.isdecimal():
        return {f"{what}_id": int(given)}
    return {what: given}


def _list_summary(one: SubmissionSummary) -> tuple[object, ...]:
    cause = f"{one.cause} {one.recovery_type}" if one.recovery_type else one.cause
    origin = one.original_id or one.upstream_submission_id
    words = (one.campaign, one.stage, cause, origin, "test" if one.is_test else "", one.status, one.batch_status)
    return (one.id, *words, one.total_count, one.done_count, one.failed_count, one.created_at)


def _print_view(view: SubmissionView) -> None:
    one = view.submission
    print_facts(
        [
            ("submission", one.id),
            ("campaign", f"{one.campaign_id} {one.campaign}"),
            ("stage", f"{one.stage_id} {one.stage}"),
            ("status", f"{one.status} (jobs: {one.batch_status})"),
            ("why", view.why),
            ("launch failure", view.launch_failure),
            ("next", _advise(view)),
            ("files", f"{show_counts(one)} ({one.percent_completed} % completed)"),
            ("outputs", one.output_count),
            ("project", one.project_id),
            ("data", view.dataset_query),
            ("slice", view.slice_number),
            ("slice note", view.slice_note),
            ("given to jobs", view.job_data),
            ("launched", f"{show_cell(one.created_at)} by {one.launched_by}, {_describe_cause(one)}"),
            ("ended", _describe_end(one)),
        ]
    )
    _print_tables(view)


def _describe_cause(one: SubmissionSummary) -> str:
    if one.original_id is not None:
        return f"to recover submission {one.original_id} ({one.recovery_type})"
    if one.upstream_submission_id is None:
        return "by hand" if one.cause == "manual" else f"by {one.cause}"
    return f"on the outputs of submission {one.upstream_submission_id}"


def _describe_end(one: SubmissionSummary) -> str:
    if one.ended_at is None:
        return ""
    return f"{show_cell(one.ended_at)}, after {show_duration(one.ended_at - one.created_at)}"


def _advise(view: SubmissionView) -> str:
    """Return the command that shows more of what needs a look; of what is well, none."""
    one = view.submission
    advice = {
        "LaunchFailed": f"correct the cause, then: sutler submission retry {one.id}",
        "Awaiting Approval": f"sutler submission approve {one.id}, or: sutler submission unapprove {one.id}",
    }
    if one.batch_status in advice:
        return advice[one.batch_status]
    if one.failed_count:
        return f"see why files failed: sutler submission files {one.id} --state failed"
    if one.batch_status == "Failed" and view.jobs:
        return f"see what the jobs wrote: sutler submission log {one.id} {view.jobs[0].number}"
    if one.ended_at is None:
        return f"follow it: sutler submission watch {one.id}"
    is_left = one.initial_count and one.batch_status not in {"Cancelled", "Removed"}
    return f"give its files a worker: sutler worker run --project {one.project_id} -- COMMAND" if is_left else ""


def _print_tables(view: SubmissionView) -> None:
    if view.jobs:
        typer.echo()
        print_table(
            ("job", "batch job", "state", "exit", "ended by", "host", "started", "ended", "peak memory", "reason"),
            [_list_cells(job) for job in view.jobs],
        )
    if view.history:
        typer.echo()
        rows = [(h.at, h.side, h.status, h.reason, h.actor) for h in view.history]
        print_table(("at", "of", "status", "reason", "by"), rows)
    if view.followers:
        typer.echo()
        print_table(
            ("then", "stage", "state", "submission", "reason"),
            [(f.kind, f.downstream_stage, f.state, f.submission_id, f.reason) for f in view.followers],
        )


def _list_cells(job: BatchJob) -> tuple[object, ...]:
    cause = ENDINGS.get(job.cause, job.cause)
    memory = show_size(job.peak_memory_bytes)
    times = (job.started_at, job.ended_at)
    return (job.number, job.batch_job_id, job.state, job.exit_code, cause, job.host, *times, memory, job.reason)
