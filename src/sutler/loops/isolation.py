"""Doing many pieces of work so that one that fails does not stand in the way of the others."""

from __future__ import annotations

from collections.abc import Awaitable

import structlog

from sutler.base.errors import SutlerError, UnavailableError

log = structlog.get_logger(__name__)


async def attempt(piece: Awaitable[object], *, what: str) -> bool:
    """Do one piece of work; False if it failed, which is logged with `what` it was.

    Passing trouble of the database or the network is raised: it would meet every other piece as well.
    """
    try:
        await piece
    except (OSError, UnavailableError):
        raise
    except Exception as error:
        reason = error.sentence if isinstance(error, SutlerError) else repr(error)
        log.warning("piece_failed", what=what, reason=reason, exc_info=not isinstance(error, SutlerError))
        return False
    return True
