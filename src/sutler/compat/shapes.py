"""The JSON of the Data Dispatcher protocol: projects, handles, replicas, storage elements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sutler.dispatch import Handle, HandleState, Lease, Project, ProjectState
from sutler.replicas import Replica, Rse

Shape = dict[str, object]


def show_project(project: Project) -> Shape:
    """The keys that old clients know, and the number of handles in each state besides.

    `active` is what they expect: whether the state is active and some handle is neither done nor failed.
    """
    counts = project.counts
    return {
        "project_id": project.id,
        "owner": project.owner,
        "state": project.state.value,
        "retry_count": None,
        "attributes": project.attributes,
        "created_timestamp": show_instant(project.created_at),
        "ended_timestamp": show_instant(project.ended_at),
        "active": project.state is ProjectState.ACTIVE and not counts.is_final,
        "query": project.query,
        "worker_timeout": show_duration(project.worker_timeout),
        "idle_timeout": show_duration(project.idle_timeout),
        "users": [name for name in project.users if name != project.owner],
        "roles": list(project.groups),
        "handle_counts": {
            "total": counts.total_count,
            "initial": counts.initial_count,
            "reserved": counts.reserved_count,
            "done": counts.done_count,
            "failed": counts.failed_count,
        },
    }


def show_handle(handle: Handle) -> Shape:
    """The eight keys of a handle; the worker only while it has the file."""
    return {
        "project_id": handle.project_id,
        "namespace": handle.namespace,
        "name": handle.name,
        "state": handle.state.value,
        "worker_id": handle.worker_id if handle.state is HandleState.RESERVED else None,
        "attempts": handle.attempts,
        "attributes": handle.attributes,
        "reserved_since": show_instant(handle.reserved_at),
    }


def show_lease(lease: Lease, project: Project, worker_id: str, now: datetime) -> Shape:
    """A handle as it is just after it was given out, with the attributes of its project.

    Its lease ends after the worker time-out of the project, so that end tells when it began.
    """
    began_at = now
    if lease.expires_at is not None and project.worker_timeout is not None:
        began_at = lease.expires_at - project.worker_timeout
    return {
        "project_id": lease.project_id,
        "namespace": lease.namespace,
        "name": lease.name,
        "state": HandleState.RESERVED.value,
        "worker_id": worker_id,
        "attempts": lease.attempt,
        "attributes": lease.attributes,
        "reserved_since": show_instant(began_at),
        "project_attributes": project.attributes,
    }


def show_replicas(replicas: Iterable[Replica]) -> dict[str, Shape]:
    """The copies of one file by storage element."""
    return {
        replica.rse: show_replica(
            replica.namespace,
            replica.name,
            replica.rse,
            replica.url,
            preference=replica.preference,
            is_available=replica.is_staged,
            is_rse_available=replica.is_rse_available,
        )
        for replica in replicas
    }


def show_replica(
    namespace: str,
    name: str,
    rse: str,
    url: str,
    *,
    preference: int | None,
    is_available: bool = True,
    is_rse_available: bool = True,
) -> Shape:
    """One copy. `urls` is what newer clients read, `url` what older ones do."""
    return {
        "name": name,
        "namespace": namespace,
        "path": None,
        "rse": rse,
        "url": url,
        "urls": [url],
        "preference": preference,
        "available": is_available,
        "rse_available": is_rse_available,
    }


def show_rse(rse: Rse) -> Shape:
    """A storage element."""
    return {
        "name": rse.name,
        "description": rse.description,
        "is_available": rse.is_available,
        "is_tape": rse.is_tape,
        "pin_url": rse.pin_url,
        "poll_url": rse.poll_url,
        "remove_prefix": rse.remove_prefix or "",
        "add_prefix": rse.add_prefix or "",
        "pin_prefix": rse.pin_prefix or "",
        "preference": rse.preference,
        "is_enabled": rse.is_enabled,
        "type": rse.interface,
    }


def show_instant(instant: datetime | None) -> float | None:
    """Seconds since 1970."""
    return None if instant is None else instant.timestamp()


def show_duration(duration: timedelta | None) -> float | None:
    """Seconds."""
    return None if duration is None else duration.total_seconds()
