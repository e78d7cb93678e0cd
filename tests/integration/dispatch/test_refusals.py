"""Workers that were refused: counted and named, however many strangers call."""

from __future__ import annotations

import asyncio
import sys
import tracemalloc
from datetime import timedelta

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene, make_member
from tests.waiting import wait_until

from sutler.auth import Role, TokenExpiredError, TokenInvalidError
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotAuthenticatedError, NotPermittedError
from sutler.database import Database
from sutler.database.errors import DatabaseUnreachableError
from sutler.dispatch import (
    NewRefusal,
    ProjectNotFoundError,
    RefusalBook,
    delete_project,
    explain_project,
    list_refusals,
    note_refusals,
)

REASON = "It sent no token."
EXPIRED = TokenExpiredError(username="ada", expired_at=NOON)


def refuse(project_id: int, worker_id: str | None = "w1", reason: str = REASON, times: int = 1) -> NewRefusal:
    return NewRefusal(project_id, worker_id, reason, times, NOON, NOON)


async def test_the_same_refusal_again_adds_up_and_moves_its_end(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    await note_refusals(scene.db, [refuse(project_id, times=2)])
    later = NOON + timedelta(minutes=5)
    await note_refusals(scene.db, [NewRefusal(project_id, "w1", REASON, 3, later, later)])
    [kept] = await list_refusals(scene.db, scene.who, project_id=project_id)
    assert (kept.worker_id, kept.reason, kept.times) == ("w1", REASON, 5)
    assert (kept.first_at, kept.last_at) == (NOON, later)


async def test_one_worker_may_be_given_twice_and_has_a_row_for_each_reason(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    await note_refusals(scene.db, [refuse(project_id), refuse(project_id), refuse(project_id, reason="Other.")])
    kept = await list_refusals(scene.db, scene.who, project_id=project_id)
    assert sorted((one.reason, one.times) for one in kept) == [(REASON, 2), ("Other.", 1)]


async def test_the_newest_come_first_and_only_so_many(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    for number in range(3):
        at = NOON + timedelta(seconds=number)
        await note_refusals(scene.db, [NewRefusal(project_id, f"w{number}", REASON, 1, at, at)])
    kept = await list_refusals(scene.db, scene.who, project_id=project_id, limit=2)
    assert [one.worker_id for one in kept] == ["w2", "w1"]
    with pytest.raises(InvalidInputError):
        await list_refusals(scene.db, scene.who, project_id=project_id, limit=0)


async def test_refusals_of_projects_that_are_not_there_are_left_out(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    await note_refusals(scene.db, [refuse(project_id), refuse(project_id + 4711)])
    assert await scene.value("SELECT count(*) FROM dispatch.refusals") == 1
    with pytest.raises(ProjectNotFoundError):
        await list_refusals(scene.db, scene.who, project_id=project_id + 4711)


async def test_only_who_may_see_a_project_sees_its_refusals(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    stranger = make_member(scene.who.user_id + 1, "eve", scene.experiment_id + 1, Role.SUPERUSER)
    with pytest.raises(NotPermittedError):
        await list_refusals(scene.db, stranger, project_id=project_id)


async def test_refusals_go_with_their_project(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    await note_refusals(scene.db, [refuse(project_id)])
    await delete_project(scene.db, scene.who, project_id=project_id)
    assert await scene.value("SELECT count(*) FROM dispatch.refusals") == 0


async def test_a_project_names_a_thousand_workers_and_sums_the_rest(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    await note_refusals(scene.db, [refuse(project_id, f"w{number:04}") for number in range(990)])
    await note_refusals(scene.db, [refuse(project_id, f"x{number:04}") for number in range(30)])
    await note_refusals(scene.db, [refuse(project_id, "x0029"), refuse(project_id, "w0000"), refuse(project_id, None)])
    assert await scene.value("SELECT count(*) FROM dispatch.refusals") == 1001
    kept = {one.worker_id: one for one in await list_refusals(scene.db, scene.who, project_id=project_id, limit=1000)}
    kept |= {one.worker_id: one for one in await list_refusals(scene.db, scene.who, project_id=project_id, limit=3)}
    assert kept["w0000"].times == 2
    others = await scene.value("SELECT times FROM dispatch.refusals WHERE worker_id = ' other workers'")
    assert others == 20 + 2


async def test_two_servers_do_not_fill_a_project_beyond_its_room(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    await asyncio.gather(
        *(
            note_refusals(scene.db, [refuse(project_id, f"{server}-{number}") for number in range(600)])
            for server in range(3)
        )
    )
    assert await scene.value("SELECT count(*) FROM dispatch.refusals") == 1001
    assert await scene.value("SELECT sum(times)::integer FROM dispatch.refusals") == 1800


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", " a worker without a name"),
        ("  \t", " a worker without a name"),
        (" other workers", "other workers"),
        ("a\0b\nc\ud800\u202e", "a\ufffdb\ufffdc\ufffd\ufffd"),
        ("w" * 300, "w" * 128),
        ("grün 🙂", "grün 🙂"),
    ],
)
async def test_names_are_kept_so_that_they_can_be_shown(scene: Scene, given: str, kept: str) -> None:
    project_id = (await scene.start()).project_id
    await note_refusals(scene.db, [refuse(project_id, given)])
    assert [one.worker_id for one in await list_refusals(scene.db, scene.who, project_id=project_id)] == [kept]


async def test_the_sentence_of_a_project_tells_of_those_who_were_refused_in_the_last_hour(
    scene: Scene, clock: MovableClock
) -> None:
    project_id = (await scene.start(1)).project_id
    book = RefusalBook(scene.db)
    for number in range(5):
        clock.advance(timedelta(seconds=1))
        book.note(project_id, f"w{number}", EXPIRED)
    await book.write()
    assert (await explain_project(scene.db, scene.who, project_id=project_id)).endswith(
        "5 workers were refused in the last hour: w4, w3, w2 and 2 more. "
        "The last reason: The token of ada expired on 2026-03-01 at 12:00:00 UTC."
    )
    clock.advance(timedelta(hours=1, seconds=1))
    assert "refused" not in await explain_project(scene.db, scene.who, project_id=project_id)


async def test_a_book_writes_by_itself_and_once_more_when_it_is_closed(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    async with RefusalBook(scene.db) as book:
        book.note(project_id, "w1", NotAuthenticatedError())
        book.note(project_id, "w1", NotAuthenticatedError())
        book.note(project_id, "w1", ValueError("no refusal"))
    [kept] = await list_refusals(scene.db, scene.who, project_id=project_id)
    assert (kept.reason, kept.times) == (REASON, 2)


async def test_an_open_book_writes_again_and_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.dispatch.refusal_book.WRITE_SECONDS", 0.01)
    project_id = (await scene.start()).project_id
    noted: list[str] = []

    async def are_kept() -> bool:
        return await scene.column("SELECT worker_id FROM dispatch.refusals ORDER BY worker_id") == noted

    async with RefusalBook(scene.db) as book:
        for worker_id in ("w1", "w2"):
            book.note(project_id, worker_id, NotAuthenticatedError())
            noted.append(worker_id)
            await wait_until(are_kept)


async def test_what_cannot_be_written_stays_noted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    project_id = (await scene.start()).project_id
    book = RefusalBook(scene.db)
    book.note(project_id, "w1", NotAuthenticatedError())

    async def fail(_db: Database, _refusals: object) -> None:
        book.note(project_id, "w1", NotAuthenticatedError())
        raise DatabaseUnreachableError

    with monkeypatch.context() as broken:
        broken.setattr("sutler.dispatch.refusal_book.note_refusals", fail)
        with pytest.raises(DatabaseUnreachableError):
            await book.write()
    await book.write()
    [kept] = await list_refusals(scene.db, scene.who, project_id=project_id)
    assert kept.times == 2


async def test_a_flood_of_strangers_fills_neither_the_memory_nor_the_database(scene: Scene) -> None:
    project_id = (await scene.start()).project_id
    book = RefusalBook(scene.db)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(100_000):
            book.note(project_id + number % 3 * 1000 * number, f"worker {number} " + "x" * 1000, TokenInvalidError())
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 12 * 1024 * 1024
    await book.write()
    assert await scene.value("SELECT count(*) FROM dispatch.refusals") == 1001
    noted = await scene.value("SELECT sum(times)::integer FROM dispatch.refusals")
    assert noted == sum(1 for number in range(100_000) if number % 3 * number == 0)


async def test_numbers_that_no_project_can_have_are_not_noted(scene: Scene) -> None:
    book = RefusalBook(scene.db)
    for number in (0, -1, 2**63, sys.maxsize * 10):
        book.note(number, "w", NotAuthenticatedError())
    await book.write()
    assert await scene.value("SELECT count(*) FROM dispatch.refusals") == 0
