"""Where splits stand: showing, resetting and moving it, and what slices would look like before any is launched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sutler import catalog
from sutler.auth import Action, Principal, permit
from sutler.base.errors import InvalidInputError, Problem, SutlerError
from sutler.base.events import Event
from sutler.campaigns import store
from sutler.campaigns.errors import NotPossibleError, StageWithoutDataError
from sutler.campaigns.model import CampaignEvent, LaunchRequest, SplitKind, SplitPosition, Stage
from sutler.campaigns.operations.creating import Order, count_files, list_work_in
from sutler.campaigns.operations.loading import get_handler_in, load_stage, thing_of
from sutler.campaigns.operations.slicing import Nothing, find_position_in, open_position_in, take_slice_in
from sutler.campaigns.splits import Position, parse_split_type
from sutler.database import Database, Tx

MOST_SLICES = 20
SHOWN_FILES = 3


@dataclass(frozen=True)
class PositionView:
    """Where a split stands, in words. `taken_count` files were given out in this pass."""

    kind: SplitKind
    split_type: str
    help: str
    epoch: int
    slice_count: int
    taken_count: int
    position: Position
    description: str
    position_help: str
    reset_by: str


@dataclass(frozen=True)
class SliceForecast:
    """What one slice would hold: `first_files` are the first of `file_count`, which is None when only jobs know."""

    number: int
    file_count: int | None
    size_bytes: int
    note: str
    first_files: tuple[str, ...]


@dataclass(frozen=True)
class SplitForecast:
    """What a split type would make of the data of a stage, from the beginning. `end` says why there are no more slices;
    empty when there are. `trouble` is why it cannot be used.
    """

    split_type: str
    help: str
    slices: tuple[SliceForecast, ...]
    end: str
    trouble: str


async def view_positions(db: Database, who: Principal, *, stage_id: int) -> tuple[PositionView, ...]:
    """Return where the splits of a stage stand: of production, then of test launches. Raises NotFoundError."""
    async with db.read() as tx:
        stage = await load_stage(tx, stage_id)
        permit(who, Action.VIEW, thing_of("stage", stage))
        return tuple([await _view(tx, stage, kind) for kind in SplitKind])


async def reset_split(db: Database, who: Principal, *, stage_id: int, kind: SplitKind) -> PositionView:
    """Begin a new pass: everything is given out once more. What was given out before stays known to its submissions.

    Raises NotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        stage = await load_stage(tx, stage_id, lock=True)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        position = await open_position_in(tx, stage, kind, reset_by=who.username)
        await store.save_split_position(tx, position=position, experiment_id=stage.experiment_id)
        facts: dict[str, object] = {"kind": kind.value, "epoch": position.epoch}
        await tx.record(Event(CampaignEvent.SPLIT_RESET, "stage", str(stage_id), stage.experiment_id, facts), who)
        return await _view(tx, stage, kind)


async def move_split(
    db: Database, who: Principal, *, stage_id: int, kind: SplitKind, position: Position
) -> PositionView:
    """Set by hand where a split stands. What it has given out in this pass stays given out.

    Raises NotFoundError, NotPermittedError; SplitTypeError, which says what may be set.
    """
    async with db.write() as tx:
        stage = await load_stage(tx, stage_id, lock=True)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        split = parse_split_type(stage.choose_split_type(is_test=kind is SplitKind.TEST))
        checked = split.check_position(position)
        standing = await open_position_in(tx, stage, kind)
        await store.save_split_position(
            tx, position=replace(standing, position=checked), experiment_id=stage.experiment_id
        )
        facts: dict[str, object] = {"kind": kind.value, "position": dict(checked)}
        await tx.record(Event(CampaignEvent.SPLIT_MOVED, "stage", str(stage_id), stage.experiment_id, facts), who)
        return await _view(tx, stage, kind)


async def forecast_splits(
    db: Database, who: Principal, *, stage_id: int, split_types: Sequence[str], slice_count: int = 5
) -> list[SplitForecast]:
    """Show what split types would make of the data of a stage, from the beginning, side by side. Nothing moves.

    What is wrong with one of them is told with it. Raises NotFoundError, NotPermittedError, InvalidInputError,
    StageWithoutDataError; NotPossibleError while the catalogue is elsewhere.
    """
    if not 1 <= slice_count <= MOST_SLICES:
        raise InvalidInputError([Problem("slice_count", f"must be 1 to {MOST_SLICES}, not {slice_count}")])
    async with db.read() as tx:
        stage = await load_stage(tx, stage_id)
        permit(who, Action.VIEW, thing_of("stage", stage))
        if not stage.dataset_query:
            raise StageWithoutDataError([Problem(f"stage {stage.name}", "has no dataset_query to split")])
        handler = await get_handler_in(tx, stage)
        if await handler.needs_asking_in(tx, experiment_id=stage.experiment_id):
            raise NotPossibleError("The catalogue of this experiment is elsewhere: slices are known when one is taken.")
    return [await _forecast(db, who, stage, text, slice_count) for text in split_types]


async def _forecast(db: Database, who: Principal, stage: Stage, text: str, slice_count: int) -> SplitForecast:
    try:
        async with db.rehearse() as tx:
            return await _take_slices(tx, who, stage, text, slice_count)
    except SutlerError as error:
        return SplitForecast(text, "", (), "", error.sentence)


async def _take_slices(tx: Tx, who: Principal, stage: Stage, text: str, slice_count: int) -> SplitForecast:
    """Take slices as launches would, from a ledger that nobody else knows. The caller takes everything back."""
    split = parse_split_type(text)
    scratch = replace(
        stage, split_type=str(split), test_split_type=None, own=replace(stage.own), project_id=None, load_limit=None
    )
    fresh = await open_position_in(tx, scratch, SplitKind.TEST, reset_by="forecast")
    await store.save_split_position(tx, position=fresh, experiment_id=stage.experiment_id)
    slices: list[SliceForecast] = []
    for number in range(1, slice_count + 1):
        request = LaunchRequest(stage.id, f"forecast/{number}", is_test=True)
        order = await take_slice_in(tx, who, scratch, request=request, prepared=None)
        if isinstance(order, Nothing):
            return SplitForecast(str(split), split.help, tuple(slices), order.reason, "")
        slices.append(await _describe(tx, number, order))
    return SplitForecast(str(split), split.help, tuple(slices), "", "")


async def _describe(tx: Tx, number: int, order: Order) -> SliceForecast:
    files = await list_work_in(tx, order)
    return SliceForecast(
        number=number,
        file_count=count_files(order.work),
        size_bytes=sum(one.size_bytes or 0 for one in files),
        note=order.slice_note or (order.data if count_files(order.work) is None else ""),
        first_files=tuple(f"{one.namespace}:{one.name}" for one in files[:SHOWN_FILES]),
    )


async def _view(tx: Tx, stage: Stage, kind: SplitKind) -> PositionView:
    split = parse_split_type(stage.choose_split_type(is_test=kind is SplitKind.TEST))
    standing: SplitPosition | None = await find_position_in(tx, stage, kind)
    position = standing.position if standing else {}
    asked = split.position_parameter
    return PositionView(
        kind=kind,
        split_type=str(split),
        help=split.help,
        epoch=standing.epoch if standing else 1,
        slice_count=standing.slice_count if standing else 0,
        taken_count=await catalog.get_taken_counts_in(tx, ledger_id=standing.ledger_id) if standing else 0,
        position=position,
        description=split.describe_position(position),
        position_help=asked.help if asked else "",
        reset_by=standing.reset_by if standing else "",
    )
