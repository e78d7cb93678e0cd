"""What a route is given beside its arguments: the services of the installation, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Protocol

from fastapi import Depends, Header, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPBearer

from sutler.auth import Principal, Sealer
from sutler.campaigns import Launcher
from sutler.catalog import Catalogues
from sutler.database import Database
from sutler.dispatch import WorkerServices

LONGEST_KEY = 128

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="A token of `POST /api/v1/tokens`.")


class Services(WorkerServices, Protocol):
    """What the door needs of the installation."""

    @property
    def launcher(self) -> Launcher:
        """What launches stages, with the back-ends."""
        ...

    @property
    def sealer(self) -> Sealer:
        """Keeps what experiments sign in with at other services."""
        ...

    @property
    def catalogues(self) -> Catalogues:
        """Finds the catalogue of an experiment."""
        ...


@dataclass(frozen=True)
class Context:
    """The services, who is asking, the key that the caller gave the request, if any, and the database.

    With a key it is the database that notes in each transaction that this call did something. What must be run again
    when nobody knows how it ended, because it has means of its own against being done twice, takes `services.db`.
    """

    services: Services
    who: Principal
    key: str | None
    db: Database


def get_services(request: Request) -> Services:
    """Return what `route.ApiRoute` left with the request."""
    services: Services = request.state.services
    return services


def get_context(request: Request, _shown: Annotated[object, Security(_BEARER)]) -> Context:
    """Return the services and the principal that `route.ApiRoute` found. The security scheme is for the description."""
    return Context(get_services(request), request.state.who, None, request.state.db)


def get_repeatable_context(
    here: Annotated[Context, Depends(get_context)],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=LONGEST_KEY,
            pattern=r"^[ -~]+$",
            description=(
                "The same key with the same request gets the first answer again, for 24 hours; with another request "
                "it is refused. Answers of the server's own failures, or of more than a megabyte, are not kept; what "
                "was carried out is not done again even then."
            ),
        ),
    ] = None,
) -> Context:
    """Return the context of a route that takes a key; what the key does is done by `route.ApiRoute`."""
    return replace(here, key=key)


def takes_key(dependant: Dependant) -> bool:
    """Whether a route takes an `Idempotency-Key`: its first argument is `Once`."""
    return any(part.call is get_repeatable_context for part in dependant.dependencies)


Here = Annotated[Context, Depends(get_context)]
"""The first argument of every route that needs a token."""

Once = Annotated[Context, Depends(get_repeatable_context)]
"""The first argument of a route that creates or launches: sent again with the same key it does so once.

Not of those whose request or answer holds a password or a token: neither is to be found in the record of answers, not
even as a digest.
"""

Open = Annotated[Services, Depends(get_services)]
"""The first argument of every route that is open to everybody."""
