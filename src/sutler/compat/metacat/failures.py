"""The words and statuses of this protocol for what fails; what is the same as elsewhere is left to the door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog
from sutler.base.did import InvalidNameError
from sutler.base.errors import SutlerError
from sutler.catalog import FileProblem
from sutler.compat import failures
from sutler.compat.replies import encode, reply_text
from sutler.compat.shapes import Shape

INVALID_METADATA = 488
JSON = "application/json"
FORBIDDEN = "Permission denied"
INVALID_FILES = "Invalid file data"
EXISTING_FILES = "The following files already exist:"

_WORDS: tuple[tuple[type[SutlerError], int, str | None], ...] = (
    (catalog.CatalogElsewhereError, 400, None),
    (catalog.DatasetFrozenError, 403, None),
    (catalog.DatasetMonotonicError, 403, None),
    (catalog.DatasetCircleError, 400, None),
    (catalog.NamespaceTakenError, 409, "Namespace already exists"),
    (catalog.DatasetExistsError, 409, "Already exists"),
    (catalog.NamespaceNotFoundError, 404, None),
    (catalog.DatasetNotFoundError, 404, "Dataset not found"),
    (catalog.UnknownFileError, 404, None),
    (catalog.CategoryExistsError, 409, "Category already exists"),
    (catalog.NamedQueryExistsError, 409, "Named query already exists"),
)
"""Errors with a status or words of their own; without words, the sentence of the error."""


def make_refusal(error: Exception, request: Request) -> Response:
    """Return the reply to a call that failed."""
    match error:
        case catalog.InvalidFilesError():
            return reply_invalid(show_problems_of(error, ()))
        case InvalidNameError():
            return _reply_bad_name(error)
    for kind, status, words in _WORDS:
        if isinstance(error, kind):
            return reply_text(words or error.sentence, status)
    return failures.make_refusal(error, request, forbidden=FORBIDDEN)


def reply_existing(dids: Iterable[str]) -> Response:
    """Refuse to declare files that are there. Clients read the names from the second line on."""
    return reply_text("\n".join([EXISTING_FILES, *(f"  {did}" for did in dids)]), 409)


def reply_invalid(items: list[Shape]) -> Response:
    """Refuse files or their metadata. Clients print `message` of items, and of what is below `name` and `reason`."""
    document: Shape = {"message": INVALID_FILES, "metadata_errors": items}
    return Response(encode(document), INVALID_METADATA, media_type=JSON)


def show_problems_of(error: catalog.InvalidFilesError, dids: Sequence[str]) -> list[Shape]:
    """What is wrong with each file, with its place in a list that was given, if that is known."""
    if error.file_problems:
        return [_show_file_problem(problem) for problem in error.file_problems]
    places = {did: index for index, did in reversed(list(enumerate(dids)))}
    return [
        {
            "index": places.get(problem.where.partition(" ")[0]),
            "message": f"{problem.where}: {problem.what}" if problem.where else problem.what,
        }
        for problem in error.problems
    ]


def _show_file_problem(problem: FileProblem) -> Shape:
    shape: Shape = {"index": problem.index, "fid": problem.fid, "message": problem.message}
    if problem.metadata_problems:
        shape["metadata_errors"] = [
            {"name": one.key, "reason": one.reason, "value": one.value} for one in problem.metadata_problems
        ]
    return shape


def _reply_bad_name(error: InvalidNameError) -> Response:
    message = "; ".join(f"Invalid value for {one.where}: {one.what}" for one in error.problems)
    document: Shape = {"message": message, "code": "400 Bad Request", "title": "Bad Request"}
    return Response(encode(document), 400, media_type=JSON)
