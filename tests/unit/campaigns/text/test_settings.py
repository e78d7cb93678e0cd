"""Settings of stages: what is said, and what is in force."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sutler.base.errors import InvalidInputError
from sutler.campaigns.settings import FIELDS, StageSettings, check, decode, encode, overlay


def test_what_the_stage_says_holds_and_the_rest_is_from_below() -> None:
    below = StageSettings(completion_pct=80, job_count=3, parameter_overrides=(("a", "1"),), merges_overrides=True)
    above = StageSettings(completion_pct=90, parameter_overrides=(), project_id=0)
    assert overlay(below, above) == StageSettings(
        completion_pct=90, job_count=3, parameter_overrides=(), merges_overrides=True, project_id=0
    )


def test_an_empty_text_says_nothing() -> None:
    assert StageSettings(split_type="", vo_role="") == StageSettings()
    assert overlay(StageSettings(split_type="mod(3)"), StageSettings(split_type="")).split_type == "mod(3)"


def test_only_what_is_said_is_encoded_and_comes_back() -> None:
    settings = StageSettings(clears_schedule=False, load_limit=0, test_parameter_overrides=(("a", "b"),))
    assert encode(settings) == {"clears_schedule": False, "test_parameter_overrides": [["a", "b"]], "load_limit": 0}
    assert decode(encode(settings)) == settings
    assert decode({"vo_role": None, "split_type": ""}) == StageSettings()


def test_unknown_keys_and_values_of_a_wrong_kind_are_all_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode(
            {
                "colour": "green",
                "job_count": "3",
                "load_limit": True,
                "vo_role": 3,
                "completion_pct": float("nan"),
                "is_virtual": 1,
                "parameter_overrides": [["a"]],
                "test_parameter_overrides": "a",
                "idle_timeout_seconds": 10**400,
            }
        )
    assert [problem.where for problem in caught.value.problems] == [
        "colour",
        "job_count",
        "load_limit",
        "vo_role",
        "completion_pct",
        "is_virtual",
        "parameter_overrides",
        "test_parameter_overrides",
        "idle_timeout_seconds",
    ]


@pytest.mark.parametrize(
    ("settings", "is_fine"),
    [
        (StageSettings(completion_pct=0), False),
        (StageSettings(completion_pct=0.01), True),
        (StageSettings(completion_pct=100), True),
        (StageSettings(completion_pct=100.1), False),
        (StageSettings(job_count=0), False),
        (StageSettings(job_count=10_001), False),
        (StageSettings(unit_count=1_000_000), True),
        (StageSettings(output_ancestor_depth=11), False),
        (StageSettings(idle_timeout_seconds=0), True),
        (StageSettings(worker_timeout_seconds=-1), False),
        (StageSettings(load_limit=0), True),
        (StageSettings(load_limit=-1), False),
        (StageSettings(recovery_limit=101), False),
        (StageSettings(project_id=-1), False),
        (StageSettings(project_id=2**63), False),
        (StageSettings(methodology="1P"), False),
        (StageSettings(recovery_mode="aggressive"), True),
        (StageSettings(dataset_query="a\x00"), False),
        (StageSettings(parameter_overrides=(("a", "\x00"),)), False),
    ],
)
def test_what_is_out_of_range_is_named_with_its_place(settings: StageSettings, is_fine: bool) -> None:
    problems = check(settings, "stage reco")
    name = next(iter(encode(settings)))
    assert [problem.where for problem in problems] == ([] if is_fine else [f"stage reco {name}"])


def test_every_setting_has_a_kind() -> None:
    assert list(FIELDS) == [each.name for each in fields(StageSettings)]
    hints = {"text": "str", "whole number": "int", "number": "float", "yes or no": "bool", "pairs": "Pairs"}
    assert {each.name: each.type for each in fields(StageSettings)} == {
        name: f"{hints[kind]} | None" for name, kind in FIELDS.items()
    }
