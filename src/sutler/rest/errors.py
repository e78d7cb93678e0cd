"""Errors of the door itself: what is wrong with a request before any operation has seen it."""

from __future__ import annotations

from sutler.base.errors import InvalidInputError, NotFoundError, SutlerError, TooMuchError


class InvalidRequestError(InvalidInputError):
    """The request does not have the shape that this route needs."""

    code = "rest.invalid_request"


class BodyTooLargeError(TooMuchError):
    """The body of the request is too large. Send it in several parts."""

    code = "rest.body_too_large"


class NoSuchRouteError(NotFoundError):
    """There is nothing at this address."""

    code = "rest.no_such_route"


class WrongMethodError(SutlerError):
    """This address does not take that method."""

    code = "rest.wrong_method"
