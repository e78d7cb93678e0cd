"""Notices: who hears them, and how hearing them ends."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from tests.server import ServerUnderTest
from tests.waiting import wait_until

from sutler.database import ENDING, Database, NoticeBoard
from sutler.database.notices import EVERYTHING

_FIND_LISTENER = """
SELECT pid FROM pg_stat_activity
WHERE backend_start > $1 AND datname = current_database() AND (query ILIKE 'LISTEN%' OR query ILIKE '%pg_notify%')
  AND pid <> pg_backend_pid()
"""


async def test_a_listener_hears_nothing_more_once_it_has_ended() -> None:
    board = NoticeBoard()
    heard: list[set[str]] = []
    stop = board.listen(heard.append)
    board.post({"thing/1"})
    stop()
    board.post({"thing/2"})
    assert heard == [{"thing/1"}]


async def test_of_those_who_follow_only_who_holds_back_an_answer_wakes_when_the_process_ends() -> None:
    board = NoticeBoard()
    heard: list[set[str]] = []
    board.listen(heard.append)
    async with board.follow("thing/1", ENDING) as holding, board.follow("thing/1") as watching:
        board.end_waiting()
        assert board.is_ending
        assert await holding.wait(0)
        assert not await watching.wait(0)
        await asyncio.wait_for(board.pause(60), 5)
    assert heard == []
    assert board.take_payload() is None


async def test_a_pause_ends_by_itself() -> None:
    board = NoticeBoard()
    await asyncio.wait_for(board.pause(0.01), 5)
    assert not board.is_ending


async def test_too_many_subjects_for_one_notice_become_one_for_everybody() -> None:
    here, there = NoticeBoard(), NoticeBoard()
    heard: list[set[str]] = []
    there.listen(heard.append)
    here.post({f"thing/{number}" for number in range(2000)})
    there.receive(here.take_payload() or "")
    assert heard == [{EVERYTHING}]


async def test_a_database_is_closed_even_when_nobody_answers_on_the_connection_of_notices(
    db: Database, migrated: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.database.pool.CLOSING_SECONDS", 0.1)
    pids: list[int] = []
    async with db.connection() as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
    closing = await Database.open(migrated.connect, size=1)

    async def it_listens() -> bool:
        async with db.connection() as connection:
            pids[:] = [row["pid"] for row in await connection.fetch(_FIND_LISTENER, now)]
        return len(pids) == 1

    await wait_until(it_listens)
    os.kill(pids[0], signal.SIGSTOP)
    try:
        await asyncio.wait_for(closing.close(), 10)
    finally:
        os.kill(pids[0], signal.SIGCONT)


async def test_a_connection_that_cannot_be_prepared_is_not_left_open(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    async def refuse(connection: object) -> None:
        opened.append(connection)
        raise asyncio.CancelledError

    monkeypatch.setattr("sutler.database.pool._prepare_connection", refuse)
    with pytest.raises(asyncio.CancelledError):
        await db.connect_alone()
    [connection] = opened
    assert connection.is_closed()
