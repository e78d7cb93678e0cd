"""What two submissions were launched with, side by side."""

from __future__ import annotations

from sutler.auth import Action, Principal, permit
from sutler.campaigns.model import PlannedChange
from sutler.campaigns.operations.loading import load_submission, thing_of_submission
from sutler.campaigns.rules.comparing import compare_configs
from sutler.database import Database


async def compare_submissions(
    db: Database, who: Principal, *, submission_id: int, other_id: int
) -> tuple[PlannedChange, ...]:
    """Return what is different about the second of two submissions: everything that was frozen when they were launched.

    Raises NotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        rows = [await load_submission(tx, each) for each in (submission_id, other_id)]
        for row in rows:
            permit(who, Action.VIEW, thing_of_submission(row))
        return compare_configs(rows[0].config, rows[1].config)
