"""What comes after a submission: `sutler submission approve`, `complete`, `recover`, `relaunch`, `retry`, `compare`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect
from sutler.cli.campaign_texts import print_changes
from sutler.cli.options import Json
from sutler.cli.output import print_json, print_table
from sutler.cli.settings import Overrides, read_parameters

if TYPE_CHECKING:
    from sutler.wire.submissions import SubmissionView

SubmissionId = Annotated[int, typer.Argument(metavar="ID", help="The number of the submission.")]
Reason = Annotated[str, typer.Option(help="Why, for the history.")]
Key = Annotated[str | None, typer.Option(help="The same key again launches nothing new.")]


class RecoveryWord(StrEnum):
    """Which files a recovery takes."""

    STATE_FAILED = "state_failed"
    STATE_NOT_DONE = "state_not_done"
    REPROCESS_ORPHANS = "reprocess_orphans"
    REPROCESS_ALL = "reprocess_all"
    ADDED_FILES = "added_files"


class MethodologyWord(StrEnum):
    """Where a recovery works."""

    STANDARD = "standard"
    ONE_PROJECT = "one_project"


def register(app: typer.Typer) -> None:
    """Add these commands to those of submissions."""
    app.command("approve")(approve_submission)
    app.command("unapprove")(unapprove_submission)
    app.command("complete")(complete_submission)
    app.command("locate")(locate_submission)
    app.command("remove")(remove_submission)
    app.command("recoveries")(preview_recovery)
    app.command("recover")(recover_submission)
    app.command("relaunch")(relaunch_submission)
    app.command("retry")(retry_launch)
    app.command("compare")(compare_submissions)


def approve_submission(*, submission_id: SubmissionId, reason: Reason = "", as_json: Json = False) -> None:
    """Approve what an approval stage waits for: what came in goes on to the next stages."""
    with connect() as client:
        _tell(client.approve_submission(submission_id, reason=reason), as_json=as_json)


def unapprove_submission(*, submission_id: SubmissionId, reason: Reason = "", as_json: Json = False) -> None:
    """Refuse what an approval stage waits for: it is removed, and nothing follows."""
    with connect() as client:
        _tell(client.unapprove_submission(submission_id, reason=reason), as_json=as_json)


def complete_submission(*, submission_id: SubmissionId, reason: Reason = "", as_json: Json = False) -> None:
    """Call a submission Completed as it is. Jobs that still run are stopped, and what follows goes on."""
    with connect() as client:
        _tell(client.complete_submission(submission_id, reason=reason), as_json=as_json)


def locate_submission(*, submission_id: SubmissionId, reason: Reason = "", as_json: Json = False) -> None:
    """Call a Completed submission Located: nobody waits for its outputs any more."""
    with connect() as client:
        _tell(client.locate_submission(submission_id, reason=reason), as_json=as_json)


def remove_submission(*, submission_id: SubmissionId, reason: Reason = "", as_json: Json = False) -> None:
    """Stop a submission as cancel does, and call it Removed."""
    with connect() as client:
        _tell(client.remove_submission(submission_id, reason=reason), as_json=as_json)


def preview_recovery(*, submission_id: SubmissionId, as_json: Json = False) -> None:
    """Show for each kind of recovery how many files it would take now, or why there are none."""
    with connect() as client:
        items = client.preview_recovery(submission_id).items
    if as_json:
        print_json(items)
        return
    rows = [(one.recovery_type, one.file_count, one.refusal or one.description) for one in items]
    print_table(("recovery", "files", "what it takes"), rows)


def recover_submission(
    *,
    submission_id: SubmissionId,
    recovery_type: Annotated[RecoveryWord, typer.Argument(metavar="RECOVERY", help="Which files it takes.")],
    methodology: Annotated[
        MethodologyWord | None, typer.Option(help="In a project of its own, or where the files are.")
    ] = None,
    overrides: Overrides = None,
    key: Key = None,
) -> None:
    """Launch a recovery of a submission. See first: sutler submission recoveries ID."""
    with connect() as client:
        made = client.recover_submission(
            submission_id,
            recovery_type.value,
            methodology=None if methodology is None else methodology.value,
            parameter_overrides=read_parameters(overrides),
            key=key,
        )
    typer.echo(f"Submission {made} recovers {submission_id}. Follow it: sutler submission watch {made}")


def relaunch_submission(
    *,
    submission_id: SubmissionId,
    same_project: Annotated[
        bool, typer.Option("--same-project", help="Go on with what is left in its project.")
    ] = False,
    key: Key = None,
) -> None:
    """Launch the stage of a submission again on its files. The split of the stage does not move."""
    with connect() as client:
        made = client.relaunch_submission(submission_id, same_project=same_project, key=key)
    typer.echo(f"Submission {made} is launched on the files of {submission_id}: sutler submission watch {made}")


def retry_launch(*, submission_id: SubmissionId, as_json: Json = False) -> None:
    """Hand a launch that failed to its back-end once more."""
    with connect() as client:
        _tell(client.retry_launch(submission_id), as_json=as_json)


def compare_submissions(
    *,
    submission_id: SubmissionId,
    other_id: Annotated[int, typer.Argument(metavar="OTHER", help="The number of the other submission.")],
    as_json: Json = False,
) -> None:
    """Show what is different about another submission, of all that was frozen when they were launched."""
    with connect() as client:
        changes = client.compare_submissions(submission_id, other_id)
    if as_json:
        print_json(changes)
    elif changes:
        print_changes(changes)
    else:
        typer.echo("They were launched with the same.")


def _tell(view: SubmissionView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
    else:
        one = view.submission
        typer.echo(f"Submission {one.id}: {one.status} (jobs: {one.batch_status}). {view.why}")
