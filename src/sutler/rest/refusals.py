"""Who of the workers was refused: written down for the page of their project."""

from __future__ import annotations

from typing import cast

import msgspec
from starlette.requests import ClientDisconnect, Request

from sutler.base.errors import NotAuthenticatedError, NotPermittedError, TooMuchError
from sutler.dispatch import RefusalBook
from sutler.rest.security import PREFIX

WORKER_PATHS = frozenset(
    {
        f"{PREFIX}/projects/{{project_id}}/next",
        f"{PREFIX}/attempts/renew",
        f"{PREFIX}/attempts/done",
        f"{PREFIX}/attempts/failed",
    }
)
LONGEST_LOOK_BYTES = 4096


class _Said(msgspec.Struct):
    worker_id: str = ""


async def note_refusal(
    request: Request,
    refusals: RefusalBook,
    error: Exception,
    *,
    project_id: int | None = None,
    worker_id: str | None = None,
) -> None:
    """Write down that a worker was refused; nothing for an error of another kind, or when no project is known.

    Who knows the project or the worker says so. Else the project stands in the address; of reports it is known only
    where the rights of somebody who showed a token did not reach: which project an attempt is of is not looked up for
    strangers.
    """
    if not isinstance(error, NotAuthenticatedError | NotPermittedError):
        return
    project_id = project_id or _find_project(request, error)
    if project_id is not None:
        is_stranger = isinstance(error, NotAuthenticatedError)
        if worker_id is None:
            worker_id = await _read_worker(request, is_stranger=is_stranger)
        refusals.note(project_id, worker_id, error)


def _find_project(request: Request, error: NotAuthenticatedError | NotPermittedError) -> int | None:
    text = str(request.path_params.get("project_id", ""))
    if text.isascii() and text.isdecimal():
        return int(text[:20])
    return cast("int | None", error.facts.get("project_id"))


async def _read_worker(request: Request, *, is_stranger: bool) -> str:
    """Of what a stranger sends only a little is read, and of that only the name."""
    length = request.headers.get("content-length", "")
    if is_stranger and not (length.isdecimal() and int(length[:10]) <= LONGEST_LOOK_BYTES):
        return ""
    try:
        return msgspec.json.decode(await request.body(), type=_Said).worker_id
    except (ClientDisconnect, TooMuchError, UnicodeDecodeError, RecursionError, msgspec.DecodeError):
        return ""
