"""Starting projects, of a few files or of millions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

from sutler.auth import Action, Principal, Role, Thing, choose_owner_role, permit
from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.database import Actor, Database, Tx, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import EmptyProjectError, InvalidChoiceError
from sutler.dispatch.model import CreatedProject, DispatchEvent, NewHandle, NewProject
from sutler.dispatch.operations.access import find_allowed_users
from sutler.dispatch.operations.adding import FILES_AT_ONCE, Listed, Source, Spool, add_files
from sutler.dispatch.rules import checks

LARGEST_PROJECT = 10_000_000


async def create_project(db: Database, who: Principal, *, project: NewProject) -> CreatedProject:
    """Start a project and the share that owns all its handles. A file that is named twice is one handle.

    `handle_count` says how many there are. The share is closed: whoever makes one later may claim from it.
    Raises EmptyProjectError, InvalidProjectError, NotPermittedError.
    """
    permit(who, Action.CREATE, Thing("project", project.experiment_id))
    # A million files are checked in a thread, so that others are served meanwhile.
    handles = await asyncio.to_thread(checks.check_project, project)
    return await _create(db, who, project, Listed(handles))


async def create_streamed_project(
    db: Database,
    who: Principal,
    *,
    project: NewProject,
    parts: AsyncIterator[Sequence[NewHandle]],
    most: int = LARGEST_PROJECT,
    call: Callable[[int], str] = checks.call_file,
) -> CreatedProject:
    """Start a project of the files that come part by part, after those that it has: what it takes does not grow with
    their number.

    They are kept in a file until the last one has come. Nothing is stored before, nor if the parts end with an error,
    which passes through. Of a file that is named twice the first mention stands; the number of the other is not used.
    Raises EmptyProjectError, NotPermittedError, and InvalidProjectError, which says what is wrong with which file, by
    `call` of its number from 1 on, or that there are more than `most`.
    """
    permit(who, Action.CREATE, Thing("project", project.experiment_id))
    checks.check_settings(project)
    with Spool() as spool:
        async for part in parts:
            await asyncio.to_thread(checks.check_files, part, first=spool.count + 1, most=most, call=call)
            await asyncio.to_thread(spool.append, part)
        if not spool.count:
            raise EmptyProjectError
        return await _create(db, who, project, spool)


async def create_project_in(
    tx: Tx, *, project: NewProject, owner_id: int, owner_role: Role, actor: Actor, share_limit: int | None = None
) -> CreatedProject:
    """Do what `create_project` does, in the transaction of a caller who asked for permission.

    The share is open: its handles are the caller's until the share is closed. With `share_limit` only so many, the
    first ones, are in it; the rest is nobody's until it is claimed. `handle_count` is that of the project.
    Raises EmptyProjectError, InvalidProjectError, and InvalidChoiceError for a limit below 1.
    """
    if share_limit is not None and share_limit < 1:
        raise InvalidChoiceError([Problem("share_limit", "must be 1 or more, or none")])
    handles = checks.check_project(project)
    sources = [Listed(part) for part in (handles[:share_limit], handles[share_limit:] if share_limit else ()) if part]
    return await _create_in(tx, project, sources, owner_id=owner_id, owner_role=owner_role, actor=actor)


@replayable
async def _create(db: Database, who: Principal, project: NewProject, source: Source) -> CreatedProject:
    if source.count > FILES_AT_ONCE and not project.is_virtual:
        await _ensure_locations(db, project, source)
    async with db.write() as tx:
        role = choose_owner_role(who, experiment_id=project.experiment_id)
        created = await _create_in(tx, project, [source], owner_id=who.user_id, owner_role=role, actor=who)
        await store.close_share(tx, share_id=created.share_id)
        return created


async def _ensure_locations(db: Database, project: NewProject, source: Source) -> None:
    """Enter the locations of the first files at once: others that have files there need not wait for a million."""
    async with aclosing(source.read()) as parts:
        first = await anext(parts)
    async with db.write() as tx:
        await store.ensure_locations(tx, experiment_id=project.experiment_id, files=first)


async def _create_in(
    tx: Tx, project: NewProject, sources: Sequence[Source], *, owner_id: int, owner_role: Role, actor: Actor
) -> CreatedProject:
    """Start a project of files: the first source is that of its share, a second one nobody's."""
    allowed_users = await find_allowed_users(
        tx, experiment_id=project.experiment_id, users=project.users, groups=project.groups
    )
    project_id = await store.insert_project(
        tx, project=project, allowed_users=allowed_users, owner_id=owner_id, owner_role=owner_role.value
    )
    share_id = await store.insert_share(tx, project_id=project_id, experiment_id=project.experiment_id)
    added, position = [], 0
    for number, source in enumerate(sources):
        added.append(
            await add_files(
                tx,
                source,
                project_id=project_id,
                share_id=None if number else share_id,
                experiment_id=project.experiment_id,
                is_virtual=project.is_virtual,
                first_position=position,
            )
        )
        position += source.count
    count, unlocated_count = sum(part[0] for part in added), sum(part[1] for part in added)
    await store.start_counts(
        tx, project_id=project_id, share_id=share_id, count=count, unlocated_count=unlocated_count, share=added[0]
    )
    facts: dict[str, object] = {"count": count}
    kind = DispatchEvent.PROJECT_CREATED
    await tx.record(Event(kind, "project", str(project_id), project.experiment_id, facts), actor)
    return CreatedProject(project_id, share_id, count)
