"""Tables, facts and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sutler.cli.output import (
    print_facts,
    print_json,
    print_table,
    show_cell,
    show_counts,
    show_duration,
    show_parameters,
    show_size,
)
from sutler.wire.auth import Member

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_off_a_terminal_a_row_is_a_line_and_nothing_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    name = "n" * 300
    print_table(("id", "name"), [(1, name), (22, "two\nlines")])
    assert capsys.readouterr().out.splitlines() == ["ID  NAME", f"1   {name}", "22  two lines"]


def test_on_a_terminal_long_texts_are_folded_and_never_cut_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "dumb")
    print_table(("id", "name"), [(1, "[bold]" + "n" * 100)])
    said = capsys.readouterr().out
    assert said.count("n") - said.count("name") == 100
    assert "[bold]" in said


def test_no_rows_are_said_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id",), [])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Nothing to show.\n"


def test_facts_without_a_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("id", 7), ("ended", None), ("held", False), ("long name", "x")])
    assert capsys.readouterr().out.splitlines() == ["id         7", "held       no", "long name  x"]


def test_json_is_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    print_json((Member("anna", "Änna", "analysis"),))
    out = capsys.readouterr().out
    assert json.loads(out) == [{"username": "anna", "display_name": "Änna", "role": "analysis"}]
    assert "Änna" in out


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (True, "yes"), (NOON, "2026-03-01 12:00:00Z"), ({"a": 1}, '{"a": 1}'), ([], ""), (0, "0")],
)
def test_cells_are_what_people_read(cell: object, text: str) -> None:
    assert show_cell(cell) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (999_600, "1 MB"), (2 * 10**15, "2 PB")],
)
def test_sizes_have_three_digits_and_a_unit(size: int | None, text: str) -> None:
    assert show_size(size) == text


@dataclass(frozen=True)
class Counts:
    """Files by state."""

    total_count: int
    initial_count: int = 0
    unlocated_count: int = 0
    reserved_count: int = 0
    done_count: int = 0
    failed_count: int = 0


def test_counts_name_only_the_states_that_some_file_is_in() -> None:
    assert show_counts(Counts(0)) == "0 in all"
    assert show_counts(Counts(5, failed_count=5)) == "5 in all: 5 failed"
    shown = show_counts(Counts(9, initial_count=4, unlocated_count=1, reserved_count=2, done_count=3))
    assert shown == "9 in all: 4 not submitted (1 without a usable replica), 2 reserved, 3 done"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.44, "0.4 s"), (59.6, "1 min"), (65, "1 min 5 s"), (7500, "2 h 5 min"), (90_061, "1 d 1 h")]
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert show_duration(timedelta(seconds=seconds)) == text


def test_parameters_stand_as_in_the_command() -> None:
    assert show_parameters((("--seed ", "7"), ("--fast", ""))) == "--seed 7 --fast"
