"""Settings and parameters as people give them on the command line."""

from __future__ import annotations

import pytest

from sutler.base.errors import InvalidInputError
from sutler.cli.settings import read_parameters, read_settings
from sutler.wire.convert import ShapeError
from sutler.wire.stage_settings import StageSettings


def test_values_have_the_type_of_their_setting() -> None:
    given = ["completion_pct=90", "job_count=3", "software_version=10", "is_virtual=yes", "stage_type=test"]
    assert read_settings(given) == StageSettings(
        completion_pct=90.0, job_count=3, software_version="10", is_virtual=True, stage_type="test"
    )
    query = "dataset_query=files from a:b where n=1"
    assert read_settings([query]) == StageSettings(dataset_query="files from a:b where n=1")
    assert read_settings(['parameter_overrides=[["--a=", "1"]]']) == StageSettings(parameter_overrides=(("--a=", "1"),))


def test_nothing_given_is_nothing_said() -> None:
    assert read_settings(None) is None
    assert read_settings([]) is None


@pytest.mark.parametrize("given", ["colour=red", "completion_pct", "=3"])
def test_a_name_of_no_setting_is_refused_with_those_there_are(given: str) -> None:
    with pytest.raises(InvalidInputError, match="completion_pct"):
        read_settings([given])


@pytest.mark.parametrize("given", ["job_count=many", "is_virtual=1", "stage_type=odd", "completion_pct=true"])
def test_a_value_of_another_type_is_refused(given: str) -> None:
    with pytest.raises(ShapeError, match=given.partition("=")[0]):
        read_settings([given])


@pytest.mark.parametrize(
    ("given", "pair"),
    [
        ("--events 10", ("--events ", "10")),
        ("--memory=4GB", ("--memory=", "4GB")),
        ("-v", ("-v", "")),
        ("-e A=1", ("-e ", "A=1")),
        ("--x=a b", ("--x=", "a b")),
    ],
)
def test_a_parameter_is_given_as_it_stands_in_the_command(given: str, pair: tuple[str, str]) -> None:
    assert read_parameters([given]) == (pair,)
