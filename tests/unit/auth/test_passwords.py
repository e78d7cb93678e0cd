"""Password hashes."""

import asyncio

import pytest

from sutler.auth import passwords
from sutler.auth.passwords import hash_password, verify_password
from sutler.base.errors import UnavailableError


async def test_a_password_matches_its_own_hash_only() -> None:
    kept = await hash_password("correct horse")
    assert kept.startswith("$argon2id$")
    assert await verify_password("correct horse", kept)
    assert not await verify_password("correct horsE", kept)
    assert not await verify_password("", kept)


async def test_the_same_password_is_kept_differently_each_time() -> None:
    assert await hash_password("correct horse") != await hash_password("correct horse")


async def test_without_a_hash_the_answer_is_no_after_the_work_of_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    async def hash_and_note(password: str) -> str:
        hashed.append(password)
        return await hash_password(password)

    monkeypatch.setattr(passwords, "hash_password", hash_and_note)
    assert not await verify_password("correct horse", None)
    assert hashed == ["correct horse"]


async def test_whoever_tries_too_many_at_once_is_told_to_wait_and_others_get_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "MOST_WAITING", 3)
    answers = await asyncio.gather(*(hash_password("guess") for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(answer, UnavailableError) for answer in answers) == 3
    assert await verify_password("correct horse", await hash_password("correct horse"))
