"""Why a worker was refused, in a sentence for the page of its project that gives no secret away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sutler.auth import TokenExpiredError, TokenInvalidError, TokenRevokedError, UnknownUserError
from sutler.base.errors import NotAuthenticatedError, NotPermittedError
from sutler.dispatch.errors import WrongWorkerError
from sutler.dispatch.model import NewRefusal

LONGEST_NAME = 128
LONGEST_REASON = 500
NAMELESS = " a worker without a name"
"""Stands for workers that gave no name. It begins with a blank, so no worker is called like this."""
OTHERS = " other workers"
"""Stands for workers that there was no room for."""
OTHERS_REASON = "The project has no room for more names."


def explain_refusal(error: Exception) -> str | None:
    """Say why a call was refused; None for what is no refusal of a token or of rights."""
    if isinstance(error, NotAuthenticatedError):
        return _explain_token(error)
    if isinstance(error, NotPermittedError) and not isinstance(error, WrongWorkerError):
        return _explain_rights(error)
    return None


def clean_refusals(refusals: Sequence[NewRefusal]) -> list[NewRefusal]:
    """Return refusals whose texts can be kept and shown: cut, and with marks for what cannot be printed."""
    return [
        replace(
            refusal,
            worker_id=OTHERS if refusal.worker_id is None else clean_name(refusal.worker_id),
            reason=_clean(refusal.reason, LONGEST_REASON),
        )
        for refusal in refusals
    ]


def clean_name(worker_id: str) -> str:
    """Return the name under which a worker is kept."""
    return _clean(worker_id.strip(), LONGEST_NAME).rstrip() or NAMELESS


def _explain_token(error: NotAuthenticatedError) -> str:
    match error:
        case TokenExpiredError(facts={"username": username, "expired_at": datetime() as expired_at}):
            return f"The token of {username} expired on {expired_at:%Y-%m-%d at %H:%M:%S} UTC."
        case TokenRevokedError(facts={"username": username}):
            return f"The token of {username} was taken back."
        case UnknownUserError(facts={"username": username}):
            return f"The user {username} is not known here, or no longer active."
        case TokenExpiredError() | TokenRevokedError() | UnknownUserError():
            return error.sentence
        case TokenInvalidError():
            return "What it sent is not a token of this installation."
        case _:
            return "It sent no token."


def _explain_rights(error: NotPermittedError) -> str:
    """The sentence of the error speaks to the user; here it speaks of the user."""
    username = error.facts.get("username")
    return error.sentence if username is None else error.sentence.replace("You may", f"{username} may", 1)


def _clean(text: str, longest: int) -> str:
    cut = text[:longest]
    if cut.isprintable():
        return cut
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut)
