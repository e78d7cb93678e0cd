"""Split types: which there are, where those of a stage stand, and what others would make of its data."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import campaigns
from sutler.rest.context import Here, Once
from sutler.rest.parameters import Id
from sutler.rest.showing import show, show_all
from sutler.wire import splits as wire
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of splits."""
    router.get("/split_types")(list_split_types)
    router.get("/stages/{stage_id}/splits")(view_positions)
    router.post("/stages/{stage_id}/splits/{kind}/reset")(reset_split)
    router.put("/stages/{stage_id}/splits/{kind}/position")(move_split)
    router.post("/stages/{stage_id}/forecast")(forecast_splits)


async def list_split_types(_here: Here) -> Page[wire.SplitType]:
    """List the split types of this installation, with the parameters of each."""
    kinds = campaigns.load_split_types().values()
    return Page(
        tuple(
            wire.SplitType(
                name=kind.name,
                help=kind.help,
                example=kind.example,
                base_help=kind.base_help,
                parameters=tuple(map(_show_parameter, kind.parameters())),
                position_parameter=None
                if kind.position_parameter is None
                else _show_parameter(kind.position_parameter),
            )
            for kind in kinds
        )
    )


async def view_positions(here: Here, stage_id: Id) -> Page[wire.PositionView]:
    """Show where the splits of a stage stand: of production, then of test launches."""
    return Page(show_all(wire.PositionView, await campaigns.view_positions(here.db, here.who, stage_id=stage_id)))


async def reset_split(here: Once, stage_id: Id, kind: wire.SplitKind) -> wire.PositionView:
    """Begin a new pass: everything is given out once more."""
    reset = await campaigns.reset_split(here.db, here.who, stage_id=stage_id, kind=campaigns.SplitKind(kind))
    return show(wire.PositionView, reset)


async def move_split(here: Here, stage_id: Id, kind: wire.SplitKind, body: wire.NewPosition) -> wire.PositionView:
    """Set by hand where a split stands. What it has given out in this pass stays given out."""
    moved = await campaigns.move_split(
        here.db, here.who, stage_id=stage_id, kind=campaigns.SplitKind(kind), position=body.position
    )
    return show(wire.PositionView, moved)


async def forecast_splits(here: Here, stage_id: Id, body: wire.ForecastRequest) -> Page[wire.SplitForecast]:
    """Show what split types would make of the data of a stage, from the beginning, side by side. Nothing moves."""
    found = await campaigns.forecast_splits(
        here.db, here.who, stage_id=stage_id, split_types=body.split_types, slice_count=body.slice_count
    )
    return Page(tuple(show(wire.SplitForecast, one, slices=show_all(wire.SliceForecast, one.slices)) for one in found))


def _show_parameter(asked: campaigns.Parameter) -> wire.SplitParameter:
    return wire.SplitParameter(asked.name, asked.kind.hint, asked.help, asked.default)
