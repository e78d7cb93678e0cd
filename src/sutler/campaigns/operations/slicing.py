"""What the next launch of a stage gets: its slice, taken once, a share of a project, or the units of a generator.

A catalogue elsewhere is asked ahead, when nothing is locked; the transaction takes from its answer by the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sutler import catalog, dispatch
from sutler.auth import Principal, Role
from sutler.base.errors import NotFoundError, Problem
from sutler.campaigns import rules, store
from sutler.campaigns.errors import SliceTakenError, SplitTypeError, StageWithoutDataError
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
from sutler.campaigns.operations.loading import load_campaign, load_stage
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
from sutler.catalog import FileReference, PreparedSelection, Selection, SourceFile, SourceFinder
from sutler.database import Database, Tx

MOST_STEPS = 1000
"""How many empty windows or entries one launch passes by; the next one goes on behind them."""

GENERATOR_SPLITS = ("multiparam", "list")


@dataclass(frozen=True)
class Nothing:
    """There is nothing to launch. `is_over`: there will not be either, as the split is exhausted.

    Where the split stands may have moved, past windows and entries without files.
    """

    reason: str
    is_over: bool
    facts: Mapping[str, object] = field(default_factory=dict)


async def prepare_slice(db: Database, catalogues: SourceFinder, *, request: LaunchRequest) -> PreparedSelection | None:
    """Ask the catalogue that the experiment names for what the next slice may take.

    None: the experiment uses the built-in one, the stage selects nothing, or the launch was made before. Raises
    NotFoundError, SplitTypeError, and what asking a catalogue elsewhere raises. Discard the answer after use.
    """
    async with db.read() as tx:
        stage = await load_stage(tx, request.stage_id)
        if await store.find_submission_by_key(tx, launch_key=request.key) is not None:
            return None
        if not await catalog.is_remote_in(tx, experiment_id=stage.experiment_id):
            return None
        asked = await _find_asked(tx, stage, request)
    if asked is None:
        return None
    selection, ledger_id = asked
    return await catalog.prepare_selection(
        db, catalogues, selection=selection, ledger_id=ledger_id, role=Role(stage.creator_role)
    )


async def take_slice_in(
    tx: Tx, who: Principal, stage: Stage, *, request: LaunchRequest, prepared: PreparedSelection | None
) -> Order | Nothing:
    """Take what the next submission of a stage gets, which the caller has locked, and move the split.

    Raises StageWithoutDataError, SplitTypeError, what selecting raises, what taking a share of a project raises, and
    SliceTakenError when others have taken of a prepared answer meanwhile, so that a new one is needed.
    """
    match request.data:
        case ChosenQuery(query):
            return await _take_query(tx, stage, request, query, prepared)
        case ChosenProject(project_id):
            return await _take_share(tx, who, stage, request, project_id)
        case None:
            pass
    if stage.project_id is not None:
        return await _take_share(tx, who, stage, request, stage.project_id)
    if stage.stage_type is StageType.GENERATOR and not stage.dataset_query:
        return await _make_units(tx, stage, request)
    if not stage.dataset_query:
        what = "has no dataset_query: it is launched on the outputs of the stages it depends on, not by hand"
        raise StageWithoutDataError([Problem(f"stage {stage.name}", what)])
    if stage.methodology is Methodology.ONE_PROJECT and not _is_split(stage, request):
        return await _take_of_one_project(tx, who, stage, request, prepared)
    return await _take_cut(tx, who, stage, request, prepared)


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
    await dispatch.permit_processing_in(tx, who, project_id=project_id)
    return await dispatch.claim_share_in(tx, project_id=project_id, limit=stage.load_limit, actor=who)


def kind_of(request: LaunchRequest) -> SplitKind:
    """Which position of the split a launch moves."""
    return SplitKind.TEST if request.is_test else SplitKind.PRODUCTION


async def _take_cut(
    tx: Tx, who: Principal, stage: Stage, request: LaunchRequest, prepared: PreparedSelection | None
) -> Order | Nothing:
    split = parse_split_type(stage.choose_split_type(is_test=request.is_test))
    position = await _stand(tx, stage, split, request)
    for _ in range(MOST_STEPS):
        cut = await _cut(tx, stage, split, position)
        if isinstance(cut, (Ended, NotYet)):
            await _save(tx, stage, split, position)
            return _explain_nothing(stage, cut.reason, is_over=isinstance(cut, Ended))
        order = await _carry_out(tx, who, stage, request, cut, position, prepared)
        if order is not None:
            moved = replace(position, slice_count=position.slice_count + 1, position=cut.then)
            await _save(tx, stage, split, moved)
            number = None if isinstance(split, Whole) else moved.slice_count
            return replace(order, slice_number=number, slice_note=cut.note)
        if cut.when_empty is not WhenEmpty.STEP:
            is_over = cut.when_empty is WhenEmpty.ENDED or await _is_source_over(tx, cut)
            given = f"; {position.slice_count} slices have been given out" if position.slice_count else ""
            return _explain_nothing(stage, cut.when_empty_reason + given, is_over=is_over)
        position = replace(position, position=cut.then)
    await _save(tx, stage, split, position)
    return _explain_nothing(stage, f"the next {MOST_STEPS} slices are empty; launch again to go on", is_over=False)


async def _stand(tx: Tx, stage: Stage, split: SplitType, request: LaunchRequest) -> SplitPosition:
    """Where the split stands; what is not split stands nowhere, and needs no ledger."""
    if isinstance(split, Whole):
        return SplitPosition(stage.id, kind_of(request), 1, 0, str(split), stage.dataset_query or "", 0)
    return await open_position_in(tx, stage, kind_of(request))


async def _cut(tx: Tx, stage: Stage, split: SplitType, position: SplitPosition) -> Cut | Ended | NotYet:
    seconds = await store.find_seconds_per_file(tx, stage_id=stage.id) if split.name == "bytime" else None
    return split.cut(stage.dataset_query or "", position.position, Facts(tx.now, seconds))


async def _carry_out(  # noqa: PLR0917
    tx: Tx,
    who: Principal,
    stage: Stage,
    request: LaunchRequest,
    cut: Cut,
    position: SplitPosition,
    prepared: PreparedSelection | None,
) -> Order | None:
    """Return the order of a cut, or None if it has no files."""
    order = _start_order(stage, request)
    match cut.source:
        case QueriedFiles(query):
            selection = _select(stage, cut, query)
            ledger_id = position.ledger_id if cut.uses_ledger else None
            files = await _take_files(tx, stage, selection, ledger_id, prepared)
            return replace(order, work=OwnProject(_to_handles(files)), dataset_query=query) if files else None
        case DoneFiles(project_id):
            handles = await _take_done(tx, stage, position, project_id, cut.limit)
            return replace(order, work=OwnProject(handles), dataset_query=stage.dataset_query) if handles else None
        case WholeProject(project_id):
            taken = await _take_share(tx, who, stage, request, project_id)
            return None if isinstance(taken, Nothing) else taken
        case JobData(text, is_query):
            if stage.stage_type is StageType.GENERATOR and not is_query:
                return replace(await _make_units(tx, stage, request), parameter=text)
            return replace(order, work=JobOnly(text, is_query), dataset_query=text if is_query else None)


async def _take_done(
    tx: Tx, stage: Stage, position: SplitPosition, project_id: int, limit: int | None
) -> list[dispatch.NewHandle]:
    """Take files that another project of the experiment has done. Raises NotFoundError."""
    await _load_project(tx, stage, project_id)
    done = await dispatch.list_done_files_in(tx, project_id=project_id, limit=limit, ledger_id=position.ledger_id)
    keys = [each.fid or f"{each.namespace}:{each.name}" for each in done]
    await catalog.enter_in(tx, ledger_id=position.ledger_id, experiment_id=stage.experiment_id, keys=keys)
    return [dispatch.NewHandle(each.namespace, each.name, each.fid, each.size_bytes) for each in done]


async def _load_project(tx: Tx, stage: Stage, project_id: int) -> None:
    """Go on if a project is one of the experiment of a stage. Raises NotFoundError."""
    known = await store.find_project(tx, project_id=project_id)
    if known is None or known.experiment_id != stage.experiment_id:
        raise NotFoundError("project", project_id)


async def _take_files(
    tx: Tx, stage: Stage, selection: Selection, ledger_id: int | None, prepared: PreparedSelection | None
) -> Sequence[FileReference | SourceFile]:
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


async def _take_query(
    tx: Tx, stage: Stage, request: LaunchRequest, query: str, prepared: PreparedSelection | None
) -> Order | Nothing:
    selection = Selection(query=query, experiment_id=stage.experiment_id, limit=stage.load_limit)
    files = await _take_files(tx, stage, selection, None, prepared)
    if not files:
        return _explain_nothing(stage, f"the query {query!r} matches no file", is_over=True)
    return replace(_start_order(stage, request), work=OwnProject(_to_handles(files)), dataset_query=query)


async def _take_share(tx: Tx, who: Principal, stage: Stage, request: LaunchRequest, project_id: int) -> Order | Nothing:
    try:
        share = await claim_share_in(tx, who, stage, project_id=project_id)
    except dispatch.NothingToClaimError as nothing:
        return _explain_nothing(stage, f"project {project_id} has no file for it. {nothing.sentence}", is_over=False)
    work = InShare(share.project_id, share.share_id, share.handle_count)
    note = f"works on project {project_id}"
    return replace(_start_order(stage, request), work=work, slice_note=note)


async def _take_of_one_project(
    tx: Tx, who: Principal, stage: Stage, request: LaunchRequest, prepared: PreparedSelection | None
) -> Order | Nothing:
    """The first submission makes the project; those after it take what is left in it."""
    query = stage.dataset_query or ""
    project_id = await store.find_stage_project(tx, stage_id=stage.id, is_test=request.is_test, dataset_query=query)
    if project_id is not None:
        taken = await _take_share(tx, who, stage, request, project_id)
        return taken if isinstance(taken, Nothing) else replace(taken, dataset_query=query)
    whole = Selection(query=query, experiment_id=stage.experiment_id)
    files = await _take_files(tx, stage, whole, None, prepared)
    if not files:
        return _explain_nothing(stage, f"the query {query!r} matches no file", is_over=True)
    order = _start_order(stage, request)
    work = OwnProject(_to_handles(files), share_limit=stage.load_limit, is_for_all=True)
    return replace(order, work=work, dataset_query=query)


async def _make_units(tx: Tx, stage: Stage, request: LaunchRequest) -> Order:
    campaign = await load_campaign(tx, stage.campaign_id)
    prefix = f"{campaign.name}.{stage.name}".replace(" ", "_")
    units = rules.list_units(stage.unit_count or stage.job_count, prefix=prefix)
    handles = [dispatch.NewHandle(campaign.experiment, name, attributes=attributes) for name, attributes in units]
    return replace(_start_order(stage, request), work=OwnProject(handles))


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
    return known is None or known.state != "active"


async def _save(tx: Tx, stage: Stage, split: SplitType, position: SplitPosition) -> None:
    if not isinstance(split, Whole):
        await store.save_split_position(tx, position=position, experiment_id=stage.experiment_id)


def _select(stage: Stage, cut: Cut, query: str) -> Selection:
    limits = [limit for limit in (cut.limit, stage.load_limit) if limit is not None]
    return Selection(
        query=query,
        experiment_id=stage.experiment_id,
        limit=min(limits) if limits else None,
        filters=cut.filters,
        group_by=cut.group_by,
        budget=cut.budget,
        part=cut.part,
    )


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


def _start_order(stage: Stage, request: LaunchRequest) -> Order:
    return Order(
        stage=stage,
        key=request.key,
        cause=request.cause,
        work=OwnProject(()),
        is_test=request.is_test,
        schedule_id=request.schedule_id,
        parameter_overrides=request.parameter_overrides,
    )


def _to_handles(files: Sequence[FileReference | SourceFile]) -> list[dispatch.NewHandle]:
    return [dispatch.NewHandle(f.namespace, f.name, f.fid, f.size_bytes) for f in files]


def _explain_nothing(stage: Stage, reason: str, *, is_over: bool) -> Nothing:
    later = "" if is_over else " There may be later."
    return Nothing(
        f"Stage {stage.name} has nothing to launch: {reason.rstrip('.')}.{later}",
        is_over,
        {"stage_id": stage.id, "is_over": is_over, "query": stage.dataset_query},
    )
