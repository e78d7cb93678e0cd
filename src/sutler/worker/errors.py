"""What ends a worker early, each with the exit code it leaves behind, and the one trouble that may pass."""

from __future__ import annotations

_EXIT_CODES = {400: 2, 401: 4, 403: 5, 404: 3, 409: 6, 410: 3, 413: 2, 422: 2}


class WorkerError(Exception):
    """The worker cannot go on; the text is a sentence for people."""

    exit_code: int = 1


class UsageError(WorkerError):
    """The arguments or the environment cannot be used."""

    exit_code = 2


class NoTokenError(WorkerError):
    """There is no token to show to the server."""

    exit_code = 4


class ScratchError(WorkerError):
    """This machine gives the run no directory to work in."""


class CommandError(WorkerError):
    """This machine cannot start the command. Another one may, so the files go back and this worker ends."""


class UnexpectedAnswerError(WorkerError):
    """The server answered something that is not in the protocol."""


class UnreachableError(WorkerError):
    """The server could not be reached for as long as the worker is willing to try."""

    exit_code = 7


class RefusedError(WorkerError):
    """The server refused a call for good; asking again would not help."""

    def __init__(self, what: str, *, status: int, code: str, detail: str) -> None:
        """Keep what was asked, the HTTP status, and the server's code and sentence."""
        self.status = status
        self.code = code
        self.detail = detail
        self.exit_code = _EXIT_CODES.get(status, self.exit_code)
        super().__init__(f"The server refused {what} ({status}{' ' + code if code else ''}): {detail}")


class TransientError(Exception):
    """A call failed in a way that may pass: the network, a restart, too many requests."""

    def __init__(self, sentence: str, *, retry_after_seconds: float = 0.0) -> None:
        """Keep the sentence and how long the server asks to be left alone."""
        self.retry_after_seconds = retry_after_seconds
        super().__init__(sentence)
