"""A small stand-in for a Rucio server on loopback: the calls of a check, as the real one answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

EXPIRES = "Sun, 01 Mar 2026 13:00:00 UTC"


@dataclass
class RucioStandIn:
    """Accounts with their passwords; `asked` is every request with its headers, in order."""

    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, list[str]] = field(default_factory=dict)
    bearers: dict[str, str] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    is_silent: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[RucioStandIn]:
        """Listen for as long as the context lasts."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                path = head[0].split()[1]
                headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in head[1:] if line)}
                self.asked.append((path, headers))
                if self.is_silent:
                    await reader.read()
                    return
                writer.write(self.raw.get(path) or self._choose(path, headers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return
        finally:
            writer.close()

    def _choose(self, path: str, headers: Mapping[str, str]) -> bytes:
        if path == "/ping":
            return reply(200, {"version": "41.5.1"})
        if path == "/auth/userpass":
            return self._log_in(headers)
        account = self.bearers.get(headers.get("x-rucio-auth-token", ""))
        if account is None:
            return refuse(401, "CannotAuthenticate", "Cannot authenticate with given credentials")
        return self._describe(path, account)

    def _describe(self, path: str, account: str) -> bytes:
        if path == "/accounts/whoami":
            return reply(303, "", Location=f"/accounts/{account}")
        if path == f"/accounts/{account}":
            return reply(200, {"account": account, "status": self.statuses.get(account, "ACTIVE")})
        if path == f"/accounts/{account}/scopes/":
            owned = self.scopes.get(account)
            return reply(200, owned) if owned else refuse(404, "ScopeNotFound", f"no scopes found for {account}")
        return refuse(404, "AccountNotFound", path)

    def _log_in(self, headers: Mapping[str, str]) -> bytes:
        account = headers.get("x-rucio-account", "")
        given = headers.get("x-rucio-password", "")
        if self.passwords.get((account, headers.get("x-rucio-username", ""))) != given:
            return refuse(401, "CannotAuthenticate", f"Cannot authenticate to account {account} with {given}")
        token = f"{account}-identity-sutler-{uuid4().hex}"
        self.bearers[token] = account
        names = {"X-Rucio-Auth-Token": token, "X-Rucio-Auth-Token-Expires": EXPIRES, "X-Rucio-Auth-Account": account}
        return reply(200, "", **names)


def reply(status: int, body: object, **headers: str) -> bytes:
    """Return an answer as it goes over the wire."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def refuse(status: int, kind: str, message: str) -> bytes:
    """Return an answer that refuses, with its class and message in headers and body."""
    body = {"ExceptionClass": kind, "ExceptionMessage": message}
    return reply(status, body, ExceptionClass=kind, ExceptionMessage=message)
