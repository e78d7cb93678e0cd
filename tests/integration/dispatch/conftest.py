"""The scene that tests of this room play in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.integration.dispatch.scene import Scene, set_scene
from tests.server import ServerUnderTest

from sutler.base.clock import MovableClock
from sutler.database import Database
from sutler.dispatch import Lane


@pytest.fixture
async def scene(db: Database) -> Scene:
    """An experiment with one member of production, in an empty database."""
    return await set_scene(db)


@pytest.fixture
async def elsewhere(scene: Scene, migrated: ServerUnderTest, clock: MovableClock) -> AsyncIterator[Scene]:
    """The same scene as another server sees it: with connections and notices of its own."""
    db = await Database.open(migrated.connect, size=6, clock=clock)
    yield replace(scene, db=db)
    await db.close()


@pytest.fixture
async def lane(scene: Scene) -> AsyncIterator[Lane]:
    """The lane of one server."""
    async with Lane(scene.db) as opened:
        yield opened
