"""Every feature that a campaign system has to have is shown by a test that carries its number."""

from __future__ import annotations

from pathlib import Path

from scripts.checklist import find_missing, find_tests, read_rows


def test_every_row_that_needs_a_test_has_one() -> None:
    missing = find_missing(read_rows(), find_tests())
    assert not missing, "\n".join(f"row {row.number}: {row.says}" for row in missing)


def test_no_test_shows_a_row_that_there_is_not() -> None:
    known = {row.number for row in read_rows()}
    assert set(find_tests()) <= known


def test_a_row_without_a_test_is_found(tmp_path: Path) -> None:
    rows = tmp_path / "rows.toml"
    rows.write_text('[1]\nsays = "a"\npriority = "core"\n[2]\nsays = "b"\npriority = "rare"\n')
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("@pytest.mark.row(2)\ndef test_b(): ...\n")
    tests = find_tests(tmp_path / "tests")
    assert tests == {2: ["tests/test_x.py::test_b"]}
    assert [row.number for row in find_missing(read_rows(rows), tests)] == [1]
