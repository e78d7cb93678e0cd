from __future__ import annotations

from pathlib import Path

import pytest

from sutler.worker.arguments import read_settings
from sutler.worker.errors import NoTokenError, UsageError
from sutler.worker.main import main
from sutler.worker.settings import OutputSettings

LEAST = {"SUTLER_URL": "http://s:1/", "SUTLER_TOKEN": "t", "SUTLER_PROJECT_ID": "7"}


def test_defaults_need_only_url_token_and_project() -> None:
    settings = read_settings(["run", "--", "true"], LEAST)
    assert (settings.url, settings.token(), settings.project_id) == ("http://s:1", "t", 7)
    assert (settings.share_id, settings.files_per_run, settings.max_files) == (None, 1, 0)
    assert (settings.max_wait_seconds, settings.run_timeout_seconds) == (None, None)
    assert (settings.log_tail_bytes, settings.offline_patience_seconds) == (16384, 7200)
    assert settings.outputs == OutputSettings()
    assert settings.command == ("true",)


def test_made_up_worker_ids_differ() -> None:
    first, second = (read_settings(["run", "--", "true"], LEAST).worker_id for _ in range(2))
    assert first != second


def test_every_option_can_come_from_the_environment(tmp_path: Path) -> None:
    environment = {
        **LEAST,
        "SUTLER_SHARE_ID": "3",
        "SUTLER_WORKER_ID": "w",
        "SUTLER_BATCH_JOB_ID": "9.0",
        "SUTLER_SITE": "FNAL",
        "SUTLER_FILES_PER_RUN": "4",
        "SUTLER_MAX_FILES": "40",
        "SUTLER_MAX_WAIT_SECONDS": "60",
        "SUTLER_TIME_LEFT_SECONDS": "7200",
        "SUTLER_RUN_TIMEOUT_SECONDS": "3600",
        "SUTLER_OUTPUT_PATTERNS": "*.root\n\nhists/*.png\n",
        "SUTLER_OUTPUT_NAMESPACE": "user",
        "SUTLER_OUTPUT_DATASET": "mc:reco",
        "SUTLER_OUTPUT_RSE": "LOCAL",
        "SUTLER_OUTPUT_URL": "file:///a%20b",
        "SUTLER_SCRATCH": str(tmp_path),
        "SUTLER_LOG_TAIL_KIB": "2",
        "SUTLER_OFFLINE_PATIENCE_SECONDS": "5",
    }
    settings = read_settings(["run", "--", "true"], environment)
    assert (settings.share_id, settings.worker_id, settings.batch_job_id) == (3, "w", "9.0")
    assert (settings.site, settings.files_per_run, settings.max_files) == ("FNAL", 4, 40)
    assert (settings.max_wait_seconds, settings.run_timeout_seconds) == (60, 3600)
    assert settings.time_left_seconds == 7200
    assert settings.outputs == OutputSettings(
        patterns=("*.root", "hists/*.png"), namespace="user", dataset="mc:reco", rse="LOCAL", base=Path("/a b")
    )
    assert (settings.scratch, settings.log_tail_bytes, settings.offline_patience_seconds) == (tmp_path, 2048, 5)


def test_options_win_over_the_environment_and_empty_variables_do_not_count() -> None:
    environment = {**LEAST, "SUTLER_SHARE_ID": "", "SUTLER_OUTPUT_PATTERNS": "*.a", "SUTLER_OUTPUT_NAMESPACE": "n"}
    settings = read_settings(["run", "--project", "8", "--output", "*.b", "--", "x", "--", "y"], environment)
    assert (settings.project_id, settings.share_id) == (8, None)
    assert settings.outputs.patterns == ("*.b",)
    assert settings.command == ("x", "--", "y")


def test_dataset_and_namespace_complete_each_other() -> None:
    def outputs(*options: str) -> OutputSettings:
        return read_settings(["run", "--output", "*", *options, "--", "true"], LEAST).outputs

    assert outputs("--output-namespace", "n", "--output-dataset", "d").dataset == "n:d"
    assert outputs("--output-dataset", "n:d").namespace == "n"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--url", "ftp://s"], "--url"),
        (["--url", "s:8080"], "--url"),
        (["--scratch", "/no/such/directory"], "--scratch"),
        (["--output", "*.root"], "--output-namespace"),
        (["--output", "*.root", "--output-namespace", "a/b"], "--output-namespace"),
        (["--output", "/abs/*.root", "--output-namespace", "n"], "--output"),
        (["--output", "../*.root", "--output-namespace", "n"], "--output"),
        (["--output", "a**/x", "--output-namespace", "n"], "--output"),
        (["--output", "*", "--output-namespace", "n", "--output-url", "root://s//x"], "--output-url"),
    ],
)
def test_options_that_cannot_be_used_are_named(options: list[str], names: str) -> None:
    with pytest.raises(UsageError, match=f"{names} |{names[2:]}"):
        read_settings(["run", *options, "--", "true"], LEAST)


@pytest.mark.parametrize("missing", ["SUTLER_URL", "SUTLER_PROJECT_ID"])
def test_what_is_missing_is_named(missing: str) -> None:
    environment = {name: value for name, value in LEAST.items() if name != missing}
    with pytest.raises(UsageError, match=missing):
        read_settings(["run", "--", "true"], environment)


def test_a_token_comes_from_the_environment_or_a_file_only(tmp_path: Path) -> None:
    without = {name: value for name, value in LEAST.items() if name != "SUTLER_TOKEN"}
    with pytest.raises(NoTokenError, match="SUTLER_TOKEN"):
        read_settings(["run", "--", "true"], without)
    path = tmp_path / "token"
    with pytest.raises(NoTokenError, match="cannot be read"):
        read_settings(["run", "--", "true"], {**without, "SUTLER_TOKEN_FILE": str(path)})
    path.touch()
    with pytest.raises(NoTokenError, match="is empty"):
        read_settings(["run", "--", "true"], {**without, "SUTLER_TOKEN_FILE": str(path)})
    path.write_text("from file\n")
    token = read_settings(["run", "--", "true"], {**without, "SUTLER_TOKEN_FILE": str(path)}).token
    assert token() == "from file"
    path.unlink()
    assert token() == "from file"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "usage"),
        (["run", "--", "true"], 2, "--url is missing"),
        (["run", "--url", "http://s", "--project", "1", "--", "true"], 4, "SUTLER_TOKEN"),
        (["run", "--project", "x", "--", "true"], 2, "'x' is not a whole number from 1 on"),
        (["run", "--max-wait", "-1", "--", "true"], 2, "not a number of seconds"),
        (["run", "--max-wait", "soon", "--", "true"], 2, "not a number of seconds"),
        (["run", "--run-timeout", "0", "--", "true"], 2, "no time to run"),
        (["run", "--token", "t", "--", "true"], 2, "--token"),
        (["run", "--url", "http://s"], 2, "no command"),
    ],
)
def test_wrong_arguments_end_with_a_sentence_and_a_code(
    arguments: list[str],
    code: int,
    said: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in LEAST:
        monkeypatch.delenv(name, raising=False)
    assert main(arguments) == code
    assert said in capfd.readouterr().err


def test_a_number_from_the_environment_is_checked_like_an_option(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUTLER_FILES_PER_RUN", "many")
    assert main(["run", "--", "true"]) == 2
    assert "'many' is not a whole number" in capfd.readouterr().err


def test_help_lists_every_variable(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    text = capfd.readouterr().out
    for variable in ("SUTLER_URL", "SUTLER_TOKEN_FILE", "SUTLER_OUTPUT_PATTERNS", "SUTLER_OFFLINE_PATIENCE_SECONDS"):
        assert variable in text
