"""Names of directories, identities of processes, bounded output: the parts of the local back-end without a job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.launch.backends.local_directory import name_directory
from sutler.launch.backends.local_wrapper import BoundedOutput, claim, identify, is_alive

KEYS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)


@given(KEYS, KEYS)
def test_different_keys_have_different_directories(one: str, other: str) -> None:
    assert (name_directory(one) == name_directory(other)) is (one == other)


@given(KEYS)
def test_the_name_of_a_directory_is_one_safe_part_of_a_path(key: str) -> None:
    name = name_directory(key)
    assert name
    assert len(name.encode()) < 255
    assert not set(name) & set("/\0.")
    assert name.isascii()


@pytest.mark.parametrize("others", ["%", "a%2Fb", "..", ".", "a~b", "x" * 300, "µ" * 80])
def test_awkward_keys_do_not_meet_tame_ones(others: str) -> None:
    assert name_directory(others) != others
    assert name_directory(name_directory(others)) != name_directory(others)


def test_this_process_is_alive_and_one_with_another_start_is_not() -> None:
    mine = identify(os.getpid())
    assert mine is not None
    assert is_alive(mine)
    assert not is_alive({**mine, "start_ticks": 1})
    assert not is_alive({**mine, "boot_id": "another"})


def test_a_process_that_does_not_exist_has_no_identity() -> None:
    assert identify(2**22 + 1) is None
    assert not is_alive({"pid": 2**22 + 1, "start_ticks": 1, "boot_id": ""})


def test_only_the_first_claim_counts(tmp_path: Path) -> None:
    assert claim(tmp_path)
    first = (tmp_path / "claim").read_text()
    assert not claim(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]
    assert (tmp_path / "claim").read_text() == first


@given(st.lists(st.integers(min_value=0, max_value=300), max_size=40))
def test_output_is_bounded_and_says_exactly_how_much_is_missing(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("output") / "output"
    output = BoundedOutput(path, 400)
    written = b""
    for number, size in enumerate(sizes):
        piece = bytes([97 + number % 26]) * size
        written += piece
        output.write(piece)
    output.close()
    kept = path.read_bytes()
    head, cut, rest = kept.partition("\n[… ".encode())
    if not cut:
        assert kept == written
        return
    left_out, _, tail = rest.partition(" bytes left out …]\n".encode())
    assert len(kept) <= 400
    assert len(head) + int(left_out) + len(tail) == len(written)
    assert written.startswith(head)
    assert written.endswith(tail)


def test_a_disk_that_is_full_does_not_end_the_job(tmp_path: Path) -> None:
    (tmp_path / "output").symlink_to("/dev/full")
    output = BoundedOutput(tmp_path / "output", 400)
    output.write(b"some words")
    output.write(b"more words")
    output.close()
    assert output.error == "The output could not be kept: No space left on device."
