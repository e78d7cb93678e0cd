"""Launching a stage: intend, act, record."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from sutler import auth, catalog, dispatch, launch
from sutler.auth import Action, Principal, TokenKind, TokenSigner, permit
from sutler.base.errors import Problem, SutlerError, UnavailableError
from sutler.campaigns import rules, store
from sutler.campaigns.errors import (
    LaunchKeyTakenError,
    NotAScriptError,
    NothingToLaunchError,
    StageHeldError,
    StageWithoutDataError,
)
from sutler.campaigns.model import (
    Cause,
    JobType,
    LaunchRequest,
    LoginSetup,
    SplitKind,
    SplitPosition,
    Stage,
    StageType,
)
from sutler.campaigns.operations.completion import note_launch, note_trouble
from sutler.campaigns.operations.creating import Order, Site, create_submission_in
from sutler.campaigns.operations.loading import load_campaign, load_stage, thing_of
from sutler.campaigns.splits import parse_split_type
from sutler.campaigns.store import SubmissionRow
from sutler.database import Database, Tx

JOB_TOKEN_LIFETIME = timedelta(days=14)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Launcher:
    """What launching needs beside the database: made once when the server starts."""

    site: Site
    signer: TokenSigner
    backends: Mapping[str, launch.Backend]


async def launch_stage(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> int:
    """Launch a stage once per key, and return the id of the submission.

    The submission, its files, the position of the split and the intention to launch are one transaction; the batch
    system is asked after it. When that fails, the submission stays with status LaunchFailed and the reason; nothing is
    raised then. Raises NotFoundError, NotPermittedError, StageHeldError, StageWithoutDataError, NothingToLaunchError,
    NotAScriptError, LaunchKeyTakenError, UnknownBackendError.
    """
    await _check_ahead(db, launcher, who, request)
    submission_id, is_new = await _intend(db, launcher.site, who, request)
    if is_new:
        # A back-end that is away has been noted with its reason; the launch stays intended and is taken up again.
        with contextlib.suppress(launch.BackendFailedError):
            await carry_out_launch(db, launcher, key=request.key)
    return submission_id


async def carry_out_launch(db: Database, launcher: Launcher, *, key: str) -> None:
    """Hand an intended launch to its back-end and record what came of it. Safe to repeat.

    The launch of a submission that has ended meanwhile is called off. Raises BackendFailedError, and UserNotFoundError
    when the one who launched is no longer active; the launch stays intended then.
    """
    async with db.write() as tx:
        row = await store.lock_submission_of_key(tx, launch_key=key)
        if row is None or (await launch.get_launch_in(tx, key=key)).state is not launch.LaunchState.INTENDED:
            return
        token = None if row.ended_at is not None else await _issue_token(tx, launcher, row)
    if token is None:
        await launch.stop_launch(db, launcher.backends, key=key, reason="its submission has ended")
    else:
        await launch.submit_launch(db, launcher.backends, key=key, secrets={"SUTLER_TOKEN": token.text})
    await note_launch(db, key=key)


async def carry_out_forgotten_launches(db: Database, launcher: Launcher, *, older_than: timedelta) -> int:
    """Take up launches that were written down and not handed over, because a server died in between or a back-end
    could not answer. Returns how many were carried out.

    One that cannot be carried out keeps its reason and stops no other. When none could be, the last refusal is raised,
    so that the caller waits longer before the next pass.
    """
    keys = await launch.list_unsubmitted(db, older_than=older_than)
    done, trouble = 0, None
    for key in keys:
        try:
            await carry_out_launch(db, launcher, key=key)
            done += 1
        except UnavailableError:
            raise
        except SutlerError as error:
            log.warning("launch_not_carried_out", key=key, code=error.code, reason=error.sentence)
            await note_trouble(db, key=key, reason=error.sentence)
            trouble = error
    if trouble is not None and not done:
        raise trouble
    return done


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
    """Refuse early what needs no lock: who may, a hold, an unknown back-end, a script that cannot be run."""
    async with db.read() as tx:
        stage = await load_stage(tx, request.stage_id)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        if await store.find_submission_by_key(tx, launch_key=request.key):
            return
        _check_not_held(stage)
        campaign = await load_campaign(tx, stage.campaign_id)
        job_type = await store.get_job_type(tx, job_type_id=stage.job_type_id)
        login_setup = await store.get_login_setup(tx, login_setup_id=stage.login_setup_id)
    launch.get_backend(launcher.backends, login_setup.backend)
    variables = rules.list_variables(
        keywords=campaign.keywords,
        campaign=campaign.name,
        stage=stage.name,
        version=stage.software_version,
        experiment=campaign.experiment,
        launcher=who.username,
        dataset=stage.dataset_query or "",
    )
    arguments = rules.build_arguments(
        job_type.launch_script,
        rules.merge_parameters(job_type.parameters, stage.parameter_overrides),
        {**variables, "submission": "0"},
    )
    _check_script(job_type, login_setup, arguments[0])


async def _intend(db: Database, site: Site, who: Principal, request: LaunchRequest) -> tuple[int, bool]:
    async with db.write() as tx:
        stage = await load_stage(tx, request.stage_id, lock=True)
        present = await store.find_submission_by_key(tx, launch_key=request.key)
        if present is not None:
            submission_id, stage_id = present
            if stage_id != stage.id:
                raise LaunchKeyTakenError(key=request.key, stage=stage_id)
            return submission_id, False
        _check_not_held(stage)
        order = await _take_slice(tx, stage, request)
        return await create_submission_in(tx, site, who, order=order), True


async def _take_slice(tx: Tx, stage: Stage, request: LaunchRequest) -> Order:
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
    selection = catalog.Selection(query=stage.dataset_query, experiment_id=stage.experiment_id, limit=split.slice_limit)
    kind = SplitKind.TEST if request.is_test else SplitKind.PRODUCTION
    position = await _open_position(tx, stage, kind) if split.uses_ledger else None
    files = await catalog.take_in(tx, selection=selection, ledger_id=position.ledger_id if position else None)
    if not files:
        given = "All its files have been given out." if position and position.slice_count else "It matches no file."
        raise NothingToLaunchError(
            f"Stage {stage.name} has nothing to launch: the query {stage.dataset_query!r} has no further file. {given}",
            query=stage.dataset_query,
        )
    if position is not None:
        moved = SplitPosition(**{**vars(position), "slice_count": position.slice_count + 1})
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


def _check_not_held(stage: Stage) -> None:
    if stage.held_at is not None:
        raise StageHeldError(
            f"Launches of stage {stage.name} are on hold since {stage.held_at:%Y-%m-%d %H:%M} UTC. "
            "Release the stage to launch it.",
            stage_id=stage.id,
        )


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
