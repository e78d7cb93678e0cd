"""Handles of projects as parts of a JSON reply, however many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from sutler import dispatch
from sutler.compat.call import SignedCall
from sutler.compat.replies import encode, join_runs, surround
from sutler.compat.shapes import Shape, show_handle, show_project, show_replicas
from sutler.dispatch import Handle, PlacedHandle, Project

Choice = Callable[[Handle], bool]


async def encode_project(
    call: SignedCall, project: Project, *, with_handles: bool, with_replicas: bool
) -> AsyncIterator[bytes]:
    """Make a project with its handles, a thousand or so at a time."""
    head = encode(show_project(project))
    if not with_handles:
        yield head
        return
    handles = join_runs(encode_handles(call, project, with_replicas=with_replicas))
    async for part in surround(head[:-1] + b',"file_handles":[', handles, b"]}"):
        yield part


async def encode_handles(
    call: SignedCall, project: Project, *, with_replicas: bool, choice: Choice | None = None
) -> AsyncIterator[bytes]:
    """Make runs of handles, joined by commas; a run may be empty."""
    async for placed in dispatch.stream_handles(call.db, call.who, project_id=project.id, with_replicas=with_replicas):
        chosen = placed if choice is None else [one for one in placed if choice(one.handle)]
        yield _encode(chosen, with_replicas=with_replicas)


def _encode(placed: Sequence[PlacedHandle], *, with_replicas: bool) -> bytes:
    shapes: list[Shape] = [show_handle(one.handle) for one in placed]
    if with_replicas:
        for shape, one in zip(shapes, placed, strict=True):
            shape["replicas"] = show_replicas(one.replicas)
    return encode(shapes)[1:-1]
