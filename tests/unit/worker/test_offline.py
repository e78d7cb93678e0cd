"""The network and the server fail in every way; no file may be lost or reported twice differently."""

from __future__ import annotations

import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from tests.unit.worker.conftest import RunWorker
from tests.unit.worker.scripted_server import LoseReply, Problem, Say, ScriptedServer, meanwhile

from sutler.worker.errors import RefusedError, TransientError, UnreachableError
from sutler.worker.retry import Patience, pause_seconds_after


def test_a_lost_reply_to_next_is_asked_for_again_with_the_same_request_id(
    server: ScriptedServer, worker: RunWorker
) -> None:
    attempt = server.add_file()
    server.script["next"].append(LoseReply())
    assert worker(command=["true"]) == 0
    first, second, last = server.bodies("next")
    assert first == second
    assert last["request_id"] != first["request_id"]
    assert server.outcome(attempt)[0] == "done"


def test_a_done_without_an_answer_is_repeated_unchanged(server: ScriptedServer, worker: RunWorker) -> None:
    server.add_file()
    server.script["done"].extend([LoseReply(), Problem(503)])
    assert worker(command=["true"]) == 0
    first, second, third = server.bodies("done")
    assert first == second == third


@pytest.mark.parametrize("trouble", [Problem(500), Problem(429), Say("<html>a proxy</html>"), Say("[]")])
def test_trouble_that_may_pass_is_waited_out(server: ScriptedServer, worker: RunWorker, trouble: Problem | Say) -> None:
    server.script["next"].append(trouble)
    assert worker(command=["true"]) == 0
    assert len(server.bodies("next")) == 2


def test_worker_survives_a_restart_of_the_server(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    attempt = server.add_file()
    port = server.port
    away, complained = tmp_path / "away", threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "cannot be reached" in record.getMessage():
                complained.set()

    listener = Listener()
    logging.getLogger("sutler.worker.retry").addHandler(listener)
    steps = (lambda: server.await_call("next"), server.stop, away.touch, lambda: complained.wait(10))
    with meanwhile(*steps, lambda: server.start(port)):
        assert worker(command=["/bin/sh", "-c", f"until [ -e {away} ]; do sleep 0.02; done"]) == 0
    logging.getLogger("sutler.worker.retry").removeHandler(listener)
    assert server.outcome(attempt)[0] == "done"
    assert "The server answers again after" in capfd.readouterr().err


def test_worker_gives_up_when_its_patience_ends(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    server.stop()
    assert worker("--offline-patience", "0.3", command=["true"]) == 7
    assert "Gave up after trying to reach the server" in capfd.readouterr().err


@pytest.mark.parametrize(("status", "code"), [(401, 4), (403, 5), (404, 3), (422, 2), (409, 6), (418, 1), (302, 1)])
def test_a_refusal_ends_the_worker_with_its_sentence(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    server.script["next"].append(Problem(status, "The reason is this.", {"Location": "http://127.0.0.1:1/"}))
    assert worker(command=["true"]) == code
    assert len(server.calls) == 1
    assert ("points to http" if status == 302 else "The reason is this.") in capfd.readouterr().err


def test_an_answer_outside_the_protocol_ends_the_worker(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    server.script["next"].append(Say('{"leases": [{"name": "f"}]}'))
    assert worker(command=["true"]) == 1
    assert "cannot be understood (KeyError: 'attempt_id')" in capfd.readouterr().err


def test_a_done_that_the_server_cannot_accept_becomes_a_failure_with_its_reason(
    server: ScriptedServer, worker: RunWorker
) -> None:
    first, second = server.add_file("a"), server.add_file("b")
    server.script["done"].append(Problem(422, "Metadata run.number must be a number."))
    assert worker(command=["true"]) == 0
    [failed] = server.bodies("failed")
    assert failed["attempt_ids"] == [first]
    assert failed["reason"] == "the server refused what the run made: Metadata run.number must be a number."
    assert server.outcome(second)[0] == "done"


def test_a_done_without_permission_ends_the_worker(server: ScriptedServer, worker: RunWorker) -> None:
    server.add_file()
    server.script["done"].append(Problem(403))
    assert worker(command=["true"]) == 5
    assert server.bodies("failed") == []


def test_a_token_renewed_in_its_file_is_picked_up(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text("old\n")
    monkeypatch.delenv("SUTLER_TOKEN")
    monkeypatch.setenv("SUTLER_TOKEN_FILE", str(path))
    server.add_file()
    worker(command=["/bin/sh", "-c", f"echo new > {path}"])
    assert server.tokens == ["Bearer old", "Bearer new", "Bearer new"]


class Times:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_pauses_grow_from_a_fifth_of_a_second_to_fifteen_seconds() -> None:
    assert all(0.2 <= pause_seconds_after(n) <= 15 for n in range(1, 2000))
    assert pause_seconds_after(1) <= 0.4
    assert pause_seconds_after(50) >= 7.5


def test_patience_ends_after_the_allowed_time_and_says_why() -> None:
    times = Times()

    def fail() -> None:
        raise TransientError("No route.")

    with pytest.raises(UnreachableError, match=r"for 600 s\. No route\."):
        Patience(lambda: 600, pause=times.pause, clock=lambda: times.now).insist(fail)
    assert times.now == pytest.approx(600)
    assert 40 < len(times.pauses) < 120


def test_patience_begins_anew_with_every_call() -> None:
    times = Times()
    patience = Patience(lambda: 5, pause=times.pause, clock=lambda: times.now)
    for _ in range(20):
        troubles = [TransientError("Busy.", retry_after_seconds=3)]

        def answer(troubles: list[TransientError] = troubles) -> str:
            if troubles:
                raise troubles.pop()
            return "yes"

        assert patience.insist(answer) == "yes"
    assert times.pauses == [3.0] * 20


def test_patience_lets_other_errors_through_at_once() -> None:
    def refuse() -> None:
        raise RefusedError("next", status=404, code="x", detail="y")

    with pytest.raises(RefusedError):
        Patience(lambda: 600, pause=lambda _: pytest.fail("paused")).insist(refuse)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(server: ScriptedServer, form: str) -> None:
    from sutler.worker.api import Server
    from sutler.worker.messages import NextRequest

    value = "30" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=31), usegmt=True)
    server.script["next"].append(Problem(503, headers={"Retry-After": value}))
    times = Times()
    patience = Patience(lambda: 600, pause=times.pause, clock=lambda: times.now)
    api = Server(server.url, project_id=7, worker_id="w", token=lambda: "t", patience=patience)
    api.ask_next(NextRequest(worker_id="w", count=1, request_id="r", wait_seconds=0))
    assert times.pauses == [pytest.approx(30, abs=1.5)]


def test_a_peer_that_is_not_http_is_trouble_that_may_pass(worker: RunWorker, server: ScriptedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak_nonsense() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 ftp ready\r\n")

        helper = threading.Thread(target=speak_nonsense)
        helper.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert worker("--url", url, "--offline-patience", "0", command=["true"]) == 7
        helper.join()
