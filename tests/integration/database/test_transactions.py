from __future__ import annotations

import asyncio
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock
from sutler.base.events import Event, RecordedEvent
from sutler.database import AlreadyExistsError, Database, follow_once, list_history
from sutler.database.errors import DatabaseUnreachableError, TooManyValuesError
from sutler.database.named_sql import parse_statements
from sutler.database.sql import Fragment, sql, value
from sutler.database.transaction import MOST_VALUES

_SQL = parse_statements(
    """-- name: insert_experiment
-- Insert one.
INSERT INTO auth.experiments (name, created_at) VALUES (:name, :now) RETURNING id

-- name: count_experiments
-- Count them.
SELECT count(*) FROM auth.experiments
""",
    origin="test",
)


class Kind(StrEnum):
    HAPPENED = "test.thing_happened"


def happened(number: int) -> Event:
    return Event(Kind.HAPPENED, "thing", str(number), None, {"n": number})


async def test_a_block_that_raises_leaves_nothing(db: Database) -> None:
    async def write_and_fail() -> None:
        async with db.write() as tx:
            await tx.run(_SQL.insert_experiment, name="gone", now=tx.now)
            await tx.record(happened(1), SYSTEM)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_fail()
    async with db.read() as tx:
        assert await tx.value(_SQL.count_experiments) == 0
        assert await list_history(tx, subject_kind="thing", subject_id=1) == []


async def test_a_name_that_is_taken_is_a_conflict(db: Database) -> None:
    async with db.write() as tx:
        await tx.run(_SQL.insert_experiment, name="nova", now=tx.now)
    with pytest.raises(AlreadyExistsError) as caught:
        async with db.write() as tx:
            await tx.run(_SQL.insert_experiment, name="nova", now=tx.now)
    assert caught.value.facts["constraint"] == "experiments_name_key"


async def test_a_read_sees_one_instant(db: Database) -> None:
    async with db.read() as reading:
        before = await reading.value(_SQL.count_experiments)
        async with db.write() as tx:
            await tx.run(_SQL.insert_experiment, name="later", now=tx.now)
        assert await reading.value(_SQL.count_experiments) == before


async def test_the_transaction_tells_the_time_of_the_clock(db: Database, clock: MovableClock) -> None:
    moved = clock.advance(timedelta(hours=3))
    async with db.write() as tx:
        assert tx.now == moved


async def test_followers_see_every_event_once_and_in_order(db: Database) -> None:
    for number in range(5):
        async with db.write() as tx:
            await tx.record(happened(number), SYSTEM)
    seen: list[str] = []

    async def react(event: RecordedEvent) -> None:
        seen.append(event.subject_id)

    assert await follow_once(db, "test", react, count=3) == 3
    assert await follow_once(db, "test", react, count=3) == 2
    assert await follow_once(db, "test", react, count=3) == 0
    assert seen == ["0", "1", "2", "3", "4"]


async def test_an_event_that_commits_late_is_not_skipped(db: Database) -> None:
    seen: list[str] = []

    async def react(event: RecordedEvent) -> None:
        seen.append(event.subject_id)

    async with db.write() as slow:
        await slow.record(happened(1), SYSTEM)
        async with db.write() as quick:
            await quick.record(happened(2), SYSTEM)
        await follow_once(db, "late", react)
        assert seen == [], "an older transaction still runs, so nothing behind it may be passed on"
    await follow_once(db, "late", react)
    assert sorted(seen) == ["1", "2"]


async def test_a_reaction_that_fails_sees_the_event_again(db: Database) -> None:
    async with db.write() as tx:
        await tx.record(happened(1), SYSTEM)

    async def fail(_: RecordedEvent) -> None:
        raise RuntimeError

    seen: list[RecordedEvent] = []

    async def react(event: RecordedEvent) -> None:
        seen.append(event)

    with pytest.raises(RuntimeError):
        await follow_once(db, "again", fail)
    await follow_once(db, "again", react)
    assert [event.facts for event in seen] == [{"n": 1}]


async def test_a_slow_follower_does_not_set_a_faster_one_back(db: Database) -> None:
    for number in range(2):
        async with db.write() as tx:
            await tx.record(happened(number), SYSTEM)

    async def ignore(_: RecordedEvent) -> None:
        return

    async def be_overtaken(_: RecordedEvent) -> None:
        await follow_once(db, "twice", ignore)

    assert await follow_once(db, "twice", be_overtaken, count=1) == 1
    assert await follow_once(db, "twice", ignore) == 0


async def test_any_number_of_long_subjects_reaches_other_processes(db: Database, migrated_database: Database) -> None:
    """More than PostgreSQL takes in one notice: then everybody is told to look again."""
    async with migrated_database.notices.follow("thing/9") as far:
        for _ in range(50):
            async with db.write() as tx:
                for number in range(100):
                    tx.notify("thing", f"{number}-{'x' * 120}")
            if await far.wait(0.2):
                return
    pytest.fail("no notice arrived")


async def test_a_socket_that_is_gone_is_said_clearly(db: Database, tmp_path: Path) -> None:
    nowhere = Database(_NoPool(), {"host": str(tmp_path), "user": "nobody"}, db.clock)
    try:
        with pytest.raises(DatabaseUnreachableError):
            async with nowhere.lone_connection():
                pass
        with pytest.raises(DatabaseUnreachableError):
            async with nowhere.read():
                pass
    finally:
        await nowhere.close()


class _NoPool:
    async def acquire(self, **_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    async def close(self) -> None:
        return


async def test_a_notice_wakes_followers_of_the_subject_only(db: Database) -> None:
    async with db.notices.follow("thing/1") as one, db.notices.follow("thing/2") as two:
        async with db.write() as tx:
            await tx.record(happened(1), SYSTEM)
        assert await one.wait(1)
        assert not await two.wait(0.01)
        assert not await one.wait(0.01), "a burst counts once"


async def test_nothing_is_announced_before_it_is_committed(db: Database) -> None:
    async def write_and_fail() -> None:
        async with db.write() as tx:
            await tx.record(happened(1), SYSTEM)
            raise RuntimeError

    async with db.notices.follow("thing/1") as follower:
        with pytest.raises(RuntimeError):
            await write_and_fail()
        assert not await follower.wait(0.01)


async def test_notices_reach_other_processes(db: Database, migrated_database: Database) -> None:
    async with migrated_database.notices.follow("thing/9") as far:
        for _ in range(50):
            async with db.write() as tx:
                tx.notify("thing", 9)
            if await far.wait(0.2):
                return
    pytest.fail("no notice arrived")


async def test_a_server_that_is_not_there_is_said_clearly() -> None:
    with pytest.raises(DatabaseUnreachableError, match="does not answer"):
        await asyncio.wait_for(Database.open({"dsn": "postgresql://nobody@127.0.0.1:1/none"}), 20)


async def test_a_url_that_is_none_is_said_clearly() -> None:
    with pytest.raises(DatabaseUnreachableError):
        await Database.open({"dsn": "http://example.org"})


async def test_a_statement_with_more_values_than_the_protocol_takes_is_refused_in_words(db: Database) -> None:
    listed = Fragment.join(", ", [value(number) for number in range(MOST_VALUES)])
    async with db.read() as tx:
        assert len(await tx.composed(sql("select unnest(array[") + listed + sql("]::bigint[])"))) == MOST_VALUES
        with pytest.raises(TooManyValuesError, match=r"32768 values.*in parts"):
            await tx.composed(sql("select ") + value(1) + sql(", unnest(array[") + listed + sql("]::bigint[])"))
