# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import campaigns as wire
from sutler.wire import submissions as wire_submissions
from sutler.wire.page import Page


class CampaignCalls(Caller):
    """Calls about campaigns.

    A `revision` is that of the campaign that was looked at; what somebody has changed since is left alone, with a
    ChangedMeanwhileError. 0 stands for whatever is there.
    """

    def list_campaigns(
        self,
        *,
        experiment: str | None = None,
        name: str | None = None,
        is_active: bool | None = None,
        is_mine: bool | None = None,
        is_production: bool | None = None,
        is_watched: bool | None = None,
        tag: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.CampaignSummary]:
        """List campaigns, newest first. `name` may hold `*`."""
        return self.get(
            Page[wire.CampaignSummary],
            path_of("campaigns"),
            experiment=experiment,
            name=name,
            is_active=is_active,
            is_mine=is_mine,
            is_production=is_production,
            is_watched=is_watched,
            tag=tag,
            limit=limit,
            cursor=cursor,
        )

    def create_campaign(self, new: wire.NewCampaign, *, key: str | None = None) -> wire.Campaign:
        """Make a campaign with its stages and dependencies, all or nothing."""
        return self.send(wire.Campaign, "POST", path_of("campaigns"), new, key=key)

    def view_campaign(self, campaign_id: int) -> wire_submissions.CampaignView:
        """Return a campaign with its newest submissions and its first 200 stages; `list_stages` has the others."""
        return self.get(wire_submissions.CampaignView, path_of("campaigns", campaign_id))

    def edit_campaign(self, campaign_id: int, change: wire.CampaignChange, *, revision: int) -> wire.Campaign:
        """Change what a campaign says; its stages follow its defaults where they say nothing themselves."""
        path = path_of("campaigns", campaign_id)
        return self.send(wire.Campaign, "PATCH", path, change, revision=revision)

    def delete_campaign(self, campaign_id: int) -> None:
        """Delete a campaign that was never launched."""
        self.send(NoneType, "DELETE", path_of("campaigns", campaign_id))

    def clone_campaign(self, campaign_id: int, name: str, *, key: str | None = None) -> wire.Campaign:
        """Copy a campaign with its stages, dependencies and tags under another name."""
        path = path_of("campaigns", campaign_id, "clone")
        return self.send(wire.Campaign, "POST", path, wire.Named(name), key=key)

    def list_dependencies(self, campaign_id: int) -> Page[wire.Dependency]:
        """List what feeds what in a campaign: all of it, in order."""
        return self.get(Page[wire.Dependency], path_of("campaigns", campaign_id, "dependencies"))

    def set_dependencies(
        self, campaign_id: int, dependencies: Sequence[wire.NewDependency], *, revision: int
    ) -> Page[wire.Dependency]:
        """Replace the dependencies of a campaign; those that stay keep their number."""
        path = path_of("campaigns", campaign_id, "dependencies")
        body = wire.NewDependencies(tuple(dependencies))
        return self.send(Page[wire.Dependency], "PUT", path, body, revision=revision)

    def watch_campaign(self, campaign_id: int, *, is_watched: bool = True) -> None:
        """Put a campaign on your watch list, or take it off."""
        self.send(NoneType, "PUT" if is_watched else "DELETE", path_of("campaigns", campaign_id, "watch"))

    def list_tags(self, *, experiment: str | None = None, prefix: str | None = None) -> Page[wire.Tag]:
        """List tags that begin with some letters, at most 20, each with how many campaigns carry it."""
        return self.get(Page[wire.Tag], path_of("campaign_tags"), experiment=experiment, prefix=prefix)

    def tag_campaigns(
        self, campaign_ids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Page[wire.Campaign]:
        """Put tags on campaigns and take others off, all or nothing."""
        body = wire.TagChange(tuple(campaign_ids), tuple(add), tuple(remove))
        return self.send(Page[wire.Campaign], "POST", path_of("campaign_tags"), body)

    def mark_campaigns(
        self, campaign_ids: Sequence[int], *, is_active: bool, ends_schedules: bool = False
    ) -> tuple[int, ...]:
        """Mark campaigns active or not, all or nothing, and return those that were changed."""
        body = wire.Mark(tuple(campaign_ids), is_active, ends_schedules)
        return (self.send(wire.Changed, "POST", path_of("campaigns", "mark"), body)).ids
