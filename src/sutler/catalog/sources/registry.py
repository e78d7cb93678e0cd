"""The catalogues of the experiments: who has one elsewhere, and how to sign in there."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from sutler import __version__
from sutler.auth import (
    CredentialSide,
    OpenCredential,
    Role,
    Sealer,
    Service,
    ServiceKind,
    choose_side,
    find_service,
    open_credential,
)
from sutler.catalog.sources.calls import MetacatCalls
from sutler.catalog.sources.metacat import MetacatSource
from sutler.catalog.sources.port import CatalogSource
from sutler.catalog.sources.tokens import TokenKeeper
from sutler.catalog.sources.wire import Wire
from sutler.database import Database


class Catalogues:
    """Finds the catalogue of an experiment, and keeps connections and tokens for as long as they are good.

    What changes in the settings of an experiment holds from the next `find` on.
    """

    def __init__(self, db: Database, sealer: Sealer, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.db = db
        self._sealer = sealer
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._keepers: dict[tuple[int, CredentialSide], tuple[object, TokenKeeper]] = {}

    async def find(self, *, experiment_id: int, role: Role | None) -> CatalogSource | None:
        """Return the MetaCat server that an experiment names, for the work of a role; None: it uses the built-in one.

        Without a credential for the role's side what is open there can be read. Nothing is asked there yet. Raises
        SealBrokenError.
        """
        service = await find_service(self.db, experiment_id=experiment_id, kind=ServiceKind.METACAT)
        if service is None:
            self._forget(experiment_id)
            return None
        return MetacatSource(await self._make_calls(service, role))

    async def open_calls(self, service: Service, role: Role | None) -> tuple[MetacatCalls, TokenKeeper | None]:
        """Return calls with a token of their own, as nobody else uses it: for checks. Raises SealBrokenError."""
        opened = await self.open_credential(service, role)
        keeper = None if opened is None else self._make_keeper(service, opened)
        return MetacatCalls(self._make_wire(service), service, _find_side(role), keeper), keeper

    def make_open_calls(self, service: Service) -> MetacatCalls:
        """Return calls that show no credential."""
        return MetacatCalls(self._make_wire(service), service, CredentialSide.ANY, None)

    async def open_credential(self, service: Service, role: Role | None) -> OpenCredential | None:
        """Return what is set to sign in with for the work of a role. Raises SealBrokenError."""
        number = service.experiment_id
        return await open_credential(self.db, self._sealer, experiment_id=number, kind=ServiceKind.METACAT, role=role)

    async def close(self) -> None:
        """Close all connections and forget all tokens."""
        self._keepers.clear()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _make_calls(self, service: Service, role: Role | None) -> MetacatCalls:
        opened = await self.open_credential(service, role)
        keeper = None if opened is None else self._find_keeper(service, opened)
        return MetacatCalls(self._make_wire(service), service, _find_side(role), keeper)

    def _find_keeper(self, service: Service, opened: OpenCredential) -> TokenKeeper:
        """The keeper of a credential as it is set now: of one that was changed since, or moved, nothing is used."""
        key = (service.experiment_id, opened.credential.side)
        state = (service, opened)
        kept = self._keepers.get(key)
        if kept is None or kept[0] != state:
            kept = self._keepers[key] = (state, self._make_keeper(service, opened))
        return kept[1]

    def _forget(self, experiment_id: int) -> None:
        for key in [key for key in self._keepers if key[0] == experiment_id]:
            del self._keepers[key]

    def _make_keeper(self, service: Service, opened: OpenCredential) -> TokenKeeper:
        return TokenKeeper(self._make_wire(service), service, opened, self.db.clock)

    def _make_wire(self, service: Service) -> Wire:
        if self._http is None:
            # Tokens go in headers that are set for each request; cookies could mix up experiments with one server.
            cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            headers = {"User-Agent": f"sutler/{__version__}"}
            self._http = httpx.AsyncClient(transport=self._transport, cookies=cookies, headers=headers)
        return Wire(self._http, timeout_for=service.timeout_for)


def _find_side(role: Role | None) -> CredentialSide:
    return CredentialSide.ANY if role is None else choose_side(role)
