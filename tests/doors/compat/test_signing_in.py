"""The authentication service: passwords, digests, a token for a token."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.doors.compat.conftest import ANNA_PASSWORD, Parts, make_token

from sutler import auth
from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock

BASES = ("/auth", "/auth/local", "/dd/auth", "/dd/local/auth", "/metacat/auth", "/metacat/local/auth")
HEADER = "X-Authentication-Token"


@pytest.mark.parametrize("base", BASES)
async def test_a_password_is_taken_by_the_method_ldap_at_every_address(stranger: httpx.AsyncClient, base: str) -> None:
    reply = await stranger.post(f"{base}/auth?method=ldap", content=f"anna:{ANNA_PASSWORD}")
    assert (reply.status_code, reply.content) == (200, b"")
    found = await stranger.get(f"{base}/whoami", headers={HEADER: reply.headers[HEADER]})
    assert (found.status_code, found.text) == (200, "anna")
    assert found.headers["content-type"].startswith("text/plain")
    assert (await stranger.get(f"{base}/verify", headers={HEADER: reply.headers[HEADER]})).text == "OK"


@pytest.mark.parametrize("body", [ANNA_PASSWORD, f"anna:{ANNA_PASSWORD}"])
async def test_the_user_may_be_named_in_the_address(stranger: httpx.AsyncClient, body: str) -> None:
    reply = await stranger.post("/auth/auth?method=ldap&username=anna", content=body)
    assert reply.status_code == 200
    assert HEADER in reply.headers


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "method=ldap", "anna:wrong", "Authentication failed"),
        ("POST", "method=ldap", "nobody:wrong-too", "Authentication failed"),
        ("POST", "method=ldap", "", "Authentication failed"),
        ("GET", "method=ldap", f"anna:{ANNA_PASSWORD}", "Authentication failed"),
        ("GET", "method=digest", "", "Authentication failed"),
        ("GET", "method=x509&username=anna", "", "HTTPS scheme required"),
        ("POST", "method=token&username=anna", "", "Authentication failed. Token not found"),
        ("GET", "method=kerberos", "", "Unknown authentication method"),
        ("GET", "", "", "Unknown authentication method"),
    ],
)
async def test_words_for_a_sign_in_that_fails(
    stranger: httpx.AsyncClient, method: str, path: str, body: str, words: str
) -> None:
    reply = await stranger.request(method, f"/auth/auth?{path}", content=body)
    assert (reply.status_code, reply.text) == (401, f"{words}\n")
    assert HEADER not in reply.headers


async def test_verify_says_why_not_and_whoami_says_nobody(stranger: httpx.AsyncClient) -> None:
    reply = await stranger.get("/auth/verify")
    assert (reply.status_code, reply.text) == (401, "Token not found\n")
    reply = await stranger.get("/auth/whoami")
    assert (reply.status_code, reply.text) == (200, "")


async def test_certificates_are_not_offered(stranger: httpx.AsyncClient) -> None:
    for path in ("mydn", "mydn/subject", "mydn/issuer"):
        reply = await stranger.get(f"/auth/{path}")
        assert (reply.status_code, reply.text) == (400, "Use HTTPS connection")


@pytest.mark.parametrize("base", BASES)
async def test_people_are_led_to_the_pages_to_sign_in(stranger: httpx.AsyncClient, base: str) -> None:
    for name in ("login", "do_login"):
        reply = await stranger.get(f"{base}/{name}?redirect=/files%3Fdid%3Da:b")
        assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in?next=%2Ffiles%3Fdid%3Da%3Ab")
    for name in ("logged_in", "logout"):
        reply = await stranger.get(f"{base}/{name}")
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert 'auth_token=""' in reply.headers["set-cookie"]
    for name in ("login", "logout"):
        assert (await stranger.get(f"{base}/{name}?redirect=//evil.example/")).status_code == 400


async def test_a_redirect_stays_on_this_server(stranger: httpx.AsyncClient, parts: Parts) -> None:
    body = f"anna:{ANNA_PASSWORD}"
    reply = await stranger.post("/auth/auth?method=ldap&redirect=/campaigns", content=body)
    assert (reply.status_code, reply.headers["location"]) == (302, "/campaigns")
    assert HEADER in reply.headers
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        reply = await stranger.post(f"/auth/auth?method=ldap&redirect={elsewhere}", content=body)
        assert reply.status_code == 400
        assert HEADER not in reply.headers


async def test_a_token_is_exchanged_for_one_that_ends_at_the_same_time(
    stranger: httpx.AsyncClient, parts: Parts, clock: MovableClock
) -> None:
    token = await make_token(parts, "anna")
    ends_at = parts.signer.read(token, now=clock.now()).expires_at
    clock.advance(timedelta(hours=5))
    headers = {"Authorization": f"bearer {token}"}
    reply = await stranger.post("/auth/auth?method=token&username=anna", headers=headers)
    assert reply.status_code == 200
    fresh = parts.signer.read(reply.headers[HEADER], now=clock.now())
    assert (fresh.username, fresh.expires_at) == ("anna", ends_at)
    assert reply.headers[HEADER] != token


async def test_a_token_of_somebody_else_is_not_exchanged(stranger: httpx.AsyncClient, parts: Parts) -> None:
    headers = {"Authorization": f"Bearer {await make_token(parts, 'anna')}"}
    for username in ("bob", ""):
        reply = await stranger.post(f"/auth/auth?method=token&username={username}", headers=headers)
        assert (reply.status_code, reply.text) == (401, "Authentication failed\n")


async def test_the_token_of_a_job_is_not_exchanged(stranger: httpx.AsyncClient, parts: Parts) -> None:
    async with parts.db.write() as tx:
        experiment = await auth.get_experiment_in(tx, name="local")
        anna_id = await find_user_id(parts, "anna")
        issued = await auth.issue_token_in(
            tx,
            parts.signer,
            user_id=anna_id,
            kind=auth.TokenKind.JOB,
            label="job",
            lifetime=timedelta(hours=1),
            experiment_id=experiment.id,
            project_id=1,
        )
    headers = {"Authorization": f"Bearer {issued.text}"}
    reply = await stranger.post("/auth/auth?method=token&username=anna", headers=headers)
    assert (reply.status_code, reply.text) == (401, "Authentication failed\n")


async def find_user_id(parts: Parts, username: str) -> int:
    """Return the number of a user."""
    return next(user.id for user in await auth.list_users(parts.db, SYSTEM) if user.username == username)


class Digest:
    """A client that signs in by digest, with the arithmetic of the HTTP library."""

    def __init__(self, client: httpx.AsyncClient, username: str, password: str) -> None:
        self.client = client
        self.auth = httpx.DigestAuth(username, password)

    async def sign_in(self, path: str = "/auth/auth?method=digest") -> httpx.Response:
        return await self.client.get(path, auth=self.auth)


@pytest.fixture
async def digest_is_on(parts: Parts) -> None:
    """Digest sign-in is on, and anna has set her password since."""
    await auth.set_digest_login(parts.db, is_on=True)
    await auth.change_password(parts.db, SYSTEM, username="anna", password=ANNA_PASSWORD)


@pytest.mark.usefixtures("digest_is_on")
@pytest.mark.parametrize("base", BASES)
async def test_a_digest_signs_in(stranger: httpx.AsyncClient, base: str) -> None:
    reply = await Digest(stranger, "anna", ANNA_PASSWORD).sign_in(f"{base}/auth?method=digest")
    assert (reply.status_code, reply.content) == (200, b"")
    found = await stranger.get(f"{base}/whoami", headers={HEADER: reply.headers[HEADER]})
    assert found.text == "anna"


@pytest.mark.usefixtures("digest_is_on")
async def test_the_challenge_is_that_of_the_protocol(stranger: httpx.AsyncClient) -> None:
    reply = await stranger.get("/auth/auth?method=digest")
    assert (reply.status_code, reply.text) == (401, "Authorization required\n")
    challenge = reply.headers["www-authenticate"]
    assert challenge.startswith('Digest realm="sutler", nonce="')
    assert challenge.endswith('", algorithm=MD5, qop="auth"')


@pytest.mark.usefixtures("digest_is_on")
@pytest.mark.parametrize(("username", "password"), [("anna", "wrong"), ("bob", "bob-password"), ("nobody", "x")])
async def test_a_wrong_digest_or_one_without_a_stored_hash_is_refused(
    stranger: httpx.AsyncClient, username: str, password: str
) -> None:
    reply = await Digest(stranger, username, password).sign_in()
    assert (reply.status_code, reply.text) == (401, "Authentication failed\n")


@pytest.mark.usefixtures("digest_is_on")
async def test_an_answer_is_good_once_and_for_a_minute(stranger: httpx.AsyncClient, clock: MovableClock) -> None:
    first = await Digest(stranger, "anna", ANNA_PASSWORD).sign_in()
    answer = {"Authorization": first.request.headers["authorization"]}
    again = await stranger.get("/auth/auth?method=digest", headers=answer)
    assert again.status_code == 401
    assert again.headers["www-authenticate"].endswith("stale=true")
    elsewhere = await stranger.get("/dd/auth/auth?method=digest&x=1", headers=answer)
    assert elsewhere.status_code == 401
    clock.advance(timedelta(minutes=5))
    late = await stranger.get("/auth/auth?method=digest", headers=answer)
    assert late.headers["www-authenticate"].endswith("stale=true")


@pytest.mark.usefixtures("digest_is_on")
async def test_switching_digests_off_forgets_what_was_kept(stranger: httpx.AsyncClient, parts: Parts) -> None:
    await auth.set_digest_login(parts.db, is_on=False)
    await auth.set_digest_login(parts.db, is_on=True)
    assert (await Digest(stranger, "anna", ANNA_PASSWORD).sign_in()).status_code == 401
    await auth.create_user(parts.db, SYSTEM, username="carol", password="carol-password")
    assert (await Digest(stranger, "carol", "carol-password").sign_in()).status_code == 200
