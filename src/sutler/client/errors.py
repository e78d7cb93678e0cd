"""What can go wrong for a client, by what the server answered.

ClientError
├── UnreachableError         nobody answers at that address
├── UnexpectedAnswerError    who answers is not a Sutler server, or one of another age
├── MissingPackageError      a package that this call needs is not installed here; also an ImportError
├── ProfileError             the settings that `sutler login` wrote cannot be read
├── QueuedError              a launch waits for a hold to end; no submission is there yet
└── ApiError                 the server refused; code, sentence, facts
    ├── NotAuthenticatedError 401 · NotPermittedError 403 · NotFoundError 404 · ConflictError 409
    ├── ChangedMeanwhileError 412, a ConflictError: somebody has changed what you looked at
    ├── InvalidInputError 422 (and other 4xx) · TooMuchError 413, 429
    └── UnavailableError 503 · UpstreamError 502 · NotInstalledError 501 · ServerDefectError 500 (and other 5xx)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sutler.wire.problems import Problem, ProblemDocument


class ClientError(Exception):
    """Something went wrong; the text is a sentence for people."""


class UnreachableError(ClientError):
    """Nobody answers at the address of the server."""

    def __init__(self, url: str, reason: str) -> None:
        """Keep the address and what the network said."""
        self.url = url
        super().__init__(f"The server at {url} cannot be reached: {reason}.")


class UnexpectedAnswerError(ClientError):
    """What was answered is not in the protocol."""


class MissingPackageError(ClientError, ImportError):
    """A package that this call needs is not installed beside the client."""

    def __init__(self, package: str, extra: str) -> None:
        """Name the package, and the extra that brings it."""
        super().__init__(
            f"This needs {package}, which is not installed here. Add it with: pip install 'sutler[{extra}]'."
        )


class ColumnMisfitWarning(UserWarning):
    """Some values did not fit the type of their column, and are null in the table."""


class ProfileError(ClientError):
    """The profile cannot be read."""


class QueuedError(ClientError):
    """A launch waits for a hold to end: `queued_id` is its place in the queue, `reason` says for which hold."""

    def __init__(self, queued_id: int, reason: str) -> None:
        """Keep the place in the queue and what it waits for."""
        self.queued_id = queued_id
        self.reason = reason
        super().__init__(f"The launch waits in the queue as {queued_id}. {reason}")


class ApiError(ClientError):
    """The server refused, or failed. `code` is stable; `detail` is the server's sentence."""

    def __init__(self, document: ProblemDocument) -> None:
        """Take over what the server said."""
        self.code = document.code
        self.status = document.status
        self.detail = document.detail
        self.facts: Mapping[str, Any] = document.facts
        self.problems: tuple[Problem, ...] = document.problems
        self.incident = document.incident
        super().__init__(document.detail)


class NotAuthenticatedError(ApiError):
    """The server does not know who is asking."""


class NotPermittedError(ApiError):
    """The user does not have the permission."""


class NotFoundError(ApiError):
    """There is no such thing."""


class InvalidInputError(ApiError):
    """What was sent cannot be used; `problems` says where."""


class ConflictError(ApiError):
    """The present state does not allow it."""


class ChangedMeanwhileError(ConflictError):
    """Somebody has changed it since you looked."""


class TooMuchError(ApiError):
    """It is over a limit."""


class UnavailableError(ApiError):
    """The server cannot answer just now."""


class UpstreamError(ApiError):
    """Another service that the server depends on refused or failed."""


class NotInstalledError(ApiError):
    """The server lacks an optional part that this needs."""


class ServerDefectError(ApiError):
    """The server has a defect; `incident` leads its administrator to the log."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: NotAuthenticatedError,
    403: NotPermittedError,
    404: NotFoundError,
    409: ConflictError,
    412: ChangedMeanwhileError,
    413: TooMuchError,
    429: TooMuchError,
    501: NotInstalledError,
    502: UpstreamError,
    503: UnavailableError,
}


def make_api_error(document: ProblemDocument) -> ApiError:
    """Return the error of the class that fits the status."""
    otherwise = InvalidInputError if document.status < 500 else ServerDefectError
    return _BY_STATUS.get(document.status, otherwise)(document)
