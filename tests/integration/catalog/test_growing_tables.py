"""Tables grow faster than statistics and kept plans learn of it; the work must not grow with the square."""

from __future__ import annotations

import secrets

from tests.integration.catalog.world import RECO, World, make_world
from tests.server import ServerUnderTest

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.catalog import NewFile, Selection, create_ledger_in, declare_files_in, mql, take_in
from sutler.catalog.mql import selection
from sutler.database import Database, Tx
from sutler.database.migrate import upgrade
from sutler.database.sql import sql

_ROWS_READ = sql("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE schemaname = 'catalog' AND relname = 'files'")
_PLAN_OF = sql("EXPLAIN (COSTS OFF) ")


async def declare(tx: Tx, first: str, count: int) -> None:
    files = [NewFile("demo", f"{first}{number}", parents=(Did("demo", "raw"),)) for number in range(count)]
    await declare_files_in(tx, files=files, dataset=RECO, username="alice")


async def test_many_files_do_not_suffer_from_plans_made_for_few(postgres: ServerUnderTest, clock: MovableClock) -> None:
    async with postgres.new_database(f"sutler_test_{secrets.token_hex(4)}") as fresh:
        # One connection, so that all plans are kept by one session.
        db = await Database.open(fresh.connect, size=1, clock=clock)
        try:
            await upgrade(db)
            read_at_first, read_at_last = await count_rows_read_for_many(await make_world(db))
        finally:
            await db.close()
    assert read_at_last - read_at_first < 100_000


async def count_rows_read_for_many(world: World) -> tuple[int, int]:
    """Declare one file often enough for plans to be kept, then many; return the counter before and after those."""
    await world.declare("raw")
    async with world.db.connection() as connection:
        await connection.execute("VACUUM ANALYZE catalog.files")
    for number in range(8):
        async with world.db.write() as tx:
            await declare(tx, f"warm{number}.", 1)
    async with world.db.write() as tx:
        (before,) = await tx.composed(_ROWS_READ)
        await declare(tx, "many", 2000)
        (after,) = await tx.composed(_ROWS_READ)
    return before["seq_tup_read"], after["seq_tup_read"]


async def test_a_ledger_that_grew_unseen_is_asked_by_its_key(world: World) -> None:
    wish = Selection("files from demo:reco", world.experiment_id, 1500)
    await world.declare("raw", dataset=None)
    async with world.db.write() as tx:
        await declare(tx, "f", 3000)
        seen, unseen = [await create_ledger_in(tx, experiment_id=world.experiment_id) for _ in range(2)]
        await take_in(tx, selection=wish, ledger_id=seen)
    async with world.db.connection() as connection:
        await connection.execute("VACUUM ANALYZE catalog.ledger_entries")
    async with world.db.write() as tx:
        await take_in(tx, selection=wish, ledger_id=unseen)
        scope = mql.Scope(namespaces=None, experiment_ids=(world.experiment_id,))
        statement = selection.take_files(mql.parse(wish.query), scope, ledger_id=unseen, limit=10)
        plan = "\n".join(str(row["QUERY PLAN"]) for row in await tx.composed(_PLAN_OF + statement))
    assert f"Index Cond: ((ledger_id = '{unseen}'::bigint) AND (file_key = f.fid))" in plan
    assert "Join Filter: (chosen" not in plan
    assert "Anti Join" not in plan
