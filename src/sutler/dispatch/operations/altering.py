"""Changing a project while it works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sutler.auth import Action, Principal
from sutler.base.did import Did
from sutler.base.events import Event
from sutler.database import Database, Tx, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import EmptyProjectError, HandlesInUseError
from sutler.dispatch.model import (
    DispatchEvent,
    HandleState,
    Keep,
    NewHandle,
    Project,
    ProjectHeader,
    Settings,
)
from sutler.dispatch.operations.access import find_allowed_users, load_project, open_header
from sutler.dispatch.operations.adding import Listed, add_files
from sutler.dispatch.operations.endings import note_ends
from sutler.dispatch.rules import checks, sentences

SHOWN_FILES = 20


@replayable
async def alter_project(
    db: Database,
    who: Principal,
    *,
    project_id: int,
    attributes: Mapping[str, object] | None = None,
    replaces_attributes: bool = False,
    worker_timeout: timedelta | Keep | None = Keep.KEEP,
    idle_timeout: timedelta | Keep | None = Keep.KEEP,
    max_attempts: int | Keep | None = Keep.KEEP,
    retry_pause: timedelta | Keep | None = Keep.KEEP,
    retry_on_timeout: bool | Keep = Keep.KEEP,
    users: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    add: Sequence[NewHandle] = (),
    remove: Sequence[Did] = (),
) -> Project:
    """Change what is given, leave the rest, and return the project: all of it happens, or nothing.

    Attributes are laid over those there are, or replace them. A new worker time-out holds for present leases too; the
    other limits for attempts that end from now on. Files that the project holds are not added again, and join the share
    of the project if it has only one; files that it does not hold are not removed. Added files open a project that had
    ended, and one whose last open files are removed ends.
    Raises ProjectNotFoundError, NotPermittedError, InvalidProjectError, EmptyProjectError, and HandlesInUseError, which
    names files that cannot be removed because somebody has them or they are final.
    """
    handles = checks.check_change(add, remove)
    async with db.write() as tx:
        header = await open_header(tx, who, Action.EDIT, project_id=project_id)
        # Locks in the order of everybody else: leases, ready, handles, project, shares.
        if not isinstance(worker_timeout, Keep):
            await store.move_lease_ends(tx, project_id=project_id, worker_timeout=worker_timeout)
        positions = await _lock_removable(tx, project_id, remove)
        share_id = await store.lock_project(tx, project_id=project_id)
        before = await load_project(tx, project_id)
        wanted = Settings(
            attributes=_choose_attributes(before, attributes, replaces=replaces_attributes),
            max_attempts=before.max_attempts if isinstance(max_attempts, Keep) else max_attempts,
            worker_timeout=before.worker_timeout if isinstance(worker_timeout, Keep) else worker_timeout,
            idle_timeout=before.idle_timeout if isinstance(idle_timeout, Keep) else idle_timeout,
            retry_on_timeout=before.retry_on_timeout if isinstance(retry_on_timeout, Keep) else retry_on_timeout,
            retry_pause=before.retry_pause if isinstance(retry_pause, Keep) else retry_pause,
            users=before.users if users is None else tuple(users),
            groups=before.groups if groups is None else tuple(groups),
        )
        changed = await _change_settings(tx, header, before, wanted)
        added_count = await _add(tx, header, share_id, handles) if handles else 0
        facts: dict[str, object] = {"changed": changed, "added": added_count, "removed": len(positions)}
        tx.notify("settings", project_id)
        await tx.record(
            Event(DispatchEvent.PROJECT_ALTERED, "project", str(project_id), header.experiment_id, facts), who
        )
        if positions:
            await _remove(tx, who, project_id, positions)
        return await load_project(tx, project_id)


def _choose_attributes(
    before: Project, attributes: Mapping[str, object] | None, *, replaces: bool
) -> Mapping[str, object]:
    if attributes is None:
        return before.attributes
    return attributes if replaces else {**before.attributes, **attributes}


async def _change_settings(tx: Tx, header: ProjectHeader, before: Project, wanted: Settings) -> list[str]:
    """Store the settings and return the names of those that changed."""
    changed = [name for name, setting in vars(wanted).items() if getattr(before, name) != setting]
    checks.check_settings(wanted)
    allowed_users: Sequence[int] = header.allowed_users
    if "users" in changed or "groups" in changed:
        allowed_users = await find_allowed_users(
            tx, experiment_id=header.experiment_id, users=wanted.users, groups=wanted.groups
        )
    await store.update_settings(tx, project_id=before.id, settings=wanted, allowed_users=allowed_users)
    return changed


async def _lock_removable(tx: Tx, project_id: int, remove: Sequence[Did]) -> list[int]:
    if not remove:
        return []
    await store.lock_ready(tx, project_id=project_id, is_all=False, dids=remove)
    handles = await store.lock_named_handles(tx, project_id=project_id, dids=remove)
    kept = [f"{h.namespace}:{h.name} is {h.state}" for h in handles if h.state is not HandleState.INITIAL]
    if kept:
        raise HandlesInUseError(sentences.explain_kept(kept[:SHOWN_FILES]), count=len(kept))
    return [handle.position for handle in handles]


async def _add(tx: Tx, header: ProjectHeader, share_id: int | None, handles: Sequence[NewHandle]) -> int:
    held = await store.list_held_files(
        tx, project_id=header.project_id, dids=[Did(handle.namespace, handle.name) for handle in handles]
    )
    new = [handle for handle in handles if Did(handle.namespace, handle.name) not in held]
    if not new:
        return 0
    count, unlocated_count = await add_files(
        tx,
        Listed(new),
        project_id=header.project_id,
        share_id=share_id,
        experiment_id=header.experiment_id,
        is_virtual=header.is_virtual,
        first_position=await store.find_next_position(tx, project_id=header.project_id),
    )
    await store.count_added(
        tx, project_id=header.project_id, share_id=share_id, count=count, unlocated_count=unlocated_count
    )
    tx.notify("ready", header.project_id)
    if share_id is not None:
        tx.notify("share", share_id)
    return count


async def _remove(tx: Tx, who: Principal, project_id: int, positions: Sequence[int]) -> None:
    remainders = await store.remove_handles(tx, project_id=project_id, positions=positions)
    if not remainders[0].project_total_count:
        raise EmptyProjectError
    await note_ends(tx, project_id, remainders, who)
