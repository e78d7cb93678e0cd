"""The job type and the login setup that a campaign names for its stages."""

from __future__ import annotations

from sutler import campaigns
from sutler.campaigns import Campaign
from sutler.database import Database
from sutler.pages.session import Visit


async def name_default_job_type(db: Database, visit: Visit, campaign: Campaign) -> str:
    """Return the name of the job type that stages get from a campaign; empty if it names none."""
    found = campaign.default_job_type_id
    return "" if found is None else (await campaigns.get_job_type(db, visit.who, job_type_id=found)).name


async def name_default_login_setup(db: Database, visit: Visit, campaign: Campaign) -> str:
    """Return the name of the login setup that stages get from a campaign; empty if it names none."""
    found = campaign.default_login_setup_id
    return "" if found is None else (await campaigns.get_login_setup(db, visit.who, login_setup_id=found)).name
