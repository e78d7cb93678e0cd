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
from sutler.base.errors import Problem, SutlerError, UnavailableError
from sutler.campaigns import rules, store
from sutler.campaigns.errors import (
    LaunchKeyTakenError,
    NotAScriptError,
    SliceTakenError,
    StageHeldError,
)
from sutler.campaigns.model import (
    JobType,
    LaunchRequest,
    LoginSetup,
    Stage,
)
from sutler.campaigns.operations.completion import note_launch, note_trouble
from sutler.campaigns.operations.creating import Site, create_submission_in
from sutler.campaigns.operations.loading import load_campaign, load_stage, thing_of
from sutler.campaigns.operations.slicing import prepare_slice, take_slice_in
from sutler.campaigns.store import SubmissionRow
from sutler.database import Database, Tx

JOB_TOKEN_LIFETIME = timedelta(days=14)
TRIES_OF_SLICE = 5
"""How often a catalogue elsewhere is asked while other launches take what it answers."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Launcher:
    """What launching needs beside the database: made once when the server starts."""

    site: Site
    signer: TokenSigner
    backends: Mapping[str, launch.Backend]
    catalogues: catalog.SourceFinder = field(default_factory=catalog.BuiltInOnly)


async def launch_stage(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> int:
    """Launch a stage once per key, and return the id of the submission.

    The submission, its files, the position of the split and the intention to launch are one transaction. A catalogue
    elsewhere is asked before it, the batch system after it. When that fails, the submission stays with status
    LaunchFailed and the reason; nothing is raised then. Raises NotFoundError, NotPermittedError, StageHeldError,
    StageWithoutDataError, NothingToLaunchError, NotAScriptError, LaunchKeyTakenError, UnknownBackendError,
    SliceTakenError, and what asking a catalogue elsewhere raises.
    """
    await _check_ahead(db, launcher, who, request)
    submission_id, is_new = await _prepare_and_intend(db, launcher, who, request)
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


async def _prepare_and_intend(
    db: Database, launcher: Launcher, who: Principal, request: LaunchRequest
) -> tuple[int, bool]:
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


async def _intend(
    db: Database, site: Site, who: Principal, request: LaunchRequest, prepared: catalog.PreparedSelection | None
) -> tuple[int, bool]:
    async with db.write() as tx:
        stage = await load_stage(tx, request.stage_id, lock=True)
        present = await store.find_submission_by_key(tx, launch_key=request.key)
        if present is not None:
            submission_id, stage_id = present
            if stage_id != stage.id:
                raise LaunchKeyTakenError(key=request.key, stage=stage_id)
            return submission_id, False
        _check_not_held(stage)
        order = await take_slice_in(tx, stage, request=request, prepared=prepared)
        return await create_submission_in(tx, site, who, order=order), True


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
