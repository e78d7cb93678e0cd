"""Calls of a Rucio server, as far as a check needs them. Every call has its time, and no redirect is followed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote, urlsplit

import httpx

from sutler import __version__
from sutler.auth import CredentialMethod, OpenCredential, Service, read_expiry
from sutler.replicas.errors import RucioRefusedError, RucioUnreachableError

LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
LONGEST_SAYING = 200


@dataclass(frozen=True)
class RucioToken:
    """What every call shows, and until when it is good; None where the token does not say."""

    text: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: httpx.Headers
    text: str


class RucioCalls:
    """A Rucio server of an experiment. Each call raises RucioUnreachableError or RucioRefusedError."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._http = httpx.AsyncClient(
            timeout=service.timeout_for.total_seconds(),
            headers={"User-Agent": f"sutler/{__version__}", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> Self:
        """Begin to use it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def read_version(self) -> str:
        """Return which version the server says it is."""
        url = f"{self._service.server_url}/ping"
        answer = await self._ask(url, {})
        found = _read_json(url, answer)
        version = found.get("version") if isinstance(found, dict) else None
        if not isinstance(version, str):
            raise RucioRefusedError(url, f"something that names no version: {_shorten(answer.text)}")
        return _shorten(version)

    async def log_in(self, opened: OpenCredential, *, account: str) -> RucioToken:
        """Return a token for a credential. A bearer token is itself one: nothing is asked."""
        if opened.credential.method is CredentialMethod.TOKEN:
            return RucioToken(opened.secret, read_expiry(opened.secret))
        url = f"{self._service.auth_url}/auth/userpass"
        shown = {
            "X-Rucio-Account": account,
            "X-Rucio-Username": opened.credential.username,
            "X-Rucio-Password": opened.secret,
            "X-Rucio-AppID": "sutler",
        }
        answer = await self._ask(url, shown, secret=opened.secret)
        text = answer.headers.get("X-Rucio-Auth-Token", "")
        if not text:
            raise RucioRefusedError(url, "without a token")
        return RucioToken(text, _read_instant(answer.headers.get("X-Rucio-Auth-Token-Expires", "")))

    async def find_account(self, token: RucioToken) -> str:
        """Return the account that a token acts as. The server leads on to its address, or describes it."""
        url = f"{self._service.server_url}/accounts/whoami"
        answer = await self._ask_as(url, token, leads=True)
        if answer.status >= httpx.codes.MULTIPLE_CHOICES:
            path = urlsplit(answer.headers.get("Location", "")).path
            name = unquote(path.rstrip("/").rpartition("/")[2])
        else:
            found = _read_json(url, answer)
            name = str(found.get("account") or "") if isinstance(found, dict) else ""
        if not name:
            raise RucioRefusedError(url, "without the name of an account")
        return _shorten(name)

    async def read_status(self, token: RucioToken, *, account: str) -> str:
        """Return the status of an account: ACTIVE if all is well."""
        url = f"{self._service.server_url}/accounts/{quote(account, safe='')}"
        found = _read_json(url, await self._ask_as(url, token))
        return _shorten(str(found.get("status") or "unknown")) if isinstance(found, dict) else "unknown"

    async def list_scopes(self, token: RucioToken, *, account: str) -> list[str]:
        """Return the scopes that an account owns, in order. An account without any is answered by 404."""
        url = f"{self._service.server_url}/accounts/{quote(account, safe='')}/scopes/"
        try:
            answer = await self._ask_as(url, token)
        except RucioRefusedError as error:
            if error.facts.get("status") == httpx.codes.NOT_FOUND and "ScopeNotFound" in error.sentence:
                return []
            raise
        found = _read_json(url, answer)
        if not isinstance(found, list):
            raise RucioRefusedError(url, f"no list of scopes: {_shorten(answer.text)}")
        return sorted(_shorten(str(scope)) for scope in found)

    async def _ask_as(self, url: str, token: RucioToken, *, leads: bool = False) -> _Answer:
        return await self._ask(url, {"X-Rucio-Auth-Token": token.text}, secret=token.text, leads=leads)

    async def _ask(self, url: str, shown: Mapping[str, str], *, secret: str = "", leads: bool = False) -> _Answer:
        seconds = self._service.timeout_for.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                answer = await self._read(url, shown)
        except TimeoutError as error:
            raise RucioUnreachableError(f"{url} did not answer within {seconds:g} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = _shorten(str(error)) or type(error).__name__
            raise RucioUnreachableError(f"{url} cannot be reached: {what}.") from error
        is_good = answer.status < httpx.codes.BAD_REQUEST if leads else answer.status < httpx.codes.MULTIPLE_CHOICES
        if not is_good:
            said = _find_saying(answer)
            raise RucioRefusedError(url, said.replace(secret, "…") if secret else said, status=answer.status)
        return answer

    async def _read(self, url: str, shown: Mapping[str, str]) -> _Answer:
        async with self._http.stream("GET", url, headers=_encode(shown)) as reply:
            content = bytearray()
            async for part in reply.aiter_bytes():
                content += part
                if len(content) > LARGEST_ANSWER_BYTES:
                    raise RucioRefusedError(url, f"more than {LARGEST_ANSWER_BYTES} bytes")
            return _Answer(reply.status_code, reply.headers, content.decode("utf-8", "replace"))


def _encode(shown: Mapping[str, str]) -> httpx.Headers:
    return httpx.Headers([(name.encode(), text.encode()) for name, text in shown.items()])


def _read_instant(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _read_json(url: str, answer: _Answer) -> object:
    try:
        found: object = json.loads(answer.text)
    except (ValueError, RecursionError) as error:
        raise RucioRefusedError(url, f"something that is not JSON: {_shorten(answer.text)}") from error
    return found


def _find_saying(answer: _Answer) -> str:
    """Return what an answer that refuses says: its class and message, which stand in the headers too."""
    kind = answer.headers.get("ExceptionClass", "")
    message = answer.headers.get("ExceptionMessage", "") or answer.text
    said = f"{kind}: {message}" if kind else message
    return _shorten(f"{answer.status} {said}")


def _shorten(text: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_SAYING]).split())
    return plain if len(plain) <= LONGEST_SAYING else f"{plain[:LONGEST_SAYING]}…"
