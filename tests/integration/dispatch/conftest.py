"""The scene that tests of this room play in."""

from __future__ import annotations

import pytest
from tests.integration.dispatch.scene import Scene, set_scene

from sutler.database import Database


@pytest.fixture
async def scene(db: Database) -> Scene:
    """An experiment with one member of production, in an empty database."""
    return await set_scene(db)
