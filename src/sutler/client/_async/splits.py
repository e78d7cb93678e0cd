"""Split types: which there are, where those of a stage stand, and what others would make of its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import splits as wire
from sutler.wire.page import Page


class AsyncSplitCalls(AsyncCaller):
    """Calls about splits."""

    async def list_split_types(self) -> Page[wire.SplitType]:
        """List the split types of the installation, with the parameters of each."""
        return await self.get(Page[wire.SplitType], path_of("split_types"))

    async def view_positions(self, stage_id: int) -> Page[wire.PositionView]:
        """Return where the splits of a stage stand: of production, then of test launches."""
        return await self.get(Page[wire.PositionView], path_of("stages", stage_id, "splits"))

    async def reset_split(
        self, stage_id: int, *, kind: wire.SplitKind = "production", key: str | None = None
    ) -> wire.PositionView:
        """Begin a new pass: everything is given out once more."""
        return await self.send(wire.PositionView, "POST", path_of("stages", stage_id, "splits", kind, "reset"), key=key)

    async def move_split(
        self, stage_id: int, position: Mapping[str, object], *, kind: wire.SplitKind = "production"
    ) -> wire.PositionView:
        """Set by hand where a split stands. What it has given out in this pass stays given out."""
        path = path_of("stages", stage_id, "splits", kind, "position")
        return await self.send(wire.PositionView, "PUT", path, wire.NewPosition(dict(position)))

    async def forecast_splits(
        self, stage_id: int, split_types: Sequence[str], *, slice_count: int = 5
    ) -> Page[wire.SplitForecast]:
        """Return what split types would make of the data of a stage, from the beginning. Nothing moves."""
        body = wire.ForecastRequest(tuple(split_types), slice_count)
        return await self.send(Page[wire.SplitForecast], "POST", path_of("stages", stage_id, "forecast"), body)
