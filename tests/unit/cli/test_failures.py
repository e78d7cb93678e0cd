"""What went wrong, in one line and an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from sutler.base import errors
from sutler.cli import failures
from sutler.cli.failures import report_failure
from sutler.cli.main import main
from sutler.client.errors import UnexpectedAnswerError, UnreachableError, make_api_error
from sutler.wire.problems import ProblemDocument


def api_error(status: int, detail: str = "No.") -> Exception:
    return make_api_error(ProblemDocument("t", "T", status, detail, "room.case"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (api_error(401), 4),
        (api_error(403), 5),
        (api_error(404), 3),
        (api_error(409), 6),
        (api_error(422), 2),
        (api_error(429), 6),
        (api_error(500), 70),
        (api_error(502), 8),
        (api_error(503), 7),
        (UnreachableError("http://x", "refused"), 7),
        (UnexpectedAnswerError("odd"), 2),
        (errors.NotAuthenticatedError(), 4),
        (errors.NotPermittedError(), 5),
        (errors.NotFoundError("user", "eve"), 3),
        (errors.InvalidInputError("bad"), 2),
        (errors.ConflictError(), 6),
        (errors.TooMuchError(), 6),
        (errors.UnavailableError(), 7),
        (errors.UpstreamError("slurm", "no"), 8),
        (ZeroDivisionError("oops"), 70),
    ],
)
def test_every_error_is_one_line_and_its_exit_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert report_failure(error) == code
    said = capsys.readouterr().err
    assert said.startswith("sutler: ")
    assert said.count("\n") == 1
    assert said.endswith("\n")


def test_a_sentence_of_several_lines_becomes_one(capsys: pytest.CaptureFixture[str]) -> None:
    report_failure(api_error(422, "Bad query:\n  files frm x\n        ^"))
    assert capsys.readouterr().err == "sutler: Bad query: files frm x ^\n"


def test_a_defect_keeps_its_traceback_in_a_file_that_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    report_failure(ZeroDivisionError("the cause"))
    [kept] = list(tmp_path.iterdir())
    said = capsys.readouterr().err
    assert str(kept) in said
    assert "the cause" not in said
    assert "the cause" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_an_interruption_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failure(KeyboardInterrupt()) == failures.INTERRUPTED
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "No such command 'nonsense'. See: sutler --help"),
        (["stage", "nonsense"], "No such command 'nonsense'. See: sutler stage --help"),
        (["submission", "show"], "Missing argument 'ID'. See: sutler submission show --help"),
        (["submission", "show", "x"], "See: sutler submission show --help"),
        (["submission", "files", "1", "--state", "tired"], "See: sutler submission files --help"),
        (["project", "create"], "Give either a query, or a file with --files."),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_a_server_that_is_not_there_is_exit_code_7_with_a_hint(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUTLER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SUTLER_TOKEN", "none")
    with pytest.raises(SystemExit) as ending:
        main(["whoami"])
    assert ending.value.code == 7
    assert "sutler serve" in capsys.readouterr().err


def test_the_worker_gets_its_arguments_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[str]] = []

    def work(arguments: list[str]) -> int:
        given.append(arguments)
        return 17

    monkeypatch.setattr("sutler.worker.main.main", work)
    for arguments in (["run", "--project", "3", "--", "prog", "--help", "--json"], ["--help"], ["run", "--help"]):
        with pytest.raises(SystemExit) as ending:
            main(["worker", *arguments])
        assert ending.value.code == 17
    assert given == [["run", "--project", "3", "--", "prog", "--help", "--json"], ["--help"], ["run", "--help"]]


def test_help_and_version_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["--version"], ["submission", "--help"], ["submission", "show", "--help"]):
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        assert ending.value.code == 0
    assert "sutler" in capsys.readouterr().out
