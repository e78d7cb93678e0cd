"""Errors of the door itself: what is wrong with a request before any operation has seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, SutlerError, TooMuchError


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


class WrongMediaTypeError(SutlerError):
    """The body has a type that this route does not read."""

    code = "rest.wrong_media_type"


class KeyReusedError(ConflictError):
    """This Idempotency-Key came with another request before. Use a new key for a new request."""

    code = "rest.idempotency_key_reused"


class StillRunningError(ConflictError):
    """The first request with this Idempotency-Key is still at work. Ask again in a moment, with the same key."""

    code = "rest.still_running"


class AnswerLostError(ConflictError):
    """The first request with this Idempotency-Key was carried out, but its answer is lost. It is not done again."""

    code = "rest.answer_lost"

    def __init__(self, key: str, deeds: Sequence[Mapping[str, str]]) -> None:
        said = ", ".join(f"{deed['kind']} of {deed['subject']}" for deed in deeds)
        look = f"See what it did: {said}." if said else "Look whether what it was to do is there."
        super().__init__(
            "The first request with this Idempotency-Key was carried out, but its answer is lost. It is not done "
            f"again. {look}",
            key=key,
            events=list(deeds),
        )
