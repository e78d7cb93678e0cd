"""Signing in and out."""

from datetime import timedelta

import pytest
from tests.integration.auth.conftest import PASSWORD, Installation

from sutler.auth import (
    Role,
    TokenExpiredError,
    TokenInvalidError,
    TokenKind,
    TokenRevokedError,
    UnknownUserError,
    WrongPasswordError,
    authenticate,
    get_principal_of,
    list_users,
    sign_in,
    sign_out,
)
from sutler.auth import passwords as passwords_module
from sutler.auth.passwords import hash_password, verify_password
from sutler.base.clock import MovableClock
from sutler.database.sql import sql, value


async def test_whoever_signs_in_is_recognised_with_all_roles(installation: Installation) -> None:
    user = await installation.add_user("mia", Role.PRODUCTION)
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    who = await authenticate(installation.db, installation.signer, token=token.text)
    assert (who.user_id, who.username, who.kind, who.jti) == (user.id, "mia", TokenKind.SESSION, token.jti)
    assert who.roles == {installation.experiment_id: Role.PRODUCTION}
    assert who.experiments == {installation.experiment_id: "dune"}
    assert not who.is_admin
    assert who.consulted == []


async def test_a_session_lasts_seven_days_and_not_a_second_longer(
    installation: Installation, clock: MovableClock
) -> None:
    await installation.add_user("mia")
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    assert token.expires_at == clock.now() + timedelta(days=7)
    clock.advance(timedelta(days=7, seconds=-1))
    await authenticate(installation.db, installation.signer, token=token.text)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpiredError):
        await authenticate(installation.db, installation.signer, token=token.text)


async def test_signing_in_is_remembered(installation: Installation, clock: MovableClock) -> None:
    admin = await installation.add_principal("root", is_admin=True)
    clock.advance(timedelta(hours=1))
    await sign_in(installation.db, installation.signer, username="root", password=PASSWORD)
    assert [user.signed_in_at for user in await list_users(installation.db, admin)] == [clock.now()]


async def test_after_signing_out_the_token_is_refused_and_other_tokens_are_not(installation: Installation) -> None:
    await installation.add_user("mia")
    first = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    second = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    who = await authenticate(installation.db, installation.signer, token=first.text)
    await sign_out(installation.db, who)
    await sign_out(installation.db, who)
    assert who.consulted
    with pytest.raises(TokenRevokedError):
        await authenticate(installation.db, installation.signer, token=first.text)
    await authenticate(installation.db, installation.signer, token=second.text)


async def test_whoever_came_without_a_token_has_nothing_to_give_back(installation: Installation) -> None:
    await sign_out(installation.db, await installation.add_principal("mia"))


async def test_wrong_password_unknown_user_and_shut_out_user_are_told_the_same(installation: Installation) -> None:
    await installation.add_user("mia")
    gone = await installation.add_user("gone")
    await shut_out(installation, gone.id)
    sentences = set()
    for username, password in [("mia", "correct horsE"), ("nobody", PASSWORD), ("gone", PASSWORD), ("mia", "")]:
        with pytest.raises(WrongPasswordError) as refusal:
            await sign_in(installation.db, installation.signer, username=username, password=password)
        sentences.add((refusal.value.sentence, refusal.value.code, str(refusal.value.facts)))
    assert len(sentences) == 1


async def test_an_unknown_user_costs_one_hash_like_a_wrong_password(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await installation.add_user("mia")
    work: list[str] = []

    class Hasher:
        def hash(self, password: str) -> str:
            work.append("hash")
            return real.hash(password)

        def verify(self, password_hash: str, password: str) -> bool:
            work.append("verify")
            return real.verify(password_hash, password)

    real = passwords_module._HASHER
    monkeypatch.setattr(passwords_module, "_HASHER", Hasher())
    for username in ("mia", "nobody"):
        with pytest.raises(WrongPasswordError):
            await sign_in(installation.db, installation.signer, username=username, password="wrong horse")
    assert work == ["verify", "hash"]


async def test_a_password_that_was_changed_while_it_was_checked_does_not_sign_in(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await installation.add_user("mia")

    async def verify_slowly(password: str, password_hash: str | None) -> bool:
        is_right = await verify_password(password, password_hash)
        changed = value(await hash_password("another horse"))
        async with installation.db.write() as tx:
            await tx.composed(
                sql("UPDATE auth.users SET password_hash = ") + changed + sql(" WHERE id = ") + value(user.id)
            )
        return is_right

    monkeypatch.setattr("sutler.auth.operations.tokens.verify_password", verify_slowly)
    with pytest.raises(WrongPasswordError):
        await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)


async def test_the_token_of_a_user_who_is_gone_or_shut_out_is_refused_with_a_sentence_of_its_own(
    installation: Installation,
) -> None:
    user = await installation.add_user("mia")
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    await shut_out(installation, user.id)
    with pytest.raises(UnknownUserError):
        await authenticate(installation.db, installation.signer, token=token.text)
    async with installation.db.write() as tx:
        await tx.composed(sql("DELETE FROM auth.users WHERE id = ") + value(user.id))
    with pytest.raises(UnknownUserError):
        await authenticate(installation.db, installation.signer, token=token.text)


async def test_the_four_refusals_of_a_token_read_differently() -> None:
    errors = [TokenInvalidError(), TokenExpiredError(), TokenRevokedError(), UnknownUserError()]
    assert len({error.sentence for error in errors}) == 4
    assert len({error.code for error in errors}) == 4


async def test_a_token_shows_the_roles_of_the_moment_not_those_of_its_making(installation: Installation) -> None:
    user = await installation.add_user("mia")
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    async with installation.db.write() as tx:
        await tx.composed(sql("UPDATE auth.users SET is_admin = true WHERE id = ") + value(user.id))
    assert (await authenticate(installation.db, installation.signer, token=token.text)).is_admin
    assert (await get_principal_of(installation.db, user_id=user.id)).is_admin


async def shut_out(installation: Installation, user_id: int) -> None:
    async with installation.db.write() as tx:
        await tx.composed(sql("UPDATE auth.users SET is_active = false WHERE id = ") + value(user_id))
