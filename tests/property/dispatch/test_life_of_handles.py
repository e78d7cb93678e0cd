"""Whatever happens in whatever order: every handle is in exactly one place, and the counts agree with the states."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import is_ci
from tests.integration.dispatch.scene import Scene, set_scene
from tests.property.dispatch.story import FILES, STORAGE, Step, Story, rounds
from tests.server import ServerUnderTest

from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.database import Database
from sutler.dispatch import Lane
from sutler.replicas import set_proximity

EXAMPLES = 600
MAP = "A,NEAR,1\nA,FAR,50\nB,NEAR,-1\nB,FAR,1\n"


@pytest.fixture
async def servers(db: Database, migrated: ServerUnderTest, clock: MovableClock) -> AsyncIterator[Sequence[Lane]]:
    """The lanes of two servers with the same database and the same clock."""
    other = await Database.open(migrated.connect, size=6, clock=clock)
    async with Lane(db) as here, Lane(other) as there:
        yield here, there
    await other.close()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=is_ci(), suppress_health_check=list(HealthCheck))
@given(
    story=rounds,
    is_virtual=st.booleans(),
    max_attempts=st.sampled_from([None, 1, 2]),
    retry_pause=st.sampled_from([None, timedelta(minutes=2)]),
    retry_on_timeout=st.booleans(),
)
async def test_any_order_of_steps_keeps_everything_in_its_place(
    db: Database,
    clock: MovableClock,
    delete_everything: str,
    servers: Sequence[Lane],
    *,
    story: list[list[Step]],
    is_virtual: bool,
    max_attempts: int | None,
    retry_pause: timedelta | None,
    retry_on_timeout: bool,
) -> None:
    """The steps of one round run at the same time, the rounds one after the other."""
    async with db.connection() as connection, connection.transaction():
        await connection.execute(delete_everything)
    scene = await _set_stage(db)
    project = await scene.start(
        FILES,
        is_virtual=is_virtual,
        max_attempts=max_attempts,
        retry_pause=retry_pause,
        retry_on_timeout=retry_on_timeout,
    )
    told = Story(scene, project, clock, servers)
    for steps in story:
        await told.play_round(steps)


async def _set_stage(db: Database) -> Scene:
    """Make an experiment with files at two places, one of them at none."""
    scene = await set_scene(db)
    for number in range(FILES - 1):
        await scene.add_replica(Did("test", f"f{number}.root"), STORAGE[number % 2])
    await set_proximity(db, SYSTEM, experiment="local", text=MAP)
    return scene
