"""What the next launch of a stage gets: its slice, taken once, a share of a project, or the units of a generator.

A catalogue elsewhere is asked ahead, when nothing is locked; the transaction takes from its answer by the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sutler import catalog, dispatch
from sutler.auth import Principal, Role
from sutler.base.errors import NotFoundError, Problem
from sutler.campaigns import rules, store
from sutler.campaigns.errors import SliceTakenError, SplitTypeError, StageWithoutDataError
from sutler.campaigns.handlers import DataHandler
from sutler.campaigns.model import (
    ChosenProject,
    ChosenQuery,
    LaunchRequest,
    Methodology,
    SplitKind,
    SplitPosition,
    Stage,
    StageType,
)
from sutler.campaigns.operations.creating import InShare, JobOnly, Order, OwnProject
from sutler.campaigns.operations.loading import get_handler_in, load_campaign, load_stage
from sutler.campaigns.splits import (
    Cut,
    DoneFiles,
    Ended,
    Facts,
    JobData,
    NotYet,
    QueriedFiles,
    SplitType,
    WhenEmpty,
    Whole,
    WholeProject,
    parse_split_type,
)
from sutler.catalog import PreparedSelection, Selection, SourceFinder
from sutler.database import Database, Tx

MOST_STEPS = 1000
"""How many empty windows or entries one launch passes by; the next one goes on behind them."""


@dataclass(frozen=True)
class Nothing:
    """There is nothing to launch. `is_over`: there will not be either, as the split is exhausted.

    Where the split stands may have moved, past windows and entries without files.
    """

    reason: str
    is_over: bool
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _Launch:
    """What is launched, for whom, with what serves its files and what that was asked ahead."""

    who: Principal
    stage: Stage
    request: LaunchRequest
    handler: DataHandler
    prepared: PreparedSelection | None

    def start_order(self) -> Order:
        """Return the order of it, still without files."""
        return Order(
            stage=self.stage,
            key=self.request.key,
            cause=self.request.cause,
            work=OwnProject(()),
            is_test=self.request.is_test,
            schedule_id=self.request.schedule_id,
            parameter_overrides=self.request.parameter_overrides,
        )


async def prepare_slice(db: Database, catalogues: SourceFinder, *, request: LaunchRequest) -> PreparedSelection | None:
    """Ask ahead for what the next slice may take, if what serves the files of the campaign has to ask elsewhere.

    None: it has not, the stage selects nothing, or the launch was made before. Raises NotFoundError, SplitTypeError,
    NotPossibleError for a data handler that is not connected, and what asking raises. Discard the answer after use.
    """
    async with db.read() as tx:
        stage = await load_stage(tx, request.stage_id)
        if await store.find_submission_by_key(tx, launch_key=request.key) is not None:
            return None
        handler = await get_handler_in(tx, stage)
        asked = await _find_asked(tx, stage, request)
    if asked is None:
        return None
    selection, ledger_id = asked
    return await handler.ask_ahead(
        db, catalogues, selection=selection, ledger_id=ledger_id, role=Role(stage.creator_role)
    )


async def take_slice_in(
    tx: Tx, who: Principal, stage: Stage, *, request: LaunchRequest, prepared: PreparedSelection | None
) -> Order | Nothing:
    """Take what the next submission of a stage gets, which the caller has locked, and move the split.

    Raises StageWithoutDataError, SplitTypeError, what selecting raises, what taking a share of a project raises, and
    SliceTakenError when others have taken of a prepared answer meanwhile, so that a new one is needed.
    """
    one = _Launch(who, stage, request, await get_handler_in(tx, stage), prepared)
    match request.data:
        case ChosenQuery(query):
            return await _take_query(tx, one, query)
        case ChosenProject(project_id):
            return await _take_share(tx, one, project_id)
        case None:
            pass
    if stage.project_id is not None:
        return await _take_share(tx, one, stage.project_id)
    if stage.stage_type is StageType.GENERATOR and not stage.dataset_query:
        return await _make_units(tx, one)
    if not stage.dataset_query:
        what = "has no dataset_query: it is launched on the outputs of the stages it depends on, not by hand"
        raise StageWithoutDataError([Problem(f"stage {stage.name}", what)])
    if stage.methodology is Methodology.ONE_PROJECT and not _is_split(stage, request):
        return await _take_of_one_project(tx, one)
    return await _take_cut(tx, one)


async def find_position_in(tx: Tx, stage: Stage, kind: SplitKind) -> SplitPosition | None:
    """Return where the split stands, if it stands anywhere: not when split or data were changed since."""
    present = await store.find_split_position(tx, stage_id=stage.id, kind=kind)
    if present is None or present.dataset_query != (stage.dataset_query or ""):
        return None
    return present if _is_same_split(present.split_type, _name_split(stage, kind)) else None


async def open_position_in(tx: Tx, stage: Stage, kind: SplitKind, *, reset_by: str = "") -> SplitPosition:
    """Return where the split stands; a changed split or data, and a reset, open a new pass with a ledger of its own."""
    if not reset_by:
        standing = await find_position_in(tx, stage, kind)
        if standing is not None:
            return standing
    present = await store.find_split_position(tx, stage_id=stage.id, kind=kind)
    return SplitPosition(
        stage_id=stage.id,
        kind=kind,
        epoch=present.epoch + 1 if present else 1,
        ledger_id=await catalog.create_ledger_in(tx, experiment_id=stage.experiment_id),
        split_type=_name_split(stage, kind),
        dataset_query=stage.dataset_query or "",
        slice_count=0,
        reset_by=reset_by,
        reset_at=tx.now if reset_by else None,
    )


async def claim_share_in(tx: Tx, who: Principal, stage: Stage, *, project_id: int) -> dispatch.CreatedShare:
    """Take what nobody owns of a project of the experiment, at most the load limit of a stage.

    Whoever launches must be allowed to process that project: its jobs will be. Raises NotFoundError,
    NotPermittedError, NothingToClaimError.
    """
    await _load_project(tx, stage, project_id)
    handler = await get_handler_in(tx, stage)
    return await handler.attach_in(tx, who, project_id=project_id, limit=stage.load_limit)


def kind_of(request: LaunchRequest) -> SplitKind:
    """Which position of the split a launch moves."""
    return SplitKind.TEST if request.is_test else SplitKind.PRODUCTION


async def _take_cut(tx: Tx, one: _Launch) -> Order | Nothing:
    stage = one.stage
    split = parse_split_type(stage.choose_split_type(is_test=one.request.is_test))
    position = await _stand(tx, one, split)
    for _ in range(MOST_STEPS):
        cut = await _cut(tx, stage, split, position)
        if isinstance(cut, (Ended, NotYet)):
            await _save(tx, stage, split, position)
            return _explain_nothing(stage, cut.reason, is_over=isinstance(cut, Ended))
        taken = await _carry_out(tx, one, cut, position)
        if taken is not None:
            order, then = taken
            moved = replace(position, slice_count=position.slice_count + 1, position=then)
            await _save(tx, stage, split, moved)
            number = None if isinstance(split, Whole) else moved.slice_count
            return replace(order, slice_number=number, slice_note=cut.note)
        further = await _find_further_part(tx, split, cut, position)
        if further is not None:
            position = further
            continue
        if cut.when_empty is not WhenEmpty.STEP:
            is_over = cut.when_empty is WhenEmpty.ENDED or await _is_source_over(tx, cut)
            given = f"; {position.slice_count} slices have been given out" if position.slice_count else ""
            return _explain_nothing(stage, cut.when_empty_reason + given, is_over=is_over)
        position = replace(position, position=cut.then)
    await _save(tx, stage, split, position)
    return _explain_nothing(stage, f"the next {MOST_STEPS} slices are empty; launch again to go on", is_over=False)


async def _find_further_part(tx: Tx, split: SplitType, cut: Cut, position: SplitPosition) -> SplitPosition | None:
    """Where to go on when a part has no file left, as those in it were retired, and a later one has."""
    if cut.part is None or split.position_parameter is None:
        return None
    part = await catalog.find_next_part_in(tx, ledger_id=position.ledger_id, after=cut.part.number)
    return None if part is None else replace(position, position={split.position_parameter.name: part})


async def _stand(tx: Tx, one: _Launch, split: SplitType) -> SplitPosition:
    """Where the split stands; what is not split stands nowhere, and needs no ledger."""
    stage, kind = one.stage, kind_of(one.request)
    if isinstance(split, Whole):
        return SplitPosition(stage.id, kind, 1, 0, str(split), stage.dataset_query or "", 0)
    return await open_position_in(tx, stage, kind)


async def _cut(tx: Tx, stage: Stage, split: SplitType, position: SplitPosition) -> Cut | Ended | NotYet:
    seconds = await store.find_seconds_per_file(tx, stage_id=stage.id) if split.name == "bytime" else None
    return split.cut(stage.dataset_query or "", position.position, Facts(tx.now, seconds))


async def _carry_out(
    tx: Tx, one: _Launch, cut: Cut, position: SplitPosition
) -> tuple[Order, Mapping[str, object]] | None:
    """Return the order of a cut and where the split stands then, or None if it has no files."""
    if isinstance(cut.source, DoneFiles):
        return await _take_done(tx, one, cut, cut.source, position)
    order = await _make_order(tx, one, cut, cut.source, position)
    return None if order is None else (order, cut.then)


async def _make_order(
    tx: Tx, one: _Launch, cut: Cut, source: QueriedFiles | WholeProject | JobData, position: SplitPosition
) -> Order | None:
    stage, order = one.stage, one.start_order()
    match source:
        case QueriedFiles(query):
            ledger_id = position.ledger_id if cut.uses_ledger else None
            handles = await _take_files(tx, one, _select(stage, cut, query), ledger_id)
            return replace(order, work=OwnProject(handles), dataset_query=query) if handles else None
        case WholeProject(project_id):
            taken = await _take_share(tx, one, project_id)
            return None if isinstance(taken, Nothing) else taken
        case JobData(text, is_query):
            if stage.stage_type is StageType.GENERATOR and not is_query:
                return replace(await _make_units(tx, one), parameter=text)
            return replace(order, work=JobOnly(text, is_query), dataset_query=text if is_query else None)


async def _take_done(
    tx: Tx, one: _Launch, cut: Cut, source: DoneFiles, position: SplitPosition
) -> tuple[Order, Mapping[str, object]] | None:
    """Take files that another project of the experiment has done, and note where they end. Raises NotFoundError."""
    stage = one.stage
    await _load_project(tx, stage, source.project_id)
    handles, after = await one.handler.take_done_in(
        tx,
        experiment_id=stage.experiment_id,
        project_id=source.project_id,
        ledger_id=position.ledger_id,
        limit=_limit(stage, cut),
        after=source.after,
    )
    if not handles:
        return None
    order = replace(one.start_order(), work=OwnProject(handles), dataset_query=stage.dataset_query)
    return order, {**cut.then, "after": after}


async def _load_project(tx: Tx, stage: Stage, project_id: int) -> None:
    """Go on if a project is one of the experiment of a stage. Raises NotFoundError."""
    known = await store.find_project(tx, project_id=project_id)
    if known is None or known.experiment_id != stage.experiment_id:
        raise NotFoundError("project", project_id)


async def _take_files(tx: Tx, one: _Launch, selection: Selection, ledger_id: int | None) -> list[dispatch.NewHandle]:
    prepared = one.prepared
    handles = await one.handler.resolve_in(tx, selection=selection, ledger_id=ledger_id, prepared=prepared)
    is_short = selection.limit is not None and len(handles) < selection.limit
    if prepared is not None and not prepared.is_all and is_short:
        raise SliceTakenError(
            f"Other launches of stage {one.stage.name} have taken files while {prepared.place} was asked. "
            "Launch it again.",
            stage_id=one.stage.id,
        )
    return handles


async def _take_query(tx: Tx, one: _Launch, query: str) -> Order | Nothing:
    stage = one.stage
    selection = Selection(query=query, experiment_id=stage.experiment_id, limit=stage.load_limit)
    handles = await _take_files(tx, one, selection, None)
    if not handles:
        return _explain_nothing(stage, f"the query {query!r} matches no file", is_over=True)
    return replace(one.start_order(), work=OwnProject(handles), dataset_query=query)


async def _take_share(tx: Tx, one: _Launch, project_id: int) -> Order | Nothing:
    stage = one.stage
    try:
        share = await claim_share_in(tx, one.who, stage, project_id=project_id)
    except dispatch.NothingToClaimError as nothing:
        return _explain_nothing(stage, f"project {project_id} has no file for it. {nothing.sentence}", is_over=False)
    work = InShare(share.project_id, share.share_id, share.handle_count)
    return replace(one.start_order(), work=work, slice_note=f"works on project {project_id}")


async def _take_of_one_project(tx: Tx, one: _Launch) -> Order | Nothing:
    """The first submission makes the project; those after it take what is left in it."""
    stage, query, is_test = one.stage, one.stage.dataset_query or "", one.request.is_test
    project_id = await store.find_stage_project(tx, stage_id=stage.id, is_test=is_test, dataset_query=query)
    if project_id is not None:
        taken = await _take_share(tx, one, project_id)
        return taken if isinstance(taken, Nothing) else replace(taken, dataset_query=query)
    handles = await _take_files(tx, one, Selection(query=query, experiment_id=stage.experiment_id), None)
    if not handles:
        return _explain_nothing(stage, f"the query {query!r} matches no file", is_over=True)
    work = OwnProject(handles, share_limit=stage.load_limit, is_for_all=True)
    return replace(one.start_order(), work=work, dataset_query=query)


async def _make_units(tx: Tx, one: _Launch) -> Order:
    stage = one.stage
    campaign = await load_campaign(tx, stage.campaign_id)
    prefix = f"{campaign.name}.{stage.name}".replace(" ", "_")
    units = rules.list_units(stage.unit_count or stage.job_count, prefix=prefix)
    handles = [dispatch.NewHandle(campaign.experiment, name, attributes=attributes) for name, attributes in units]
    return replace(one.start_order(), work=OwnProject(handles))


async def _find_asked(tx: Tx, stage: Stage, request: LaunchRequest) -> tuple[Selection, int | None] | None:
    """What a launch would ask a catalogue for, with the ledger; None when it asks none."""
    if isinstance(request.data, ChosenQuery):
        return Selection(request.data.query, stage.experiment_id, limit=stage.load_limit), None
    if request.data is not None or stage.project_id is not None or not stage.dataset_query:
        return None
    if stage.methodology is Methodology.ONE_PROJECT and not _is_split(stage, request):
        return Selection(stage.dataset_query, stage.experiment_id), None
    split = parse_split_type(stage.choose_split_type(is_test=request.is_test))
    position = await find_position_in(tx, stage, kind_of(request))
    cut = split.cut(stage.dataset_query, position.position if position else {}, Facts(tx.now))
    if not isinstance(cut, Cut) or not isinstance(cut.source, QueriedFiles):
        return None
    return _select(stage, cut, cut.source.query), position.ledger_id if position and cut.uses_ledger else None


async def _is_source_over(tx: Tx, cut: Cut) -> bool:
    """Whether what a cut draws from will bring nothing more."""
    if not isinstance(cut.source, DoneFiles):
        return False
    known = await store.find_project(tx, project_id=cut.source.project_id)
    # One that was abandoned goes on with the next call of anybody.
    return known is None or known.state not in ("active", "abandoned")


async def _save(tx: Tx, stage: Stage, split: SplitType, position: SplitPosition) -> None:
    if not isinstance(split, Whole):
        await store.save_split_position(tx, position=position, experiment_id=stage.experiment_id)


def _select(stage: Stage, cut: Cut, query: str) -> Selection:
    return Selection(
        query=query,
        experiment_id=stage.experiment_id,
        limit=_limit(stage, cut),
        filters=cut.filters,
        group_by=cut.group_by,
        budget=cut.budget,
        part=cut.part,
    )


def _limit(stage: Stage, cut: Cut) -> int | None:
    """How many files a slice may have. The load limit of a stage cuts it only where the next slice takes the rest."""
    takes_rest_later = cut.part is None and (cut.uses_ledger or not cut.then)
    limits = (cut.limit, stage.load_limit if takes_rest_later else None)
    return min((limit for limit in limits if limit is not None), default=None)


def _is_split(stage: Stage, request: LaunchRequest) -> bool:
    return bool(stage.choose_split_type(is_test=request.is_test))


def _is_same_split(kept: str, name: str) -> bool:
    """Whether a split that was kept, perhaps in another spelling or by another version, is the one of that name."""
    try:
        return str(parse_split_type(kept)) == name
    except SplitTypeError:
        return False


def _name_split(stage: Stage, kind: SplitKind) -> str:
    """The split of a stage as it is printed, so that another way of writing it begins no new pass."""
    return str(parse_split_type(stage.choose_split_type(is_test=kind is SplitKind.TEST)))


def _explain_nothing(stage: Stage, reason: str, *, is_over: bool) -> Nothing:
    later = "" if is_over else " There may be later."
    return Nothing(
        f"Stage {stage.name} has nothing to launch: {reason.rstrip('.')}.{later}",
        is_over,
        {"stage_id": stage.id, "is_over": is_over, "query": stage.dataset_query},
    )
