"""Who uses a job type or a login setup: the list that turns into pages."""

from __future__ import annotations

from typing import Final, LiteralString

from sutler.campaigns.model import TemplateUse
from sutler.database import Tx
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import sql, value

# Each part of the union finds its rows by an index on the number of the template. The newest campaign comes first, and
# itself before its stages: both numbers are made texts of one length, so that one key orders them.
_USERS: Final[LiteralString] = """
SELECT used.* FROM (
    SELECT part.*, (
               to_char(9223372036854775807 - part.campaign_id, 'FM0000000000000000000')
               || to_char(coalesce(part.stage_id, 0), 'FM0000000000000000000')
           ) COLLATE "C" AS place
    FROM (
        SELECT campaign.default_TEMPLATE_id AS template_id, campaign.id AS campaign_id, campaign.name AS campaign,
               NULL::bigint AS stage_id, NULL::text AS stage, FALSE AS is_inherited
        FROM campaigns.campaigns AS campaign
        UNION ALL
        SELECT campaign.default_TEMPLATE_id, campaign.id, campaign.name, stage.id, stage.name, TRUE
        FROM campaigns.campaigns AS campaign
        JOIN campaigns.stages AS stage ON stage.campaign_id = campaign.id
        WHERE stage.TEMPLATE_id IS NULL AND stage.removed_at IS NULL
        UNION ALL
        SELECT stage.TEMPLATE_id, campaign.id, campaign.name, stage.id, stage.name, FALSE
        FROM campaigns.stages AS stage
        JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
    ) AS part
) AS used
"""
_JOB_TYPE_USERS: Final[LiteralString] = _USERS.replace("TEMPLATE", "job_type")
_LOGIN_SETUP_USERS: Final[LiteralString] = _USERS.replace("TEMPLATE", "login_setup")
_PLACE: Final = Key("used.place", "text")


async def list_users_of_job_type(tx: Tx, *, job_type_id: int, after: str | None, limit: int) -> Page[TemplateUse]:
    """Return the campaigns and stages that use a job type: the newest campaign first, its stages in order."""
    filters = [sql("used.template_id = ") + value(job_type_id, "bigint")]
    return await list_page(
        tx, TemplateUse, select=_JOB_TYPE_USERS, filters=filters, key=_PLACE, after=after, limit=limit
    )


async def list_users_of_login_setup(tx: Tx, *, login_setup_id: int, after: str | None, limit: int) -> Page[TemplateUse]:
    """Return the campaigns and stages that use a login setup: the newest campaign first, its stages in order."""
    filters = [sql("used.template_id = ") + value(login_setup_id, "bigint")]
    return await list_page(
        tx, TemplateUse, select=_LOGIN_SETUP_USERS, filters=filters, key=_PLACE, after=after, limit=limit
    )
