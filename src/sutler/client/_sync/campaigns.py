# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Login setups, job types, campaigns and stages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import campaigns as wire
from sutler.wire import submissions as wire_submissions
from sutler.wire.page import Page


class CampaignCalls(Caller):
    """Calls about what is to run."""

    def list_login_setups(self, *, experiment: str | None = None) -> Page[wire.LoginSetup]:
        """List login setups."""
        return self.get(Page[wire.LoginSetup], path_of("login_setups"), experiment=experiment)

    def save_login_setup(self, new: wire.NewLoginSetup, *, key: str | None = None) -> wire.LoginSetup:
        """Make a login setup, or change the one of that name."""
        return self.send(wire.LoginSetup, "POST", path_of("login_setups"), new, key=key)

    def list_job_types(self, *, experiment: str | None = None) -> Page[wire.JobType]:
        """List job types."""
        return self.get(Page[wire.JobType], path_of("job_types"), experiment=experiment)

    def save_job_type(self, new: wire.NewJobType, *, key: str | None = None) -> wire.JobType:
        """Make a job type, or change the one of that name."""
        return self.send(wire.JobType, "POST", path_of("job_types"), new, key=key)

    def list_campaigns(
        self,
        *,
        experiment: str | None = None,
        name: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.CampaignSummary]:
        """List campaigns, newest first. `name` may hold `*`."""
        return self.get(
            Page[wire.CampaignSummary],
            path_of("campaigns"),
            experiment=experiment,
            name=name,
            limit=limit,
            cursor=cursor,
        )

    def create_campaign(self, new: wire.NewCampaign, *, key: str | None = None) -> wire.Campaign:
        """Make a campaign with its stages and dependencies, all or nothing."""
        return self.send(wire.Campaign, "POST", path_of("campaigns"), new, key=key)

    def view_campaign(self, campaign_id: int) -> wire_submissions.CampaignView:
        """Return a campaign with its stages and newest submissions."""
        return self.get(wire_submissions.CampaignView, path_of("campaigns", campaign_id))

    def add_stage(
        self,
        campaign_id: int,
        stage: wire.NewStage,
        *,
        dependencies: Sequence[wire.NewDependency] = (),
        key: str | None = None,
    ) -> wire.Stage:
        """Add a stage to a campaign, with the dependencies that touch it."""
        body = wire.AddedStage(stage, tuple(dependencies))
        return self.send(wire.Stage, "POST", path_of("campaigns", campaign_id, "stages"), body, key=key)

    def view_stage(self, stage_id: int) -> wire_submissions.StageView:
        """Return a stage with what it runs and its newest submissions."""
        return self.get(wire_submissions.StageView, path_of("stages", stage_id))

    def launch_stage(self, stage_id: int, *, is_test: bool = False, key: str | None = None) -> int:
        """Launch a stage and return the id of the submission. The same `key` again launches nothing new."""
        body = wire_submissions.LaunchRequest(is_test)
        path = path_of("stages", stage_id, "launch")
        launched = self.send(wire_submissions.Launched, "POST", path, body, key=key or str(uuid4()))
        return launched.submission_id

    def hold_stage(self, stage_id: int, *, is_held: bool = True) -> wire.Stage:
        """Hold the launches of a stage, or release them."""
        return self.send(wire.Stage, "POST", path_of("stages", stage_id, "hold" if is_held else "release"))
