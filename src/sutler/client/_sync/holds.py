# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Holding launches everywhere or in an experiment, and the queue of launches that wait for a hold to end."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import holds as wire
from sutler.wire.campaigns import Changed
from sutler.wire.page import Page


class HoldCalls(Caller):
    """Calls about holds and the queue."""

    def list_holds(self) -> Page[wire.Hold]:
        """List the switches that are on."""
        return self.get(Page[wire.Hold], path_of("holds"))

    def hold_launches(self, experiment: str | None, *, kind: wire.HoldKind = "launches", reason: str = "") -> None:
        """Turn a switch on: of an experiment, or with None of the installation."""
        self.send(NoneType, "PUT", path_of("holds"), wire.NewHold(experiment, kind, reason))

    def release_launches(self, experiment: str | None, *, kind: wire.HoldKind = "launches", reason: str = "") -> None:
        """Turn a switch off; what waited goes on."""
        self.send(NoneType, "POST", path_of("holds", "release"), wire.NewHold(experiment, kind, reason))

    def list_queued_launches(
        self,
        *,
        experiment: str | None = None,
        stage_id: int | None = None,
        state: wire.QueueState | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.QueuedLaunch]:
        """List launches that wait or waited, oldest first."""
        return self.get(
            Page[wire.QueuedLaunch],
            path_of("queued_launches"),
            experiment=experiment,
            stage_id=stage_id,
            state=state,
            limit=limit,
            cursor=cursor,
        )

    def delete_queued_launches(self, queued_ids: Sequence[int]) -> tuple[int, ...]:
        """Take launches out of the queue, all or none, and return those that waited."""
        body = wire.DeletedLaunches(tuple(queued_ids))
        return (self.send(Changed, "POST", path_of("queued_launches", "delete"), body)).ids
