"""Making a project after another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sutler.auth import Action, Principal, Thing, choose_owner_role, permit
from sutler.base.events import Event
from sutler.database import Database, Tx
from sutler.dispatch import store
from sutler.dispatch.errors import ProjectNotFoundError
from sutler.dispatch.model import DispatchEvent, Keep, NewProject, Project, ProjectHeader
from sutler.dispatch.operations.access import find_allowed_users, load_project, open_header
from sutler.dispatch.operations.adding import FILES_AT_ONCE, MANY_FILES
from sutler.dispatch.rules import checks


async def copy_project(
    db: Database,
    who: Principal,
    *,
    project_id: int,
    attributes: Mapping[str, object] | None = None,
    handle_attributes: Mapping[str, object] | None = None,
    worker_timeout: timedelta | Keep | None = Keep.KEEP,
    idle_timeout: timedelta | Keep | None = Keep.KEEP,
) -> Project:
    """Start a project of the same experiment with all files of another one, as if they were new, and return it.

    The caller owns it; its files are in one share, which is closed, whatever shares the other one has. Query, limits,
    users and groups are those of the original. Attributes are laid over those of the project and of its handles; how
    often handles timed out is not taken along.
    Raises ProjectNotFoundError, InvalidProjectError, NotPermittedError.
    """
    for where, given in (("attributes", attributes), ("handle_attributes", handle_attributes)):
        checks.check_attributes(given or {}, where)
    async with db.write() as tx:
        header = await open_header(tx, who, Action.VIEW, project_id=project_id)
        permit(who, Action.CREATE, Thing("project", header.experiment_id))
        source = await load_project(tx, project_id)
        new = _derive(source, attributes or {}, worker_timeout, idle_timeout)
        checks.check_settings(new)
        created = await _start(tx, who, new)
        count = await _copy_handles(tx, source, created, handle_attributes or {})
        facts: dict[str, object] = {"count": count, "source": project_id}
        kind = DispatchEvent.PROJECT_CREATED
        await tx.record(Event(kind, "project", str(created.project_id), header.experiment_id, facts), who)
        return await load_project(tx, created.project_id)


def _derive(
    source: Project,
    attributes: Mapping[str, object],
    worker_timeout: timedelta | Keep | None,
    idle_timeout: timedelta | Keep | None,
) -> NewProject:
    return NewProject(
        experiment_id=source.experiment_id,
        handles=(),
        query=source.query,
        attributes={**source.attributes, **attributes},
        is_virtual=source.is_virtual,
        max_attempts=source.max_attempts,
        worker_timeout=source.worker_timeout if isinstance(worker_timeout, Keep) else worker_timeout,
        idle_timeout=source.idle_timeout if isinstance(idle_timeout, Keep) else idle_timeout,
        users=source.users,
        groups=source.groups,
        retry_on_timeout=source.retry_on_timeout,
        retry_pause=source.retry_pause,
    )


async def _start(tx: Tx, who: Principal, new: NewProject) -> ProjectHeader:
    project_id = await store.insert_project(
        tx,
        project=new,
        allowed_users=await find_allowed_users(tx, experiment_id=new.experiment_id, users=new.users, groups=new.groups),
        owner_id=who.user_id,
        owner_role=choose_owner_role(who, experiment_id=new.experiment_id).value,
    )
    share_id = await store.insert_share(tx, project_id=project_id, experiment_id=new.experiment_id)
    await store.close_share(tx, share_id=share_id)
    header = await store.find_header(tx, project_id=project_id, share_id=share_id)
    assert header is not None
    return header


async def _copy_handles(tx: Tx, source: Project, header: ProjectHeader, attributes: Mapping[str, object]) -> int:
    """Copy part by part, each as it is at that moment, so that the workers of the original need not wait."""
    assert header.share_id is not None
    count, unlocated_count, last = 0, 0, -1
    while True:
        part_count, part_unlocated_count, reached = await store.copy_handles(
            tx,
            source_id=source.id,
            header=header,
            share_id=header.share_id,
            attributes=dict(attributes),
            after=last,
            count=FILES_AT_ONCE,
        )
        if reached is None:
            break
        count, unlocated_count, last = count + part_count, unlocated_count + part_unlocated_count, reached
    if not count:
        raise ProjectNotFoundError(source.id)
    await store.start_counts(
        tx, project_id=header.project_id, share_id=header.share_id, count=count, unlocated_count=unlocated_count
    )
    if count >= MANY_FILES:
        await store.refresh_statistics(tx)
    return count
