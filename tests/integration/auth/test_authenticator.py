"""Remembering for a moment who showed a token."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.integration.auth.conftest import PASSWORD, Installation
from tests.server import ServerUnderTest

from sutler.auth import (
    SYSTEM,
    Action,
    Authenticator,
    Role,
    Thing,
    TokenExpiredError,
    TokenInvalidError,
    TokenRevokedError,
    change_password,
    may,
    revoke_token,
    set_member,
    sign_in,
)
from sutler.base.clock import MovableClock
from sutler.database import Database
from sutler.database.sql import sql, value


@pytest.fixture
async def authenticator(installation: Installation) -> AsyncIterator[Authenticator]:
    authenticator = Authenticator(installation.db, installation.signer)
    yield authenticator
    await authenticator.close()


async def sign_in_as(installation: Installation, username: str, role: Role | None = None) -> str:
    await installation.add_user(username, role)
    return (await sign_in(installation.db, installation.signer, username=username, password=PASSWORD)).text


async def warm(authenticator: Authenticator, *tokens: str) -> None:
    """Show each token until it is remembered: the first time only begins the watch over its user."""
    for token in tokens:
        await authenticator.authenticate(token)
        await asyncio.sleep(0)
        await authenticator.authenticate(token)


async def change_silently(installation: Installation, role: Role) -> None:
    """Change all roles behind the back of everybody, so that only the database knows."""
    async with installation.db.write() as tx:
        await tx.composed(sql("UPDATE auth.memberships SET role = ") + value(role.value))


async def test_an_answer_is_remembered_for_five_seconds(
    installation: Installation, authenticator: Authenticator, clock: MovableClock
) -> None:
    token = await sign_in_as(installation, "mia", Role.ANALYSIS)
    await warm(authenticator, token)
    await change_silently(installation, Role.PRODUCTION)
    here = installation.experiment_id
    clock.advance(timedelta(seconds=4.9))
    assert (await authenticator.authenticate(token)).roles == {here: Role.ANALYSIS}
    clock.advance(timedelta(seconds=0.1))
    assert (await authenticator.authenticate(token)).roles == {here: Role.PRODUCTION}


async def test_a_membership_takes_effect_at_once(installation: Installation, authenticator: Authenticator) -> None:
    token = await sign_in_as(installation, "mia", Role.ANALYSIS)
    here = installation.experiment_id
    for role in (Role.PRODUCTION, Role.SHIFTER, None, Role.SUPERUSER) * 5:
        await warm(authenticator, token)
        await set_member(installation.db, SYSTEM, experiment="dune", username="mia", role=role)
        assert (await authenticator.authenticate(token)).roles.get(here) is role


async def test_a_change_about_one_user_leaves_the_others_remembered(
    installation: Installation, authenticator: Authenticator
) -> None:
    mia = await sign_in_as(installation, "mia", Role.ANALYSIS)
    bob = await sign_in_as(installation, "bob", Role.ANALYSIS)
    await warm(authenticator, mia, bob)
    await change_silently(installation, Role.PRODUCTION)
    await set_member(installation.db, SYSTEM, experiment="dune", username="bob", role=Role.SHIFTER)
    here = installation.experiment_id
    assert (await authenticator.authenticate(bob)).roles == {here: Role.SHIFTER}
    assert (await authenticator.authenticate(mia)).roles == {here: Role.ANALYSIS}


async def test_a_token_that_is_taken_back_is_refused_at_once(
    installation: Installation, authenticator: Authenticator
) -> None:
    token = await sign_in_as(installation, "mia")
    await warm(authenticator, token)
    who = await authenticator.authenticate(token)
    assert who.jti is not None
    await revoke_token(installation.db, who, jti=who.jti)
    with pytest.raises(TokenRevokedError):
        await authenticator.authenticate(token)


async def test_sessions_ended_by_a_new_password_are_refused_at_once(
    installation: Installation, authenticator: Authenticator
) -> None:
    token = await sign_in_as(installation, "mia")
    await warm(authenticator, token)
    await change_password(installation.db, SYSTEM, username="mia", password="another horse")
    with pytest.raises(TokenRevokedError):
        await authenticator.authenticate(token)


async def test_a_remembered_token_ends_at_its_time(
    installation: Installation, authenticator: Authenticator, clock: MovableClock
) -> None:
    token = await sign_in_as(installation, "mia")
    clock.advance(timedelta(days=7, seconds=-2))
    await warm(authenticator, token)
    clock.advance(timedelta(seconds=1.9))
    await authenticator.authenticate(token)
    clock.advance(timedelta(seconds=0.1))
    with pytest.raises(TokenExpiredError):
        await authenticator.authenticate(token)


async def test_a_refusal_is_not_remembered_and_rubbish_leaves_no_trace(
    installation: Installation, authenticator: Authenticator
) -> None:
    token = await sign_in_as(installation, "mia")
    with pytest.raises(TokenInvalidError):
        await authenticator.authenticate(token[:-3] + "AAA")
    await warm(authenticator, token)
    with pytest.raises(TokenInvalidError):
        await authenticator.authenticate(token[:-3] + "AAA")
    assert (await authenticator.authenticate(token)).username == "mia"


async def test_each_request_has_a_principal_of_its_own(
    installation: Installation, authenticator: Authenticator
) -> None:
    token = await sign_in_as(installation, "mia", Role.ANALYSIS)
    await warm(authenticator, token)
    first = await authenticator.authenticate(token)
    assert may(first, Action.VIEW, Thing("experiment", installation.experiment_id))
    assert first.consulted
    assert (await authenticator.authenticate(token)).consulted == []


async def test_many_requests_at_once_get_the_same_answer(
    installation: Installation, authenticator: Authenticator
) -> None:
    token = await sign_in_as(installation, "mia", Role.ANALYSIS)
    answers = await asyncio.gather(*(authenticator.authenticate(token) for _ in range(50)))
    assert {answer.username for answer in answers} == {"mia"}


async def test_a_change_made_by_another_server_is_heard_of(
    installation: Installation, authenticator: Authenticator, migrated: ServerUnderTest, clock: MovableClock
) -> None:
    token = await sign_in_as(installation, "mia", Role.ANALYSIS)
    await warm(authenticator, token)
    other = await Database.open(migrated.connect, size=2, clock=clock)
    try:
        await set_member(other, SYSTEM, experiment="dune", username="mia", role=Role.PRODUCTION)
        deadline = time.monotonic() + 20
        while (await authenticator.authenticate(token)).roles != {installation.experiment_id: Role.PRODUCTION}:
            assert time.monotonic() < deadline, "the notice of the other server did not arrive"
            await asyncio.sleep(0.02)
    finally:
        await other.close()


async def test_a_user_who_stays_away_is_not_watched_any_more(
    installation: Installation,
    authenticator: Authenticator,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sutler.auth.authenticator.WATCH_TIMEOUT", timedelta(milliseconds=5))
    token = await sign_in_as(installation, "mia", Role.ANALYSIS)
    await warm(authenticator, token)
    clock.advance(timedelta(seconds=5))
    deadline = time.monotonic() + 20
    while list_watches():
        assert time.monotonic() < deadline, "the watch did not end"
        await asyncio.sleep(0.005)
    monkeypatch.undo()
    await warm(authenticator, token)
    assert list_watches() == ["watch mia"]


async def test_after_closing_nobody_is_watched_any_more(
    installation: Installation, authenticator: Authenticator
) -> None:
    await warm(authenticator, await sign_in_as(installation, "mia"), await sign_in_as(installation, "bob"))
    assert list_watches() == ["watch bob", "watch mia"]
    await authenticator.close()
    assert list_watches() == []


def list_watches() -> list[str]:
    return sorted(task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("watch "))
