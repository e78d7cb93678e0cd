"""Campaigns as text: what a text would change, changing it, writing one down, samples to begin with."""

from __future__ import annotations

from typing import Literal

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import plans as wire
from sutler.wire.page import Page


class AsyncCampaignTextCalls(AsyncCaller):
    """Calls about campaigns as text, TOML or INI."""

    async def plan_campaign(self, text: wire.CampaignText) -> wire.CampaignPlan:
        """Return what applying a text would change. Nothing is changed; what is wrong is among the problems."""
        return await self.send(wire.CampaignPlan, "POST", path_of("campaign_texts", "plan"), text)

    async def apply_campaign(self, text: wire.CampaignText, *, key: str | None = None) -> wire.AppliedPlan:
        """Make the campaign what a text says: created or changed as a whole, or left as it is."""
        return await self.send(wire.AppliedPlan, "POST", path_of("campaign_texts", "apply"), text, key=key)

    async def export_campaign(self, campaign_id: int, *, form: Literal["toml", "ini"] = "toml") -> str:
        """Return a campaign with everything that belongs to it as a text."""
        return await self.get_text(path_of("campaigns", campaign_id, "text"), form=form)

    async def list_samples(self) -> Page[wire.Sample]:
        """List campaigns to look at and to begin with."""
        return await self.get(Page[wire.Sample], path_of("campaign_samples"))

    async def get_sample(self, name: str) -> wire.Sample:
        """Return a campaign to begin with."""
        return await self.get(wire.Sample, path_of("campaign_samples", name))
