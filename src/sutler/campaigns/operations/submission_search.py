"""Submissions of all campaigns by what they are like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import store
from sutler.campaigns.model import SubmissionFilter, SubmissionSummary
from sutler.campaigns.operations.scope import choose_experiments
from sutler.database import Database
from sutler.database.listing import DEFAULT_LIMIT, Page

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


async def search_submissions(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    wanted: SubmissionFilter | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[SubmissionSummary]:
    """Return submissions of the caller's experiments, or of one, newest first.

    Raises NotFoundError for an experiment that the caller is not in, InvalidInputError.
    """
    wanted = wanted or SubmissionFilter()
    if wanted.since is not None and (wanted.since.tzinfo is None or not _EARLIEST <= wanted.since <= _LATEST):
        raise InvalidInputError([Problem("since", "must be an instant with its time zone, from 1970 on")])
    async with db.read() as tx:
        experiment_ids = await choose_experiments(tx, who, experiment)
        return await store.search_submissions(
            tx, experiment_ids=experiment_ids, wanted=wanted, after=after, limit=limit
        )
