"""Launches of the local back-end in a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.contract.backends.beds import LocalBed

from sutler.database import Database
from sutler.launch import LaunchPlan, intend_in


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalBed]:
    """A local back-end whose processes are ended after the test."""
    made = LocalBed(tmp_path / "batch")
    yield made
    made.end_everything()


@pytest.fixture
async def experiment_id(db: Database) -> AsyncIterator[int]:
    """An experiment for the launches."""
    async with db.connection() as connection:
        yield await connection.fetchval(
            "INSERT INTO auth.experiments (name, created_at) VALUES ('mu2e', now()) RETURNING id"
        )


class Launching:
    """Intends launches in one experiment."""

    def __init__(self, db: Database, experiment_id: int) -> None:
        self.db = db
        self.experiment_id = experiment_id

    async def intend(self, key: str, plan: LaunchPlan, *, backend: str = "local") -> None:
        """Write a launch down in a transaction of its own."""
        async with self.db.write() as tx:
            await intend_in(tx, key=key, experiment_id=self.experiment_id, backend=backend, plan=plan)

    async def list_events(self, key: str) -> list[tuple[str, dict[str, object]]]:
        """Return kinds and facts of what happened to a launch, oldest first."""
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                """
                SELECT kind, facts FROM database.events
                WHERE subject_kind = 'launch' AND subject_id = $1
                ORDER BY seq
                """,
                key,
            )
        return [(row["kind"].removeprefix("launch."), row["facts"]) for row in rows]


@pytest.fixture
def launching(db: Database, experiment_id: int) -> Launching:
    """Intends launches."""
    return Launching(db, experiment_id)
