"""Launching stages, and looking first: `sutler stage launch` and `sutler stage rehearse`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect
from sutler.cli.options import Json
from sutler.cli.output import print_facts, print_json, show_size
from sutler.cli.settings import Overrides, read_parameters

if TYPE_CHECKING:
    from sutler.wire.submissions import LaunchRequest, Rehearsal

StageId = Annotated[int, typer.Argument(metavar="ID", help="The number of the stage.")]
IsTest = Annotated[bool, typer.Option("--test", help="Move only the test position of the split.")]
Query = Annotated[str | None, typer.Option(help="Run on the files of this query in MQL instead.")]
Dataset = Annotated[str | None, typer.Option(metavar="DID", help="Run on the files of this dataset instead.")]
Project = Annotated[int | None, typer.Option(help="Run on the files of this project that nobody owns instead.")]

SHOWN_FILES = 10


def register(app: typer.Typer) -> None:
    """Add these commands to those of stages."""
    app.command("launch")(launch_stage)
    app.command("rehearse")(rehearse_launch)


def launch_stage(
    *,
    stage_id: StageId,
    is_test: IsTest = False,
    query: Query = None,
    dataset: Dataset = None,
    project: Project = None,
    overrides: Overrides = None,
    key: Annotated[str | None, typer.Option(help="The same key again launches nothing new.")] = None,
    as_json: Json = False,
) -> None:
    """Launch a stage. Follow it with: sutler submission watch ID."""
    request = _make_request(is_test=is_test, query=query, dataset=dataset, project=project, overrides=overrides)
    with connect() as client:
        submission_id = client.launch_stage(stage_id, request=request, key=key)
        view = client.view_submission(submission_id)
    if as_json:
        print_json(view)
    else:
        count = view.submission.total_count
        typer.echo(f"Submission {submission_id} with {count} file{'' if count == 1 else 's'}. {view.why}")


def rehearse_launch(
    *,
    stage_id: StageId,
    is_test: IsTest = False,
    query: Query = None,
    dataset: Dataset = None,
    project: Project = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Show what a launch would do if it were made now. Nothing is moved."""
    request = _make_request(is_test=is_test, query=query, dataset=dataset, project=project, overrides=overrides)
    with connect() as client:
        found = client.rehearse_launch(stage_id, request)
    if as_json:
        print_json(found)
    else:
        _print_rehearsal(found)


def _make_request(
    *, is_test: bool, query: str | None, dataset: str | None, project: int | None, overrides: list[str] | None
) -> LaunchRequest:
    from sutler.wire.submissions import LaunchRequest

    return LaunchRequest(is_test, query, dataset, project, read_parameters(overrides))


def _print_rehearsal(found: Rehearsal) -> None:
    place = f"{found.account}@{found.host}" if found.account and found.host else found.host
    print_facts(
        [
            ("stage", f"{found.stage_id} {found.stage}"),
            ("files", f"{found.file_count} ({show_size(found.size_bytes)})"),
            ("data", found.dataset_query),
            ("slice", found.slice_number),
            ("slice note", found.slice_note),
            ("back-end", f"{found.backend} at {place}" if place else found.backend),
            ("jobs", found.job_count),
            ("runs", shlex.join(found.arguments)),
            ("held", found.held_because),
        ]
    )
    if found.environment:
        typer.echo("\nEnvironment:")
        for name, text in found.environment.items():
            typer.echo(f"  {name}={text}")
    if found.setup:
        typer.echo(f"\nSetup:\n{found.setup}")
    if found.files:
        typer.echo("\nFirst files:")
        for name in found.files[:SHOWN_FILES]:
            typer.echo(f"  {name}")
