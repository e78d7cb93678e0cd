"""Projects and their handles."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sutler import catalog, dispatch
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.rest.context import Context, Here
from sutler.rest.experiments import get_experiment_id, name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit, OptionalId, Position
from sutler.rest.showing import show, show_all, show_page, to_duration
from sutler.wire import dispatch as wire
from sutler.wire.page import Count, Page

LARGEST_PROJECT_QUERY = 100_000

State = Annotated[dispatch.HandleState | None, Query(description="Only handles in this state.")]


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room; those of workers are in `worker`."""
    router.get("/projects")(list_projects)
    router.post("/projects", status_code=201)(create_project)
    router.get("/projects/{project_id}")(get_project)
    router.post("/projects/{project_id}/cancel")(cancel_project)
    router.post("/projects/{project_id}/restart")(restart_handles)
    router.get("/projects/{project_id}/handles")(list_handles)
    router.get("/projects/{project_id}/handles/{position}")(get_handle)


async def list_projects(
    here: Here,
    *,
    experiment: Experiment = None,
    state: dispatch.ProjectState | None = None,
    owner: str | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Project]:
    """List projects, newest first."""
    page = await dispatch.list_projects(
        here.db, here.who, experiment=experiment, state=state, owner=owner, after=cursor, limit=limit
    )
    names = await name_experiments(here, {project.experiment_id for project in page.items})
    return show_page(page, lambda project: _show_project(project, names[project.experiment_id]))


async def create_project(here: Here, body: wire.NewProject) -> wire.CreatedProject:
    """Make a project of files that are named, or of the files of a query."""
    project = dispatch.NewProject(
        experiment_id=await get_experiment_id(here, body.experiment),
        handles=await _list_new_handles(here, body),
        query=body.query,
        attributes=body.attributes,
        is_virtual=body.is_virtual,
        max_attempts=body.max_attempts,
        worker_timeout=to_duration(body.worker_timeout_seconds, "worker_timeout_seconds"),
        idle_timeout=to_duration(body.idle_timeout_seconds, "idle_timeout_seconds"),
    )
    return show(wire.CreatedProject, await dispatch.create_project(here.db, here.who, project=project))


async def get_project(here: Here, project_id: Id) -> wire.Project:
    """Show a project."""
    project = await dispatch.get_project(here.db, here.who, project_id=project_id)
    return _show_project(project, await name_experiment(here, project.experiment_id))


async def cancel_project(here: Here, project_id: Id, body: wire.Cancellation) -> wire.Project:
    """Give out no more files of a project. Workers that have some are told to stop."""
    await dispatch.cancel_project(here.db, here.who, project_id=project_id, reason=body.reason)
    return await get_project(here, project_id)


async def restart_handles(here: Here, project_id: Id, body: wire.Restart) -> Count:
    """Put handles back to `initial`. Says how many."""
    return Count(
        await dispatch.restart_handles(
            here.db,
            here.who,
            project_id=project_id,
            states=[dispatch.HandleState(state) for state in body.states],
            dids=[Did.parse(text) for text in body.dids],
        )
    )


async def list_handles(
    here: Here,
    project_id: Id,
    *,
    share_id: OptionalId = None,
    state: State = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Handle]:
    """List the handles of a project, in order."""
    page = await dispatch.list_handles(
        here.db, here.who, project_id=project_id, share_id=share_id, state=state, after=cursor, limit=limit
    )
    return show_page(page, show_handle)


async def get_handle(here: Here, project_id: Id, position: Position) -> wire.HandleView:
    """Show a handle with its attempts."""
    view = await dispatch.get_handle(here.db, here.who, project_id=project_id, position=position)
    return wire.HandleView(handle=show_handle(view.handle), attempts=show_all(wire.Attempt, view.attempts))


def show_handle(handle: dispatch.Handle) -> wire.Handle:
    """Make the shape of a handle."""
    return show(wire.Handle, handle)


def _show_project(project: dispatch.Project, experiment: str) -> wire.Project:
    return show(wire.Project, project, experiment=experiment, percent_completed=project.counts.percent_completed)


async def _list_new_handles(here: Context, body: wire.NewProject) -> tuple[dispatch.NewHandle, ...]:
    if body.query is None or body.files:
        return tuple(dispatch.NewHandle(**vars(file)) for file in body.files)
    limit = body.limit or LARGEST_PROJECT_QUERY
    files = await catalog.query_files(
        here.db, here.who, query=body.query, experiment=body.experiment, limit=min(limit, LARGEST_PROJECT_QUERY)
    )
    if body.limit is None and len(files) == LARGEST_PROJECT_QUERY:
        raise InvalidInputError(
            [Problem("query", f"finds {LARGEST_PROJECT_QUERY} files or more: give a limit, or list them as files")]
        )
    return tuple(dispatch.NewHandle(file.namespace, file.name, file.fid, file.size_bytes) for file in files)
