"""All calls of the old protocols on one screen, and what happens around each: who calls, and what if it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sutler.compat import auth, metacat, projects, rses, worker
from sutler.compat.call import Call, SignedCall, read_query
from sutler.compat.errors import NoSuchCallError
from sutler.compat.failures import make_patient_reply, make_refusal
from sutler.compat.replies import reply_text
from sutler.compat.tokens import authenticate
from sutler.dispatch import WorkerServices

VERSION = "2.0.3"
ONLY = "*"
METHODS = ("GET", "POST")
ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

Got = TypeVar("Got")
Answer = Callable[[SignedCall], Awaitable[Response]]
OpenAnswer = Callable[[Call], Awaitable[Response]]
Refuse = Callable[[Exception, Request], Response]


@dataclass(frozen=True)
class Verb:
    """A call that needs a token. `forbidden` is the word for who may not; `is_patient` never fails for what passes.

    `is_of_workers` is written down if it is refused.
    """

    answer: Answer
    changes: bool = False
    forbidden: str = "Forbidden"
    is_patient: bool = False
    is_of_workers: bool = False


async def _tell_version(_call: Call) -> Response:
    return reply_text(VERSION)


DISPATCHER: Mapping[str, Verb] = {
    "create_project": Verb(projects.create_project, changes=True),
    "copy_project": Verb(projects.copy_project, changes=True),
    "project": Verb(projects.get_project),
    "projects": Verb(projects.list_projects),
    "search_projects": Verb(projects.search_projects),
    "handles": Verb(projects.list_handles),
    "next_file": Verb(worker.next_file, changes=True, forbidden="Not authorized", is_patient=True, is_of_workers=True),
    "release": Verb(worker.release, changes=True, forbidden="Not authorized", is_of_workers=True),
    "restart_handles": Verb(projects.restart_handles, changes=True),
    "cancel_project": Verb(projects.cancel_project, changes=True),
    "activate_project": Verb(projects.activate_project, changes=True),
    "delete_project": Verb(projects.delete_project, changes=True),
    "rses": Verb(rses.list_rses),
    "get_rse": Verb(rses.get_rse),
    "create_rse": Verb(rses.create_rse, changes=True, forbidden="Not authorized"),
    "update_rse": Verb(rses.update_rse, changes=True, forbidden="Not authorized"),
    "set_rse_availability": Verb(rses.set_rse_availability, changes=True, forbidden="Not authorized"),
    "delete_rse": Verb(rses.delete_rse, changes=True, forbidden="Not authorized"),
}
OPEN_DISPATCHER: Mapping[str, OpenAnswer] = {
    "version": _tell_version,
    "probe": auth.probe,
    "auth": auth.answer_auth,
}
OPEN_METACAT: Mapping[str, OpenAnswer] = {
    "data": metacat.answer_data,
    "gui": metacat.answer_gui,
    "auth": auth.answer_auth,
    "probe": auth.probe,
}
PROTOCOLS: Mapping[str, tuple[Mapping[str, Verb], Mapping[str, OpenAnswer]]] = {
    "dd": (DISPATCHER, OPEN_DISPATCHER),
    "metacat": ({}, OPEN_METACAT),
    "auth": ({}, {ONLY: auth.answer_auth}),
}


def create_routes(services: WorkerServices) -> list[BaseRoute]:
    """Return the routes below `/dd`, `/metacat` and `/auth`. They answer their own errors."""
    return [
        Route(f"/{name}{rest}", _make_endpoint(services, name), methods=ANY_METHOD)
        for name in PROTOCOLS
        for rest in ("", "/{path:path}")
    ]


def _make_endpoint(services: WorkerServices, protocol: str) -> Callable[[Request], Awaitable[Response]]:
    verbs, open_verbs = PROTOCOLS[protocol]

    async def answer(request: Request) -> Response:
        if request.method not in METHODS:
            # Also HEAD: what changes something here by GET would otherwise do so without an answer.
            return reply_text("This protocol knows GET and POST only.", 405, {"Allow": ", ".join(METHODS)})
        words = tuple(word for word in request.path_params.get("path", "").split("/") if word)
        name, call = _find_name(
            Call(services, request, None, words, read_query(request.url.query)), verbs.keys() | open_verbs.keys()
        )
        if name in open_verbs:
            refuse = metacat.make_refusal if open_verbs is OPEN_METACAT else None
            return await guard(call, open_verbs[name](call), refuse=refuse)
        if name in verbs:
            return await guard(call, _answer_signed(call, verbs[name]), verbs[name])
        return await guard(call, _refuse(call))

    return answer


def _find_name(call: Call, known: AbstractSet[str]) -> tuple[str, Call]:
    """Take the name of the call off the address, and what stands before it as the experiment."""
    words = call.words
    if ONLY in known:
        return ONLY, call
    if words and words[0] in known:
        return words[0], replace(call, words=words[1:])
    if len(words) > 1:
        return words[1], replace(call, experiment=words[0], words=words[2:])
    return "", call


async def _answer_signed(call: Call, verb: Verb) -> Response:
    who = await authenticate(call.request, call.services.authenticator, changes=verb.changes)
    return await verb.answer(SignedCall(call.services, call.request, call.experiment, call.words, call.query, who))


async def _refuse(call: Call) -> Response:
    path = call.request.url.path
    raise NoSuchCallError("call", path, f"The protocol has no call at {path}")


async def guard(
    call: Call, answering: Awaitable[Got], verb: Verb | None = None, *, refuse: Refuse | None = None
) -> Got | Response:
    """Return what an answer comes to; whatever is raised on the way becomes the reply, in other words by `refuse`."""
    try:
        return await answering
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - the translator of this door
        if refuse:
            return refuse(error, call.request)
        if verb and verb.is_of_workers:
            worker.note_refusal(call, error)
        patient = make_patient_reply(error, call.request) if verb and verb.is_patient else None
        return patient or make_refusal(error, call.request, forbidden=verb.forbidden if verb else "Forbidden")
