from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.unit.worker.conftest import RunWorker
from tests.unit.worker.scripted_server import Hold, Problem, ScriptedServer, meanwhile


def sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_worker_runs_the_command_on_every_file_until_the_project_is_over(
    server: ScriptedServer, worker: RunWorker, scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ids = [server.add_file(name) for name in ("a.root", "b.root", "c.root")]
    code = worker("--share", "3", "--site", "FNAL", "--batch-job-id", "9.0", command=["echo", "did", "{did}"])
    printed = capfd.readouterr()
    assert code == 0
    assert printed.out == "did demo:a.root\ndid demo:b.root\ndid demo:c.root\n"
    assert [server.outcome(i)[0] for i in ids] == ["done"] * 3
    first = server.bodies("next")[0]
    assert {**first, "request_id": ""} == {
        "worker_id": "w1",
        "count": 1,
        "share_id": 3,
        "site": "FNAL",
        "request_id": "",
        "batch_job_id": "9.0",
        "wait_seconds": 20.0,
    }
    assert len({body["request_id"] for body in server.bodies("next")}) == 4
    assert set(server.tokens) == {"Bearer a-secret"}
    assert list(scratch.iterdir()) == []
    assert "All files are done." in printed.err


def test_done_carries_measures_and_the_end_of_the_log(server: ScriptedServer, worker: RunWorker) -> None:
    attempt = server.add_file()
    assert worker(command=sh("echo to out; echo to err >&2")) == 0
    outcome, body = server.outcome(attempt)
    assert outcome == "done"
    assert body["worker_id"] == "w1"
    assert body["log_tail"] == "to out\nto err\n"
    assert body["outputs"] == []
    measures = body["measures"]
    assert measures["exit_code"] == 0
    assert measures["wall_seconds"] > 0
    assert measures["cpu_seconds"] >= 0
    assert measures["max_rss_bytes"] > 100_000
    assert measures["host"]


def test_log_tail_is_bounded_while_everything_is_passed_on(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    attempt = server.add_file()
    worker("--log-tail-kib", "1", command=sh("i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done"))
    tail = server.outcome(attempt)[1]["log_tail"]
    assert len(tail) == 1024
    assert tail.endswith("line 499\n")
    assert capfd.readouterr().out.startswith("line 0\n")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo one; echo 'no magnetic field'; echo; exit 3", ("exited with code 3: no magnetic field", 3)),
        ("exit 1", ("exited with code 1", 1)),
        ("echo hm; kill -9 $$", ("killed by signal 9 (SIGKILL): hm", -9)),
        ("kill -SEGV $$", ("killed by signal 11 (SIGSEGV)", -11)),
    ],
)
def test_a_failing_command_is_reported_with_its_reason(
    server: ScriptedServer, worker: RunWorker, scratch: Path, script: str, expected: tuple[str, int]
) -> None:
    attempt = server.add_file()
    assert worker(command=sh(script)) == 0
    outcome, body = server.outcome(attempt)
    assert (outcome, body["retry"]) == ("failed", True)
    assert (body["reason"], body["measures"]["exit_code"]) == expected
    assert list(scratch.iterdir()) == []


def test_a_command_that_is_not_there_gives_the_file_back_and_ends_the_worker(
    server: ScriptedServer, worker: RunWorker
) -> None:
    attempt = server.add_file()
    server.add_file()
    assert worker(command=["./x"]) == 1
    body = server.outcome(attempt)[1]
    assert (body["reason"], body["retry"]) == ("command not found: ./x", True)
    assert len(server.bodies("failed")) == 1
    assert body["measures"].keys() == {"host"}


def test_a_relative_command_is_meant_from_where_the_worker_was_started(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "reco"
    script.write_text("#!/bin/sh\necho I am reco\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    attempt = server.add_file()
    worker(command=["./reco"])
    assert server.outcome(attempt)[1]["log_tail"] == "I am reco\n"


def test_a_run_over_its_time_is_stopped(server: ScriptedServer, worker: RunWorker) -> None:
    attempt = server.add_file()
    started_at = time.monotonic()
    assert worker("--run-timeout", "0.3", command=sh("echo begun; sleep 60")) == 0
    assert time.monotonic() - started_at < 5
    outcome, body = server.outcome(attempt)
    assert (outcome, body["reason"]) == ("failed", "ran longer than 0.3 s and was stopped: begun")
    assert body["retry"] is True


def test_the_environment_tells_the_run_and_hides_the_token(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path
) -> None:
    source = tmp_path / "with blank.root"
    source.write_text("x")
    attempt = server.add_file("in.root", source, attempt=2, attributes={"run": 5}, size_bytes=1)
    worker(command=sh('env | grep "^SUTLER_"; echo "CWD=$(pwd)"'))
    lines = dict(line.split("=", 1) for line in server.outcome(attempt)[1]["log_tail"].splitlines())
    assert lines["SUTLER_INPUT_FILE"] == lines["SUTLER_INPUT_FILES"] == str(source)
    assert lines["SUTLER_INPUT_DID"] == lines["SUTLER_INPUT_DIDS"] == "demo:in.root"
    assert lines["SUTLER_ATTEMPT_ID"] == str(attempt)
    assert lines["SUTLER_ATTEMPT"] == "2"
    assert json.loads(lines["SUTLER_HANDLE_ATTRIBUTES"]) == {"run": 5}
    assert lines["SUTLER_OUTPUT_DIR"] == lines["CWD"]
    assert "SUTLER_TOKEN" not in lines


def test_a_file_without_replicas_has_an_empty_location(server: ScriptedServer, worker: RunWorker) -> None:
    attempt = server.add_file("event1", replicas=[])
    worker(command=sh('echo "<$SUTLER_INPUT_FILE>"'))
    assert server.outcome(attempt)[1]["log_tail"] == "<>\n"


def test_several_files_go_into_one_run_and_share_its_outcome(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for number, path in enumerate(paths):
        path.write_text("x")
        server.add_file(path.name, path, attributes={"n": number})
    script = 'echo "$@"; echo "$SUTLER_HANDLE_ATTRIBUTES"'
    worker("--files-per-run", "2", command=["/bin/sh", "-c", script, "sh", "{files}", "{name}"])
    two, one = server.bodies("done")
    assert two["attempt_ids"] == [100, 101]
    assert two["log_tail"] == f'{paths[0]} {paths[1]} a\n[{{"n": 0}}, {{"n": 1}}]\n'
    assert one["attempt_ids"] == [102]
    assert one["log_tail"] == f'{paths[2]} c\n[{{"n": 2}}]\n'


def test_an_input_that_is_not_there_fails_alone_and_names_its_path(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path
) -> None:
    good = tmp_path / "good"
    good.write_text("x")
    bad_id = server.add_file("bad", tmp_path / "gone")
    good_id = server.add_file("good", good)
    worker("--files-per-run", "2", command=["cat", "{files}"])
    outcome, body = server.outcome(bad_id)
    assert (outcome, body["attempt_ids"], body["retry"]) == ("failed", [bad_id], True)
    assert body["reason"] == f"input file {tmp_path / 'gone'} does not exist"
    assert server.outcome(good_id)[0] == "done"
    assert server.outcome(good_id)[1]["log_tail"] == "x"


def test_max_files_ends_the_worker_and_is_not_overrun(server: ScriptedServer, worker: RunWorker) -> None:
    for name in "abcde":
        server.add_file(name)
    assert worker("--files-per-run", "2", "--max-files", "3", command=["true"]) == 0
    assert [body["count"] for body in server.bodies("next")] == [2, 1]
    assert len(server.files) == 2


def test_worker_goes_on_asking_while_others_may_give_files_back(server: ScriptedServer, worker: RunWorker) -> None:
    server.empty_answer = {"reason": "wait", "why": "2 files are with other workers.", "retry": True}

    def end() -> None:
        server.empty_answer = {"reason": "over", "why": "", "retry": False}

    steps = [lambda: server.await_call("next", 3), lambda: server.add_file("late"), lambda: server.await_call("done")]
    with meanwhile(*steps, end):
        assert worker(command=["true"]) == 0
    assert len(server.bodies("done")) == 1


def test_max_wait_limits_the_waiting(server: ScriptedServer, worker: RunWorker) -> None:
    server.empty_answer = {"reason": "wait", "why": "2 files are with other workers.", "retry": True}
    assert worker("--max-wait", "0.1", command=["true"]) == 0
    assert all(body["wait_seconds"] <= 0.1 for body in server.bodies("next"))


def test_waiting_without_use_ends_the_worker(server: ScriptedServer, worker: RunWorker) -> None:
    server.empty_answer = {"reason": "wait", "why": "The project is paused.", "retry": False}
    assert worker(command=["true"]) == 0
    assert len(server.bodies("next")) == 1


def test_what_is_left_of_the_workers_time_is_told_with_every_question(
    server: ScriptedServer, worker: RunWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_file()
    monkeypatch.setenv("SUTLER_TIME_LEFT_SECONDS", "3600")
    server.script["next"].append(Problem(503))
    assert worker(command=["true"]) == 0
    told = [body["time_left_seconds"] for body in server.bodies("next")]
    assert len(told) == 3
    assert 3600 > told[0] > told[1] > told[2] > 3500


def test_a_worker_that_has_no_time_for_another_file_ends_well(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    server.empty_answer = {"reason": "no_time", "why": "A file takes 2 hours.", "retry": False}
    assert worker("--time-left", "60", command=["true"]) == 0
    assert "Ending: A file takes 2 hours." in capfd.readouterr().err
    assert len(server.bodies("next")) == 1


def test_a_worker_whose_time_is_over_does_not_ask(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    server.add_file()
    assert worker("--time-left", "0", command=["true"]) == 0
    assert "Ending: the time of this worker is over." in capfd.readouterr().err
    assert server.bodies("next") == []


def test_a_lost_lease_is_told_and_the_worker_goes_on(
    server: ScriptedServer, worker: RunWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    server.rejected.add(server.add_file("a"))
    second = server.add_file("b")
    assert worker(command=["true"]) == 0
    assert server.outcome(second)[0] == "done"
    assert "was not taken: too late" in capfd.readouterr().err


def test_lease_is_renewed_while_the_command_runs(server: ScriptedServer, worker: RunWorker, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    attempt = server.add_file(renew_seconds=0.02)
    with meanwhile(lambda: server.await_call("renew", 3), gate.touch):
        assert worker(command=sh(f"until [ -e {gate} ]; do sleep 0.02; done")) == 0
    assert server.bodies("renew")[0] == {"worker_id": "w1", "attempt_ids": [attempt]}
    assert server.outcome(attempt)[0] == "done"


def test_order_to_stop_now_kills_the_run_and_reports_nothing(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path
) -> None:
    attempt = server.add_file(renew_seconds=0.02)
    server.orders[attempt] = "stop_now"
    other = server.add_file("b")
    command = sh(f'if [ "$SUTLER_ATTEMPT_ID" = {attempt} ]; then sleep 60; touch {tmp_path}/survived; fi')
    started_at = time.monotonic()
    assert worker(command=command) == 0
    assert time.monotonic() - started_at < 5
    assert [body["attempt_ids"] for body in server.bodies("done") + server.bodies("failed")] == [[other]]


def test_order_to_stop_now_gives_back_the_rest_of_the_group(server: ScriptedServer, worker: RunWorker) -> None:
    lost = server.add_file("a", renew_seconds=0.02)
    kept = server.add_file("b")
    server.orders[lost] = "stop_now"
    worker("--files-per-run", "2", command=["sleep", "60"])
    outcome, body = server.outcome(kept)
    assert (outcome, body["attempt_ids"], body["retry"]) == ("failed", [kept], True)
    assert "lost: as scripted" in body["reason"]


def test_order_to_finish_and_stop_lets_the_run_finish(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    attempt = server.add_file(renew_seconds=0.02)
    server.add_file("never given out")
    server.orders[attempt] = "finish_and_stop"
    with meanwhile(lambda: server.await_call("renew", 2), gate.touch):
        assert worker(command=sh(f"until [ -e {gate} ]; do sleep 0.02; done")) == 0
    assert server.outcome(attempt)[0] == "done"
    assert len(server.bodies("next")) == 1


def test_renewals_that_fail_do_not_disturb_the_run(server: ScriptedServer, worker: RunWorker, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    attempt = server.add_file(renew_seconds=0.02, expires_at="2020-01-01T00:00:00Z")
    server.script["renew"].extend([Problem(503), Problem(403), Problem(500)])
    with meanwhile(lambda: server.await_call("renew", 4), gate.touch):
        assert worker(command=sh(f"until [ -e {gate} ]; do sleep 0.02; done")) == 0
    assert server.outcome(attempt)[0] == "done"


def test_a_renewal_that_hangs_does_not_hold_up_the_outcome(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.worker.lease._END_TIMEOUT_SECONDS", 0.05)
    hold = Hold()
    server.script["renew"].append(hold)
    attempt = server.add_file(renew_seconds=0.02)
    gate = tmp_path / "gate"
    with meanwhile(lambda: hold.came.wait(10), gate.touch):
        assert worker(command=sh(f"until [ -e {gate} ]; do sleep 0.02; done")) == 0
    hold.released.set()
    assert server.outcome(attempt)[0] == "done"


def test_scratch_that_cannot_be_made_gives_the_file_back_and_ends_the_worker(
    server: ScriptedServer, worker: RunWorker, scratch: Path
) -> None:
    attempt = server.add_file()
    server.add_file("left to other machines")
    gone = scratch / "gone"
    gone.mkdir()
    hold = Hold()
    server.script["next"].append(hold)
    with meanwhile(lambda: hold.came.wait(10), gone.rmdir, hold.released.set):
        assert worker("--scratch", str(gone), command=["true"]) == 1
    outcome, body = server.outcome(attempt)
    assert (outcome, body["retry"]) == ("failed", True)
    assert "no scratch directory can be made" in body["reason"]
    assert len(server.files) == 1
