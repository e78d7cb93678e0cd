"""The lists of the room: what the listing builder turns into pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, LiteralString

from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import store
from sutler.campaigns.model import CampaignSummary, StageSummary, SubmissionSummary
from sutler.campaigns.store.submission_search import NEWEST, SUBMISSIONS
from sutler.database import Tx
from sutler.database.listing import LARGEST_LIMIT, Key, Page, list_page
from sutler.database.sql import Fragment, sql, value

_CAMPAIGNS: Final[LiteralString] = """
SELECT campaign.id, experiment.name AS experiment, campaign.name, campaign.is_active, creator.username AS creator,
       campaign.created_at, campaign.creator_role, campaign.data_handler, campaign.is_test,
       ARRAY(SELECT tag.tag FROM campaigns.tags AS tag WHERE tag.campaign_id = campaign.id ORDER BY tag.tag) AS tags,
       campaign.stage_count, coalesce(kept.submission_count, 0) AS submission_count,
       coalesce(kept.open_submission_count, 0) AS open_submission_count,
       CASE WHEN kept.open_submission_count > 0 THEN kept.failed_file_count + (
           SELECT coalesce(sum(share.failed_count), 0)
           FROM campaigns.submissions AS submission
           JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
           WHERE submission.campaign_id = campaign.id AND submission.ended_at IS NULL
       ) ELSE coalesce(kept.failed_file_count, 0) END::bigint AS failed_file_count
FROM campaigns.campaigns AS campaign
JOIN auth.experiment_names AS experiment ON experiment.id = campaign.experiment_id
JOIN auth.user_names AS creator ON creator.id = campaign.created_by
LEFT JOIN campaigns.campaign_counts AS kept ON kept.campaign_id = campaign.id
"""

_NEWEST_CAMPAIGN: Final = Key("campaign.id", "bigint", is_descending=True)

_BEFORE_ALL: Final = (-(2**31), 0)
_PLACE: Final = re.compile(r"(-?[0-9]{1,10})\.([0-9]{1,19})")


@dataclass(frozen=True)
class CampaignFilter:
    """Which campaigns a list is about; None leaves a question open. `name` may hold `*` for any characters."""

    name: str | None = None
    is_active: bool | None = None
    created_by: int | None = None
    not_created_by: int | None = None
    is_production: bool | None = None
    tag: str | None = None
    watched_by: int | None = None


async def list_campaigns(
    tx: Tx, *, experiment_ids: Sequence[int], wanted: CampaignFilter, after: str | None, limit: int
) -> Page[CampaignSummary]:
    """Return campaigns of experiments, newest first."""
    filters = [
        sql("campaign.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"),
        *_filter_campaigns(wanted),
    ]
    page = await list_page(
        tx, CampaignSummary, select=_CAMPAIGNS, filters=filters, key=_NEWEST_CAMPAIGN, after=after, limit=limit
    )
    return replace(page, items=tuple(replace(one, tags=tuple(one.tags)) for one in page.items))


def _filter_campaigns(wanted: CampaignFilter) -> Iterator[Fragment]:
    if wanted.name:
        pattern = wanted.name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
        yield sql("campaign.name ILIKE ") + value(pattern, "text")
    if wanted.is_active is not None:
        yield sql("campaign.is_active = ") + value(wanted.is_active, "boolean")
    if wanted.created_by is not None:
        yield sql("campaign.created_by = ") + value(wanted.created_by, "bigint")
    if wanted.not_created_by is not None:
        yield sql("campaign.created_by <> ") + value(wanted.not_created_by, "bigint")
    if wanted.is_production is not None:
        is_analysis = sql("campaign.creator_role = 'analysis'")
        yield sql("NOT ") + is_analysis if wanted.is_production else is_analysis
    if wanted.tag is not None:
        yield (
            sql("EXISTS (SELECT FROM campaigns.tags AS wanted WHERE wanted.campaign_id = campaign.id AND wanted.tag = ")
            + value(wanted.tag, "text")
            + sql(")")
        )
    if wanted.watched_by is not None:
        yield (
            sql("campaign.id IN (SELECT watch.campaign_id FROM campaigns.watches AS watch WHERE watch.user_id = ")
            + value(wanted.watched_by, "bigint")
            + sql(")")
        )


async def list_stages(tx: Tx, *, campaign_id: int, after: str | None, limit: int) -> Page[StageSummary]:
    """Return stages of a campaign, in its order. Raises InvalidInputError for a limit out of range or a broken cursor.

    The cursor is the rank and the id of the last stage: where a stage stands is not unique by its rank alone.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_LIMIT}, not {limit}")])
    place = _BEFORE_ALL if after is None else _read_place(after)
    found = await store.list_stages_after(tx, campaign_id=campaign_id, place=place, count=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(stage.summary for stage in found[:limit]),
        next_cursor=None if last is None else f"{last.rank}.{last.summary.id}",
    )


def _read_place(cursor: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(cursor)
    rank, stage_id = (int(found[1]), int(found[2])) if found else (2**31, 2**63)
    if not (-(2**31) <= rank < 2**31 and stage_id < 2**63):
        raise InvalidInputError([Problem("cursor", "is not one that this list gave out")])
    return rank, stage_id


async def list_submissions(
    tx: Tx,
    *,
    experiment_ids: Sequence[int],
    campaign_id: int | None = None,
    stage_id: int | None = None,
    submission_id: int | None = None,
    is_open: bool | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[SubmissionSummary]:
    """Return submissions, newest first, of experiments and further of one campaign, stage or number."""
    filters: list[Fragment] = [
        sql("submission.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")")
    ]
    if campaign_id is not None:
        filters.append(sql("submission.campaign_id = ") + value(campaign_id, "bigint"))
    if stage_id is not None:
        filters.append(sql("submission.stage_id = ") + value(stage_id, "bigint"))
    if submission_id is not None:
        filters.append(sql("submission.id = ") + value(submission_id, "bigint"))
    if is_open is not None:
        filters.append(sql("submission.ended_at IS NULL") if is_open else sql("submission.ended_at IS NOT NULL"))
    return await list_page(
        tx, SubmissionSummary, select=SUBMISSIONS, filters=filters, key=NEWEST, after=after, limit=limit
    )
