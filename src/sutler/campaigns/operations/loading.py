"""Loading what an operation is about, or saying that it is not there."""

from __future__ import annotations

from typing import Protocol

from sutler.auth import Role, Thing
from sutler.base.errors import NotFoundError
from sutler.campaigns import store
from sutler.campaigns.model import Campaign, Stage
from sutler.campaigns.store import SubmissionRow
from sutler.database import Tx


class Owned(Protocol):
    """Something that somebody made in a role."""

    @property
    def experiment_id(self) -> int:
        """Whose it is."""
        ...

    @property
    def created_by(self) -> int:
        """The user who made it."""
        ...

    @property
    def creator_role(self) -> str:
        """The role it was made in."""
        ...


def thing_of(kind: str, owned: Owned) -> Thing:
    """What permission needs to know of a definition."""
    return Thing(
        kind=kind,
        experiment_id=owned.experiment_id,
        owner_id=owned.created_by,
        owner_role=Role(owned.creator_role),
    )


def thing_of_submission(row: SubmissionRow) -> Thing:
    """What permission needs to know of a submission."""
    return Thing(
        kind="submission",
        experiment_id=row.experiment_id,
        owner_id=row.launched_by,
        owner_role=Role(row.creator_role),
        project_id=row.project_id,
    )


async def load_campaign(tx: Tx, campaign_id: int) -> Campaign:
    """Read a campaign. Raises NotFoundError."""
    campaign = await store.find_campaign(tx, campaign_id=campaign_id)
    if campaign is None:
        raise NotFoundError("campaign", campaign_id)
    return campaign


async def load_stage(tx: Tx, stage_id: int, *, lock: bool = False) -> Stage:
    """Read a stage, locked if asked for. Raises NotFoundError."""
    stage = await (store.lock_stage if lock else store.get_stage)(tx, stage_id=stage_id)
    if stage is None:
        raise NotFoundError("stage", stage_id)
    return stage


async def load_submission(tx: Tx, submission_id: int, *, lock: bool = False) -> SubmissionRow:
    """Read a submission, locked if asked for. Raises NotFoundError."""
    read = store.lock_submission if lock else store.get_submission_row
    row = await read(tx, submission_id=submission_id)
    if row is None:
        raise NotFoundError("submission", submission_id)
    return row
