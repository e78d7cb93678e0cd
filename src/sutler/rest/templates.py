"""Login setups, job types, and where may be logged in to."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Response

from sutler import auth, campaigns
from sutler.base.errors import InvalidInputError, Problem
from sutler.rest.campaign_shapes import read_job_type, show_job_type, show_login_setup
from sutler.rest.context import Context, Here, Once
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit
from sutler.rest.revisions import IfMatch, read_optional_revision, read_revision, tell_revision
from sutler.rest.showing import show, show_page
from sutler.wire import campaigns as wire
from sutler.wire import launch_hosts as wire_hosts
from sutler.wire.bounds import Id as WireId
from sutler.wire.page import Page

Switching = Annotated[
    list[WireId] | None, Query(alias="switch_stage_id", description="Stages that use it from now on; give it often.")
]


def add_routes(router: APIRouter) -> None:
    """Add the routes of what stages refer to."""
    router.get("/login_setups")(list_login_setups)
    router.post("/login_setups")(save_login_setup)
    router.get("/login_setups/{login_setup_id}")(get_login_setup)
    router.put("/login_setups/{login_setup_id}")(edit_login_setup)
    router.delete("/login_setups/{login_setup_id}", status_code=204)(delete_login_setup)
    router.get("/login_setups/{login_setup_id}/users")(list_login_setup_users)
    router.post("/login_setups/{login_setup_id}/clone", status_code=201)(clone_login_setup)
    router.post("/login_setups/{login_setup_id}/trial", status_code=202)(try_login_setup)
    router.get("/login_setups/{login_setup_id}/trial")(view_login_setup_trial)
    router.get("/job_types")(list_job_types)
    router.post("/job_types")(save_job_type)
    router.get("/job_types/{job_type_id}")(get_job_type)
    router.put("/job_types/{job_type_id}")(edit_job_type)
    router.delete("/job_types/{job_type_id}", status_code=204)(delete_job_type)
    router.get("/job_types/{job_type_id}/users")(list_job_type_users)
    router.post("/job_types/{job_type_id}/clone", status_code=201)(clone_job_type)
    router.get("/experiments/{name}/launch_hosts")(get_launch_hosts)
    router.put("/experiments/{name}/launch_hosts")(set_launch_hosts)


async def list_login_setups(here: Here, experiment: Experiment = None) -> Page[wire.LoginSetup]:
    """List login setups."""
    found = await campaigns.list_login_setups(here.db, here.who, experiment=experiment)
    names = await name_experiments(here, {setup.experiment_id for setup in found})
    return Page(tuple(show_login_setup(one, names[one.experiment_id]) for one in found))


async def get_login_setup(here: Here, response: Response, login_setup_id: Id) -> wire.LoginSetup:
    """Show a login setup."""
    found = await campaigns.get_login_setup(here.db, here.who, login_setup_id=login_setup_id)
    tell_revision(response, found.revision)
    return show_login_setup(found, await name_experiment(here, found.experiment_id))


async def save_login_setup(
    here: Once, response: Response, body: wire.NewLoginSetup, if_match: IfMatch = None
) -> wire.LoginSetup:
    """Make a login setup, or change the one of that name; with `If-Match` only if nobody has changed it since."""
    return await _save_login_setup(here, response, body, read_optional_revision(if_match))


async def edit_login_setup(
    here: Here, response: Response, login_setup_id: Id, body: wire.NewLoginSetup, if_match: IfMatch = None
) -> wire.LoginSetup:
    """Change a login setup. Its experiment and its name stay."""
    revision = read_revision(if_match)
    found = await campaigns.get_login_setup(here.db, here.who, login_setup_id=login_setup_id)
    await _check_same(here, found, body)
    return await _save_login_setup(here, response, body, revision)


async def delete_login_setup(here: Here, login_setup_id: Id) -> None:
    """Delete a login setup that nothing refers to."""
    await campaigns.delete_login_setup(here.db, here.who, login_setup_id=login_setup_id)


async def list_login_setup_users(
    here: Here, login_setup_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire.TemplateUse]:
    """List the campaigns and stages that use a login setup, the newest campaign first."""
    page = await campaigns.list_login_setup_users(
        here.db, here.who, login_setup_id=login_setup_id, after=cursor, limit=limit
    )
    return show_page(page, lambda use: show(wire.TemplateUse, use))


async def clone_login_setup(here: Once, response: Response, login_setup_id: Id, body: wire.Named) -> wire.LoginSetup:
    """Copy a login setup under another name; the copy belongs to the caller."""
    made = await campaigns.clone_login_setup(here.db, here.who, login_setup_id=login_setup_id, name=body.name)
    tell_revision(response, made.revision)
    return show_login_setup(made, await name_experiment(here, made.experiment_id))


async def try_login_setup(here: Once, login_setup_id: Id) -> wire_hosts.LoginSetupTrial:
    """Run the text of a login setup as one job that does nothing else, where its launches would run."""
    # The trial keeps the key: one whose answer was lost is asked for again and found.
    db, launcher = here.services.db, here.services.launcher
    key = await campaigns.try_login_setup(
        db, launcher, here.who, login_setup_id=login_setup_id, key=here.key or str(uuid4())
    )
    return await view_login_setup_trial(here, login_setup_id, key)


async def view_login_setup_trial(
    here: Here, login_setup_id: Id, key: Annotated[str, Query(description="What the trial was answered with.")]
) -> wire_hosts.LoginSetupTrial:
    """Show how the trial of a login setup stands."""
    found = await campaigns.view_login_setup_trial(
        here.services.db, here.services.launcher, here.who, login_setup_id=login_setup_id, key=key
    )
    return show(wire_hosts.LoginSetupTrial, found)


async def list_job_types(here: Here, experiment: Experiment = None) -> Page[wire.JobType]:
    """List job types."""
    found = await campaigns.list_job_types(here.db, here.who, experiment=experiment)
    names = await name_experiments(here, {job_type.experiment_id for job_type in found})
    return Page(tuple(show_job_type(one, names[one.experiment_id]) for one in found))


async def get_job_type(here: Here, response: Response, job_type_id: Id) -> wire.JobType:
    """Show a job type."""
    found = await campaigns.get_job_type(here.db, here.who, job_type_id=job_type_id)
    tell_revision(response, found.revision)
    return show_job_type(found, await name_experiment(here, found.experiment_id))


async def save_job_type(
    here: Once, response: Response, body: wire.NewJobType, switching: Switching = None, if_match: IfMatch = None
) -> wire.JobType:
    """Make a job type, or change the one of that name; with `If-Match` only if nobody has changed it since.

    A job type is shared: to change it for some stages only, save it under a new name and say which stages switch.
    """
    return await _save_job_type(here, response, body, switching, read_optional_revision(if_match))


async def edit_job_type(
    here: Here,
    *,
    response: Response,
    job_type_id: Id,
    body: wire.NewJobType,
    switching: Switching = None,
    if_match: IfMatch = None,
) -> wire.JobType:
    """Change a job type for all stages that use it. Its experiment and its name stay."""
    revision = read_revision(if_match)
    found = await campaigns.get_job_type(here.db, here.who, job_type_id=job_type_id)
    await _check_same(here, found, body)
    return await _save_job_type(here, response, body, switching, revision)


async def delete_job_type(here: Here, job_type_id: Id) -> None:
    """Delete a job type that nothing refers to."""
    await campaigns.delete_job_type(here.db, here.who, job_type_id=job_type_id)


async def list_job_type_users(
    here: Here, job_type_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire.TemplateUse]:
    """List the campaigns and stages that use a job type, the newest campaign first."""
    page = await campaigns.list_job_type_users(here.db, here.who, job_type_id=job_type_id, after=cursor, limit=limit)
    return show_page(page, lambda use: show(wire.TemplateUse, use))


async def clone_job_type(here: Once, response: Response, job_type_id: Id, body: wire.Named) -> wire.JobType:
    """Copy a job type under another name; the copy belongs to the caller."""
    made = await campaigns.clone_job_type(here.db, here.who, job_type_id=job_type_id, name=body.name)
    tell_revision(response, made.revision)
    return show_job_type(made, await name_experiment(here, made.experiment_id))


async def get_launch_hosts(here: Here, name: str) -> wire_hosts.LaunchHosts:
    """Show where login setups of an experiment may log in to."""
    return show(wire_hosts.LaunchHosts, await campaigns.get_launch_hosts(here.db, here.who, experiment=name))


async def set_launch_hosts(here: Here, name: str, body: wire_hosts.NewLaunchHosts) -> wire_hosts.LaunchHosts:
    """Replace where login setups of analysis, or of production, may log in to."""
    kept = await campaigns.set_launch_hosts(
        here.db, here.who, experiment=name, role=auth.Role(body.role), patterns=body.patterns
    )
    return show(wire_hosts.LaunchHosts, kept)


async def _save_login_setup(
    here: Context, response: Response, body: wire.NewLoginSetup, revision: int | None
) -> wire.LoginSetup:
    new = campaigns.NewLoginSetup(**vars(body))
    saved = await campaigns.save_login_setup(here.db, here.who, new=new, revision=revision)
    tell_revision(response, saved.revision)
    return show_login_setup(saved, body.experiment)


async def _save_job_type(
    here: Context, response: Response, body: wire.NewJobType, switching: list[int] | None, revision: int | None
) -> wire.JobType:
    saved = await campaigns.save_job_type(
        here.db, here.who, new=read_job_type(body), revision=revision, switch_stage_ids=switching or ()
    )
    tell_revision(response, saved.revision)
    return show_job_type(saved, body.experiment)


async def _check_same(
    here: Context, found: campaigns.LoginSetup | campaigns.JobType, body: wire.NewLoginSetup | wire.NewJobType
) -> None:
    """Names stay: what is saved under another name is another one."""
    experiment = await name_experiment(here, found.experiment_id)
    problems = [
        Problem(where, f"is {known} and stays so: to give it another, clone it")
        for where, known, given in (("name", found.name, body.name), ("experiment", experiment, body.experiment))
        if known != given
    ]
    if problems:
        raise InvalidInputError(problems)
