"""What the next launch of a stage gets: its slice, taken once, or the units of a generator.

A catalogue elsewhere is asked ahead, when nothing is locked; the transaction takes from its answer by the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sutler import catalog, dispatch
from sutler.auth import Role
from sutler.base.errors import Problem
from sutler.campaigns import rules, store
from sutler.campaigns.errors import NothingToLaunchError, SliceTakenError, StageWithoutDataError
from sutler.campaigns.model import Cause, LaunchRequest, SplitKind, SplitPosition, Stage, StageType
from sutler.campaigns.operations.creating import Order
from sutler.campaigns.operations.loading import load_campaign, load_stage
from sutler.campaigns.splits import SplitType, parse_split_type
from sutler.catalog import FileReference, PreparedSelection, SourceFile, SourceFinder
from sutler.database import Database, Tx


async def prepare_slice(db: Database, catalogues: SourceFinder, *, request: LaunchRequest) -> PreparedSelection | None:
    """Ask the catalogue that the experiment names for what the next slice may take.

    None: the experiment uses the built-in one, the stage selects nothing, or the launch was made before. Raises
    NotFoundError, SplitTypeError, and what asking a catalogue elsewhere raises. Discard the answer after use.
    """
    async with db.read() as tx:
        stage = await load_stage(tx, request.stage_id)
        is_known = await store.find_submission_by_key(tx, launch_key=request.key) is not None
        if is_known or stage.stage_type is StageType.GENERATOR or not stage.dataset_query:
            return None
        if not await catalog.is_remote_in(tx, experiment_id=stage.experiment_id):
            return None
        split = parse_split_type(stage.split_type)
        position = await _find_position(tx, stage, _kind_of(request)) if split.uses_ledger else None
    return await catalog.prepare_selection(
        db,
        catalogues,
        selection=_select(stage, split),
        ledger_id=position.ledger_id if position else None,
        role=Role(stage.creator_role),
    )


async def take_slice_in(tx: Tx, stage: Stage, *, request: LaunchRequest, prepared: PreparedSelection | None) -> Order:
    """Take what the next submission of a stage gets, which the caller has locked, and move the split.

    Raises StageWithoutDataError, NothingToLaunchError, SplitTypeError, what selecting raises, and SliceTakenError when
    others have taken of a prepared answer meanwhile, so that a new one is needed.
    """
    if stage.stage_type is StageType.GENERATOR:
        return await _make_units(tx, stage, request)
    if not stage.dataset_query:
        raise StageWithoutDataError(
            [
                Problem(
                    f"stage {stage.name}",
                    "has no dataset_query: it is launched on the outputs of the stages it depends on, not by hand",
                )
            ]
        )
    split = parse_split_type(stage.split_type)
    position = await _open_position(tx, stage, _kind_of(request)) if split.uses_ledger else None
    files = await _take(tx, stage, split, position, prepared)
    if not files:
        given = "All its files have been given out." if position and position.slice_count else "It matches no file."
        raise NothingToLaunchError(
            f"Stage {stage.name} has nothing to launch: the query {stage.dataset_query!r} has no further file. {given}",
            query=stage.dataset_query,
        )
    if position is not None:
        moved = replace(position, slice_count=position.slice_count + 1)
        await store.save_split_position(tx, position=moved, experiment_id=stage.experiment_id)
    return Order(
        stage=stage,
        key=request.key,
        cause=Cause.MANUAL,
        handles=[dispatch.NewHandle(f.namespace, f.name, f.fid, f.size_bytes) for f in files],
        dataset_query=stage.dataset_query,
        slice_number=position.slice_count + 1 if position else None,
        is_test=request.is_test,
    )


async def _take(
    tx: Tx, stage: Stage, split: SplitType, position: SplitPosition | None, prepared: PreparedSelection | None
) -> Sequence[FileReference | SourceFile]:
    ledger_id = position.ledger_id if position else None
    selection = _select(stage, split)
    if prepared is None:
        return await catalog.take_in(tx, selection=selection, ledger_id=ledger_id)
    files = await catalog.take_prepared_in(
        tx, prepared=prepared, experiment_id=stage.experiment_id, ledger_id=ledger_id, limit=selection.limit
    )
    if not prepared.is_all and selection.limit is not None and len(files) < selection.limit:
        raise SliceTakenError(
            f"Other launches of stage {stage.name} have taken files while {prepared.place} was asked. Launch it again.",
            stage_id=stage.id,
        )
    return files


def _select(stage: Stage, split: SplitType) -> catalog.Selection:
    return catalog.Selection(
        query=stage.dataset_query or "", experiment_id=stage.experiment_id, limit=split.slice_limit
    )


def _kind_of(request: LaunchRequest) -> SplitKind:
    return SplitKind.TEST if request.is_test else SplitKind.PRODUCTION


async def _make_units(tx: Tx, stage: Stage, request: LaunchRequest) -> Order:
    campaign = await load_campaign(tx, stage.campaign_id)
    prefix = f"{campaign.name}.{stage.name}".replace(" ", "_")
    return Order(
        stage=stage,
        key=request.key,
        cause=Cause.MANUAL,
        handles=[
            dispatch.NewHandle(campaign.experiment, name, attributes=attributes)
            for name, attributes in rules.list_units(stage.unit_count or 0, prefix=prefix)
        ],
        is_test=request.is_test,
    )


async def _find_position(tx: Tx, stage: Stage, kind: SplitKind) -> SplitPosition | None:
    """Return where the split stands, if it stands anywhere: not when split or query were changed since."""
    present = await store.find_split_position(tx, stage_id=stage.id, kind=kind)
    query = stage.dataset_query or ""
    if present is None or (present.split_type, present.dataset_query) != (stage.split_type, query):
        return None
    return present


async def _open_position(tx: Tx, stage: Stage, kind: SplitKind) -> SplitPosition:
    """Return where the split stands; a changed split or query opens a new pass with a ledger of its own."""
    query = stage.dataset_query or ""
    present = await store.find_split_position(tx, stage_id=stage.id, kind=kind)
    if present is not None and (present.split_type, present.dataset_query) == (stage.split_type, query):
        return present
    return SplitPosition(
        stage_id=stage.id,
        kind=kind,
        epoch=present.epoch + 1 if present else 1,
        ledger_id=await catalog.create_ledger_in(tx, experiment_id=stage.experiment_id),
        split_type=stage.split_type,
        dataset_query=query,
        slice_count=0,
    )
