"""The scene that tests of this room play in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.campaigns.scene import Scene, set_scene

from sutler.database import Database


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> Scene:
    """An experiment with a producer, a catalogue of ten files, a job type and a login setup."""
    return await set_scene(db, tmp_path)
