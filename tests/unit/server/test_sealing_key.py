"""The file with the sealing key: made once, kept, never replaced."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sutler.auth import Sealer
from sutler.base.settings import SettingsError
from sutler.server.configuration import Configuration, load_configuration
from sutler.server.sealing_key import load_sealer


def configure(directory: Path, **settings: object) -> Configuration:
    return load_configuration(data_dir=directory, command_line=settings)


def test_the_first_start_makes_a_key_for_its_owner_only_and_later_ones_keep_it(tmp_path: Path) -> None:
    configuration = configure(tmp_path / "data")
    sealed = load_sealer(configuration).seal("open sesame")
    file = tmp_path / "data" / "sealing.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_bytes()) == 32
    assert load_sealer(configuration).open(sealed) == "open sesame"
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    configuration = configure(tmp_path)
    ready, found = threading.Barrier(8), list[Sealer]()

    def start() -> None:
        ready.wait()
        found.append(load_sealer(configuration))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealed = found[0].seal("open sesame")
    assert [sealer.open(sealed) for sealer in found] == ["open sesame"] * 8


def test_a_file_that_a_setting_names_is_used_and_none_is_made(tmp_path: Path) -> None:
    named = tmp_path / "secrets" / "key"
    configuration = configure(tmp_path, sealing_key_file=str(named))
    with pytest.raises(SettingsError, match="No such file or directory"):
        load_sealer(configuration)
    named.parent.mkdir()
    named.write_bytes(bytes(range(32)))
    sealed = load_sealer(configuration).seal("open sesame")
    assert Sealer(bytes(range(32))).open(sealed) == "open sesame"
    assert not (tmp_path / "sealing.key").exists()


def test_a_key_of_another_length_is_refused_without_being_shown_or_replaced(tmp_path: Path) -> None:
    file = tmp_path / "sealing.key"
    file.write_bytes(b"too short")
    with pytest.raises(SettingsError, match="has 32 bytes, not 9") as refusal:
        load_sealer(configure(tmp_path))
    assert "sealing_key_file" in refusal.value.sentence
    assert "too short" not in refusal.value.sentence
    assert file.read_bytes() == b"too short"
