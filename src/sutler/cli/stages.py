"""Stages: showing, changing, holding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli import splits, stage_launches
from sutler.cli.asking import connect, take
from sutler.cli.options import Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_parameters
from sutler.cli.settings import Sets, Unsets, read_settings

if TYPE_CHECKING:
    from sutler.wire.submissions import StageView

commands = typer.Typer(no_args_is_help=True, help="Stages of campaigns; sutler campaign show lists them.")

StageId = Annotated[int, typer.Argument(metavar="ID", help="The number of the stage.")]
StageIds = Annotated[list[int], typer.Argument(metavar="ID...", help="The numbers of the stages.")]
Reason = Annotated[str, typer.Option(help="Why, for who waits.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="stage")
    stage_launches.register(commands)
    splits.register(commands)


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
            ("kind", stage.stage_type),
            ("runs", view.job_type.launch_script if view.job_type else "nothing yet: it has no job type"),
            ("parameters", show_parameters(view.job_type.parameters) if view.job_type else None),
            ("overrides", show_parameters(stage.parameter_overrides)),
            ("login setup", f"{view.login_setup.name} ({view.login_setup.backend})" if view.login_setup else None),
            ("data", _describe_data(view)),
            ("split", stage.split_type),
            ("slices given out", view.position.slice_count if view.position else None),
            ("jobs", stage.job_count),
            ("fed by", ", ".join(one.upstream_stage for one in view.upstream)),
            ("feeds", ", ".join(one.downstream_stage for one in view.downstream)),
            ("says itself", ", ".join(name for name, value in vars(stage.own).items() if value is not None)),
            ("on hold since", stage.held_at),
            ("on hold because", stage.hold_reason),
            ("removed", stage.removed_at),
            ("revision", view.campaign.revision),
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
    if view.stage.project_id is not None:
        return f"project {view.stage.project_id}"
    return view.stage.dataset_query or "the outputs of the stages that feed it"


@commands.command("list")
def list_stages(
    *,
    campaign_id: Annotated[int, typer.Argument(metavar="CAMPAIGN", help="The number of the campaign.")],
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List the stages of a campaign, in order."""
    with connect() as client:
        items = take(client, client.list_stages, limit, campaign_id=campaign_id)
    if as_json:
        print_json(items)
        return
    print_table(
        ("stage", "name", "kind", "job type", "login setup", "split", "schedule", "held", "submissions", "open"),
        [
            (
                s.id,
                s.name,
                s.stage_type,
                s.job_type,
                s.login_setup,
                s.split_type,
                s.schedule,
                s.is_held,
                s.submission_count,
                s.running_count,
            )
            for s in items
        ],
    )


@commands.command("edit")
def edit_stage(
    *,
    stage_id: StageId,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    job_type: Annotated[str | None, typer.Option(help="What it runs; empty to inherit it.")] = None,
    login_setup: Annotated[str | None, typer.Option(help="How to get ready; empty to inherit it.")] = None,
    sets: Sets = None,
    unsets: Unsets = None,
    as_json: Json = False,
) -> None:
    """Change what a stage says itself. A changed split or query begins anew."""
    from sutler.wire.campaigns import StageChange

    change = StageChange(name, job_type, login_setup, read_settings(sets), tuple(unsets or ()))
    with connect() as client:
        revision = client.view_stage(stage_id).campaign.revision
        view = client.edit_stage(stage_id, change, revision=revision)
    if as_json:
        print_json(view)
    else:
        typer.echo(f"Stage {view.stage.id} {view.stage.name} is changed.")


@commands.command("add")
def add_stage(
    *,
    campaign_id: Annotated[int, typer.Argument(metavar="CAMPAIGN", help="The number of the campaign.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the stage.")],
    job_type: Annotated[str | None, typer.Option(help="What it runs; else that of the campaign.")] = None,
    login_setup: Annotated[str | None, typer.Option(help="How to get ready; else that of the campaign.")] = None,
    sets: Sets = None,
    fed_by: Annotated[list[str] | None, typer.Option(help="STAGE or STAGE:PATTERN that feeds it.")] = None,
    as_json: Json = False,
) -> None:
    """Add a stage to a campaign. What it does not say it inherits."""
    from dataclasses import asdict

    from sutler.wire.campaigns import NewDependency, NewStage

    settings = read_settings(sets)
    new = NewStage(name, job_type, login_setup, **(asdict(settings) if settings else {}))
    parts = [text.partition(":") for text in fed_by or ()]
    dependencies = [NewDependency(upstream, name, pattern or "%") for upstream, _, pattern in parts]
    with connect() as client:
        made = client.add_stage(campaign_id, new, dependencies=dependencies)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"Stage {made.id} {made.name} is there.")


@commands.command("remove")
def remove_stage(*, stage_id: StageId) -> None:
    """Take a stage out of its campaign; its submissions and their history stay."""
    with connect() as client:
        client.remove_stage(stage_id)
    typer.echo(f"Stage {stage_id} is removed.")


@commands.command("hold")
def hold_stage(
    *,
    stage_ids: StageIds,
    reason: Reason = "",
    keeps_schedule: Annotated[bool, typer.Option("--keep-schedule", help="Do not end its schedule.")] = False,
    as_json: Json = False,
) -> None:
    """Hold the launches of stages, all or none: they wait in the queue. Their schedules end."""
    _hold(stage_ids, is_held=True, reason=reason, ends_schedules=not keeps_schedule, as_json=as_json)


@commands.command("release")
def release_stage(*, stage_ids: StageIds, reason: Reason = "", as_json: Json = False) -> None:
    """Let stages be launched again; what waited goes on."""
    _hold(stage_ids, is_held=False, reason=reason, ends_schedules=True, as_json=as_json)


def _hold(stage_ids: list[int], *, is_held: bool, reason: str, ends_schedules: bool, as_json: bool) -> None:
    with connect() as client:
        changed = client.hold_stages(stage_ids, is_held=is_held, reason=reason, ends_schedules=ends_schedules)
    word = "on hold" if is_held else "released"
    if as_json:
        print_json(changed)
    else:
        listed = ", ".join(map(str, stage_ids))
        typer.echo(f"Stages {listed} are {word}." if len(stage_ids) > 1 else f"Stage {listed} is {word}.")
