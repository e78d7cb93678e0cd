"""Errors of the launch room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, Problem, UpstreamError


class LaunchRefusedError(UpstreamError):
    """The back-end will not take this launch, and would not take it when asked again. Nothing was started."""

    code: ClassVar[str] = "launch.refused"


class BackendFailedError(UpstreamError):
    """The back-end could not do it now. A launch may be half done: it is finished by asking again."""

    code: ClassVar[str] = "launch.backend_failed"


class UnknownBackendError(InvalidInputError):
    """There is no back-end of that name."""

    code: ClassVar[str] = "launch.unknown_backend"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        listed = ", ".join(names) or "none"
        super().__init__(
            [Problem("backend", f"there is no back-end {name!r} here; known: {listed}")], name=name, known=names
        )


class InvalidPlanError(InvalidInputError):
    """The plan of a launch cannot be carried out."""

    code: ClassVar[str] = "launch.invalid_plan"


class LaunchNotFoundError(NotFoundError):
    """There is no such launch."""

    code: ClassVar[str] = "launch.not_found"

    def __init__(self, key: str) -> None:
        super().__init__("launch", key)


class BatchJobNotFoundError(NotFoundError):
    """There is no such batch job."""

    code: ClassVar[str] = "launch.batch_job_not_found"

    def __init__(self, key: object) -> None:
        super().__init__("batch job", key)


class LaunchNotFailedError(ConflictError):
    """Only a launch that failed can be tried again."""

    code: ClassVar[str] = "launch.not_failed"

    def __init__(self, key: str, state: str) -> None:
        super().__init__(f"The launch {key} is {state}; only one that failed can be tried again.", key=key, state=state)
