"""Errors of the dispatch room."""

from __future__ import annotations

from uuid import UUID

from sutler.base.did import Did
from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, NotPermittedError


class ProjectNotFoundError(NotFoundError):
    """There is no such project."""

    code = "dispatch.project_not_found"

    def __init__(self, project_id: int) -> None:
        super().__init__("project", project_id)


class ShareNotFoundError(NotFoundError):
    """There is no such share."""

    code = "dispatch.share_not_found"

    def __init__(self, share_id: int) -> None:
        super().__init__("share", share_id)


class HandleNotFoundError(NotFoundError):
    """The project does not hold this file."""

    code = "dispatch.handle_not_found"

    def __init__(self, project_id: int, key: object) -> None:
        super().__init__("handle", key, f"Project {project_id} holds no file {key}.", project_id=project_id)


class HandleNotReservedError(NotFoundError):
    """Nobody has this file at the moment, so it cannot be given back."""

    code = "dispatch.handle_not_reserved"

    def __init__(self, project_id: int, did: Did, state: str) -> None:
        sentence = f"Nobody has the file {did} of project {project_id}: it is {state}."
        super().__init__("reserved handle", did, sentence, project_id=project_id, state=state)


class WrongWorkerError(NotPermittedError):
    """Another worker has this file, so only that one can give it back."""

    code = "dispatch.wrong_worker"

    def __init__(self, did: Did, worker_id: str, holder: str | None) -> None:
        sentence = f"Worker {holder} has the file {did}, not {worker_id}."
        super().__init__(sentence, did=str(did), worker_id=worker_id, holder=holder)


class HandlesInUseError(ConflictError):
    """Only files that nobody has and that are not final can be taken out of a project."""

    code = "dispatch.handles_in_use"


class ProjectFinalError(ConflictError):
    """Every file of the project is done or failed: there is nothing to open it for."""

    code = "dispatch.project_final"


class AttemptNotFoundError(NotFoundError):
    """There never was such an attempt."""

    code = "dispatch.attempt_not_found"

    def __init__(self, attempt_id: int) -> None:
        super().__init__("attempt", attempt_id)


class InvalidProjectError(InvalidInputError):
    """A project cannot start with this."""

    code = "dispatch.invalid_project"


class EmptyProjectError(InvalidInputError):
    """A project needs at least one file."""

    code = "dispatch.empty_project"

    def __init__(self) -> None:
        super().__init__("A project needs at least one file: this one would have nothing to do and never end.")


class InvalidWishError(InvalidInputError):
    """A worker cannot be given what it asks for."""

    code = "dispatch.invalid_wish"


class InvalidReportError(InvalidInputError):
    """A report cannot be understood; nothing was changed."""

    code = "dispatch.invalid_report"


class InvalidChoiceError(InvalidInputError):
    """It is not clear which handles are meant."""

    code = "dispatch.invalid_choice"


class RequestTakenError(ConflictError):
    """The request id is in use for somebody else's leases: make a new one for every request."""

    code = "dispatch.request_taken"

    def __init__(self, request_id: UUID) -> None:
        super().__init__(request_id=str(request_id))


class NothingToClaimError(ConflictError):
    """The project has no file that could go into a new share."""

    code = "dispatch.nothing_to_claim"
