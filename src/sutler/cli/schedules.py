"""When stages are launched by themselves: `sutler schedule`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect, take
from sutler.cli.options import Experiment, Json, Limit
from sutler.cli.output import print_json, print_table, show_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sutler.wire.schedules import Schedule

commands = typer.Typer(no_args_is_help=True, help="Schedules: when stages are launched by themselves.")

StageId = Annotated[int, typer.Argument(metavar="STAGE", help="The number of the stage.")]
StageIds = Annotated[list[int], typer.Argument(metavar="STAGE...", help="The numbers of the stages.")]
Cron = Annotated[
    str, typer.Argument(help="Minute, hour, day of month, month, day of week: '0 2 * * *' is every night at two.")
]
Zone = Annotated[str, typer.Option("--zone", help="The time zone, like Europe/Zurich.")]


class OverlapWord(StrEnum):
    """What happens when a schedule is due while a submission of the stage still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="schedule")


@commands.command("list")
def list_schedules(
    *,
    experiment: Experiment = None,
    campaign: Annotated[int | None, typer.Option(help="Only of this campaign.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List schedules."""
    with connect() as client:
        items = take(client, client.list_schedules, limit, experiment=experiment, campaign_id=campaign)
    _print(items, items, as_json=as_json)


@commands.command("show")
def show_schedule(*, stage_id: StageId, as_json: Json = False) -> None:
    """Show the schedule of a stage."""
    with connect() as client:
        found = client.get_schedule(stage_id)
    _print([found], found, as_json=as_json)


@commands.command("set")
def save_schedule(
    *,
    stage_id: StageId,
    cron: Cron,
    zone: Zone = "UTC",
    overlap: Annotated[
        OverlapWord, typer.Option(help="What to do when it is due while a submission still runs.")
    ] = OverlapWord.SKIP,
    is_active: Annotated[bool, typer.Option("--active/--paused", help="Keep it, but do not launch.")] = True,
    as_json: Json = False,
) -> None:
    """Launch a stage by itself from now on, on your behalf."""
    from sutler.wire.schedules import NewSchedule

    with connect() as client:
        kept = client.save_schedule(stage_id, NewSchedule(cron, zone, overlap.value, is_active))
    if as_json:
        print_json(kept)
    elif kept.next_due_at is None:
        typer.echo(f"Stage {kept.stage_id} {kept.stage} keeps its schedule, which is {kept.reason}.")
    else:
        typer.echo(f"Stage {kept.stage_id} {kept.stage} is launched next at {show_cell(kept.next_due_at)}.")


@commands.command("pause")
def pause_schedules(*, stage_ids: StageIds, as_json: Json = False) -> None:
    """Pause the schedules of stages, all or none."""
    _activate(stage_ids, is_active=False, as_json=as_json)


@commands.command("resume")
def resume_schedules(*, stage_ids: StageIds, as_json: Json = False) -> None:
    """Let stages be launched by their schedules again, all or none, on your behalf."""
    _activate(stage_ids, is_active=True, as_json=as_json)


@commands.command("delete")
def delete_schedule(*, stage_id: StageId) -> None:
    """Delete the schedule of a stage with its runs."""
    with connect() as client:
        client.delete_schedule(stage_id)
    typer.echo(f"Stage {stage_id} has no schedule.")


@commands.command("preview")
def preview_schedule(
    *,
    cron: Cron,
    zone: Zone = "UTC",
    count: Annotated[int, typer.Option(min=1, max=50, help="How many times to show.")] = 5,
    as_json: Json = False,
) -> None:
    """Show when a schedule would be due next."""
    with connect() as client:
        times = client.preview_schedule(cron, time_zone=zone, count=count)
    if as_json:
        print_json(times)
    else:
        typer.echo("\n".join(map(show_cell, times)))


@commands.command("runs")
def list_schedule_runs(*, stage_id: StageId, limit: Limit = 100, as_json: Json = False) -> None:
    """List when the schedule of a stage was due and what came of it, newest first."""
    with connect() as client:
        items = take(client, client.list_schedule_runs, limit, stage_id=stage_id)
    if as_json:
        print_json(items)
        return
    print_table(
        ("due", "what came of it", "submission", "reason"),
        [(one.due_at, one.state, one.submission_id, one.reason) for one in items],
    )


def _activate(stage_ids: list[int], *, is_active: bool, as_json: bool) -> None:
    with connect() as client:
        changed = client.activate_schedules(stage_ids, is_active=is_active)
    if as_json:
        print_json(changed)
        return
    rest = [stage_id for stage_id in stage_ids if stage_id not in changed]
    word = "resumed" if is_active else "paused"
    if changed:
        typer.echo(f"The schedule of {', '.join(map(str, changed))} is {word}.")
    if rest:
        typer.echo(f"Nothing to change for {', '.join(map(str, rest))}: no schedule, or {word} before.")


def _print(items: Sequence[Schedule], whole: object, *, as_json: bool) -> None:
    if as_json:
        print_json(whole)
        return
    print_table(
        ("stage", "name", "campaign", "when", "zone", "overlap", "active", "next", "saved by", "reason"),
        [
            (
                s.stage_id,
                s.stage,
                s.campaign,
                s.cron,
                s.time_zone,
                s.overlap,
                s.is_active,
                s.next_due_at,
                s.username,
                s.reason,
            )
            for s in items
        ],
    )
