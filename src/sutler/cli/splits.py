"""Splits of stages: `sutler stage splits`, `reset-split`, `move-split`, `forecast`, `split-types`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect, read_shape
from sutler.cli.options import Json
from sutler.cli.output import print_facts, print_json, print_table, show_size

if TYPE_CHECKING:
    from sutler.wire.splits import PositionView, SliceForecast, SplitForecast, SplitParameter

StageId = Annotated[int, typer.Argument(metavar="ID", help="The number of the stage.")]


class SplitWord(StrEnum):
    """Which position of a split is meant."""

    PRODUCTION = "production"
    TEST = "test"


Kind = Annotated[SplitWord, typer.Option(help="Of production, or of test launches.")]


def register(app: typer.Typer) -> None:
    """Add these commands to those of stages."""
    app.command("splits")(view_positions)
    app.command("reset-split")(reset_split)
    app.command("move-split")(move_split)
    app.command("forecast")(forecast_splits)
    app.command("split-types")(list_split_types)


def view_positions(*, stage_id: StageId, as_json: Json = False) -> None:
    """Show where the splits of a stage stand: of production, and of test launches."""
    with connect() as client:
        items = client.view_positions(stage_id).items
    if as_json:
        print_json(items)
        return
    for at, one in enumerate(items):
        if at:
            typer.echo()
        _print_position(one)


def reset_split(*, stage_id: StageId, kind: Kind = SplitWord.PRODUCTION, as_json: Json = False) -> None:
    """Begin a new pass: everything is given out once more."""
    with connect() as client:
        _show(client.reset_split(stage_id, kind=kind.value), as_json=as_json)


def move_split(
    *,
    stage_id: StageId,
    position: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]", help="Where it is to stand; none is the beginning.")
    ] = None,
    kind: Kind = SplitWord.PRODUCTION,
    as_json: Json = False,
) -> None:
    """Set by hand where a split stands. What it has given out in this pass stays given out."""
    pairs = [text.partition("=") for text in position or ()]
    wanted = read_shape(dict[str, str], {name.strip(): value.strip() for name, _, value in pairs}, "the position")
    with connect() as client:
        _show(client.move_split(stage_id, wanted, kind=kind.value), as_json=as_json)


def forecast_splits(
    *,
    stage_id: StageId,
    split_types: Annotated[
        list[str], typer.Argument(metavar="SPLIT...", help="Split types to compare, like 'drainingn(50)'.")
    ],
    slices: Annotated[int, typer.Option(min=1, max=20, help="How many slices of each to show.")] = 5,
    as_json: Json = False,
) -> None:
    """Show what split types would make of the data of a stage, from the beginning. Nothing moves."""
    with connect() as client:
        items = client.forecast_splits(stage_id, split_types, slice_count=slices).items
    if as_json:
        print_json(items)
        return
    for at, one in enumerate(items):
        if at:
            typer.echo()
        _print_forecast(one)


def list_split_types(*, as_json: Json = False) -> None:
    """List the split types there are, with their parameters."""
    with connect() as client:
        items = client.list_split_types().items
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "example", "parameters", "what it does"),
        [(one.name, one.example, ", ".join(map(_describe_parameter, one.parameters)), one.help) for one in items],
    )


def _describe_parameter(asked: SplitParameter) -> str:
    return asked.name if asked.default is None else f"{asked.name}={asked.default}"


def _show(one: PositionView, *, as_json: bool) -> None:
    if as_json:
        print_json(one)
    else:
        _print_position(one)


def _print_position(one: PositionView) -> None:
    print_facts(
        [
            ("split", f"{one.split_type or 'none'} ({one.kind})"),
            ("stands", one.description),
            ("pass", one.epoch),
            ("slices given out", one.slice_count),
            ("files given out", one.taken_count),
            ("can be set", one.position_help),
            ("reset by", one.reset_by),
        ]
    )


def _print_forecast(one: SplitForecast) -> None:
    typer.echo(f"{one.split_type}: {one.trouble or one.help}")
    if one.slices:
        print_table(("slice", "files", "size", "first files", "note"), list(map(_describe_slice, one.slices)))
    if one.end:
        typer.echo(f"Then: {one.end}")


def _describe_slice(one: SliceForecast) -> tuple[object, ...]:
    return (one.number, one.file_count, show_size(one.size_bytes), " ".join(one.first_files), one.note)
