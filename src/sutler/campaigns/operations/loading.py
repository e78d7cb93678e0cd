"""Loading what an operation is about, or saying that it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sutler import launch
from sutler.auth import Experiment, Role, Thing, find_experiment_in
from sutler.base.errors import NotFoundError
from sutler.campaigns import store
from sutler.campaigns.handlers import DataHandler, get_handler
from sutler.campaigns.model import DATA_HANDLERS, Campaign, Stage, SubmissionRow
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


async def load_present_stage(tx: Tx, stage_id: int, *, lock: bool = False) -> Stage:
    """Read a stage that is still part of its campaign, locked if asked for. Raises NotFoundError."""
    stage = await load_stage(tx, stage_id, lock=lock)
    if stage.removed_at is not None:
        raise NotFoundError("stage", stage_id)
    return stage


async def load_submission(tx: Tx, submission_id: int, *, lock: bool = False) -> SubmissionRow:
    """Read a submission, locked if asked for. Raises NotFoundError."""
    read = store.lock_submission if lock else store.get_submission_row
    row = await read(tx, submission_id=submission_id)
    if row is None:
        raise NotFoundError("submission", submission_id)
    return row


async def load_experiment(tx: Tx, name: str) -> Experiment:
    """Read an experiment by its name. Raises NotFoundError."""
    experiment = await find_experiment_in(tx, name=name)
    if experiment is None:
        raise NotFoundError("experiment", name)
    return experiment


async def find_launch(tx: Tx, *, key: str) -> launch.Launch | None:
    """Read the launch of a submission by its key; None where nothing is launched, as for approvals."""
    try:
        return await launch.get_launch_in(tx, key=key)
    except launch.LaunchNotFoundError:
        return None


async def get_handler_in(tx: Tx, stage: Stage) -> DataHandler:
    """Return what serves the files of a stage. Raises NotPossibleError if that is not connected."""
    campaign = await load_campaign(tx, stage.campaign_id)
    return get_handler(campaign.data_handler, campaign=campaign.name)


def get_handler_of(row: SubmissionRow) -> DataHandler:
    """Return what serves the files of a submission: what its campaign named at its launch. Raises NotPossibleError."""
    frozen = row.config.get("campaign")
    campaign = frozen if isinstance(frozen, Mapping) else {}
    return get_handler(
        str(campaign.get("data_handler", DATA_HANDLERS[0])), campaign=str(campaign.get("name", row.campaign_id))
    )
