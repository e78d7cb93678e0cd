"""Stages: showing, changing, holding, launching them."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from uuid import uuid4

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.client.errors import QueuedError
from sutler.wire import campaigns as wire
from sutler.wire import submissions as wire_submissions
from sutler.wire.holds import StageHold, StagesHold
from sutler.wire.page import Page


class AsyncStageCalls(AsyncCaller):
    """Calls about stages. A `revision` is that of their campaign; 0 stands for whatever is there."""

    async def list_stages(
        self, campaign_id: int, *, limit: int = 100, cursor: str | None = None
    ) -> Page[wire.StageSummary]:
        """List the stages of a campaign, in order."""
        path = path_of("campaigns", campaign_id, "stages")
        return await self.get(Page[wire.StageSummary], path, limit=limit, cursor=cursor)

    async def add_stage(
        self,
        campaign_id: int,
        stage: wire.NewStage,
        *,
        dependencies: Sequence[wire.NewDependency] = (),
        key: str | None = None,
    ) -> wire.Stage:
        """Add a stage to a campaign, with the dependencies that touch it."""
        body = wire.AddedStage(stage, tuple(dependencies))
        return await self.send(wire.Stage, "POST", path_of("campaigns", campaign_id, "stages"), body, key=key)

    async def view_stage(self, stage_id: int) -> wire_submissions.StageView:
        """Return a stage with what it runs and its newest submissions."""
        return await self.get(wire_submissions.StageView, path_of("stages", stage_id))

    async def replace_stage(self, stage_id: int, new: wire.NewStage, *, revision: int) -> wire_submissions.StageView:
        """Replace what a stage says itself; what it no longer says it inherits."""
        path = path_of("stages", stage_id)
        return await self.send(wire_submissions.StageView, "PUT", path, new, revision=revision)

    async def edit_stage(self, stage_id: int, change: wire.StageChange, *, revision: int) -> wire_submissions.StageView:
        """Change some of what a stage says itself."""
        path = path_of("stages", stage_id)
        return await self.send(wire_submissions.StageView, "PATCH", path, change, revision=revision)

    async def remove_stage(self, stage_id: int) -> None:
        """Take a stage and its dependencies out of its campaign; its submissions and their history stay."""
        await self.send(NoneType, "DELETE", path_of("stages", stage_id))

    async def hold_stage(
        self, stage_id: int, *, is_held: bool = True, reason: str = "", ends_schedules: bool = True
    ) -> wire.Stage:
        """Hold the launches of a stage, or release them. A hold ends its schedule, unless that is declined."""
        path = path_of("stages", stage_id, "hold" if is_held else "release")
        return await self.send(wire.Stage, "POST", path, StageHold(reason, ends_schedules))

    async def hold_stages(
        self, stage_ids: Sequence[int], *, is_held: bool = True, reason: str = "", ends_schedules: bool = True
    ) -> tuple[int, ...]:
        """Hold the launches of stages, or release them, all or none, and return those that were changed."""
        path = path_of("stages", "hold" if is_held else "release")
        body = StagesHold(tuple(stage_ids), reason, ends_schedules)
        return (await self.send(wire.Changed, "POST", path, body)).ids

    async def launch_stage(
        self,
        stage_id: int,
        *,
        is_test: bool = False,
        request: wire_submissions.LaunchRequest | None = None,
        key: str | None = None,
    ) -> int:
        """Launch a stage and return the id of the submission. The same `key` again launches nothing new.

        Raises QueuedError if the launch waits for a hold to end.
        """
        asked = request or wire_submissions.LaunchRequest(is_test)
        return take_submission(await self.request_launch(stage_id, asked, key=key))

    async def request_launch(
        self, stage_id: int, request: wire_submissions.LaunchRequest | None = None, *, key: str | None = None
    ) -> wire_submissions.Launched:
        """Launch a stage and return the id of the submission, or its place in the queue while a hold is on."""
        path = path_of("stages", stage_id, "launch")
        body = request or wire_submissions.LaunchRequest()
        return await self.send(wire_submissions.Launched, "POST", path, body, key=key or str(uuid4()))

    async def launch_campaign(self, campaign_id: int, *, key: str | None = None) -> int:
        """Launch the one stage of a campaign that no other feeds, as `launch_stage` does."""
        path = path_of("campaigns", campaign_id, "launch")
        return take_submission(await self.send(wire_submissions.Launched, "POST", path, key=key or str(uuid4())))

    async def rehearse_launch(
        self, stage_id: int, request: wire_submissions.LaunchRequest | None = None
    ) -> wire_submissions.Rehearsal:
        """Return what a launch would do if it were made now: its files, and what would run. Nothing is moved."""
        path = path_of("stages", stage_id, "rehearsal")
        body = request or wire_submissions.LaunchRequest()
        return await self.send(wire_submissions.Rehearsal, "POST", path, body)


def take_submission(launched: wire_submissions.Launched) -> int:
    """Return the id of the submission that was made. Raises QueuedError if the launch waits for a hold to end."""
    if launched.submission_id is None:
        raise QueuedError(launched.queued_id or 0, launched.reason)
    return launched.submission_id
