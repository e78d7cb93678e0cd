"""The calls of workers: the next file, and giving it back. Nothing here may fail for a reason that passes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

from starlette.responses import Response

from sutler import dispatch
from sutler.base.did import Did
from sutler.compat.call import Call, SignedCall, read_id
from sutler.compat.errors import BadCallError
from sutler.compat.replies import reply_json
from sutler.compat.shapes import Shape, show_handle, show_lease, show_replica
from sutler.dispatch import Handle, Lease, NothingReady, Outcome, Project, ProjectState, Wish

DEFAULT_SITE = "DEFAULT"
RELEASE_NEEDS = "File Handle ID (<project_id>:<namespace>:<name>) must be specified"

GetProject = Callable[[SignedCall, int], Awaitable[Project]]


async def next_file(call: SignedCall) -> Response:
    """Lease a file to a worker. Without one, say whether asking again makes sense."""
    return reply_json(await take_file(call))


async def release(call: SignedCall) -> Response:
    """Give a file back as done, or as failed for good or for now, and reply with its handle."""
    return reply_json(await give_back(call))


async def get_project(call: SignedCall, project_id: int) -> Project:
    """Return a project as it is now. Raises ProjectNotFoundError, NotPermittedError."""
    return await dispatch.get_project(call.db, call.who, project_id=project_id)


async def take_file(call: SignedCall, get_project: GetProject = get_project) -> Shape:
    """Lease a file to a worker; the reply may show its project as `get_project` knows it.

    Raises BadCallError, also for a project that is over, ProjectNotFoundError, NotPermittedError.
    """
    worker_id = call.query.get("worker_id", "")
    if not call.query.get("project_id") or not worker_id:
        raise BadCallError("Project ID and Worker ID must be specified")
    project_id, site = call.get_project_id(), call.query.get("cpu_site") or DEFAULT_SITE
    # Read before: what fails after the file is leased would leave it with nobody.
    project = await get_project(call, project_id)
    now = call.db.clock.now()
    # An old client cannot repeat a request: each is a new wish, and the lease lasts as long as the project lets it.
    wish = Wish(worker_id=worker_id, request_id=uuid4(), site=site)
    reply = await call.services.lane.reserve_next(call.who, project_id=project_id, wish=wish)
    if reply.leases:
        [lease] = reply.leases
        handle = show_lease(lease, project, worker_id, now)
        handle["replicas"] = {} if project.is_virtual else _show_replicas(lease)
        return {"handle": handle, "reason": "reserved", "retry": False}
    if reply.nothing is NothingReady.WAIT:
        return {"handle": None, "reason": "retry", "retry": True}
    return await _refuse_more(call, project_id)


async def give_back(call: SignedCall) -> Shape:
    """Give a file back and return its handle.

    Raises BadCallError, ProjectNotFoundError, HandleNotFoundError, HandleNotReservedError, NotPermittedError, which
    WrongWorkerError is one of.
    """
    project_id, did = _read_handle_id(call.query.get("handle_id", ""))
    try:
        handle = await _release(call, project_id, did)
    except dispatch.HandleNotFoundError:
        # Some clients write a blank as a plus, which is read as a plus at first.
        blank = Did(did.namespace.replace("+", " "), did.name.replace("+", " "))
        if blank == did:
            raise
        handle = await _release(call, project_id, blank)
    return show_handle(handle)


async def _refuse_more(call: SignedCall, project_id: int) -> Shape:
    """Say that a project has nothing more, now that it is known. Raises BadCallError if the project has ended."""
    state = (await get_project(call, project_id)).state
    if state is not ProjectState.ACTIVE:
        raise BadCallError(f"Inactive project. State={state}")
    return {"handle": None, "reason": "project inactive", "retry": False}


def note_refusal(call: Call, error: Exception) -> None:
    """Write down that a worker was refused, for an old client ends without a word; nothing for any other error."""
    text = call.query.get("project_id") or call.query.get("handle_id", "").partition(":")[0]
    try:
        project_id = read_id(text)
    except BadCallError:
        return
    call.services.refusals.note(project_id, call.query.get("worker_id", ""), error)


async def _release(call: SignedCall, project_id: int, did: Did) -> Handle:
    worker_id = call.query.get("worker_id") or None
    try:
        return await call.services.lane.release_handle(
            call.who,
            project_id=project_id,
            did=did,
            worker_id=worker_id,
            outcome=Outcome.FAILED if call.is_yes("failed") else Outcome.DONE,
            may_retry=call.is_yes("retry", default=True),
        )
    except dispatch.HandleNotReservedError as error:
        # Whoever says who they are is told the same whether somebody else has the file or nobody.
        if worker_id is None:
            raise
        raise dispatch.WrongWorkerError(did, worker_id, None) from error


def _show_replicas(lease: Lease) -> dict[str, Shape]:
    """The usable copies, each with how far it is from the site; clients go by `preference`, so it says the same."""
    return {
        copy.rse: {
            **show_replica(lease.namespace, lease.name, copy.rse, copy.url, preference=copy.distance),
            "proximity": copy.distance,
        }
        for copy in lease.replicas
    }


def _read_handle_id(text: str) -> tuple[int, Did]:
    project_id, first, rest = text.partition(":")
    namespace, second, name = rest.partition(":")
    if not (first and second and project_id and namespace and name):
        raise BadCallError(RELEASE_NEEDS)
    return read_id(project_id), Did(namespace, name)
