"""One server for all tests of the description."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest
from tests.contract.openapi.bed import Bed, serve
from tests.server import ServerUnderTest


@pytest.fixture(scope="session")
async def bed(postgres: ServerUnderTest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bed]:
    """A server with a database that is thrown away."""
    async with postgres.new_database(f"sutler_openapi_{secrets.token_hex(4)}") as database:
        with serve(database, tmp_path_factory.mktemp("openapi")) as made:
            yield made
