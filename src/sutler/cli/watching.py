"""Following a submission in the terminal until it ends."""

from __future__ import annotations

import sys
import time

import typer

from sutler.client import Client
from sutler.wire.submissions import SubmissionView


def watch(client: Client, submission_id: int, *, every_seconds: float) -> str:
    """Show how a submission goes on until it has ended, and return its last status.

    On a terminal it is one line that moves; elsewhere a line for every change.
    """
    view = client.view_submission(submission_id)
    show = _watch_moving if sys.stdout.isatty() else _watch_lines
    view = show(client, view, every_seconds)
    typer.echo(view.why)
    return view.submission.status


def _watch_lines(client: Client, view: SubmissionView, every_seconds: float) -> SubmissionView:
    shown = ""
    while True:
        line = _describe(view)
        if line != shown:
            typer.echo(line)
            shown = line
        if view.submission.ended_at is not None:
            return view
        time.sleep(every_seconds)
        view = client.view_submission(view.submission.id)


def _watch_moving(client: Client, view: SubmissionView, every_seconds: float) -> SubmissionView:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("[bold]{task.fields[name]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as progress:
        bar = progress.add_task("files", total=view.submission.total_count, name=_name(view), words="")
        while True:
            one = view.submission
            progress.update(bar, completed=one.done_count + one.failed_count, words=_describe_words(view))
            if one.ended_at is not None:
                return view
            time.sleep(every_seconds)
            view = client.view_submission(one.id)


def _name(view: SubmissionView) -> str:
    return f"{view.submission.campaign} / {view.submission.stage} {view.submission.id}"


def _describe(view: SubmissionView) -> str:
    one = view.submission
    return f"{_name(view)}: {one.done_count + one.failed_count}/{one.total_count} files, {_describe_words(view)}"


def _describe_words(view: SubmissionView) -> str:
    one = view.submission
    failed = f", {one.failed_count} failed" if one.failed_count else ""
    return f"{one.reserved_count} reserved{failed}; {one.status}, jobs {one.batch_status}"
