# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""When stages are launched by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import NoneType

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import schedules as wire
from sutler.wire.campaigns import Changed
from sutler.wire.page import Page


class ScheduleCalls(Caller):
    """Calls about schedules."""

    def list_schedules(
        self,
        *,
        experiment: str | None = None,
        campaign_id: int | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.Schedule]:
        """List schedules, in the order in which they were made."""
        return self.get(
            Page[wire.Schedule],
            path_of("schedules"),
            experiment=experiment,
            campaign_id=campaign_id,
            limit=limit,
            cursor=cursor,
        )

    def get_schedule(self, stage_id: int) -> wire.Schedule:
        """Return the schedule of a stage."""
        return self.get(wire.Schedule, path_of("stages", stage_id, "schedule"))

    def save_schedule(self, stage_id: int, new: wire.NewSchedule) -> wire.Schedule:
        """Give a stage its schedule, in place of the one it has. It is launched on your behalf then."""
        return self.send(wire.Schedule, "PUT", path_of("stages", stage_id, "schedule"), new)

    def activate_schedules(self, stage_ids: Sequence[int], *, is_active: bool = True) -> tuple[int, ...]:
        """Resume the schedules of stages, or pause them, all or none, and return the stages where it made a change."""
        path = path_of("schedules", "resume" if is_active else "pause")
        return (self.send(Changed, "POST", path, wire.ScheduledStages(tuple(stage_ids)))).ids

    def delete_schedule(self, stage_id: int) -> None:
        """Delete the schedule of a stage with its runs."""
        self.send(NoneType, "DELETE", path_of("stages", stage_id, "schedule"))

    def preview_schedule(self, cron: str, *, time_zone: str = "UTC", count: int = 5) -> tuple[datetime, ...]:
        """Return when a schedule would be due next."""
        path = path_of("schedules", "preview")
        return (self.get(wire.DueTimes, path, cron=cron, time_zone=time_zone, count=count)).due_at

    def list_schedule_runs(
        self, stage_id: int, *, limit: int = 100, cursor: str | None = None
    ) -> Page[wire.ScheduleRun]:
        """List when the schedule of a stage was due and what came of it, newest first."""
        path = path_of("stages", stage_id, "schedule", "runs")
        return self.get(Page[wire.ScheduleRun], path, limit=limit, cursor=cursor)
