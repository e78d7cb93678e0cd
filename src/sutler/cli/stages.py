"""Stages: showing, launching, holding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect
from sutler.cli.options import Json
from sutler.cli.output import print_facts, print_json, print_table, show_parameters

if TYPE_CHECKING:
    from sutler.wire.submissions import StageView

commands = typer.Typer(no_args_is_help=True, help="Stages of campaigns; sutler campaign show lists them.")

StageId = Annotated[int, typer.Argument(metavar="ID", help="The number of the stage.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="stage")


@commands.command("show")
def show_stage(*, stage_id: StageId, as_json: Json = False) -> None:
    """Show a stage with what it runs and its newest submissions."""
    with connect() as client:
        view = client.view_stage(stage_id)
    if as_json:
        print_json(view)
        return
    stage = view.stage
    print_facts(
        [
            ("stage", f"{stage.id} {stage.name}"),
            ("campaign", f"{view.campaign.id} {view.campaign.name}"),
            ("runs", view.job_type.launch_script),
            ("parameters", show_parameters(view.job_type.parameters)),
            ("overrides", show_parameters(stage.parameter_overrides)),
            ("login setup", f"{view.login_setup.name} ({view.login_setup.backend})"),
            ("data", _describe_data(view)),
            ("split", stage.split_type),
            ("slices given out", view.position.slice_count if view.position else None),
            ("jobs", stage.job_count),
            ("fed by", ", ".join(one.upstream_stage for one in view.upstream)),
            ("feeds", ", ".join(one.downstream_stage for one in view.downstream)),
            ("on hold since", stage.held_at),
        ]
    )
    if view.submissions:
        typer.echo()
        print_table(
            ("submission", "status", "batch", "files", "done", "failed", "launched by", "created"),
            [
                (
                    s.id,
                    s.status,
                    s.batch_status,
                    s.total_count,
                    s.done_count,
                    s.failed_count,
                    s.launched_by,
                    s.created_at,
                )
                for s in view.submissions
            ],
        )


def _describe_data(view: StageView) -> str:
    if view.stage.stage_type == "generator":
        return f"{view.stage.unit_count} numbered units"
    return view.stage.dataset_query or "the outputs of the stages that feed it"


@commands.command("launch")
def launch_stage(
    *,
    stage_id: StageId,
    is_test: Annotated[bool, typer.Option("--test", help="Move only the test position of the split.")] = False,
    key: Annotated[str | None, typer.Option(help="The same key again launches nothing new.")] = None,
    as_json: Json = False,
) -> None:
    """Launch a stage. Follow it with: sutler submission watch ID."""
    with connect() as client:
        submission_id = client.launch_stage(stage_id, is_test=is_test, key=key)
        view = client.view_submission(submission_id)
    if as_json:
        print_json(view)
    else:
        count = view.submission.total_count
        typer.echo(f"Submission {submission_id} with {count} file{'' if count == 1 else 's'}. {view.why}")


@commands.command("hold")
def hold_stage(*, stage_id: StageId, as_json: Json = False) -> None:
    """Hold the launches of a stage."""
    _hold(stage_id, is_held=True, as_json=as_json)


@commands.command("release")
def release_stage(*, stage_id: StageId, as_json: Json = False) -> None:
    """Let a stage be launched again."""
    _hold(stage_id, is_held=False, as_json=as_json)


def _hold(stage_id: int, *, is_held: bool, as_json: bool) -> None:
    with connect() as client:
        stage = client.hold_stage(stage_id, is_held=is_held)
    if as_json:
        print_json(stage)
    else:
        typer.echo(f"Stage {stage.id} {stage.name} is {'on hold' if is_held else 'released'}.")
