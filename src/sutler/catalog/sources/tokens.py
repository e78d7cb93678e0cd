"""Signing in at a MetaCat server, and keeping the token for as long as it is good."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from sutler.auth import CredentialMethod, OpenCredential, Service, is_private, read_expiry
from sutler.base.clock import Clock
from sutler.catalog.errors import CredentialRefusedError, RemoteCatalogRefusedError, RemoteCatalogUnavailableError
from sutler.catalog.sources.replies import find_saying
from sutler.catalog.sources.wire import Answer, Asked, Patience, Wire

TOKEN_HEADER = "X-Authentication-Token"  # noqa: S105 - the name of a header
LONGEST_AHEAD = timedelta(minutes=10)
KEPT_WITHOUT_EXPIRY = timedelta(hours=1)
REFUSAL_KEPT_FOR = timedelta(seconds=30)

_MAY_BE_ANOTHER_METHOD = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.INTERNAL_SERVER_ERROR})
"""What signing in by digest is answered where the password may be right all the same: some releases fail at it."""


@dataclass(frozen=True)
class RemoteToken:
    """What every call shows, until when it is good, and from when on a new one is better."""

    text: str = field(repr=False)
    expires_at: datetime | None
    renew_at: datetime


class TokenKeeper:
    """Signs in with one credential. Many may ask at once; one of them signs in, the others wait for it."""

    def __init__(self, wire: Wire, service: Service, opened: OpenCredential, clock: Clock) -> None:
        self._wire = wire
        self._service = service
        self._opened = opened
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: RemoteToken | None = None
        self._refusal: tuple[datetime, CredentialRefusedError] | None = None

    @property
    def description(self) -> str:
        """Whose credential it is, for sentences."""
        credential = self._opened.credential
        return f"the {credential.method} of {credential.username} (side {credential.side})"

    async def get_token(self, patience: Patience, *, refused: RemoteToken | None = None) -> RemoteToken:
        """Return a token that is good: the one kept, unless it is near its end or is the one that was `refused`.

        A credential that was refused is not shown again for half a minute: accounts get locked by such trying. Raises
        CredentialRefusedError, RemoteCatalogUnavailableError, RemoteCatalogRefusedError.
        """
        async with self._lock:
            now, kept = self._clock.now(), self._token
            if kept is not None and kept is not refused and now < kept.renew_at:
                return kept
            if self._refusal is not None and now - self._refusal[0] < REFUSAL_KEPT_FOR:
                raise self._refusal[1].with_traceback(None)
            try:
                self._token = await self.sign_in(patience)
                self._refusal = None
            except (RemoteCatalogUnavailableError, RemoteCatalogRefusedError):
                if kept is None or kept is refused or kept.expires_at is None or kept.expires_at <= now:
                    raise
                return kept
            except CredentialRefusedError as error:
                self._token, self._refusal = None, (now, error)
                raise
            return self._token

    async def sign_in(self, patience: Patience) -> RemoteToken:
        """Return a new token. Raises as `get_token`."""
        if self._opened.credential.method is CredentialMethod.TOKEN:
            bearer = {"Authorization": f"Bearer {self._opened.secret}"}
            answer = await self._ask("token", patience, headers=bearer)
            return self._read_token(answer)
        answer = await self._ask("digest", patience, auth=httpx.DigestAuth(self._username, self._opened.secret))
        if answer.status not in _MAY_BE_ANOTHER_METHOD:
            return self._read_token(answer)
        is_offered = "digest" in answer.headers.get("www-authenticate", "").lower()
        if not is_private(self._service.auth_url):
            if is_offered or answer.status != httpx.codes.UNAUTHORIZED:
                return self._read_token(answer)
            said = (
                "it does not take a password by digest, and a password is not sent for all to read. "
                "Name its address with https"
            )
            raise CredentialRefusedError(answer.url, self.description, said)
        # Where passwords live elsewhere, or digest is off, the other method of the protocol takes them as they are.
        content = f"{self._username}:{self._opened.secret}".encode()
        return self._read_token(await self._ask("ldap", patience, content=content))

    @property
    def _username(self) -> str:
        return self._opened.credential.username

    async def _ask(
        self,
        method: str,
        patience: Patience,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        auth: httpx.Auth | None = None,
    ) -> Answer:
        arguments = {"method": method, "username": self._username}
        asked = Asked(f"{self._service.auth_url}/auth", arguments, content, "text/plain", headers or {})
        try:
            return await self._wire.ask(asked, patience, auth=auth)
        except (KeyError, NotImplementedError) as error:  # a challenge of a kind that the HTTP client does not know
            said = f"a challenge that cannot be answered: {error}"
            raise RemoteCatalogRefusedError(asked.url, said) from error

    def _read_token(self, answer: Answer) -> RemoteToken:
        if answer.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise self._refuse(answer)
        if answer.status != httpx.codes.OK:
            raise RemoteCatalogRefusedError(answer.url, self._find_saying(answer), status=answer.status)
        text = answer.headers.get(TOKEN_HEADER, "")
        if not text:
            raise RemoteCatalogRefusedError(answer.url, "without a token: is this the address to sign in at?")
        return make_token(text, now=self._clock.now())

    def _refuse(self, answer: Answer) -> CredentialRefusedError:
        said = f"{answer.status} {self._find_saying(answer)}"
        return CredentialRefusedError(answer.url, self.description, said.rstrip("."))

    def _find_saying(self, answer: Answer) -> str:
        return find_saying(answer, hidden=[self._opened.secret])


def make_token(text: str, *, now: datetime) -> RemoteToken:
    """Return a token with its instants: a new one is due in the last fifth of its time, at most minutes ahead."""
    expires_at = read_expiry(text)
    if expires_at is None:
        return RemoteToken(text, None, now + KEPT_WITHOUT_EXPIRY)
    return RemoteToken(text, expires_at, expires_at - min(LONGEST_AHEAD, max(timedelta(), expires_at - now) / 5))
