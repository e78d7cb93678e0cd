"""Errors about many files stay readable."""

from __future__ import annotations

from sutler.base.errors import Problem
from sutler.catalog.errors import FileDeclaredOtherwiseError, InvalidFilesError

MANY = [Problem(f"demo:f{number}", "is wrong") for number in range(250)]


def test_of_many_problems_the_first_are_told_with_the_number_of_the_others() -> None:
    error = InvalidFilesError(MANY)
    assert len(error.problems) == 101
    assert error.facts["count"] == 250
    assert error.sentence.endswith("demo:f99: is wrong There are 150 more problems like these.")


def test_a_conflict_names_every_file_in_its_facts() -> None:
    error = FileDeclaredOtherwiseError(MANY)
    assert error.facts["dids"] == [problem.where for problem in MANY]
    assert error.sentence.startswith("demo:f0 is wrong. demo:f1 is wrong.")
    assert error.sentence.endswith("There are 150 more.")
