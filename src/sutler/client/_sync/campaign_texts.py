# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Campaigns as text: what a text would change, changing it, writing one down, samples to begin with."""

from __future__ import annotations

from typing import Literal

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import plans as wire
from sutler.wire.page import Page


class CampaignTextCalls(Caller):
    """Calls about campaigns as text, TOML or INI."""

    def plan_campaign(self, text: wire.CampaignText) -> wire.CampaignPlan:
        """Return what applying a text would change. Nothing is changed; what is wrong is among the problems."""
        return self.send(wire.CampaignPlan, "POST", path_of("campaign_texts", "plan"), text)

    def apply_campaign(self, text: wire.CampaignText, *, key: str | None = None) -> wire.AppliedPlan:
        """Make the campaign what a text says: created or changed as a whole, or left as it is."""
        return self.send(wire.AppliedPlan, "POST", path_of("campaign_texts", "apply"), text, key=key)

    def export_campaign(self, campaign_id: int, *, form: Literal["toml", "ini"] = "toml") -> str:
        """Return a campaign with everything that belongs to it as a text."""
        return self.get_text(path_of("campaigns", campaign_id, "text"), form=form)

    def list_samples(self) -> Page[wire.Sample]:
        """List campaigns to look at and to begin with."""
        return self.get(Page[wire.Sample], path_of("campaign_samples"))

    def get_sample(self, name: str) -> wire.Sample:
        """Return a campaign to begin with."""
        return self.get(wire.Sample, path_of("campaign_samples", name))
