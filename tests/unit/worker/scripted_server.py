"""The worker's only peer: a real HTTP server on the loopback that speaks its protocol and misbehaves as scripted."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Answer one call with an error."""

    status: int
    detail: str = "because of the script"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoseReply:
    """Do what one call asks, then close the connection without an answer."""


@dataclass(frozen=True)
class Hold:
    """Announce that one call has come, and answer it only when released."""

    came: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Say:
    """Answer one call with this text and status 200."""

    text: str


Step = Problem | LoseReply | Hold | Say


class ScriptedServer:
    """Gives out `files` in order, remembers every call, follows `script` where there is one."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Document]] = []
        self.tokens: list[str] = []
        self.files: deque[Document] = deque()
        self.script: defaultdict[str, deque[Step]] = defaultdict(deque)
        self.orders: dict[int, str] = {}
        self.rejected: set[int] = set()
        self.empty_answer: Document = {"reason": "over", "why": "All files are done.", "retry": False}
        self.port = 0
        self.called = threading.Condition()
        self._given: dict[str, list[Document]] = {}
        self._http: ThreadingHTTPServer | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add_file(self, name: str = "f.root", path: Path | None = None, **more: object) -> int:
        """Add a file, with a replica at `path`, and return the id that its attempt will have."""
        attempt_id = 100 + len(self.files) + sum(len(given) for given in self._given.values())
        replicas = [{"rse": "LOCAL", "url": path.as_uri()}] if path else []
        lease = {"attempt_id": attempt_id, "attempt": 1, "namespace": "demo", "name": name, "fid": None}
        more = {"size_bytes": None, "attributes": {}, "replicas": replicas, "renew_seconds": 300, **more}
        self.files.append({**lease, "expires_at": "2099-01-01T00:00:00Z", **more})
        return attempt_id

    def bodies(self, call: str) -> list[Document]:
        with self.called:
            return [body for name, body in self.calls if name == call]

    def outcome(self, attempt_id: int) -> tuple[str, Document]:
        """The one report of an attempt."""
        [found] = [(n, b) for n, b in self.calls if n in {"done", "failed"} and attempt_id in b["attempt_ids"]]
        return found

    def await_call(self, call: str, count: int = 1) -> None:
        """Wait until a call has come so many times, up to 10 s."""
        with self.called:
            assert self.called.wait_for(lambda: sum(name == call for name, _ in self.calls) >= count, timeout=10)

    def start(self, port: int = 0) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's word
                return None

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        call = handler.path.rsplit("/", 1)[-1]
        with self._lock:
            self.tokens.append(handler.headers["Authorization"])
            step = self.script[call].popleft() if self.script[call] else None
        with self.called:
            self.calls.append((call, body))
            self.called.notify_all()
        if isinstance(step, Problem):
            problem = {"code": "test.problem", "detail": step.detail}
            self._send(handler, step.status, json.dumps(problem), step.headers)
        elif isinstance(step, Say):
            self._send(handler, 200, step.text, {})
        else:
            if isinstance(step, Hold):
                step.came.set()
                step.released.wait(10)
            document = self._act(call, body)
            if not isinstance(step, LoseReply):
                self._send(handler, 200, json.dumps(document), {})

    def _send(self, handler: BaseHTTPRequestHandler, status: int, text: str, headers: dict[str, str]) -> None:
        content = text.encode()
        try:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _act(self, call: str, body: Document) -> Document:
        with self._lock:
            return {"next": self._next, "renew": self._renew}.get(call, self._take)(body)

    def _next(self, body: Document) -> Document:
        if body["request_id"] not in self._given:
            count = min(body["count"], len(self.files))
            self._given[body["request_id"]] = [self.files.popleft() for _ in range(count)]
        leases = self._given[body["request_id"]]
        if not leases:
            return {"leases": [], **self.empty_answer}
        return {"leases": leases, "reason": "reserved", "why": "", "retry": False}

    def _renew(self, body: Document) -> Document:
        orders = [(i, self.orders.get(i, "continue")) for i in body["attempt_ids"]]
        return {"leases": [{"attempt_id": i, "order": o, "expires_at": None, "why": "as scripted"} for i, o in orders]}

    def _take(self, body: Document) -> Document:
        results = [(i, i not in self.rejected) for i in body["attempt_ids"]]
        return {"results": [{"attempt_id": i, "state": "done", "accepted": a, "why": "too late"} for i, a in results]}


@contextmanager
def serving() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def meanwhile(*steps: Callable[[], object]) -> Iterator[None]:
    """Take the steps in order in another thread, which has ended when the block has."""

    def take_steps() -> None:
        for step in steps:
            step()

    thread = threading.Thread(target=take_steps)
    thread.start()
    try:
        yield
    finally:
        thread.join()
