"""Errors of this door: what is wrong with a call before any room is asked."""

from __future__ import annotations

from sutler.base.errors import InvalidInputError, NotAuthenticatedError, NotFoundError, TooMuchError


class TokenMissingError(NotAuthenticatedError):
    """Token not found."""

    code = "compat.token_missing"


class BadCallError(InvalidInputError):
    """The call lacks something or says it in a way that cannot be read."""

    code = "compat.bad_call"


class NoSuchCallError(NotFoundError):
    """The protocol has no such call."""

    code = "compat.no_such_call"


class BodyTooLargeError(TooMuchError):
    """The body of the call is too large."""

    code = "compat.body_too_large"
