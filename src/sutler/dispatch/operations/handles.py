"""Handles: reading them and putting them back."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Action, Principal
from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.database import Database, Tx, replayable
from sutler.database.listing import DEFAULT_LIMIT, Page
from sutler.dispatch import listings, store
from sutler.dispatch.errors import HandleNotFoundError, InvalidChoiceError, ShareNotFoundError
from sutler.dispatch.model import (
    DispatchEvent,
    Handle,
    HandleState,
    HandleView,
    Outcome,
    ProjectHeader,
    RestartedHandles,
)
from sutler.dispatch.operations.access import open_header
from sutler.dispatch.operations.endings import end_lost_leases
from sutler.dispatch.operations.in_parts import put_back_handles
from sutler.dispatch.rules import sentences


async def list_handles(
    db: Database,
    who: Principal,
    *,
    project_id: int | None = None,
    share_id: int | None = None,
    state: HandleState | None = None,
    states: Sequence[HandleState] = (),
    namespace: str | None = None,
    name: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Handle]:
    """Return handles of a project, or of one share, in the order of the project, with the reason of the last failure.

    A share still has those that went on in another share, as they were, with `taken_by_share_id`.

    Only those in the state or one of the states, in the namespace, and with `name` somewhere in their name; as a whole
    `namespace:name` it is this one file. With states alone, or a whole name, only what is returned is read.
    Raises ProjectNotFoundError, ShareNotFoundError, InvalidChoiceError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        if share_id is not None:
            project_id = await _find_project_of_share(tx, share_id, project_id)
        elif project_id is None:
            raise InvalidChoiceError([Problem("project_id", "name a project or a share")])
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        return await list_handles_in(
            tx,
            project_id=project_id,
            share_id=share_id,
            state=state,
            states=states,
            namespace=namespace,
            name=name,
            after=after,
            limit=limit,
        )


async def list_handles_in(
    tx: Tx,
    *,
    project_id: int | None = None,
    share_id: int | None = None,
    state: HandleState | None = None,
    states: Sequence[HandleState] = (),
    namespace: str | None = None,
    name: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Handle]:
    """Do what `list_handles` does, in the transaction of a caller who asked for permission and names one of both."""
    return await listings.list_handles(
        tx,
        project_id=project_id,
        share_id=share_id,
        states=[*states, *([] if state is None else [state])],
        namespace=namespace,
        name=name,
        after=after,
        limit=limit,
    )


async def get_handle(
    db: Database, who: Principal, *, project_id: int, position: int | None = None, did: Did | None = None
) -> HandleView:
    """Return a handle, named by position or file, with all its attempts, the newest first.

    Raises ProjectNotFoundError, HandleNotFoundError, InvalidChoiceError, NotPermittedError.
    """
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        if (position is None) == (did is None):
            raise InvalidChoiceError([Problem("position", "name the handle by its position or by its file")])
        handle = await store.find_handle(tx, project_id=project_id, position=position, did=did)
        if handle is None:
            raise HandleNotFoundError(project_id, did if position is None else position)
        attempts = await store.list_attempts(tx, project_id=project_id, position=handle.position)
        return HandleView(handle, tuple(attempts))


@replayable
async def restart_handles(
    db: Database, who: Principal, *, project_id: int, states: Sequence[HandleState] = (), dids: Sequence[Did] = ()
) -> int:
    """Put handles back that are in one of the states or among the named files, and return how many.

    The lease of a reserved one is ended, and the pause of one that pauses after a failure. Files that the project does
    not hold are passed over. If any handle went back, the project is active again. Attempts keep counting.
    Raises ProjectNotFoundError, InvalidChoiceError, NotPermittedError.
    """
    async with db.write() as tx:
        header = await open_header(tx, who, Action.LAUNCH, project_id=project_id)
        if not states and not dids:
            raise InvalidChoiceError([Problem("states", "name states or files of handles that are to be put back")])
        is_all = HandleState.RESERVED in states
        leases = await store.lock_leases_of_handles(tx, project_id=project_id, is_all=is_all, dids=dids)
        positions = await store.lock_ended_handles(tx, project_id=project_id, states=states, dids=dids)
        reason = sentences.explain_restart(who.username)
        # The longest part comes first: from the first change of the project on, workers wait.
        restarted = await put_back_handles(tx, header=header, positions=positions)
        count = len(positions) + await end_lost_leases(
            tx, header=header, leases=leases, outcome=Outcome.RESTARTED, reason=reason, actor=who
        )
        is_initial = HandleState.INITIAL in states
        count += (await store.wake_handles(tx, project_id=project_id, is_all=is_initial, dids=dids))[0]
        if count:
            await _note_put_back(tx, who, header, restarted, count)
        return count


async def _find_project_of_share(tx: Tx, share_id: int, project_id: int | None) -> int:
    share = await store.find_share(tx, share_id=share_id)
    if share is None or project_id not in (None, share.project_id):
        raise ShareNotFoundError(share_id)
    return share.project_id


async def _note_put_back(
    tx: Tx, who: Principal, header: ProjectHeader, restarted: Sequence[RestartedHandles], count: int
) -> None:
    for share_id in await store.count_restarted(tx, project_id=header.project_id, restarted=restarted):
        tx.notify("share", share_id)
    tx.notify("ready", header.project_id)
    kind = DispatchEvent.HANDLES_RESTARTED
    event = Event(kind, "project", str(header.project_id), header.experiment_id, {"count": count})
    await tx.record(event, who)
