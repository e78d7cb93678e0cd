"""A connection of one task beside the pool, and what listeners hear of its transactions."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from tests.waiting import wait_until

from sutler.base.clock import MovableClock
from sutler.database import AlreadyExistsError, Database, Session
from sutler.database.errors import DatabaseUnreachableError, UnstorableValueError
from sutler.database.named_sql import parse_statements

_SQL = parse_statements(
    """-- name: insert_experiment
-- Insert one.
INSERT INTO auth.experiments (name, created_at) VALUES (:name, :now)

-- name: insert_nonce
-- Insert a text that nothing limits but the index.
INSERT INTO auth.digest_nonces (nonce, expires_at) VALUES (:nonce, :now)

-- name: count_experiments
-- Count them.
SELECT count(*) FROM auth.experiments

-- name: read_settings
-- How the connection plans.
SELECT current_setting('plan_cache_mode') || ' ' || current_setting('enable_seqscan') || ' ' || current_setting('jit')

-- name: read_pid
-- The server process of this connection.
SELECT pg_backend_pid()

-- name: wait_long
-- Wait.
SELECT pg_sleep(30)

-- name: double
-- Take a number.
SELECT 2 * :number::integer
""",
    origin="test",
)


@pytest.fixture
async def session(db: Database) -> AsyncIterator[Session]:
    """A session that is closed in the end."""
    opened = db.session()
    yield opened
    await opened.close()


async def count(session: Session) -> int:
    async with session.write() as tx:
        return int(await tx.value(_SQL.count_experiments))


async def test_a_transaction_that_raises_leaves_nothing_and_tells_nobody(db: Database, session: Session) -> None:
    heard: list[set[str]] = []
    db.notices.listen(heard.append)

    async def insert_twice() -> None:
        async with session.write() as tx:
            tx.notify("thing", 1)
            await tx.run(_SQL.insert_experiment, name="nova", now=tx.now)
            await tx.run(_SQL.insert_experiment, name="nova", now=tx.now)

    with pytest.raises(AlreadyExistsError):
        await insert_twice()
    assert await count(session) == 0
    assert heard == []


async def test_listeners_hear_of_a_transaction_after_its_commit(
    db: Database, session: Session, clock: MovableClock
) -> None:
    heard: list[set[str]] = []
    db.notices.listen(heard.append)
    async with session.write() as tx:
        tx.notify("thing", 1)
        tx.notify("thing", 2)
        assert tx.now == clock.now()
        assert heard == []
    assert heard == [{"thing/1", "thing/2"}]
    async with session.write() as tx:
        tx.notify("thing", 3)
    assert heard[1:] == [{"thing/3"}]


async def test_listeners_hear_of_other_processes(db: Database, migrated_database: Database) -> None:
    heard: list[set[str]] = []
    db.notices.listen(heard.append)
    there = migrated_database.session()
    async with there.write() as tx:
        tx.notify("thing", 7)

    async def it_is_heard() -> bool:
        return {"thing/7"} in heard

    await wait_until(it_is_heard)
    await there.close()


async def test_plans_are_kept_and_use_indexes(session: Session) -> None:
    async with session.write() as tx:
        assert await tx.value(_SQL.read_settings) == "force_generic_plan off off"


async def test_a_session_whose_connection_was_dropped_opens_another(db: Database, session: Session) -> None:
    async with session.write() as tx:
        pid = await tx.value(_SQL.read_pid)
    async with db.connection() as connection:
        await connection.execute("SELECT pg_terminate_backend($1)", pid)

    async def it_is_gone() -> bool:
        async with db.connection() as connection:
            return not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid)

    await wait_until(it_is_gone)
    try:
        await count(session)
    except DatabaseUnreachableError:
        assert await count(session) == 0
    async with session.write() as tx:
        assert await tx.value(_SQL.read_pid) != pid


async def test_a_connection_that_breaks_in_a_transaction_is_an_error_of_the_database(
    db: Database, session: Session
) -> None:
    async def insert_and_break() -> None:
        async with session.write() as tx:
            await tx.run(_SQL.insert_experiment, name="nova", now=tx.now)
            async with db.connection() as connection:
                await connection.execute("SELECT pg_terminate_backend($1)", await tx.value(_SQL.read_pid))
            await tx.value(_SQL.count_experiments)

    with pytest.raises(DatabaseUnreachableError):
        await insert_and_break()
    assert await count(session) == 0


async def test_a_statement_that_is_given_up_does_not_stand_in_the_way_of_the_next(session: Session) -> None:
    async def wait() -> None:
        async with session.write() as tx:
            await tx.value(_SQL.wait_long)

    task = asyncio.create_task(wait())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0.2)
    async with asyncio.timeout(5):
        assert await count(session) == 0


async def test_a_value_that_cannot_be_sent_is_refused_and_the_session_goes_on(session: Session) -> None:
    with pytest.raises(UnstorableValueError):
        async with session.write() as tx:
            await tx.value(_SQL.double, number=2**40)
    with pytest.raises(UnstorableValueError):
        async with session.write() as tx:
            await tx.run(_SQL.insert_experiment, name="a\0b", now=tx.now)
    assert await count(session) == 0


async def test_a_text_that_is_too_long_for_its_index_is_refused_and_the_session_goes_on(session: Session) -> None:
    too_long = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6_000))
    with pytest.raises(UnstorableValueError, match="cannot hold a value"):
        async with session.write() as tx:
            await tx.run(_SQL.insert_nonce, nonce=too_long, now=tx.now)
    assert await count(session) == 0


async def test_a_session_may_be_closed_before_it_was_used_and_used_after(db: Database) -> None:
    session = db.session()
    await session.close()
    assert await count(session) == 0
    await session.close()
    await session.close()
