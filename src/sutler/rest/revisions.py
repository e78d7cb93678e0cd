"""Changes of what somebody has looked at: `ETag` tells the revision, `If-Match` names it when it is changed."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header, Response
from fastapi.dependencies.models import Dependant

from sutler.base.errors import Problem, SutlerError
from sutler.rest.errors import InvalidRequestError

HEADER = "If-Match"
ANY = "*"

_REVISION = re.compile(r'(?:W/)?"?([0-9]{1,18})"?')


class RevisionMissingError(SutlerError):
    """A change needs the header If-Match with the revision of what you looked at."""

    code = "rest.revision_missing"


IfMatch = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description=(
            "The revision that was looked at, as `ETag` and `revision` tell it. Without it the change is refused with "
            "428, and with 412 if somebody has changed it since. `*` changes whatever is there."
        ),
    ),
]
"""An argument of every route that changes what somebody has looked at; `read_revision` reads it."""


def read_revision(given: str | None) -> int | None:
    """Return the revision that a change was made on; None for whatever is there.

    Raises RevisionMissingError without a header, InvalidRequestError for what is no revision.
    """
    if given is None:
        raise RevisionMissingError(
            "Say which revision you looked at, with the header If-Match: it stands in the answer as revision and ETag."
        )
    return read_optional_revision(given)


def read_optional_revision(given: str | None) -> int | None:
    """As `read_revision`, where a change may be made without looking first."""
    if given is None or given.strip() == ANY:
        return None
    found = _REVISION.fullmatch(given.strip())
    if found is None:
        raise InvalidRequestError([Problem(HEADER, 'must be a revision, such as "7", or *')])
    return int(found[1])


def tell_revision(response: Response, revision: int) -> None:
    """Say in the answer which revision it shows."""
    response.headers["ETag"] = f'"{revision}"'


def takes_revision(dependant: Dependant) -> bool:
    """Whether a route reads the header."""
    return any(part.alias == HEADER for part in dependant.header_params)
