"""Projects: making, copying, reading, listing, restarting and ending them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import Response

from sutler import dispatch
from sutler.base.errors import ConflictError
from sutler.compat import reading
from sutler.compat.call import LARGEST_LIST_BYTES, LARGEST_PROJECT_BYTES, SignedCall, read_id
from sutler.compat.errors import BadCallError
from sutler.compat.experiments import choose_experiment
from sutler.compat.handles import encode_handles, encode_project
from sutler.compat.project_files import split_document
from sutler.compat.project_lists import encode_projects, list_in_order, list_newest_first
from sutler.compat.replies import join_runs, reply_json, reply_parts, surround
from sutler.dispatch import HandleState, NewProject, Project

RESTARTABLE = (HandleState.RESERVED, HandleState.DONE, HandleState.FAILED)


async def create_project(call: SignedCall) -> Response:
    """Make a project of files, of which there may be a million, and reply with it and its handles."""
    document = await asyncio.to_thread(split_document, await call.read_body(limit_bytes=LARGEST_PROJECT_BYTES))
    body, files = document.rest, document.files
    attributes = reading.read_attributes(body.get("project_attributes"), "project_attributes")
    # Which namespaces there are needs a look at every file: only if that has to tell the experiment.
    namespaces = await files.find_namespaces() if call.experiment is None else set()
    experiment_id, _ = await choose_experiment(call, namespaces)
    created = await dispatch.create_streamed_project(
        call.db,
        call.who,
        project=NewProject(
            experiment_id=experiment_id,
            handles=(),
            query=reading.read_text(body.get("query"), "query"),
            attributes=attributes,
            is_virtual=reading.read_flag(attributes.get("virtual"), default=False),
            worker_timeout=reading.read_timeout(body.get("worker_timeout"), "worker_timeout"),
            idle_timeout=reading.read_timeout(body.get("idle_timeout"), "idle_timeout"),
            users=tuple(name for name in reading.read_names(body.get("users"), "users") if name != call.who.username),
            groups=reading.read_names(body.get("roles"), "roles"),
            retry_on_timeout=reading.read_flag(attributes.get("retry_on_timeout"), default=True),
        ),
        parts=files.read(),
        most=call.services.largest_project,
    )
    return await _reply_project(call, created.project_id, with_replicas=False)


async def copy_project(call: SignedCall) -> Response:
    """Make a project of the files of another one and reply with it and its handles."""
    body = await call.read_document()
    copied = await dispatch.copy_project(
        call.db,
        call.who,
        project_id=_read_project_id(body),
        attributes=reading.read_attributes(body.get("project_attributes"), "project_attributes"),
        handle_attributes=reading.read_attributes(body.get("file_attributes"), "file_attributes"),
        worker_timeout=reading.read_new_timeout(body.get("worker_timeout"), "worker_timeout"),
        idle_timeout=reading.read_new_timeout(body.get("idle_timeout"), "idle_timeout"),
    )
    return await _reply_project(call, copied.id, with_replicas=False)


async def get_project(call: SignedCall) -> Response:
    """Reply with a project, with its handles and their replicas unless told not to."""
    return await _reply_project(
        call,
        call.get_project_id(),
        with_handles=call.is_yes("with_files", default=True),
        with_replicas=call.is_yes("with_replicas", default=True),
    )


async def list_projects(call: SignedCall) -> Response:
    """Reply with projects in the order of their ids: the caller's own, those of one owner, or all."""
    owner = call.query.get("owner") or call.who.username
    found = list_in_order(
        call,
        owner=None if owner == "all" else owner,
        state=call.query.get("state"),
        not_state=call.query.get("not_state"),
        attributes=_read_wanted(call.query.get("attributes")),
    )
    return await _reply_projects(
        call,
        found,
        with_handles=call.is_yes("with_handles", default=True),
        with_replicas=call.is_yes("with_replicas", default=True),
    )


async def search_projects(call: SignedCall) -> Response:
    """Reply with the projects that fulfil a condition, the newest first."""
    body = await call.read_document()
    found = list_newest_first(
        call,
        query=reading.read_text(body.get("query"), "query"),
        owner=reading.read_text(body.get("owner"), "owner"),
        state=reading.read_text(body.get("state"), "state"),
    )
    with_handles = reading.read_flag(body.get("with_handles"), default=False)
    with_replicas = reading.read_flag(body.get("with_replicas"), default=False)
    return await _reply_projects(call, found, with_handles=with_handles, with_replicas=with_replicas)


async def list_handles(call: SignedCall) -> Response:
    """Reply with the handles of a project, of one state or but one state."""
    project = await dispatch.get_project(call.db, call.who, project_id=call.get_project_id())
    state, not_state = _name_state(call.query.get("state")), _name_state(call.query.get("not_state"))
    parts = encode_handles(
        call,
        project,
        with_replicas=call.is_yes("with_replicas"),
        choice=lambda handle: (not state or handle.state == state) and handle.state != not_state,
    )
    return await reply_parts(surround(b"[", join_runs(parts), b"]"))


async def restart_handles(call: SignedCall) -> Response:
    """Put handles back, by name or by state, and reply with the project."""
    body = await call.read_document(limit_bytes=LARGEST_LIST_BYTES)
    project_id = _read_project_id(body)
    dids = reading.read_dids(body.get("handles"))
    states = [state for state in RESTARTABLE if reading.read_flag(body.get(state.value), default=False)]
    if dids or states:
        await dispatch.restart_handles(
            call.db, call.who, project_id=project_id, states=[] if dids else states, dids=dids
        )
    return await _reply_project(call, project_id)


async def cancel_project(call: SignedCall) -> Response:
    """Cancel a project and reply with it."""
    project_id = call.get_project_id()
    await dispatch.cancel_project(call.db, call.who, project_id=project_id)
    return await _reply_project(call, project_id)


async def activate_project(call: SignedCall) -> Response:
    """Make a project active again and reply with it."""
    project_id = call.get_project_id()
    try:
        await dispatch.activate_project(call.db, call.who, project_id=project_id)
    except ConflictError as error:
        raise BadCallError(error.sentence) from error
    return await _reply_project(call, project_id)


async def delete_project(call: SignedCall) -> Response:
    """Delete a project and reply with null."""
    await dispatch.delete_project(call.db, call.who, project_id=call.get_project_id())
    return reply_json(None)


async def _reply_project(
    call: SignedCall, project_id: int, *, with_handles: bool = True, with_replicas: bool = True
) -> Response:
    project = await dispatch.get_project(call.db, call.who, project_id=project_id)
    return await reply_parts(encode_project(call, project, with_handles=with_handles, with_replicas=with_replicas))


async def _reply_projects(
    call: SignedCall, found: AsyncIterator[Project], *, with_handles: bool, with_replicas: bool
) -> Response:
    parts = encode_projects(call, found, with_handles=with_handles, with_replicas=with_replicas)
    return await reply_parts(surround(b"[", parts, b"]"))


def _read_project_id(body: dict[str, object]) -> int:
    if body.get("project_id") in (None, ""):
        raise BadCallError("Project id must be specified")
    return read_id(body["project_id"])


def _read_wanted(text: str | None) -> dict[str, object]:
    """Return wanted attributes. Some clients write a blank as a plus, which is read as a plus at first."""
    for attempt in (text, (text or "").replace("+", " ")):
        try:
            return reading.read_attributes(json.loads(attempt or "null"), "attributes")
        except (ValueError, RecursionError):
            continue
    raise BadCallError("attributes is not JSON")


def _name_state(word: str | None) -> str | None:
    """Very old clients say `ready` for `initial`."""
    return "initial" if word == "ready" else word
