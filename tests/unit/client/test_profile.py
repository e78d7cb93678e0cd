"""Where the server is and who asks."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs
import pytest

from sutler.client.errors import ProfileError
from sutler.client.profile import (
    DEFAULT_URL,
    Profile,
    choose,
    find_profile,
    find_profile_path,
    forget_profile,
    save_profile,
)

HERE = Profile("http://here:1", "token-of-here", "anna")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings folder of its own, and nothing in the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SUTLER_URL", raising=False)
    monkeypatch.delenv("SUTLER_TOKEN", raising=False)
    return tmp_path


def test_the_profile_is_where_the_platform_keeps_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Path(platformdirs.user_config_dir("sutler")) / "profile.json"
    assert find_profile_path() == expected
    monkeypatch.delenv("XDG_CONFIG_HOME")
    if sys.platform == "linux":
        assert find_profile_path() == Path.home() / ".config" / "sutler" / "profile.json"


def test_a_saved_profile_is_found_again_and_readable_for_its_owner_only() -> None:
    path = save_profile(HERE)
    assert find_profile() == HERE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["profile.json"]


def test_saving_again_replaces_and_forgetting_twice_is_fine() -> None:
    save_profile(HERE)
    save_profile(Profile("http://there:2", "other"))
    found = find_profile()
    assert found is not None
    assert found.url == "http://there:2"
    forget_profile()
    forget_profile()
    assert find_profile() is None


def test_without_anything_it_is_the_server_of_this_machine_and_no_token() -> None:
    assert choose(None, None) == (DEFAULT_URL, None)


def test_arguments_go_before_the_environment_and_that_before_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    save_profile(HERE)
    assert choose(None, None) == ("http://here:1", "token-of-here")
    monkeypatch.setenv("SUTLER_TOKEN", "token-of-environment")
    assert choose(None, None) == ("http://here:1", "token-of-environment")
    monkeypatch.setenv("SUTLER_URL", "http://environment:3/")
    assert choose(None, None) == ("http://environment:3", "token-of-environment")
    assert choose("http://argument:4/", "token") == ("http://argument:4", "token")


def test_the_token_of_a_profile_is_shown_to_its_own_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    save_profile(HERE)
    assert choose("http://elsewhere:9", None) == ("http://elsewhere:9", None)
    assert choose("http://here:1/", None) == ("http://here:1", "token-of-here")


def test_a_profile_that_cannot_be_read_says_which_file_and_what_to_do() -> None:
    path = find_profile_path()
    path.parent.mkdir(parents=True)
    path.write_text("{broken")
    with pytest.raises(ProfileError, match=r"profile\.json cannot be read: .*sutler login"):
        choose(None, None)


def test_a_token_is_not_printed() -> None:
    assert "token-of-here" not in repr(HERE)
