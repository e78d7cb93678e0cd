"""Two experiments with people in every role, and short ways to put files into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sutler.auth import Principal, Role
from sutler.base.did import Did
from sutler.catalog import FileReference, NewFile, declare_files_in, ensure_dataset_in, ensure_namespace_in
from sutler.database import Database

RECO = Did("demo", "reco")

_INSERT_EXPERIMENT = "INSERT INTO auth.experiments (name, created_at) VALUES ($1, now()) RETURNING id"
_INSERT_USER = "INSERT INTO auth.users (username, created_at) VALUES ($1, now()) RETURNING id"


@dataclass(frozen=True)
class World:
    """What the tests of this room start from."""

    db: Database
    experiment_id: int
    other_experiment_id: int
    people: Mapping[str, Principal]

    def __getitem__(self, username: str) -> Principal:
        return self.people[username]

    async def declare(
        self, *names: str, dataset: Did | None = RECO, metadata: Mapping[str, object] | None = None
    ) -> list[FileReference]:
        """Declare files of namespace demo by name."""
        files = [NewFile("demo", name, size_bytes=1, metadata=metadata or {}) for name in names]
        async with self.db.write() as tx:
            return await declare_files_in(tx, files=files, dataset=dataset, username="alice")

    async def ask(self, statement: str, *values: object) -> Sequence[Mapping[str, object]]:
        """Look into the tables."""
        async with self.db.connection() as connection:
            rows: Sequence[Mapping[str, object]] = await connection.fetch(statement, *values)
            return rows

    async def count(self, statement: str, *values: object) -> object:
        """Return the one value of a statement."""
        return next(iter((await self.ask(statement, *values))[0].values()))


async def make_world(db: Database) -> World:
    """Make experiments demo_exp and other_exp; namespaces demo (alice's), made (of role production) and far."""
    async with db.connection() as connection:
        here = await connection.fetchval(_INSERT_EXPERIMENT, "demo_exp")
        there = await connection.fetchval(_INSERT_EXPERIMENT, "other_exp")
        people = {}
        for name, experiment_id, role in (
            ("alice", here, Role.ANALYSIS),
            ("bob", here, Role.ANALYSIS),
            ("petra", here, Role.PRODUCTION),
            ("zoe", there, Role.SUPERUSER),
        ):
            user_id = await connection.fetchval(_INSERT_USER, name)
            people[name] = Principal(user_id, name, name, False, {experiment_id: role}, {experiment_id: "x"})
    people["root"] = Principal(people["zoe"].user_id, "root", "root", True, {}, {})
    world = World(db, here, there, people)
    async with db.write() as tx:
        namespaces: tuple[tuple[str, int, str, Role | None], ...] = (
            ("demo", here, "alice", None),
            ("made", here, "petra", Role.PRODUCTION),
            ("far", there, "zoe", None),
        )
        for name, experiment_id, owner, owner_role in namespaces:
            await ensure_namespace_in(
                tx,
                name=name,
                experiment_id=experiment_id,
                user_id=people[owner].user_id,
                username=owner,
                owner_role=owner_role,
            )
        await ensure_dataset_in(tx, did=RECO, username="alice")
    return world
