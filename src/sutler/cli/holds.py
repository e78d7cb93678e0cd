"""Holding launches, and the queue of those that wait: `sutler hold` and `sutler queue`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import connect, take
from sutler.cli.options import Experiment, Json, Limit
from sutler.cli.output import print_json, print_table

holds = typer.Typer(no_args_is_help=True, help="Holding launches everywhere or in an experiment.")
queue = typer.Typer(no_args_is_help=True, help="Launches that wait for a hold to end.")

Everywhere = Annotated[bool, typer.Option("--everywhere", help="In the whole installation; takes an administrator.")]
Reason = Annotated[str, typer.Option(help="Why, for who waits.")]


class HoldWord(StrEnum):
    """What a switch holds."""

    LAUNCHES = "launches"
    FOLLOWERS = "followers"


class QueueWord(StrEnum):
    """What became of a launch that waited."""

    QUEUED = "queued"
    LAUNCHED = "launched"
    REFUSED = "refused"
    DELETED = "deleted"


Kind = Annotated[
    HoldWord, typer.Option(help="All launches, or recoveries and dependants that would follow by themselves.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(holds, name="hold")
    app.add_typer(queue, name="queue")


@holds.command("list")
def list_holds(*, as_json: Json = False) -> None:
    """List what is on hold."""
    with connect() as client:
        items = client.list_holds().items
    if as_json:
        print_json(items)
        return
    print_table(
        ("where", "what", "since", "by", "reason"),
        [(one.experiment or "everywhere", one.kind, one.held_at, one.held_by, one.reason) for one in items],
    )


@holds.command("set")
def hold_launches(
    *,
    experiment: Experiment = None,
    everywhere: Everywhere = False,
    kind: Kind = HoldWord.LAUNCHES,
    reason: Reason = "",
) -> None:
    """Hold launches: they wait in the queue and go on when the hold ends."""
    where = _choose(experiment, everywhere=everywhere)
    with connect() as client:
        client.hold_launches(where, kind=kind.value, reason=reason)
    typer.echo(f"{kind.value.capitalize()} are on hold {_name(where)}.")


@holds.command("release")
def release_launches(
    *,
    experiment: Experiment = None,
    everywhere: Everywhere = False,
    kind: Kind = HoldWord.LAUNCHES,
    reason: Reason = "",
) -> None:
    """End a hold; what waited goes on."""
    where = _choose(experiment, everywhere=everywhere)
    with connect() as client:
        client.release_launches(where, kind=kind.value, reason=reason)
    typer.echo(f"{kind.value.capitalize()} are released {_name(where)}.")


@queue.command("list")
def list_queued_launches(
    *,
    experiment: Experiment = None,
    stage: Annotated[int | None, typer.Option(help="Only of this stage.")] = None,
    state: Annotated[QueueWord | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List launches that wait or waited, oldest first."""
    with connect() as client:
        items = take(client, client.list_queued_launches, limit, experiment=experiment, stage_id=stage, state=state)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "campaign", "stage", "state", "submission", "by", "since", "reason"),
        [
            (q.id, q.campaign, q.stage, q.state, q.submission_id, q.username, q.queued_at, q.outcome or q.reason)
            for q in items
        ],
    )


@queue.command("delete")
def delete_queued_launches(
    *, queued_ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Their numbers in the queue.")]
) -> None:
    """Take launches out of the queue, all or none."""
    with connect() as client:
        gone = client.delete_queued_launches(queued_ids)
    typer.echo(f"Out of the queue: {', '.join(map(str, gone))}." if gone else "None of them waited any more.")


def _choose(experiment: str | None, *, everywhere: bool) -> str | None:
    if everywhere == (experiment is not None):
        raise InvalidInputError([Problem("--experiment", "or --everywhere is needed, one of them")])
    return experiment


def _name(where: str | None) -> str:
    return "everywhere" if where is None else f"in {where}"
