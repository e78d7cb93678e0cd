# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Split types: which there are, where those of a stage stand, and what others would make of its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import splits as wire
from sutler.wire.page import Page


class SplitCalls(Caller):
    """Calls about splits."""

    def list_split_types(self) -> Page[wire.SplitType]:
        """List the split types of the installation, with the parameters of each."""
        return self.get(Page[wire.SplitType], path_of("split_types"))

    def view_positions(self, stage_id: int) -> Page[wire.PositionView]:
        """Return where the splits of a stage stand: of production, then of test launches."""
        return self.get(Page[wire.PositionView], path_of("stages", stage_id, "splits"))

    def reset_split(
        self, stage_id: int, *, kind: wire.SplitKind = "production", key: str | None = None
    ) -> wire.PositionView:
        """Begin a new pass: everything is given out once more."""
        return self.send(wire.PositionView, "POST", path_of("stages", stage_id, "splits", kind, "reset"), key=key)

    def move_split(
        self, stage_id: int, position: Mapping[str, object], *, kind: wire.SplitKind = "production"
    ) -> wire.PositionView:
        """Set by hand where a split stands. What it has given out in this pass stays given out."""
        path = path_of("stages", stage_id, "splits", kind, "position")
        return self.send(wire.PositionView, "PUT", path, wire.NewPosition(dict(position)))

    def forecast_splits(
        self, stage_id: int, split_types: Sequence[str], *, slice_count: int = 5
    ) -> Page[wire.SplitForecast]:
        """Return what split types would make of the data of a stage, from the beginning. Nothing moves."""
        body = wire.ForecastRequest(tuple(split_types), slice_count)
        return self.send(Page[wire.SplitForecast], "POST", path_of("stages", stage_id, "forecast"), body)
