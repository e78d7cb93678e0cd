"""Signing in at a MetaCat server, and keeping what that gives."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.contract.metacat.bed import DATASET, SECRET, Bed, collect, make_file
from tests.contract.metacat.metacat_stand_in import Fault, make_token, reply_text

from sutler.auth import SYSTEM, CredentialMethod, CredentialSide, Role, ServiceKind, remove_service
from sutler.base.clock import MovableClock
from sutler.catalog import CredentialRefusedError, RemoteCatalogRefusedError


@pytest.fixture
async def shelf(bed: Bed) -> Bed:
    """A server that answers nobody without a token."""
    bed.metacat.put_files("prod:out", "a")
    bed.metacat.is_closed = True
    return bed


async def ask(bed: Bed, role: Role | None = Role.PRODUCTION) -> None:
    """Ask for something that needs a token."""
    assert [file.name for file in await collect(await bed.find(role), "files from prod:out")] == ["a"]


def list_methods(bed: Bed) -> list[str]:
    return [call.arguments["method"] for call in bed.metacat.calls if call.method == "auth"]


async def test_a_password_goes_by_digest_and_never_as_it_is(shelf: Bed) -> None:
    await ask(shelf)
    assert list_methods(shelf) == ["digest", "digest"]
    assert all(SECRET not in f"{call.headers}{call.body!r}" for call in shelf.metacat.calls)


async def test_one_token_serves_many_calls_at_once(shelf: Bed) -> None:
    await asyncio.gather(*(ask(shelf) for _ in range(20)))
    assert len(shelf.metacat.tokens) == 1


async def test_a_token_is_renewed_ahead_of_its_end(shelf: Bed, clock: MovableClock) -> None:
    shelf.metacat.token_seconds = 3600
    await ask(shelf)
    clock.advance(timedelta(minutes=49))
    await ask(shelf)
    assert len(shelf.metacat.tokens) == 1
    clock.advance(timedelta(minutes=2))
    await ask(shelf)
    assert len(shelf.metacat.tokens) == 2


async def test_a_token_that_is_still_good_is_used_while_no_new_one_is_to_be_had(
    shelf: Bed, clock: MovableClock
) -> None:
    shelf.metacat.token_seconds = 3600
    await ask(shelf)
    clock.advance(timedelta(minutes=55))
    shelf.metacat.faults = [Fault("auth", 503)]
    await ask(shelf)
    assert len(shelf.metacat.tokens) == 1


@pytest.mark.parametrize("is_change", [True, False])
async def test_a_token_that_is_refused_is_renewed_once(shelf: Bed, is_change: bool) -> None:
    await ask(shelf)
    shelf.metacat.tokens.clear()
    if is_change:
        assert await (await shelf.find()).declare([make_file("x")], dataset=DATASET) == [None]
    else:
        await ask(shelf)
    assert len(shelf.metacat.tokens) == 1


async def test_a_new_token_that_is_refused_too_is_an_error_and_no_circle(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("query", reply_text("Token verification failed", 401), times=100)]
    with pytest.raises(CredentialRefusedError, match="Token verification failed"):
        await ask(shelf)
    assert shelf.metacat.count("query") == 2


async def test_a_refusal_about_rights_is_not_taken_for_one_about_the_token(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("query", reply_text("Permission denied", 403), times=100)]
    with pytest.raises(RemoteCatalogRefusedError, match="403 Permission denied"):
        await ask(shelf)
    assert len(shelf.metacat.tokens) == 1


async def test_a_wrong_password_says_whose_and_where_and_is_not_tried_again_at_once(
    shelf: Bed, clock: MovableClock
) -> None:
    await shelf.sign_in("wrong words")
    for _ in range(3):
        with pytest.raises(CredentialRefusedError) as caught:
            await ask(shelf)
    said = "the password of pro (side any) is refused: 401 Authentication failed."
    advice = "Set it anew among the services of the experiment."
    assert caught.value.sentence == f"{shelf.metacat.url}/auth/auth answered: {said} {advice}"
    assert list_methods(shelf) == ["digest", "digest", "ldap"]
    clock.advance(timedelta(seconds=31))
    shelf.metacat.passwords["pro"] = "wrong words"
    await ask(shelf)


async def test_a_new_credential_holds_at_once(shelf: Bed) -> None:
    await shelf.sign_in("wrong words")
    with pytest.raises(CredentialRefusedError):
        await ask(shelf)
    await shelf.sign_in()
    await ask(shelf)


async def test_each_side_signs_in_with_its_own_credential(shelf: Bed) -> None:
    shelf.metacat.passwords["ana"] = "another one"
    await shelf.sign_in("another one", side=CredentialSide.ANALYSIS, username="ana")
    for role in (Role.ANALYSIS, Role.SHIFTER, Role.SUPERUSER, None):
        await ask(shelf, role)
    assert sorted(name for name, _ in shelf.metacat.tokens.values()) == ["ana", "pro"]


async def test_where_passwords_live_elsewhere_the_other_method_takes_them(shelf: Bed) -> None:
    shelf.metacat.has_digest, shelf.metacat.has_ldap = False, True
    await ask(shelf)
    assert list_methods(shelf) == ["digest", "ldap"]


async def test_a_server_that_fails_at_digest_takes_the_password_by_the_other_method(shelf: Bed) -> None:
    shelf.metacat.has_ldap = True
    shelf.metacat.faults = [Fault("auth", 500)]
    await ask(shelf)
    assert list_methods(shelf) == ["digest", "ldap"]


async def test_a_server_that_fails_at_digest_is_told_where_nothing_else_is_safe(
    shelf: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.catalog.sources.tokens.is_private", lambda url: False)
    shelf.metacat.faults = [Fault("auth", 500)]
    with pytest.raises(RemoteCatalogRefusedError, match="auth/auth answered: 500"):
        await ask(shelf)


async def test_a_password_is_not_sent_for_all_to_read(shelf: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.catalog.sources.tokens.is_private", lambda url: False)
    shelf.metacat.has_digest, shelf.metacat.has_ldap = False, True
    with pytest.raises(CredentialRefusedError, match=r"is not sent for all to read\. Name its address with https"):
        await ask(shelf)
    assert list_methods(shelf) == ["digest"]


async def test_a_bearer_token_is_exchanged(shelf: Bed) -> None:
    bearer = make_token("pro", shelf.metacat.now() + 3600)
    shelf.metacat.bearers[bearer] = "pro"
    await shelf.sign_in(bearer, method=CredentialMethod.TOKEN)
    await ask(shelf)
    assert list_methods(shelf) == ["token"]
    shown = {call.method for call in shelf.metacat.calls if bearer in f"{call.headers}"}
    assert shown == {"auth"}


async def test_an_address_that_gives_no_token_is_asked_about(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("auth", reply_text("<html>"))]
    with pytest.raises(RemoteCatalogRefusedError, match="without a token: is this the address to sign in at"):
        await ask(shelf)


async def test_a_challenge_of_another_kind_is_said(shelf: Bed) -> None:
    challenge = {"WWW-Authenticate": 'Digest realm="metacat", nonce="1", algorithm=QUANTUM-1, qop="auth"'}
    shelf.metacat.faults = [Fault("auth", reply_text("no", 401, **challenge))]
    with pytest.raises(RemoteCatalogRefusedError, match="a challenge that cannot be answered"):
        await ask(shelf)


async def test_without_a_service_the_built_in_catalogue_is_used(shelf: Bed) -> None:
    await remove_service(shelf.db, SYSTEM, experiment="dune", kind=ServiceKind.METACAT)
    assert await shelf.catalogues.find(experiment_id=shelf.experiment_id, role=None) is None
    assert await shelf.check() == []
