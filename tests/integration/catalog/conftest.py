"""The world that the tests of the catalogue start from."""

from __future__ import annotations

import pytest
from tests.integration.catalog.world import World, make_world

from sutler.database import Database


@pytest.fixture
async def world(db: Database) -> World:
    """Two experiments with people, three namespaces and an empty dataset."""
    return await make_world(db)
