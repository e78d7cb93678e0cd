"""Every back-end that can be had here, in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.backends.beds import Bed, LocalBed

BEDS = {"local": LocalBed}


@pytest.fixture(params=sorted(BEDS))
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    """One back-end with two slots; what it started is ended after the test."""
    made = BEDS[request.param](tmp_path / "batch")
    yield made
    made.end_everything()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalBed]:
    """The local back-end, for what only it does."""
    made = LocalBed(tmp_path / "batch")
    yield made
    made.end_everything()
