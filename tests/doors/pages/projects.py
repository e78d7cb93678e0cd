"""Projects as the tests of the pages need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.integration.campaigns.scene import Scene

from sutler import dispatch
from sutler.dispatch import Lease, NewHandle, NewProject, Outcome, Report, Wish


async def make_project(
    scene: Scene,
    *names: str,
    attributes: Mapping[str, object] | None = None,
    **settings: Any,  # noqa: ANN401 - of every type
) -> int:
    """Make a project of files of the scene, or of others if they are named, and return its number."""
    files = names or tuple(f"f{number:02d}.root" for number in range(4))
    project = NewProject(
        experiment_id=next(iter(scene.producer.roles)),
        handles=tuple(NewHandle("nova", name, size_bytes=10) for name in files),
        attributes=attributes or {},
        **settings,
    )
    return (await dispatch.create_project(scene.db, scene.producer, project=project)).project_id


async def reserve(scene: Scene, project_id: int, count: int = 1, worker_id: str = "w1") -> tuple[Lease, ...]:
    """Lease files for a worker."""
    wish = Wish(worker_id=worker_id, request_id=uuid4(), count=count)
    return (await dispatch.reserve_next(scene.db, scene.producer, project_id=project_id, wish=wish)).leases


async def finish(
    scene: Scene, *leases: Lease, reason: str = "", worker_id: str = "w1", may_retry: bool = False
) -> None:
    """Report leases as done, or as failed where there is a reason."""
    report = Report(
        worker_id,
        tuple(lease.attempt_id for lease in leases),
        Outcome.FAILED if reason else Outcome.DONE,
        reason=reason,
        may_retry=may_retry,
    )
    assert all(answer.is_accepted for answer in await dispatch.report(scene.db, scene.producer, report=report))


async def make_mixed_project(scene: Scene) -> int:
    """Make a project of a done, a failed, a reserved and an initial file."""
    project_id = await make_project(scene, max_attempts=3, attributes={"version": "1.2", "<b>": "<i>"})
    done, failed, _ = await reserve(scene, project_id, 3)
    await finish(scene, done)
    await finish(scene, failed, reason="exited with code 3 <script>")
    return project_id
