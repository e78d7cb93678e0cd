"""Making a submission inside a transaction: project or share, output dataset, plan, row, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import Enum

from sutler import dispatch, launch
from sutler.auth import SYSTEM, Principal, Role
from sutler.base.events import Event
from sutler.campaigns import store
from sutler.campaigns.handlers import DataHandler, get_handler
from sutler.campaigns.model import (
    BatchStatus,
    CampaignEvent,
    Cause,
    Parameters,
    RecoveryType,
    Side,
    Stage,
    StageType,
    SubmissionRow,
    SubmissionStatus,
)
from sutler.campaigns.operations.hosts import check_host_in
from sutler.campaigns.operations.loading import get_handler_in
from sutler.campaigns.operations.planning import (
    Site,
    Surroundings,
    build_command,
    build_plan,
    load_surroundings,
    prepare_outputs,
)
from sutler.campaigns.rules import Surface
from sutler.database import Tx
from sutler.launch import LaunchPlan

_CAUSES = {
    Cause.MANUAL: "by hand",
    Cause.DEPENDENCY: "on the outputs of submission {upstream}",
    Cause.RECOVERY: "as recovery {recovery} of submission {original}",
    Cause.RELAUNCH: "once more, as submission {upstream} was",
    Cause.SCHEDULE: "by its schedule",
}
_WITHOUT_COPIES = (StageType.GENERATOR, StageType.APPROVAL)
"""Nobody reads the files of these: units of a generator are numbers, and an approval stage runs nothing."""

_LEFT_OUT = frozenset({"id", "experiment_id", "campaign_id", "created_by", "created_at", "held_by", "held_at", "own"})


@dataclass(frozen=True)
class OwnProject:
    """Files that get a project of their own. The submission owns the first `share_limit` of them, or all.

    `is_for_all`: later submissions of the stage go on in it.
    """

    handles: Sequence[dispatch.NewHandle]
    share_limit: int | None = None
    is_for_all: bool = False


@dataclass(frozen=True)
class InShare:
    """A share of a present project, already made. `is_shared`: others work, or worked, on that project."""

    project_id: int
    share_id: int
    handle_count: int
    is_shared: bool = True


@dataclass(frozen=True)
class JobOnly:
    """No files that anybody here knows: a query, or a value, that is handed to the jobs."""

    text: str
    is_query: bool


Work = OwnProject | InShare | JobOnly


@dataclass(frozen=True)
class Order:
    """What a new submission is made from. `parameter` is a value for `%(parameter)s` beside the files there are."""

    stage: Stage
    key: str
    cause: Cause
    work: Work
    dataset_query: str | None = None
    slice_number: int | None = None
    slice_note: str = ""
    upstream_submission_id: int | None = None
    original_id: int | None = None
    recovery_type: RecoveryType | None = None
    recovery_number: int | None = None
    schedule_id: int | None = None
    is_test: bool = False
    parameter_overrides: Parameters = ()
    parameter: str | None = None

    @property
    def data(self) -> str:
        """What `%(dataset)s` and `%(parameter)s` stand for."""
        if isinstance(self.work, JobOnly):
            return self.work.text
        return self.dataset_query or "" if self.parameter is None else self.parameter

    @property
    def is_query(self) -> bool:
        """Whether that is a query."""
        return self.work.is_query if isinstance(self.work, JobOnly) else self.parameter is None


@dataclass(frozen=True)
class _Place:
    """The project and share that a submission works on; all None when its jobs make their own."""

    project_id: int | None = None
    share_id: int | None = None
    handle_count: int | None = None
    is_shared: bool = False


async def create_submission_in(tx: Tx, site: Site, who: Principal, *, order: Order) -> int:
    """Create the submission with everything that belongs to it and the intention to launch it. Returns its id.

    An approval stage has no launch: its submission waits for a person. The caller holds the lock on the stage and has
    asked for permission. Raises UnknownVariableError, CampaignShapeError, StageIncompleteError, LaunchHostError,
    NotPossibleError, InvalidInputError; nothing is left of it then.
    """
    stage = order.stage
    around = await _load_allowed(tx, order, who)
    submission_id = await store.reserve_submission_id(tx)
    place = await _find_place(tx, order, around, who, submission_id)
    surface = await _describe(tx, site, order, around, who, place, submission_id)
    plan = build_plan(site, around, surface, work_count=place.handle_count)
    needs_launch = stage.stage_type is not StageType.APPROVAL
    row = await _make_row(tx, order, around, who, place, submission_id, plan)
    await store.create_submission(tx, row=row)
    await store.count_submission(tx, stage_id=stage.id, submission_id=submission_id)
    await store.note_campaign_launch(tx, campaign_id=stage.campaign_id)
    if needs_launch:
        await launch.intend_in(
            tx, key=order.key, experiment_id=stage.experiment_id, backend=around.login_setup.backend, plan=plan
        )
    await _record(tx, row, order, who, place.handle_count)
    return submission_id


async def rehearse_in(tx: Tx, site: Site, who: Principal, *, order: Order) -> tuple[Surroundings, LaunchPlan]:
    """Return what `create_submission_in` would plan, with 0 for numbers that are given at launch. Makes nothing."""
    around = await _load_allowed(tx, order, who)
    has_files = not isinstance(order.work, JobOnly)
    surface = Surface(
        submission_id=0,
        launcher=who.username,
        server_url=site.public_url,
        data=order.data,
        is_query=order.is_query,
        project_id=0 if has_files else None,
        share_id=0 if has_files else None,
        parent_id=order.original_id,
        is_test=order.is_test,
    )
    return around, build_plan(site, around, surface, work_count=count_files(order.work))


async def _load_allowed(tx: Tx, order: Order, who: Principal) -> Surroundings:
    """Read what a stage refers to, however it comes to be launched, and go on if it may be used.

    Raises StageIncompleteError, NotPossibleError, LaunchHostError.
    """
    stage = order.stage
    around = await load_surroundings(
        tx, stage, who, data=order.data, is_test=order.is_test, overrides=order.parameter_overrides
    )
    _choose_handler(around)
    await check_host_in(tx, around.login_setup, around.variables, role=stage.creator_role)
    return around


def _choose_handler(around: Surroundings) -> DataHandler:
    return get_handler(around.campaign.data_handler, campaign=around.campaign.name)


def count_files(work: Work) -> int | None:
    """How many files there are to work on; None when only the jobs know."""
    match work:
        case OwnProject(handles, share_limit):
            return len(handles) if share_limit is None else min(len(handles), share_limit)
        case InShare():
            return work.handle_count
        case JobOnly():
            return None


async def list_work_in(tx: Tx, order: Order) -> Sequence[dispatch.NewHandle | dispatch.ShareFile]:
    """Return the files there are to work on; none when only the jobs know. Raises NotPossibleError."""
    match order.work:
        case OwnProject(handles, share_limit):
            return handles[:share_limit]
        case InShare(share_id=share_id):
            handler = await get_handler_in(tx, order.stage)
            return await handler.list_handles_in(tx, share_ids=[share_id])
        case JobOnly():
            return ()


async def _find_place(tx: Tx, order: Order, around: Surroundings, who: Principal, submission_id: int) -> _Place:
    match order.work:
        case OwnProject(handles, share_limit):
            project = await _create_project(tx, order, around, who, submission_id, handles, share_limit)
            count = project.handle_count
            own_count = count if share_limit is None else min(count, share_limit)
            # The rest is for submissions to come: nobody's until they claim it.
            return _Place(project.project_id, project.share_id, own_count, is_shared=own_count < count)
        case InShare():
            work = order.work
            return _Place(work.project_id, work.share_id, work.handle_count, work.is_shared)
        case JobOnly():
            return _Place()


async def _create_project(  # noqa: PLR0917
    tx: Tx,
    order: Order,
    around: Surroundings,
    who: Principal,
    submission_id: int,
    handles: Sequence[dispatch.NewHandle],
    share_limit: int | None,
) -> dispatch.CreatedProject:
    stage = order.stage
    new = dispatch.NewProject(
        experiment_id=stage.experiment_id,
        handles=tuple(handles),
        query=order.dataset_query,
        attributes=list_project_attributes(order, around, submission_id),
        is_virtual=stage.is_virtual or stage.stage_type in _WITHOUT_COPIES,
        max_attempts=around.job_type.max_attempts,
        worker_timeout=stage.worker_timeout,
        idle_timeout=stage.idle_timeout,
        users=await _name_users(tx, stage, who),
    )
    return await _choose_handler(around).create_project_in(
        tx,
        project=new,
        owner_id=who.user_id,
        owner_role=Role(stage.creator_role),
        actor=who,
        share_limit=share_limit,
    )


async def _name_users(tx: Tx, stage: Stage, who: Principal) -> tuple[str, ...]:
    """Those who may process the files beside the owner: whoever made the stage."""
    return () if stage.created_by == who.user_id else (await store.get_username(tx, user_id=stage.created_by),)


def list_project_attributes(order: Order, around: Surroundings, submission_id: int) -> dict[str, object]:
    """Return what a project says of the submission that it was made for; projects are searched by it."""
    attributes: dict[str, object] = {
        "campaign": around.campaign.name,
        "campaign_id": around.campaign.id,
        "stage": order.stage.name,
        "stage_id": order.stage.id,
        "submission_id": submission_id,
        "split_type": order.stage.choose_split_type(is_test=order.is_test),
        "cause": order.cause.value,
        "launcher": around.variables["experimenter"],
        "role": order.stage.vo_role or order.stage.creator_role,
    }
    optional = {
        "slice": order.slice_number,
        "slice_note": order.slice_note or None,
        "recovery_of": order.original_id,
        "recovery_type": None if order.recovery_type is None else order.recovery_type.value,
        "upstream_submission": order.upstream_submission_id,
        "load_limit": order.stage.load_limit,
        "is_test": order.is_test or None,
        "is_for_all": True if isinstance(order.work, OwnProject) and order.work.is_for_all else None,
    }
    return attributes | {name: value for name, value in optional.items() if value is not None}


async def _describe(  # noqa: PLR0917
    tx: Tx, site: Site, order: Order, around: Surroundings, who: Principal, place: _Place, submission_id: int
) -> Surface:
    outputs = await prepare_outputs(tx, around, who, submission_id=submission_id)
    return Surface(
        submission_id=submission_id,
        launcher=who.username,
        server_url=site.public_url,
        data=order.data,
        is_query=order.is_query,
        project_id=place.project_id,
        share_id=place.share_id,
        parent_id=order.original_id,
        is_test=order.is_test,
        output_namespace=outputs.namespace,
        output_dataset=outputs.dataset,
        output_url=outputs.url,
    )


async def _make_row(  # noqa: PLR0917
    tx: Tx, order: Order, around: Surroundings, who: Principal, place: _Place, submission_id: int, plan: LaunchPlan
) -> SubmissionRow:
    stage = order.stage
    is_approval = stage.stage_type is StageType.APPROVAL
    return SubmissionRow(
        id=submission_id,
        experiment_id=stage.experiment_id,
        campaign_id=stage.campaign_id,
        stage_id=stage.id,
        launch_key=order.key,
        cause=order.cause,
        upstream_submission_id=order.upstream_submission_id,
        is_test=order.is_test,
        status=SubmissionStatus.CREATED,
        batch_status=BatchStatus.AWAITING_APPROVAL if is_approval else BatchStatus.NEW,
        reason="",
        config=await freeze_config(tx, around, plan, command=build_command(around, submission_id=submission_id)),
        dataset_query=order.dataset_query,
        slice_number=order.slice_number,
        project_id=place.project_id,
        share_id=place.share_id,
        launched_by=who.user_id,
        creator_role=stage.creator_role,
        created_at=tx.now,
        ended_at=None,
        original_id=order.original_id,
        recovery_type=order.recovery_type,
        recovery_number=order.recovery_number,
        schedule_id=order.schedule_id,
        parameter_overrides=order.parameter_overrides,
        job_data=order.work.text if isinstance(order.work, JobOnly) else order.parameter,
        slice_note=order.slice_note,
        is_shared=place.is_shared,
    )


async def freeze_config(tx: Tx, around: Surroundings, plan: LaunchPlan, *, command: Sequence[str]) -> dict[str, object]:
    """Return everything that a submission runs with, as it is kept with it: later edits do not change history."""
    campaign, stage, job_type, login_setup = around.campaign, around.stage, around.job_type, around.login_setup
    dependencies = await store.list_dependencies(tx, campaign_id=campaign.id)
    return {
        "command": list(command),
        "request": _freeze(asdict(plan.request)),
        "campaign": {
            "name": campaign.name,
            "data_handler": campaign.data_handler,
            "keywords": dict(campaign.keywords),
            "is_test": campaign.is_test,
            "revision": campaign.revision,
        },
        "stage": _freeze({name: value for name, value in vars(stage).items() if name not in _LEFT_OUT}),
        "job_type": _freeze({name: value for name, value in asdict(job_type).items() if name not in _LEFT_OUT}),
        "login_setup": _freeze({n: value for n, value in asdict(login_setup).items() if n not in _LEFT_OUT}),
        "dependencies": [
            {
                "dependency_id": one.id,
                "downstream_stage_id": one.downstream_stage_id,
                "downstream_stage": one.downstream_stage,
                "file_pattern": one.file_pattern,
            }
            for one in dependencies
            if one.upstream_stage_id == stage.id
        ],
    }


def _freeze(value: object) -> object:
    """Return a value as JSON has it: words of enums, durations in seconds, instants as text."""
    match value:
        case dict():
            return {str(name): _freeze(item) for name, item in value.items()}
        case list() | tuple():
            return [_freeze(item) for item in value]
        case Enum():
            return value.value
        case timedelta():
            return value.total_seconds()
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


async def _record(tx: Tx, row: SubmissionRow, order: Order, who: Principal, file_count: int | None) -> None:
    cause = _CAUSES[order.cause].format(
        upstream=order.upstream_submission_id, original=order.original_id, recovery=order.recovery_type
    )
    files = "its files are known to its jobs alone" if file_count is None else f"{file_count} files"
    reason = f"{files}, launched {cause}" + (f"; {order.slice_note}" if order.slice_note else "")
    is_by_hand = order.cause in (Cause.MANUAL, Cause.RELAUNCH)
    words = [(Side.FILES, row.status.value)]
    if row.batch_status is BatchStatus.AWAITING_APPROVAL:
        words.append((Side.JOBS, row.batch_status.value))
    for side, word in words:
        await store.add_history(
            tx,
            submission_id=row.id,
            experiment_id=row.experiment_id,
            side=side,
            status=word,
            reason=reason,
            actor=who.username if is_by_hand else SYSTEM.username,
        )
    facts: dict[str, object] = {"stage": row.stage_id, "files": file_count, "cause": order.cause.value}
    await tx.record(Event(CampaignEvent.SUBMISSION_CREATED, "submission", str(row.id), row.experiment_id, facts), who)
    tx.notify("stage", row.stage_id)
    tx.notify("campaign", row.campaign_id)
