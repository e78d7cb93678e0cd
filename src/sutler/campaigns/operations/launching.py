"""Launching a stage: intend, act, record."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from sutler import auth, catalog, launch
from sutler.auth import Action, Principal, TokenKind, TokenSigner, permit
from sutler.base.errors import Problem, SutlerError
from sutler.campaigns import store
from sutler.campaigns.errors import (
    LaunchKeyTakenError,
    NoLeadingStageError,
    NotAScriptError,
    NothingToLaunchError,
    NotPossibleError,
    SliceTakenError,
)
from sutler.campaigns.handlers import get_handler
from sutler.campaigns.model import (
    JobType,
    Launched,
    LaunchOutcome,
    LaunchRequest,
    LoginSetup,
    Rehearsal,
    Stage,
    StageType,
    SubmissionRow,
)
from sutler.campaigns.operations.completion import note_launch, note_trouble
from sutler.campaigns.operations.creating import Order, create_submission_in, list_work_in, rehearse_in
from sutler.campaigns.operations.holds import find_hold_in
from sutler.campaigns.operations.hosts import check_host_in
from sutler.campaigns.operations.loading import find_launch, load_campaign, load_stage, thing_of
from sutler.campaigns.operations.planning import Site, Surroundings, build_plan, load_surroundings
from sutler.campaigns.operations.queueing import queue_launch_in
from sutler.campaigns.operations.slicing import Nothing, prepare_slice, take_slice_in
from sutler.campaigns.rules import Surface
from sutler.database import Database, DatabaseUnreachableError, Tx, replayable

JOB_TOKEN_LIFETIME = timedelta(days=14)
TRIES_OF_SLICE = 5
"""How often a catalogue elsewhere is asked while other launches take what it answers."""

PLACEHOLDER = "data"
"""Stands for the data of a launch before they are taken; what they really are is checked when they are."""

SHOWN_FILES = 100
"""How many files a rehearsal names."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Launcher:
    """What launching needs beside the database: made once when the server starts."""

    site: Site
    signer: TokenSigner
    backends: Mapping[str, launch.Backend]
    catalogues: catalog.SourceFinder = field(default_factory=catalog.BuiltInOnly)


async def launch_stage(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> LaunchOutcome:
    """Launch a stage once per key, or queue the launch while a hold is on.

    The submission, its files, the position of the split and the intention to launch are one transaction. A catalogue
    elsewhere is asked before it, the batch system after it. When that fails, the submission stays with status
    LaunchFailed and the reason; nothing is raised then. Raises NotFoundError, NotPermittedError, StageWithoutDataError,
    StageIncompleteError, NothingToLaunchError (its fact `is_over` tells whether the split is exhausted),
    NotAScriptError, LaunchKeyTakenError, UnknownBackendError, SliceTakenError, and what asking a catalogue elsewhere
    or taking a share of a project raises.
    """
    await _check_ahead(db, launcher, who, request)
    outcome, is_new = await _prepare_and_intend(db, launcher, who, request)
    if isinstance(outcome, Nothing):
        raise NothingToLaunchError(outcome.reason, **outcome.facts)
    if is_new and isinstance(outcome, Launched):
        # A back-end that is away has been noted with its reason; the launch stays intended and is taken up again.
        with contextlib.suppress(launch.BackendFailedError):
            await carry_out_launch(db, launcher, key=request.key)
    return outcome


async def launch_campaign(
    db: Database, launcher: Launcher, who: Principal, *, campaign_id: int, key: str
) -> LaunchOutcome:
    """Launch the one stage of a campaign that no other feeds. Raises NoLeadingStageError, and as `launch_stage`."""
    async with db.read() as tx:
        campaign = await load_campaign(tx, campaign_id)
        permit(who, Action.VIEW, thing_of("campaign", campaign))
        stages = await store.list_stages(tx, campaign_id=campaign_id)
        dependencies = await store.list_dependencies(tx, campaign_id=campaign_id)
    fed = {one.downstream_stage_id for one in dependencies if not one.is_to_itself}
    leading = [stage for stage in stages if stage.id not in fed]
    if len(leading) != 1:
        names = ", ".join(stage.name for stage in leading) or "none"
        raise NoLeadingStageError(
            f"Campaign {campaign.name} has {len(leading)} stages that nothing feeds: {names}. Launch the one you mean.",
            campaign_id=campaign_id,
            stages=[stage.name for stage in leading],
        )
    return await launch_stage(db, launcher, who, request=LaunchRequest(leading[0].id, key))


async def rehearse_launch(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> Rehearsal:
    """Do everything that a launch would do up to the batch system, show it, and take all of it back.

    Raises what `launch_stage` raises, NothingToLaunchError too. A hold is told of and stops nothing.
    """
    await _check_ahead(db, launcher, who, request)
    prepared = await prepare_slice(db, launcher.catalogues, request=request)
    try:
        return await _rehearse(db, launcher, who, request, prepared)
    finally:
        if prepared is not None:
            await catalog.discard_selection(db, selection_id=prepared.id)


async def _rehearse(
    db: Database,
    launcher: Launcher,
    who: Principal,
    request: LaunchRequest,
    prepared: catalog.PreparedSelection | None,
) -> Rehearsal:
    async with db.rehearse() as tx:
        stage = await load_stage(tx, request.stage_id, lock=True)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        held = await find_hold_in(tx, stage=stage)
        order = await take_slice_in(tx, who, stage, request=request, prepared=prepared)
        if isinstance(order, Nothing):
            raise NothingToLaunchError(order.reason, **order.facts)
        around, plan = await rehearse_in(tx, launcher.site, who, order=order)
        return await _describe(tx, order, around, plan, held)


async def _describe(tx: Tx, order: Order, around: Surroundings, plan: launch.LaunchPlan, held: str | None) -> Rehearsal:
    files = await list_work_in(tx, order)
    return Rehearsal(
        stage_id=order.stage.id,
        stage=order.stage.name,
        file_count=len(files),
        size_bytes=sum(one.size_bytes or 0 for one in files),
        files=tuple(f"{one.namespace}:{one.name}" for one in files[:SHOWN_FILES]),
        dataset_query=order.data or None,
        slice_number=order.slice_number,
        slice_note=order.slice_note,
        backend=around.login_setup.backend,
        host=plan.host,
        account=plan.account,
        job_count=plan.job_count,
        setup=plan.setup,
        arguments=plan.arguments,
        environment=plan.environment,
        held_because=held or "",
    )


async def carry_out_launch(db: Database, launcher: Launcher, *, key: str) -> None:
    """Hand an intended launch to its back-end and record what came of it. Safe to repeat. An approval has none.

    The launch of a submission that has ended meanwhile is called off. Raises BackendFailedError, and UserNotFoundError
    when the one who launched is no longer active; the launch stays intended then.
    """
    async with db.write() as tx:
        row = await store.lock_submission_of_key(tx, launch_key=key)
        known = await find_launch(tx, key=key)
        if known is None or known.state is not launch.LaunchState.INTENDED:
            return
        token = None if row is None or row.ended_at is not None else await _issue_token(tx, launcher, row)
    if row is None:
        # A trial of a login setup: it belongs to no submission and needs no token.
        await launch.submit_launch(db, launcher.backends, key=key, secrets={})
        return
    if token is None:
        await launch.stop_launch(db, launcher.backends, key=key, reason="its submission has ended")
    else:
        await launch.submit_launch(db, launcher.backends, key=key, secrets={"SUTLER_TOKEN": token.text})
    await note_launch(db, key=key)


async def claim_forgotten_launches(db: Database, *, older_than: timedelta, count: int) -> list[str]:
    """Take launches that were written down and not handed over, because a server died in between or a back-end could
    not answer: at most `count` keys, longest due first. Each is put off, longer every time, before it is tried.
    """
    return await launch.claim_unsubmitted(db, older_than=older_than, count=count)


async def carry_out_forgotten_launch(db: Database, launcher: Launcher, *, key: str) -> None:
    """Carry out a launch that was taken; one that cannot be keeps its reason. Raises DatabaseUnreachableError."""
    try:
        await carry_out_launch(db, launcher, key=key)
    except DatabaseUnreachableError:
        raise
    except SutlerError as error:
        log.warning("launch_not_carried_out", key=key, code=error.code, reason=error.sentence)
        await note_trouble(db, key=key, reason=error.sentence)


async def _issue_token(tx: Tx, launcher: Launcher, row: SubmissionRow) -> auth.IssuedToken:
    return await auth.issue_token_in(
        tx,
        launcher.signer,
        user_id=row.launched_by,
        kind=TokenKind.JOB,
        label=f"jobs of submission {row.id}",
        lifetime=JOB_TOKEN_LIFETIME,
        experiment_id=row.experiment_id,
        project_id=row.project_id,
    )


async def _check_ahead(db: Database, launcher: Launcher, who: Principal, request: LaunchRequest) -> None:
    """Refuse early what needs no lock: who may, an unknown back-end, a variable without value, a script that cannot be
    run, a host that is not allowed.
    """
    async with db.read() as tx:
        stage = await load_stage(tx, request.stage_id)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        _check_not_removed(stage)
        if await store.find_submission_by_key(tx, launch_key=request.key):
            return
        around = await load_surroundings(
            tx,
            stage,
            who,
            data=PLACEHOLDER,
            is_test=request.is_test,
            overrides=request.parameter_overrides,
        )
        get_handler(around.campaign.data_handler, campaign=around.campaign.name)
        await check_host_in(tx, around.login_setup, around.variables, role=stage.creator_role)
    if stage.stage_type is StageType.APPROVAL:
        return
    launch.get_backend(launcher.backends, around.login_setup.backend)
    surface = Surface(0, who.username, launcher.site.public_url, PLACEHOLDER, is_query=True)
    _check_script(
        around.job_type, around.login_setup, build_plan(launcher.site, around, surface, work_count=1).arguments[0]
    )


async def _prepare_and_intend(
    db: Database, launcher: Launcher, who: Principal, request: LaunchRequest
) -> tuple[LaunchOutcome | Nothing, bool]:
    for tries_left in reversed(range(TRIES_OF_SLICE)):
        prepared = await prepare_slice(db, launcher.catalogues, request=request)
        try:
            return await _intend(db, launcher.site, who, request, prepared)
        except SliceTakenError:
            if not tries_left:
                raise
        finally:
            if prepared is not None:
                await catalog.discard_selection(db, selection_id=prepared.id)
    raise AssertionError("the last try returns or raises")


@replayable
async def _intend(
    db: Database, site: Site, who: Principal, request: LaunchRequest, prepared: catalog.PreparedSelection | None
) -> tuple[LaunchOutcome | Nothing, bool]:
    """Return what came of the request, and whether this call made it."""
    async with db.write() as tx:
        stage = await load_stage(tx, request.stage_id, lock=True)
        present = await store.find_submission_by_key(tx, launch_key=request.key)
        if present is not None:
            submission_id, stage_id = present
            if stage_id != stage.id:
                raise LaunchKeyTakenError(key=request.key, stage=stage_id)
            return Launched(submission_id), False
        _check_not_removed(stage)
        held = await find_hold_in(tx, stage=stage)
        if held is not None:
            return await queue_launch_in(tx, who, stage=stage, request=request, reason=held), True
        order = await take_slice_in(tx, who, stage, request=request, prepared=prepared)
        if isinstance(order, Nothing):
            return order, False
        return Launched(await create_submission_in(tx, site, who, order=order)), True


def _check_not_removed(stage: Stage) -> None:
    if stage.removed_at is not None:
        raise NotPossibleError(f"Stage {stage.name} was removed from its campaign.", stage_id=stage.id)


def _check_script(job_type: JobType, login_setup: LoginSetup, program: str) -> None:
    """On this machine a script named by its full path must be there and be executable.

    Other names are resolved after the login setup has run, which may change the search path.
    """
    if login_setup.backend != "local" or not program.startswith("/"):
        return
    if shutil.which(program) is None:
        what = "is not executable" if Path(program).exists() else "does not exist"
        advice = f"Make it executable with: chmod +x {program}" if Path(program).exists() else "Check the path."
        raise NotAScriptError(
            [Problem(f"launch_script of job type {job_type.name}", f"{program} {what}. {advice}")], program=program
        )
