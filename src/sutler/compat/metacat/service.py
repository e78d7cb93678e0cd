"""What the data service says of itself, without asking who wants to know."""

from __future__ import annotations

import random

from starlette.responses import Response

from sutler.compat.call import Call
from sutler.compat.errors import BadCallError
from sutler.compat.replies import reply_text

VERSION = "4.1.5"
REALM = "sutler"
DEFAULT_PROBABILITY = "0.5"


async def tell_version(_call: Call) -> Response:
    """Reply with the version of the protocol."""
    return reply_text(VERSION)


async def tell_realm(_call: Call) -> Response:
    """Reply with the realm of signing in by digest."""
    return reply_text(REALM)


async def simulate_503(call: Call) -> Response:
    """Be unavailable with the probability `prob`, so that a client can be seen to come again."""
    given = call.query.get("prob", DEFAULT_PROBABILITY)
    try:
        probability = float(given)
    except ValueError as error:
        raise BadCallError(f"prob must be a number, not {given[:40]!r}") from error
    # Chance decides, nothing secret.
    if random.random() < probability:  # noqa: S311
        return reply_text("This is what being unavailable looks like.", 503)
    return reply_text("OK")
