from __future__ import annotations

import pytest

from sutler.base.settings import SETTINGS, Secret, SettingsError, resolve_settings


def test_later_sources_win_and_the_origin_is_told() -> None:
    settings, origins = resolve_settings(
        file={"port": 1111, "host": "filehost"},
        environment={"SUTLER_PORT": "2222"},
        command_line={"port": 3333, "host": None},
    )
    assert (settings.port, settings.host) == (3333, "filehost")
    assert (origins["port"], origins["host"], origins["log_level"]) == ("command line", "file", "default")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_settings(file={"prot": 1}, environment={"SUTLER_PORT": "many"}, command_line={"log_level": "loud"})
    assert [p.where for p in caught.value.problems] == ["prot", "port (environment)", "log_level (command line)"]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8080.5", ""])
def test_a_port_out_of_range_is_refused(port: str) -> None:
    with pytest.raises(SettingsError):
        resolve_settings(file={}, environment={"SUTLER_PORT": port}, command_line={})


def test_a_secret_does_not_print_itself() -> None:
    settings, _ = resolve_settings(
        file={}, environment={"SUTLER_DATABASE_URL": "postgresql://u:hunter2@h/d"}, command_line={}
    )
    assert "hunter2" not in f"{settings} {settings!r} {settings.database_url} {settings.database_url!r}"
    assert settings.database_url.reveal().endswith("@h/d")
    assert not Secret("")


def test_every_setting_has_a_help_sentence() -> None:
    assert all(row.help.endswith(".") for row in SETTINGS)


@pytest.mark.parametrize(
    ("word", "meaning"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("off", False)]
)
def test_a_switch_is_written_as_a_word(word: str, meaning: bool) -> None:
    settings, _ = resolve_settings(file={}, environment={"SUTLER_DIGEST_LOGIN": word}, command_line={})
    assert settings.digest_login is meaning


def test_a_switch_in_the_file_is_a_truth_value_and_other_words_are_refused() -> None:
    settings, _ = resolve_settings(file={"digest_login": True}, environment={}, command_line={})
    assert settings.digest_login is True
    with pytest.raises(SettingsError, match="must be yes or no, not 'perhaps'"):
        resolve_settings(file={}, environment={"SUTLER_DIGEST_LOGIN": "perhaps"}, command_line={})
