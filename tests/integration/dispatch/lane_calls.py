"""How tests of the lane ask and report, and hold the lane up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

from tests.integration.dispatch.scene import Scene
from tests.waiting import wait_until

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.dispatch import (
    Answer,
    CreatedProject,
    Handle,
    Lane,
    Lease,
    Outcome,
    Reply,
    Report,
    Wish,
)


def take(
    lane: Lane,
    scene: Scene,
    project: CreatedProject,
    worker: str = "w1",
    *,
    who: Principal | None = None,
    request_id: UUID | None = None,
    count: int = 1,
    share_id: int | None = None,
    lease_for: timedelta | None = None,
    time_left: timedelta | None = None,
) -> Awaitable[Reply]:
    wish = Wish(worker, request_id or uuid4(), count, share_id=share_id, lease_for=lease_for, time_left=time_left)
    return lane.reserve_next(who or scene.who, project_id=project.project_id, wish=wish)


async def take_one(lane: Lane, scene: Scene, project: CreatedProject, worker: str = "w1") -> Lease:
    reply = await take(lane, scene, project, worker)
    assert len(reply.leases) == 1, reply.why
    return reply.leases[0]


def say(
    lane: Lane,
    scene: Scene,
    outcome: Outcome,
    *leases: Lease | int,
    worker: str = "w1",
    who: Principal | None = None,
    may_retry: bool = True,
) -> Awaitable[list[Answer]]:
    ids = tuple(lease if isinstance(lease, int) else lease.attempt_id for lease in leases)
    said = Report(worker, ids, outcome, reason="so it is", may_retry=may_retry)
    return lane.report(who or scene.who, report=said)


def give_back(
    lane: Lane,
    scene: Scene,
    project: CreatedProject,
    name: str,
    outcome: Outcome = Outcome.DONE,
    *,
    worker: str | None = "w1",
    may_retry: bool = True,
    who: Principal | None = None,
) -> Awaitable[Handle]:
    return lane.release_handle(
        who or scene.who,
        project_id=project.project_id,
        did=Did("test", name),
        worker_id=worker,
        outcome=outcome,
        may_retry=may_retry,
    )


@asynccontextmanager
async def held_up(scene: Scene, lane: Lane) -> AsyncIterator[list[asyncio.Task[object]]]:
    """Keep the lane busy until the end of the block: what is asked in it is served as one round.

    The caller adds its calls as tasks to the list.
    """
    decoy = await scene.start(1)
    tasks: list[asyncio.Task[object]] = []
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM dispatch.projects WHERE id = $1 FOR UPDATE", decoy.project_id)
        busy = asyncio.ensure_future(take(lane, scene, decoy, "decoy"))

        async def it_is_busy() -> bool:
            return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

        await wait_until(it_is_busy)
        yield tasks

        async def all_wait() -> bool:
            return len(lane._queue._waiting) + sum(task.done() for task in tasks) >= len(tasks)

        await wait_until(all_wait)
    await busy


def start(calls: Sequence[Awaitable[object]]) -> list[asyncio.Task[object]]:
    return [asyncio.ensure_future(call) for call in calls]
