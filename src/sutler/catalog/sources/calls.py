"""Calls of the data service of a MetaCat server, with the token of a credential where there is one."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx

from sutler.auth import CredentialSide, Service
from sutler.catalog.errors import CredentialMissingError, CredentialRefusedError, RemoteCatalogRefusedError
from sutler.catalog.sources.replies import Item, find_saying, read_items
from sutler.catalog.sources.tokens import TOKEN_HEADER, RemoteToken, TokenKeeper
from sutler.catalog.sources.wire import Answer, Asked, Patience, Wire, read_whole, repeat

NOT_KNOWN = re.compile(r"token|authenti|sign in|log ?in|expired", re.IGNORECASE)
"""What a refusal with 403 says when it is about who asks, not about what somebody may do."""


class MetacatCalls:
    """The data service of an experiment's MetaCat server.

    Every call raises RemoteCatalogUnavailableError, CredentialMissingError, CredentialRefusedError, and
    RemoteCatalogRefusedError for each status that is not expected.
    """

    def __init__(self, wire: Wire, service: Service, side: CredentialSide, keeper: TokenKeeper | None) -> None:
        self._wire = wire
        self._service = service
        self._side = side
        self._keeper = keeper

    @property
    def service(self) -> Service:
        """The service of the experiment that is called."""
        return self._service

    def start(self) -> Patience:
        """Begin to count the time that one call may take, with all its requests."""
        return Patience(self._service.timeout_for)

    def address(self, method: str) -> str:
        """Return the address of a method."""
        return f"{self._service.server_url}/data/{method}"

    async def read(
        self,
        method: str,
        arguments: Mapping[str, str] | None = None,
        *,
        body: object = None,
        patience: Patience | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> Answer:
        """Ask for something, again after passing trouble. The body goes as JSON, a text as it is."""
        waited = patience or self.start()
        asked = self._make(method, arguments, body)

        async def attempt() -> Answer:
            return await self._ask(asked, waited, expected)

        return await repeat(attempt, waited)

    async def change(
        self,
        method: str,
        arguments: Mapping[str, str] | None = None,
        *,
        body: object = None,
        patience: Patience,
        expected: frozenset[int] = frozenset(),
    ) -> Answer:
        """Ask once for a change. After RemoteCatalogUnavailableError it may have been made or not: look first.

        A call that was refused for its token was not carried out, so that is made again with a new one.
        """
        if self._keeper is None:
            raise CredentialMissingError(self._service.server_url, self._side)
        return await self._ask(self._make(method, arguments, body, is_change=True), patience, expected)

    async def stream(self, method: str, arguments: Mapping[str, str], *, body: str) -> AsyncIterator[list[Item]]:
        """Yield the objects of an answer, some at a time. Until it has begun, passing trouble is waited out."""
        patience = self.start()
        asked = self._make(method, arguments, body)
        async with AsyncExitStack() as stack:

            async def attempt() -> httpx.Response:
                return await self._open(stack, asked, patience)

            response = await repeat(attempt, patience)
            async for items in read_items(asked.url, response):
                yield items

    async def _open(self, stack: AsyncExitStack, asked: Asked, patience: Patience) -> httpx.Response:
        token = await self._find_token(patience)
        response = await stack.enter_async_context(self._wire.open(_sign(asked, token), patience))
        if response.status_code == httpx.codes.OK:
            return response
        answer = await read_whole(response)
        if not _is_about_token(answer):
            raise self._refuse(answer, token)
        token = await self._renew(answer, token, patience)
        response = await stack.enter_async_context(self._wire.open(_sign(asked, token), patience))
        if response.status_code == httpx.codes.OK:
            return response
        raise self._refuse(await read_whole(response), token)

    async def _ask(self, asked: Asked, patience: Patience, expected: frozenset[int]) -> Answer:
        token = await self._find_token(patience)
        answer = await self._wire.ask(_sign(asked, token), patience)
        if _is_about_token(answer):
            token = await self._renew(answer, token, patience)
            answer = await self._wire.ask(_sign(asked, token), patience)
        if answer.status == httpx.codes.OK or answer.status in expected:
            return answer
        raise self._refuse(answer, token)

    async def _find_token(self, patience: Patience) -> RemoteToken | None:
        return None if self._keeper is None else await self._keeper.get_token(patience)

    async def _renew(self, answer: Answer, token: RemoteToken | None, patience: Patience) -> RemoteToken:
        if self._keeper is None:
            raise CredentialMissingError(answer.url, self._side)
        return await self._keeper.get_token(patience, refused=token)

    def _refuse(self, answer: Answer, token: RemoteToken | None) -> RemoteCatalogRefusedError | CredentialRefusedError:
        said = find_saying(answer, hidden=[] if token is None else [token.text])
        if answer.status == httpx.codes.UNAUTHORIZED and self._keeper is not None:
            what = f"the token that {self._keeper.description} was given"
            return CredentialRefusedError(answer.url, what, said.rstrip("."))
        return RemoteCatalogRefusedError(answer.url, said, status=answer.status)

    def _make(
        self, method: str, arguments: Mapping[str, str] | None, body: object, *, is_change: bool = False
    ) -> Asked:
        content = None
        if body is not None:
            content = (body if isinstance(body, str) else json.dumps(body, allow_nan=False)).encode()
        return Asked(self.address(method), arguments or {}, content, is_change=is_change)


def _sign(asked: Asked, token: RemoteToken | None) -> Asked:
    if token is None:
        return asked
    headers = {**asked.headers, TOKEN_HEADER: token.text}
    return Asked(asked.url, asked.arguments, asked.content, asked.content_type, headers, is_change=asked.is_change)


def _is_about_token(answer: Answer) -> bool:
    if answer.status == httpx.codes.UNAUTHORIZED:
        return True
    return answer.status == httpx.codes.FORBIDDEN and NOT_KNOWN.search(answer.text) is not None
