"""What a route is given beside its arguments: the services of the installation, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from sutler.auth import Authenticator, Principal, TokenSigner
from sutler.campaigns import Launcher
from sutler.database import Database

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="A token of `POST /api/v1/tokens`.")


class Services(Protocol):
    """What the door needs of the installation."""

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def authenticator(self) -> Authenticator:
        """Who shows a token."""
        ...

    @property
    def signer(self) -> TokenSigner:
        """What signs new tokens."""
        ...

    @property
    def launcher(self) -> Launcher:
        """What launches stages, with the back-ends."""
        ...


@dataclass(frozen=True)
class Context:
    """The services, and who is asking."""

    services: Services
    who: Principal

    @property
    def db(self) -> Database:
        """The database."""
        return self.services.db


def get_services(request: Request) -> Services:
    """Return what `route.ApiRoute` left with the request."""
    services: Services = request.state.services
    return services


def get_context(request: Request, _shown: Annotated[object, Security(_BEARER)]) -> Context:
    """Return the services and the principal that `route.ApiRoute` found. The security scheme is for the description."""
    return Context(get_services(request), request.state.who)


Here = Annotated[Context, Depends(get_context)]
"""The first argument of every route that needs a token."""

Open = Annotated[Services, Depends(get_services)]
"""The first argument of every route that is open to everybody."""
