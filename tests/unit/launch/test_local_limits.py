"""Pauses, units and process trees: the limits of a local job without a job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.launch.backends import local_limits
from sutler.launch.backends.local_endings import explain_end, read_last_line
from sutler.launch.backends.local_limits import (
    LONGEST_PAUSE,
    PAUSE_WITHOUT_LIMIT,
    SHORTEST_PAUSE,
    choose_pause,
    list_below,
    list_children,
    measure_proportional,
    measure_resident,
    write_megabytes,
    write_time,
)

FORK_ONCE = "import os, sys; os.fork(); os.write(1, f'{os.getpid()}\\n'.encode()); sys.stdin.read()"


@given(
    st.floats(min_value=SHORTEST_PAUSE, max_value=PAUSE_WITHOUT_LIMIT),
    st.integers(min_value=0, max_value=10**12),
    st.floats(min_value=-1e12, max_value=1e12),
)
def test_a_pause_is_never_longer_than_half_the_way_to_the_limit(last: float, room: int, growth: float) -> None:
    pause = choose_pause(last, room=room, growth=growth)
    assert SHORTEST_PAUSE <= pause <= LONGEST_PAUSE
    assert pause <= max(SHORTEST_PAUSE, 2 * last)
    if growth > 0:
        assert pause == SHORTEST_PAUSE or pause * growth <= room / 2 * 1.001


def test_a_job_that_does_not_grow_is_looked_at_less_and_less() -> None:
    assert choose_pause(0.05, room=1000, growth=0) == 0.1
    assert choose_pause(0.15, room=1000, growth=0) == LONGEST_PAUSE
    assert choose_pause(0.9, room=None, growth=10**12) == PAUSE_WITHOUT_LIMIT


@pytest.mark.parametrize(
    ("count", "words"), [(1_500_000, "1.5"), (9_990_000, "10.0"), (256_000_000, "256"), (511_600_000, "512")]
)
def test_bytes_are_written_in_millions(count: int, words: str) -> None:
    assert write_megabytes(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0.5 seconds"),
        (1.01, "1 second"),
        (119, "119 seconds"),
        (600, "10 minutes"),
        (5400, "90 minutes"),
        (9000, "2.5 hours"),
    ],
)
def test_times_are_written_in_the_largest_unit_of_which_there_are_two(seconds: float, words: str) -> None:
    assert write_time(seconds) == words


@pytest.mark.parametrize("are_listed", [True, False])
def test_processes_below_one_are_found_with_and_without_lists_of_children(
    monkeypatch: pytest.MonkeyPatch, *, are_listed: bool
) -> None:
    monkeypatch.setattr(local_limits, "_CHILDREN_ARE_LISTED", are_listed)
    with subprocess.Popen([sys.executable, "-c", FORK_ONCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        numbers = {int(parent.stdout.readline()), int(parent.stdout.readline())}
        [child] = numbers - {parent.pid}
        assert list_children(parent.pid) == [child]
        assert numbers <= list_below(os.getpid())
        assert list_below(child) == set()


def test_memory_of_this_process_is_measured_and_that_of_none_is_nothing() -> None:
    mine = {os.getpid()}
    assert 1_000_000 < measure_proportional(mine) <= measure_resident(mine) * 1.1
    nobody = {2**22 + 1}
    assert measure_resident(nobody) == measure_proportional(nobody) == 0
    assert list_children(2**22 + 1) == []


def test_the_last_line_of_an_output_can_be_kept_in_a_table(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_bytes(b"first\n" + b"x" * 5000 + b"\x00\x1b[0m \xff end\n \x00 \n\n")
    line = read_last_line(output)
    assert line.endswith("x  [0m � end")
    assert len(line) == 300
    output.write_bytes(b"")
    assert read_last_line(output) == ""


def test_an_end_without_words_is_told_by_its_number() -> None:
    assert explain_end(0, program="p", last_line="done", progress="started") == ""
    assert explain_end(2, program="p", last_line="", progress="started") == "ended with 2"
    assert explain_end(-200, program="p", last_line="", progress="started") == "killed by signal 200"
