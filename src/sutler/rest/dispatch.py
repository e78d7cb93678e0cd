"""Projects and their handles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from sutler import dispatch
from sutler.base.did import Did
from sutler.rest.context import Here, Once
from sutler.rest.creation import create_project
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit, OptionalId, Position
from sutler.rest.showing import show, show_all, show_page, to_duration
from sutler.wire import dispatch as wire
from sutler.wire.page import Count, Page
from sutler.wire.replicas import Replica

Search = Annotated[str | None, Query(description="A search of projects, like `owner = anna and tags[any] = x`.")]
State = Annotated[dispatch.HandleState | None, Query(description="Only handles in this state.")]
States = Annotated[
    Sequence[dispatch.HandleState], Query(description="Only handles in this state; may be given several times.")
]
Part = Annotated[str | None, Query(description="Only files with this text in their name.")]
LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One handle a line.", "content": {"application/x-ndjson": {}}}
}
CREATION: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/x-ndjson": {
                "schema": {
                    "type": "string",
                    "description": "A NewProject without files on the first line, a NewHandle on each other one.",
                }
            }
        }
    }
}
WithReplicas = Annotated[bool, Query(description="With all replicas of each file.")]

_encode = msgspec.json.Encoder().encode_lines


class Lines(StreamingResponse):
    """Documents of JSON, one a line."""

    media_type = "application/x-ndjson"


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room; those of workers are in `worker`."""
    router.get("/projects")(list_projects)
    router.post("/projects", status_code=201, openapi_extra=CREATION)(create_project)
    router.get("/projects/{project_id}")(get_project)
    router.patch("/projects/{project_id}")(alter_project)
    router.delete("/projects/{project_id}", status_code=204)(delete_project)
    router.post("/projects/{project_id}/copy", status_code=201)(copy_project)
    router.post("/projects/{project_id}/cancel")(cancel_project)
    router.post("/projects/{project_id}/activate")(activate_project)
    router.get("/projects/{project_id}/history")(list_project_history)
    router.get("/projects/{project_id}/refusals")(list_refusals)
    router.post("/projects/{project_id}/restart")(restart_handles)
    router.get("/projects/{project_id}/handles")(list_handles)
    router.get("/projects/{project_id}/handles/{position}")(get_handle)
    router.get("/projects/{project_id}/handle_lines", responses=LINES)(stream_handles)


async def list_projects(
    here: Here,
    *,
    experiment: Experiment = None,
    state: dispatch.ProjectState | None = None,
    owner: str | None = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Project]:
    """List projects, newest first."""
    page = await dispatch.search_projects(
        here.db, here.who, query=q, experiment=experiment, state=state, owner=owner, after=cursor, limit=limit
    )
    names = await name_experiments(here, {project.experiment_id for project in page.items})
    return show_page(page, lambda project: _show_project(project, names[project.experiment_id]))


async def get_project(here: Here, project_id: Id) -> wire.Project:
    """Show a project."""
    project = await dispatch.get_project(here.db, here.who, project_id=project_id)
    return _show_project(project, await name_experiment(here, project.experiment_id))


async def copy_project(here: Once, project_id: Id, body: wire.ProjectCopy) -> wire.Project:
    """Make a project of the files of another one."""
    copied = await dispatch.copy_project(
        here.db,
        here.who,
        project_id=project_id,
        attributes=body.attributes,
        handle_attributes=body.handle_attributes,
        worker_timeout=_to_new_duration(body.worker_timeout_seconds, "worker_timeout_seconds"),
        idle_timeout=_to_new_duration(body.idle_timeout_seconds, "idle_timeout_seconds"),
    )
    return _show_project(copied, await name_experiment(here, copied.experiment_id))


async def alter_project(here: Here, project_id: Id, body: wire.ProjectChange) -> wire.Project:
    """Change a project while it works: limits, attributes, who may process its files, and the files."""
    altered = await dispatch.alter_project(
        here.db,
        here.who,
        project_id=project_id,
        attributes=body.attributes,
        replaces_attributes=body.replaces_attributes,
        worker_timeout=_to_new_duration(body.worker_timeout_seconds, "worker_timeout_seconds"),
        idle_timeout=_to_new_duration(body.idle_timeout_seconds, "idle_timeout_seconds"),
        max_attempts=dispatch.KEEP if body.max_attempts is None else body.max_attempts or None,
        retry_on_timeout=dispatch.KEEP if body.retry_on_timeout is None else body.retry_on_timeout,
        retry_pause=_to_new_duration(body.retry_pause_seconds, "retry_pause_seconds"),
        users=body.users,
        groups=body.groups,
        add=[dispatch.NewHandle(**vars(file)) for file in body.add],
        remove=[Did.parse(text) for text in body.remove],
    )
    return _show_project(altered, await name_experiment(here, altered.experiment_id))


async def delete_project(here: Here, project_id: Id) -> None:
    """Delete a project with its handles and attempts. What it produced stays."""
    await dispatch.delete_project(here.db, here.who, project_id=project_id)


async def activate_project(here: Once, project_id: Id) -> wire.Project:
    """Open a project again that was cancelled or abandoned."""
    opened = await dispatch.activate_project(here.db, here.who, project_id=project_id)
    return _show_project(opened, await name_experiment(here, opened.experiment_id))


async def list_project_history(
    here: Here, project_id: Id, *, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire.ProjectEvent]:
    """List what happened to a project, newest first."""
    page = await dispatch.list_project_history(here.db, here.who, project_id=project_id, after=cursor, limit=limit)
    return show_page(page, lambda event: show(wire.ProjectEvent, event))


async def list_refusals(here: Here, project_id: Id, *, limit: Limit = DEFAULT_LIMIT) -> Page[wire.Refusal]:
    """List the workers that were refused for their token or their rights, newest first. There is one page of them."""
    refusals = await dispatch.list_refusals(here.db, here.who, project_id=project_id, limit=limit)
    return Page(show_all(wire.Refusal, refusals))


async def cancel_project(here: Once, project_id: Id, body: wire.Cancellation) -> wire.Project:
    """Give out no more files of a project. Workers that have some are told to stop."""
    await dispatch.cancel_project(here.db, here.who, project_id=project_id, reason=body.reason)
    return await get_project(here, project_id)


async def restart_handles(here: Once, project_id: Id, body: wire.Restart) -> Count:
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
    state: States = (),
    namespace: str | None = None,
    name: Part = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Handle]:
    """List the handles of a project, in order."""
    page = await dispatch.list_handles(
        here.db,
        here.who,
        project_id=project_id,
        share_id=share_id,
        states=state,
        namespace=namespace,
        name=name,
        after=cursor,
        limit=limit,
    )
    return show_page(page, show_handle)


async def get_handle(here: Here, project_id: Id, position: Position) -> wire.HandleView:
    """Show a handle with its attempts."""
    view = await dispatch.get_handle(here.db, here.who, project_id=project_id, position=position)
    return wire.HandleView(handle=show_handle(view.handle), attempts=show_all(wire.Attempt, view.attempts))


async def stream_handles(here: Here, project_id: Id, *, with_replicas: WithReplicas = False) -> Lines:
    """List all handles of a project in one reply, however many: one JSON document a line, in order."""
    parts = dispatch.stream_handles(here.db, here.who, project_id=project_id, with_replicas=with_replicas)
    # The first part before the reply begins, so that a refusal is still one.
    first = await anext(parts, None)
    return Lines(_encode_lines(first or [], parts))


async def _encode_lines(
    first: Sequence[dispatch.PlacedHandle], rest: AsyncIterator[Sequence[dispatch.PlacedHandle]]
) -> AsyncIterator[bytes]:
    yield _encode_part(first)
    async for part in rest:
        yield _encode_part(part)


def _encode_part(part: Sequence[dispatch.PlacedHandle]) -> bytes:
    return _encode([_show_line(placed) for placed in part])


def _show_line(placed: dispatch.PlacedHandle) -> wire.HandleLine:
    return wire.HandleLine(show_handle(placed.handle), show_all(Replica, placed.replicas))


def show_handle(handle: dispatch.Handle) -> wire.Handle:
    """Make the shape of a handle: written out, since lists of a million are made of it."""
    return wire.Handle(
        project_id=handle.project_id,
        position=handle.position,
        share_id=handle.share_id,
        namespace=handle.namespace,
        name=handle.name,
        fid=handle.fid,
        size_bytes=handle.size_bytes,
        attributes=dict(handle.attributes),
        state=handle.state,
        attempts=handle.attempts,
        worker_id=handle.worker_id,
        reserved_at=handle.reserved_at,
        reason=handle.reason,
    )


def _to_new_duration(seconds: float | None, where: str) -> timedelta | dispatch.Keep | None:
    """Return a time-out that is to change: nothing given keeps it, 0 takes it away."""
    if seconds is None:
        return dispatch.KEEP
    return None if seconds == 0 else to_duration(seconds, where)


def _show_project(project: dispatch.Project, experiment: str) -> wire.Project:
    return show(wire.Project, project, experiment=experiment, percent_completed=project.counts.percent_completed)
