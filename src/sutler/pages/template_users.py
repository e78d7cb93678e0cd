"""Which stages use a login setup or a job type, themselves or through their campaign."""

from __future__ import annotations

from dataclasses import dataclass

from sutler import campaigns
from sutler.campaigns import CampaignSummary
from sutler.database import Database
from sutler.database.listing import LARGEST_LIMIT
from sutler.pages.session import Visit

MOST_CAMPAIGNS = 200
"""So many campaigns are looked through, the newest first: more would keep the page waiting."""


@dataclass(frozen=True)
class TemplateUser:
    """A stage that uses it."""

    campaign_id: int
    campaign: str
    stage_id: int
    stage: str


async def list_users(
    db: Database, visit: Visit, experiment: str, *, job_type: str | None = None, login_setup: str | None = None
) -> tuple[TemplateUser, ...]:
    """Return the stages of the newest campaigns of an experiment that use a job type or a login setup."""
    found = await campaigns.list_campaigns(
        db, visit.who, experiment=experiment, limit=min(MOST_CAMPAIGNS, LARGEST_LIMIT)
    )
    users: list[TemplateUser] = []
    for campaign in found.items:
        users += await _list_users(db, visit, campaign, job_type, login_setup)
    return tuple(users)


async def _list_users(
    db: Database, visit: Visit, campaign: CampaignSummary, job_type: str | None, login_setup: str | None
) -> list[TemplateUser]:
    return [
        TemplateUser(campaign.id, campaign.name, stage.id, stage.name)
        for stage in await campaigns.list_stages(db, visit.who, campaign_id=campaign.id)
        if job_type in (None, stage.job_type) and login_setup in (None, stage.login_setup)
    ]
