"""The calls of workers: the next file, and giving it back. Nothing here may fail for a reason that passes."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from starlette.responses import Response

from sutler import dispatch, replicas
from sutler.base.did import Did
from sutler.base.errors import UnavailableError
from sutler.compat.call import SignedCall, read_id
from sutler.compat.errors import BadCallError
from sutler.compat.experiments import list_experiments
from sutler.compat.replies import reply_json
from sutler.compat.shapes import Shape, show_handle, show_lease, show_replica
from sutler.dispatch import Handle, Lease, NothingReady, Outcome, Project, ProjectState, Wish

DEFAULT_SITE = "DEFAULT"
RELEASE_NEEDS = "File Handle ID (<project_id>:<namespace>:<name>) must be specified"


async def next_file(call: SignedCall) -> Response:
    """Lease a file to a worker. Without one, say whether asking again makes sense."""
    worker_id = call.query.get("worker_id", "")
    if not call.query.get("project_id") or not worker_id:
        raise BadCallError("Project ID and Worker ID must be specified")
    project_id, site = call.get_project_id(), call.query.get("cpu_site") or DEFAULT_SITE
    # Read before: what fails after the file is leased would leave it with nobody.
    project = await dispatch.get_project(call.db, call.who, project_id=project_id)
    now = call.db.clock.now()
    # An old client cannot repeat a request: each is a new wish, and the lease lasts as long as the project lets it.
    wish = Wish(worker_id=worker_id, request_id=uuid4(), site=site)
    reply = await dispatch.reserve_next(call.db, call.who, project_id=project_id, wish=wish)
    if reply.nothing is NothingReady.WAIT:
        return reply_json({"handle": None, "reason": "retry", "retry": True})
    if not reply.leases:
        if project.state is not ProjectState.ACTIVE:
            raise BadCallError(f"Inactive project. State={project.state}")
        return reply_json({"handle": None, "reason": "project inactive", "retry": False})
    [lease] = reply.leases
    handle = show_lease(lease, project, worker_id, now)
    handle["replicas"] = await _show_near_replicas(call, lease, project, site)
    return reply_json({"handle": handle, "reason": "reserved", "retry": False})


async def release(call: SignedCall) -> Response:
    """Give a file back as done, or as failed for good or for now, and reply with its handle."""
    project_id, did = _read_handle_id(call.query.get("handle_id", ""))
    try:
        handle = await _release(call, project_id, did)
    except dispatch.HandleNotFoundError:
        # Some clients write a blank as a plus, which is read as a plus at first.
        blank = Did(did.namespace.replace("+", " "), did.name.replace("+", " "))
        if blank == did:
            raise
        handle = await _release(call, project_id, blank)
    return reply_json(show_handle(handle))


async def _release(call: SignedCall, project_id: int, did: Did) -> Handle:
    worker_id = call.query.get("worker_id") or None
    try:
        return await dispatch.release_handle(
            call.db,
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


async def _show_near_replicas(call: SignedCall, lease: Lease, project: Project, site: str) -> dict[str, Shape]:
    """The usable copies, each with how far it is from the site; clients go by `preference`, so it says the same."""
    if project.is_virtual or not lease.replicas:
        return {}
    distances = await _find_distances(call, lease, project, site)
    shapes: dict[str, Shape] = {}
    for replica in lease.replicas:
        distance = distances.get(replica.rse)
        shape = show_replica(lease.namespace, lease.name, replica.rse, replica.url, preference=distance)
        shapes[replica.rse] = {**shape, "proximity": distance}
    return shapes


async def _find_distances(call: SignedCall, lease: Lease, project: Project, site: str) -> Mapping[str, int | None]:
    """How far each copy is; nobody outside the experiment is told, who may process files all the same.

    The file is leased already, so it is better given without distances than not at all.
    """
    try:
        experiment = (await list_experiments(call)).get(project.experiment_id)
        if experiment is None:
            return {}
        proximity = await replicas.list_proximity(call.db, call.who, experiment=experiment)
    except UnavailableError:
        return {}
    return {replica.rse: replicas.find_distance(proximity, site, replica.rse) for replica in lease.replicas}


def _read_handle_id(text: str) -> tuple[int, Did]:
    project_id, first, rest = text.partition(":")
    namespace, second, name = rest.partition(":")
    if not (first and second and project_id and namespace and name):
        raise BadCallError(RELEASE_NEEDS)
    return read_id(project_id), Did(namespace, name)
