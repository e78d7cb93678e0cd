"""The four HTTP calls of a worker: next, renew, done, failed. Nothing else in this room knows HTTP."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from sutler.worker.errors import RefusedError, TransientError, UnexpectedAnswerError, UnreachableError
from sutler.worker.messages import Document, NextReply, NextRequest, Renewal, Result
from sutler.worker.retry import Patience

_ANSWER_TIMEOUT_SECONDS = 30.0
_LAST_CALL_TIMEOUT_SECONDS = 5.0
_PASSING_STATUSES = frozenset({408, 425, 429})

Reply = TypeVar("Reply")


class Server:
    """The server as a worker sees it.

    Every call is safe to repeat: `next` by its request id, the others because an outcome already taken is answered the
    same way again. So a lost reply needs no special care, only the same body once more.
    """

    def __init__(
        self, url: str, *, project_id: int, worker_id: str, token: Callable[[], str], patience: Patience
    ) -> None:
        """`token` is asked before every call, so that a token renewed in its file is picked up."""
        self._url = url.rstrip("/")
        self._next_path = f"/api/v1/projects/{project_id}/next"
        self._worker_id = worker_id
        self._token = token
        self._patience = patience
        self._opener = urllib.request.build_opener(_NoRedirects)

    def ask_next(self, request: NextRequest) -> NextReply:
        """Leases, or why there are none. Insists; raises RefusedError, UnreachableError, UnexpectedAnswerError."""
        timeout = request.wait_seconds + _ANSWER_TIMEOUT_SECONDS
        document = self._patience.insist(lambda: self._post_next(request, timeout))
        return _read(document, NextReply.from_document)

    def ask_next_once_more(self, request: NextRequest) -> NextReply:
        """As `ask_next`, but one short call and no insisting; may also raise TransientError."""
        return _read(self._post_next(request, _LAST_CALL_TIMEOUT_SECONDS), NextReply.from_document)

    def renew(self, attempt_ids: Sequence[int]) -> list[Renewal]:
        """Prolong leases and hear the orders. One call, no insisting; may raise TransientError."""
        body = {"worker_id": self._worker_id, "attempt_ids": list(attempt_ids)}
        document = self._post("/api/v1/attempts/renew", body, _ANSWER_TIMEOUT_SECONDS)
        return _read(document, lambda d: [Renewal.from_document(lease) for lease in d["leases"]])

    def report_done(
        self, attempt_ids: Sequence[int], *, measures: Document, log_tail: str, outputs: Sequence[Document]
    ) -> list[Result]:
        """Say that a run succeeded and declare its outputs, all or nothing. Insists and raises as `ask_next`."""
        return self._report("done", attempt_ids, {"measures": measures, "log_tail": log_tail, "outputs": list(outputs)})

    def report_failed(
        self, attempt_ids: Sequence[int], *, reason: str, retry: bool, measures: Document, log_tail: str
    ) -> list[Result]:
        """Say that files could not be processed, why, and whether another attempt can help. Insists as `ask_next`."""
        facts = {"reason": reason, "retry": retry, "measures": measures, "log_tail": log_tail}
        return self._report("failed", attempt_ids, facts)

    def _post_next(self, request: NextRequest, timeout_seconds: float) -> Document:
        return self._post(self._next_path, request.to_document(time.monotonic()), timeout_seconds)

    def _report(self, outcome: str, attempt_ids: Sequence[int], facts: Document) -> list[Result]:
        body = {"worker_id": self._worker_id, "attempt_ids": list(attempt_ids), **facts}
        document = self._patience.insist(
            lambda: self._post(f"/api/v1/attempts/{outcome}", body, _ANSWER_TIMEOUT_SECONDS)
        )
        return _read(document, lambda d: [Result.from_document(result) for result in d["results"]])

    def _post(self, path: str, body: Document, timeout_seconds: float) -> Document:
        request = urllib.request.Request(  # noqa: S310  arguments.py takes no scheme but http and https
            self._url + path,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token()}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        try:
            with self._opener.open(request, timeout=timeout_seconds) as response:
                content: bytes = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal_or_pause(error, path) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable_or_pause(error, self._url) from error
        return _parse_object(content, self._url)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would turn a POST into a GET and could carry the token to another host, so none is followed."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _read(document: Document, parse: Callable[[Document], Reply]) -> Reply:
    try:
        return parse(document)
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswerError(
            f"The server's answer cannot be understood ({type(error).__name__}: {error}). Is this worker of its age?"
        ) from error


def _parse_object(content: bytes, url: str) -> Document:
    """The JSON object of a reply. A page of a proxy in between is a trouble that may pass."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise TransientError(f"The answer from {url} is not JSON.") from error
    if not isinstance(document, dict):
        raise TransientError(f"The answer from {url} is not a JSON object.")
    return document


def _refusal_or_pause(error: urllib.error.HTTPError, path: str) -> RefusedError | TransientError:
    code, detail = _read_problem(error)
    if error.code >= 500 or error.code in _PASSING_STATUSES:
        retry_after = _read_retry_after(error.headers.get("Retry-After"))
        return TransientError(f"The server answered {error.code}: {detail}", retry_after_seconds=retry_after)
    if 300 <= error.code < 400:
        detail = f"it points to {error.headers.get('Location')}; give that server's address as --url"
    return RefusedError(path, status=error.code, code=code, detail=detail)


def _read_problem(error: urllib.error.HTTPError) -> tuple[str, str]:
    try:
        problem = json.loads(error.read())
    except (ValueError, OSError, http.client.HTTPException):
        return "", str(error.reason)
    if not isinstance(problem, dict):
        return "", str(error.reason)
    return str(problem.get("code") or ""), str(problem.get("detail") or problem.get("title") or error.reason)


def _read_retry_after(value: str | None) -> float:
    """Seconds to stay away, from either form of the header; 0 where it is missing or unreadable."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _unreachable_or_pause(error: OSError | http.client.HTTPException, url: str) -> UnreachableError | TransientError:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UnreachableError(f"The certificate of {url} cannot be trusted: {cause.verify_message}")
    return TransientError(f"The server at {url} cannot be reached: {cause or type(cause).__name__}.")
