"""Login setups and job types: what stages refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import TypeVar

from sutler.auth import Action, Experiment, Principal, Role, Thing, permit
from sutler.base.did import check_name
from sutler.base.errors import InvalidInputError, NotFoundError, Problem
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.errors import ChangedMeanwhileError, InUseError
from sutler.campaigns.model import (
    CampaignEvent,
    JobType,
    LoginSetup,
    NewJobType,
    NewLoginSetup,
    TemplateUse,
)
from sutler.campaigns.operations.loading import load_experiment, load_present_stage, thing_of
from sutler.campaigns.store import UserOfTemplate
from sutler.database import AlreadyExistsError, Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, Page

MOST_RECOVERIES = 10

Template = TypeVar("Template", LoginSetup, JobType)


async def save_login_setup(
    db: Database, who: Principal, *, new: NewLoginSetup, revision: int | None = None
) -> LoginSetup:
    """Create a login setup, or change the one of that name.

    Its text is run by a shell on the submission host, so only those who may edit it get to write it. With a revision,
    only one that nobody has changed since is changed. Raises NotFoundError for an unknown experiment,
    NotPermittedError, ChangedMeanwhileError, InvalidInputError.
    """
    async with db.write() as tx:
        return await save_login_setup_in(tx, who, new=new, revision=revision)


async def save_login_setup_in(tx: Tx, who: Principal, *, new: NewLoginSetup, revision: int | None = None) -> LoginSetup:
    """Do what `save_login_setup` does, in the transaction of a caller."""
    check_title(new.name)
    experiment = await load_experiment(tx, new.experiment)
    present = await store.find_login_setup(tx, experiment_id=experiment.id, name=new.name)
    if present is None:
        role = permit_creation(who, "login setup", experiment)
        saved = await store.create_login_setup(
            tx, new=new, experiment_id=experiment.id, created_by=who.user_id, creator_role=role
        )
    else:
        permit(who, Action.EDIT, thing_of("login setup", present))
        _check_revision("login setup", present, revision)
        saved = await store.update_login_setup(tx, login_setup_id=present.id, new=new)
    await _record(tx, who, CampaignEvent.LOGIN_SETUP_SAVED, "login_setup", saved)
    return saved


async def get_login_setup(db: Database, who: Principal, *, login_setup_id: int) -> LoginSetup:
    """Return a login setup. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        return await _load_login_setup(tx, who, login_setup_id)


async def list_login_setup_users(
    db: Database, who: Principal, *, login_setup_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[TemplateUse]:
    """Return the campaigns and stages that use a login setup, the newest campaign first.

    Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        found = await _load_login_setup(tx, who, login_setup_id)
        return await store.list_users_of_login_setup(tx, login_setup_id=found.id, after=after, limit=limit)


async def clone_login_setup(db: Database, who: Principal, *, login_setup_id: int, name: str) -> LoginSetup:
    """Copy a login setup under another name; the copy belongs to the caller.

    Raises NotFoundError, NotPermittedError, AlreadyExistsError, InvalidInputError.
    """
    async with db.write() as tx:
        source = await store.lock_login_setup(tx, login_setup_id=login_setup_id)
        if source is None:
            raise NotFoundError("login setup", login_setup_id)
        permit(who, Action.VIEW, thing_of("login setup", source))
        if await store.find_login_setup(tx, experiment_id=source.experiment_id, name=name):
            raise AlreadyExistsError(f"There is a login setup {name} already.", name=name)
        experiment = await store.get_experiment_name(tx, experiment_id=source.experiment_id)
        new = NewLoginSetup(experiment, name, source.backend, source.host, source.account, source.setup)
        return await save_login_setup_in(tx, who, new=new)


async def delete_login_setup(db: Database, who: Principal, *, login_setup_id: int) -> None:
    """Delete a login setup that nothing refers to. Raises NotFoundError, NotPermittedError, InUseError."""
    async with db.write() as tx:
        present = await store.lock_login_setup(tx, login_setup_id=login_setup_id)
        if present is None:
            raise NotFoundError("login setup", login_setup_id)
        permit(who, Action.EDIT, thing_of("login setup", present))
        users = await store.list_login_setup_users(tx, login_setup_id=login_setup_id)
        _check_unused(f"Login setup {present.name}", users)
        await store.delete_login_setup(tx, login_setup_id=login_setup_id)
        await _record(tx, who, CampaignEvent.LOGIN_SETUP_DELETED, "login_setup", present)


async def save_job_type(
    db: Database,
    who: Principal,
    *,
    new: NewJobType,
    revision: int | None = None,
    switch_stage_ids: Sequence[int] = (),
) -> JobType:
    """Create a job type, or change the one of that name, and let stages switch to it, all or nothing.

    A job type is shared: to change it for some stages only, save it under a new name and say which stages switch.
    Raises NotFoundError, NotPermittedError, ChangedMeanwhileError, InvalidInputError.
    """
    async with db.write() as tx:
        saved = await save_job_type_in(tx, who, new=new, revision=revision)
        for stage_id in switch_stage_ids:
            stage = await load_present_stage(tx, stage_id, lock=True)
            permit(who, Action.EDIT, thing_of("stage", stage))
            if stage.experiment_id != saved.experiment_id:
                raise NotFoundError("stage", stage_id)
            await store.update_stage(tx, stage=replace(stage, own_job_type_id=saved.id))
            await store.count_revision(tx, campaign_id=stage.campaign_id)
            tx.notify("campaign", stage.campaign_id)
        return saved


async def save_job_type_in(tx: Tx, who: Principal, *, new: NewJobType, revision: int | None = None) -> JobType:
    """Create a job type, or change the one of that name, in the transaction of a caller."""
    check_title(new.name)
    check_job_type(new)
    experiment = await load_experiment(tx, new.experiment)
    present = await store.find_job_type(tx, experiment_id=experiment.id, name=new.name)
    if present is None:
        role = permit_creation(who, "job type", experiment)
        job_type_id = await store.create_job_type(
            tx, new=new, experiment_id=experiment.id, created_by=who.user_id, creator_role=role
        )
    else:
        permit(who, Action.EDIT, thing_of("job type", present))
        _check_revision("job type", present, revision)
        job_type_id = present.id
        await store.update_job_type(tx, job_type_id=job_type_id, new=new)
        await store.delete_recoveries(tx, job_type_id=job_type_id)
    await store.insert_recoveries(tx, job_type_id=job_type_id, recoveries=new.recoveries)
    saved = await store.get_job_type(tx, job_type_id=job_type_id)
    await _record(tx, who, CampaignEvent.JOB_TYPE_SAVED, "job_type", saved)
    return saved


async def get_job_type(db: Database, who: Principal, *, job_type_id: int) -> JobType:
    """Return a job type with its recoveries. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        return await _load_job_type(tx, who, job_type_id)


async def list_job_type_users(
    db: Database, who: Principal, *, job_type_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[TemplateUse]:
    """As `list_login_setup_users`, of a job type. Raises NotFoundError, NotPermittedError, InvalidInputError."""
    async with db.read() as tx:
        found = await _load_job_type(tx, who, job_type_id)
        return await store.list_users_of_job_type(tx, job_type_id=found.id, after=after, limit=limit)


async def clone_job_type(db: Database, who: Principal, *, job_type_id: int, name: str) -> JobType:
    """Copy a job type under another name; the copy belongs to the caller.

    Raises NotFoundError, NotPermittedError, AlreadyExistsError, InvalidInputError.
    """
    async with db.write() as tx:
        source = await store.lock_job_type(tx, job_type_id=job_type_id)
        if source is None:
            raise NotFoundError("job type", job_type_id)
        permit(who, Action.VIEW, thing_of("job type", source))
        if await store.find_job_type(tx, experiment_id=source.experiment_id, name=name):
            raise AlreadyExistsError(f"There is a job type {name} already.", name=name)
        experiment = await store.get_experiment_name(tx, experiment_id=source.experiment_id)
        same = {f.name: getattr(source, f.name) for f in fields(NewJobType) if f.name not in ("experiment", "name")}
        return await save_job_type_in(tx, who, new=NewJobType(experiment, name, **same))


async def delete_job_type(db: Database, who: Principal, *, job_type_id: int) -> None:
    """Delete a job type that nothing refers to. Raises NotFoundError, NotPermittedError, InUseError."""
    async with db.write() as tx:
        present = await store.lock_job_type(tx, job_type_id=job_type_id)
        if present is None:
            raise NotFoundError("job type", job_type_id)
        permit(who, Action.EDIT, thing_of("job type", present))
        _check_unused(f"Job type {present.name}", await store.list_job_type_users(tx, job_type_id=job_type_id))
        await store.delete_job_type(tx, job_type_id=job_type_id)
        await _record(tx, who, CampaignEvent.JOB_TYPE_DELETED, "job_type", present)


def check_title(name: str) -> None:
    """Raise InvalidInputError unless the text can name a campaign, stage, job type or login setup."""
    if not name.strip() or name != name.strip() or len(name) > 100 or not name.isprintable():
        raise InvalidInputError(
            [Problem("name", f"{name!r} needs 1 to 100 printable characters without blanks at the ends")]
        )


def check_job_type(new: NewJobType) -> None:
    """Raise InvalidInputError, with all faults at once, or CampaignShapeError, unless a job type may be saved."""
    problems = []
    if new.files_per_run < 1:
        problems.append(Problem("files_per_run", "must be at least 1"))
    if new.max_attempts < 1:
        problems.append(Problem("max_attempts", "must be at least 1"))
    if new.run_timeout is not None and new.run_timeout <= timedelta(0):
        problems.append(Problem("run_timeout", "must be longer than nothing"))
    if new.output_file_patterns and not new.output_dataset.strip():
        problems.append(Problem("output_dataset", "is empty, but output_file_patterns says that there are outputs"))
    if len(new.recoveries) > MOST_RECOVERIES:
        problems.append(Problem("recoveries", f"are {len(new.recoveries)}; at most {MOST_RECOVERIES} are tried"))
    if problems:
        raise InvalidInputError(problems)
    rules.split_script(new.launch_script)
    for parameters in (new.parameters, *(recovery.parameter_overrides for recovery in new.recoveries)):
        rules.split_requests(parameters)
    if new.output_namespace:
        check_name(new.output_namespace, "output_namespace")


def permit_creation(who: Principal, kind: str, experiment: Experiment) -> str:
    """Ask whether somebody may make such a thing in an experiment; return the role that it will belong to."""
    permit(who, Action.CREATE, Thing(kind=kind, experiment_id=experiment.id))
    role = who.roles.get(experiment.id, Role.SUPERUSER if who.is_admin else Role.ANALYSIS)
    return Role.ANALYSIS if role is Role.SHIFTER else role


async def _load_login_setup(tx: Tx, who: Principal, login_setup_id: int) -> LoginSetup:
    found = await store.find_login_setup_by_id(tx, login_setup_id=login_setup_id)
    if found is None:
        raise NotFoundError("login setup", login_setup_id)
    permit(who, Action.VIEW, thing_of("login setup", found))
    return found


async def _load_job_type(tx: Tx, who: Principal, job_type_id: int) -> JobType:
    found = await store.find_job_type_by_id(tx, job_type_id=job_type_id)
    if found is None:
        raise NotFoundError("job type", job_type_id)
    permit(who, Action.VIEW, thing_of("job type", found))
    return found


def _check_revision(kind: str, present: LoginSetup | JobType, revision: int | None) -> None:
    if revision is not None and revision != present.revision:
        raise ChangedMeanwhileError(
            f"Somebody has changed the {kind} {present.name} since you looked. Look again, then change it.",
            revision=present.revision,
        )


def _check_unused(what: str, users: Sequence[UserOfTemplate]) -> None:
    if users:
        named = ", ".join(f"{one.campaign}/{one.stage}" if one.stage else f"{one.campaign} (default)" for one in users)
        raise InUseError(f"{what} is used by {named}. Let them use another one first.", users=[named])


async def _record(tx: Tx, who: Principal, kind: CampaignEvent, subject: str, saved: LoginSetup | JobType) -> None:
    await tx.record(Event(kind, subject, str(saved.id), saved.experiment_id, {"name": saved.name}), who)
