from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.base.errors import InvalidInputError
from sutler.campaigns import rules
from sutler.campaigns.errors import CampaignShapeError, StageWithoutDataError, UnknownVariableError
from sutler.campaigns.model import (
    NewCampaign,
    NewDependency,
    NewStage,
    SubmissionStatus,
)
from sutler.campaigns.settings import StageSettings
from sutler.dispatch.model import Counts
from sutler.launch.model import Launch, LaunchPlan, LaunchState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def counts(*, initial: int = 0, reserved: int = 0, done: int = 0, failed: int = 0) -> Counts:
    return Counts(initial + reserved + done + failed, initial, 0, reserved, done, failed)


def a_launch(state: LaunchState = LaunchState.SUBMITTED, **numbers: int) -> Launch:
    given = {"waiting_count": 0, "held_count": 0, "running_count": 0, "ended_count": 0, "failed_count": 0, **numbers}
    return Launch(
        key="k",
        experiment_id=1,
        backend="local",
        plan=LaunchPlan(("true",), 1),
        state=state,
        failure="",
        output="",
        stop_reason=None,
        intended_at=NOON,
        submitted_at=None,
        ended_at=None,
        **given,
    )


def a_stage(name: str = "reco", **fields: Any) -> NewStage:  # noqa: ANN401 - a test builder
    return NewStage(name, "j", "l", StageSettings(**{"dataset_query": "files", **fields}))


def test_variables_are_replaced_and_other_percent_signs_stay() -> None:
    text = "cat %(version)s like '%.root' 100% %%(global.out)s"
    assert rules.substitute(text, {"version": "v1"}, where="x") == "cat v1 like '%.root' 100% %(global.out)s"


def test_an_unknown_variable_says_where_and_what_there_is() -> None:
    with pytest.raises(UnknownVariableError, match=r"launch_script: %\(verison\)s has no value; there are version"):
        rules.substitute("%(verison)s", {"version": "v1"}, where="launch_script")


def test_parameters_replace_in_place_and_new_ones_come_last() -> None:
    merged = rules.merge_parameters((("-Oglobal.a=", "1"), ("--x ", "2")), (("-Oglobal.a=", "9"), ("--new=", "z")))
    assert merged == (("-Oglobal.a=", "9"), ("--x ", "2"), ("--new=", "z"))


def test_a_script_is_split_like_a_shell_but_never_seen_by_one() -> None:
    arguments = rules.build_arguments(
        "run.py 'a b' %(dataset)s", (("--seed ", "7"), ("-Oout=", "x y")), {"dataset": "d; rm -rf /"}
    )
    assert arguments == ("run.py", "a b", "d; rm -rf /", "--seed", "7", "-Oout=x y")


@pytest.mark.parametrize("script", ["", "   ", "run 'open"])
def test_a_script_that_is_no_command_is_refused(script: str) -> None:
    with pytest.raises(CampaignShapeError):
        rules.build_arguments(script, (), {})


def test_built_in_names_win_over_keywords() -> None:
    variables = rules.list_variables(
        keywords={"stage": "mine", "era": "2026"},
        campaign="c",
        stage="s",
        version="v",
        experiment="e",
        launcher="me",
        dataset="q",
    )
    assert (variables["stage"], variables["era"], variables["group"], variables["parameter"]) == ("s", "2026", "e", "q")


@pytest.mark.parametrize(
    ("pattern", "name", "parent"),
    [
        ("%(campaign)s.%(stage)s.%(submission)s", "big_run.reco.17", "big_run.reco"),
        ("reco", "reco", None),
        ("%(submission)s", "17", None),
        ("x-%(submission)s", "x-17", None),
    ],
)
def test_output_datasets_are_named_by_pattern(pattern: str, name: str, parent: str | None) -> None:
    variables = {"campaign": "big run", "stage": "reco"}
    assert rules.name_output_dataset(pattern, variables, submission_id=17) == (name, parent)


def check_data(stage: NewStage, *upstream: str, defaults: StageSettings | None = None) -> None:
    rules.check_stage_has_data(stage, upstream, defaults=defaults or StageSettings())


def test_a_stage_needs_something_to_work_on() -> None:
    with pytest.raises(StageWithoutDataError, match="stage reco: has no data"):
        check_data(a_stage(dataset_query=None))
    check_data(a_stage(dataset_query=None), "gen")
    check_data(a_stage())
    check_data(a_stage(dataset_query=None, project_id=7))
    check_data(a_stage(dataset_query=None), defaults=StageSettings(dataset_query="files"))
    check_data(a_stage(dataset_query=None, stage_type="approval"))
    check_data(a_stage(dataset_query=None, stage_type="generator"))


def test_a_generator_has_no_query_but_may_have_parameters() -> None:
    with pytest.raises(StageWithoutDataError):
        check_data(a_stage(stage_type="generator"))
    check_data(a_stage(stage_type="generator", split_type="multiparam", dataset_query='[["a", "b"]]'))


def test_all_that_is_wrong_with_a_campaign_is_said_at_once() -> None:
    campaign = NewCampaign(
        experiment="e",
        name="c",
        stages=(a_stage("a"), a_stage("a"), a_stage("b", split_type="drainingn(5)")),
        dependencies=(
            NewDependency("a", "a"),
            NewDependency("b", "b"),
            NewDependency("a", "z"),
            NewDependency("a", "b", " "),
        ),
    )
    with pytest.raises(CampaignShapeError) as caught:
        rules.check_campaign(campaign)
    assert [p.what for p in caught.value.problems] == [
        "is there twice",
        "a stage feeds itself only with split types that come to an end, such as drainingn(100), in tests too",
        "there is no stage z",
        "has an empty file pattern; % stands for all files",
    ]


@pytest.mark.row(31)
def test_stages_may_go_round_in_a_circle() -> None:
    stages = (a_stage("a"), a_stage("b", dataset_query=None))
    rules.check_campaign(NewCampaign("e", "c", {}, stages, (NewDependency("a", "b"), NewDependency("b", "a"))))


def test_units_are_numbered_and_carry_their_index() -> None:
    units = rules.list_units(3, prefix="c.gen")
    assert units[0] == ("c.gen.000001", {"index": 0, "unit_count": 3})
    assert [name for name, _ in units] == sorted(name for name, _ in units)


@pytest.mark.parametrize(
    ("given", "jobs_are_over", "expected"),
    [
        (counts(done=5), False, SubmissionStatus.COMPLETED),
        (counts(done=4, failed=1), False, SubmissionStatus.COMPLETED_WITH_FAILURES),
        (counts(done=4, initial=1), False, None),
        (counts(done=4, reserved=1), False, None),
        (counts(done=4, initial=1), True, SubmissionStatus.COMPLETED_WITH_FAILURES),
        (counts(done=5), True, SubmissionStatus.COMPLETED),
    ],
)
def test_a_submission_ends_with_its_files_or_its_jobs(
    given: Counts, jobs_are_over: bool, expected: SubmissionStatus | None
) -> None:
    assert rules.decide_completion(given, jobs_are_over=jobs_are_over) is expected


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_the_percentage_is_whole_and_full_only_at_the_end(initial: int, reserved: int, done: int, failed: int) -> None:
    given = counts(initial=initial, reserved=reserved, done=done, failed=failed)
    assert 0 <= given.percent_completed <= 100
    assert (given.percent_completed == 100) == (given.is_final and given.total_count > 0)


def test_the_batch_side_is_told_in_a_sentence() -> None:
    assert rules.describe_launch(a_launch(running_count=3, waiting_count=1)) == (
        "Jobs: 3 running, 1 waiting in the queue."
    )
    assert rules.describe_launch(a_launch()) == "No job has been seen yet."


def test_a_launch_that_is_not_handed_over_says_what_stands_in_the_way() -> None:
    assert rules.describe_launch(a_launch(LaunchState.INTENDED)) == "The launch has not reached the batch system yet."
    assert rules.describe_launch(a_launch(LaunchState.INTENDED), "no such user") == (
        "The launch has not reached the batch system yet: no such user"
    )


@pytest.mark.parametrize("text", ["a b", "$(id)", "`id`", "x;y", "'", '"', "a\nb", "*", "~", "é"])
def test_a_value_that_a_shell_could_misread_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"login setup: %\(v\)s is "):
        rules.substitute_in_shell("setup %(v)s", {"v": text}, where="login setup")


def test_only_values_that_are_used_are_looked_at() -> None:
    variables = {"version": "v1.2", "dataset": "files where a > 1"}
    assert rules.substitute_in_shell("setup %(version)s 100%", variables, where="x") == "setup v1.2 100%"


def test_what_fails_again_and_again_is_left_alone_for_longer() -> None:
    pauses = [rules.decide_retry_pause(tries).total_seconds() for tries in (0, 1, 2, 50)]
    assert pauses == [5, 10, 20, 600]
