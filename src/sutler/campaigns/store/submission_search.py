"""Submissions of all campaigns by what they are like: the list that turns into pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, LiteralString

from sutler.campaigns.model import SubmissionFilter, SubmissionSummary
from sutler.database import Tx
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import Fragment, sql, value

SUBMISSIONS: Final[LiteralString] = """
SELECT submission.id, submission.campaign_id, campaign.name AS campaign, submission.stage_id, stage.name AS stage,
       campaign.data_handler, submission.cause, submission.upstream_submission_id, submission.status,
       submission.batch_status, submission.reason, submission.project_id, launcher.username AS launched_by,
       submission.created_at, submission.ended_at, submission.original_id, submission.recovery_type,
       submission.is_test, submission.is_shared, coalesce(share.total_count, 0) AS total_count,
       coalesce(share.initial_count, 0) AS initial_count, coalesce(share.unlocated_count, 0) AS unlocated_count,
       coalesce(share.reserved_count, 0) AS reserved_count, coalesce(share.done_count, 0) AS done_count,
       coalesce(share.failed_count, 0) AS failed_count, coalesce(share.output_count, 0) AS output_count
FROM campaigns.submissions AS submission
JOIN campaigns.campaigns AS campaign ON campaign.id = submission.campaign_id
JOIN campaigns.stages AS stage ON stage.id = submission.stage_id
JOIN auth.user_names AS launcher ON launcher.id = submission.launched_by
LEFT JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
"""
"""What every list of submissions shows of one."""

NEWEST: Final = Key("submission.id", "bigint", is_descending=True)


async def search_submissions(
    tx: Tx, *, experiment_ids: Sequence[int], wanted: SubmissionFilter, after: str | None, limit: int
) -> Page[SubmissionSummary]:
    """Return submissions of experiments, newest first."""
    filters = [
        sql("submission.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"),
        *_filter_numbers(wanted),
        *_filter_names(wanted, experiment_ids),
        *_filter_words(wanted),
    ]
    return await list_page(
        tx, SubmissionSummary, select=SUBMISSIONS, filters=filters, key=NEWEST, after=after, limit=limit
    )


def _filter_numbers(wanted: SubmissionFilter) -> Iterator[Fragment]:
    if wanted.campaign_id is not None:
        yield sql("submission.campaign_id = ") + value(wanted.campaign_id, "bigint")
    if wanted.stage_id is not None:
        yield sql("submission.stage_id = ") + value(wanted.stage_id, "bigint")


def _filter_names(wanted: SubmissionFilter, experiment_ids: Sequence[int]) -> Iterator[Fragment]:
    """Names are looked up first: then what they name is found by its number."""
    within = (
        sql("named.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(") AND named.name ILIKE ")
    )
    if wanted.campaign is not None:
        named = sql("submission.campaign_id IN (SELECT named.id FROM campaigns.campaigns AS named WHERE ") + within
        yield named + value(_write_pattern(wanted.campaign), "text") + sql(")")
    if wanted.stage is not None:
        named = sql("submission.stage_id IN (SELECT named.id FROM campaigns.stages AS named WHERE ") + within
        yield named + value(_write_pattern(wanted.stage), "text") + sql(")")
    if wanted.launched_by is not None:
        named = sql("submission.launched_by = (SELECT named.id FROM auth.user_names AS named WHERE named.username = ")
        yield named + value(wanted.launched_by, "text") + sql(")")


def _filter_words(wanted: SubmissionFilter) -> Iterator[Fragment]:
    if wanted.status is not None:
        yield sql("submission.status = ") + value(wanted.status.value, "text")
    if wanted.batch_status is not None:
        yield sql("submission.batch_status = ") + value(wanted.batch_status.value, "text")
    if wanted.cause is not None:
        yield sql("submission.cause = ") + value(wanted.cause.value, "text")
    if wanted.since is not None:
        yield sql("submission.created_at >= ") + value(wanted.since, "timestamptz")
    if wanted.is_open is not None:
        yield sql("submission.ended_at IS NULL") if wanted.is_open else sql("submission.ended_at IS NOT NULL")
    if wanted.is_test is not None:
        yield sql("submission.is_test = ") + value(wanted.is_test, "boolean")


def _write_pattern(name: str) -> str:
    return name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
