"""What is wrong with a campaign as a whole, and what is different between two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sutler.campaigns.settings import StageSettings
from sutler.campaigns.text import (
    CampaignText,
    Change,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    RecoveryText,
    ScheduleText,
    StageText,
    check_text,
    diff_text,
    list_references,
)

QUERIED = StageSettings(dataset_query="files from a:b")
FIRST, SECOND = StageText("first", settings=QUERIED), StageText("second")
CHAIN = CampaignText(
    "demo",
    "x",
    stages=(FIRST, SECOND),
    dependencies=(DependencyText("second", "first", "%.root"),),
    keywords={"a": "1"},
)


def places(campaign: CampaignText) -> list[str]:
    """Where something is wrong."""
    return [problem.where for problem in check_text(campaign)]


def test_a_chain_whose_first_stage_has_a_query_is_fine() -> None:
    assert check_text(CHAIN) == []


@pytest.mark.row(124)
def test_a_stage_that_nothing_feeds_needs_data() -> None:
    assert places(replace(CHAIN, dependencies=())) == ["stage second"]


@pytest.mark.parametrize(
    "settings",
    [
        StageSettings(dataset_query="files from a:b"),
        StageSettings(project_id=4),
        StageSettings(stage_type="generator"),
        StageSettings(stage_type="approval"),
        StageSettings(stage_type="datatransfer"),
    ],
)
def test_a_stage_with_data_or_without_need_of_any_is_fine(settings: StageSettings) -> None:
    assert check_text(CampaignText("demo", "x", stages=(StageText("a", settings=settings),))) == []
    assert check_text(CampaignText("demo", "x", stages=(StageText("a"),), defaults=StageText(settings=settings))) == []


def test_no_project_is_no_data_and_a_dataset_of_sam_is_data_for_sam() -> None:
    stage = StageText("a", settings=StageSettings(project_id=0, sam_dataset="d"))
    campaign = CampaignText("demo", "x", stages=(stage,))
    assert places(campaign) == ["stage a"]
    assert places(replace(campaign, data_handler="sam")) == []


@pytest.mark.parametrize(
    ("split", "is_fine"), [(None, False), ("None", False), ("draining", False), ("nfiles(3)", True)]
)
def test_a_stage_feeds_itself_only_with_a_split_that_ends(split: str | None, is_fine: bool) -> None:
    stage = StageText("a", settings=replace(QUERIED, split_type=split))
    campaign = CampaignText("demo", "x", stages=(stage,), dependencies=(DependencyText("a", "a"),))
    assert (check_text(campaign) == []) == is_fine


def test_feeding_itself_is_no_beginning() -> None:
    stage = StageText("a", settings=StageSettings(split_type="nfiles(3)"))
    assert places(CampaignText("demo", "x", stages=(stage,), dependencies=(DependencyText("a", "a"),))) == ["stage a"]


def test_everything_wrong_is_listed() -> None:
    twice = DependencyText("second", "nobody")
    campaign = CampaignText(
        "",
        "",
        data_handler="tape",
        tags=("t", "t"),
        defaults=StageText(schedule=ScheduleText("0 6 * * *"), settings=StageSettings(completion_pct=0)),
        stages=(FIRST, FIRST, replace(SECOND, schedule=ScheduleText(" ", overlap="both"))),
        dependencies=(twice, twice),
        login_setups=(LoginSetupText(" a"),),
        job_types=(JobTypeText("j", files_per_run=0, run_timeout_seconds=-1),),
    )
    assert places(campaign) == [
        "campaign experiment",
        "campaign name",
        "campaign data_handler",
        "defaults",
        "tag t",
        "stage first",
        "login setup  a",
        "defaults completion_pct",
        "stage second schedule overlap",
        "stage second schedule cron",
        "dependency of second on nobody",
        "dependency of second on nobody",
        "job type j launch_script",
        "job type j files_per_run",
        "job type j run_timeout",
    ]


def test_what_must_be_on_the_server_is_what_is_used_and_not_defined() -> None:
    campaign = replace(
        CHAIN,
        defaults=StageText(job_type="generic", login_setup="here"),
        stages=(replace(FIRST, job_type="reco"), replace(SECOND, job_type="mine", login_setup="generic")),
        job_types=(JobTypeText("mine"),),
    )
    references = list_references(campaign)
    assert (references.job_types, references.login_setups) == (("generic", "reco"), ("here", "generic"))


def test_differences_are_told_field_by_field() -> None:
    job_type = JobTypeText("j", "a.sh", recoveries=(RecoveryText("state_failed"),))
    new = CampaignText(
        "demo",
        "x",
        is_active=False,
        keywords={"a": "2", "b": "3"},
        stages=(replace(FIRST, settings=replace(QUERIED, job_count=2), schedule=ScheduleText("0 6 * * *")),),
        job_types=(job_type,),
    )
    schedule = {"cron": "0 6 * * *", "time_zone": "UTC", "overlap": "skip"}
    joined = {"downstream": "second", "upstream": "first", "file_pattern": "%.root"}
    said = {
        "launch_script": "a.sh",
        "parameters": [],
        "output_file_patterns": [],
        "recoveries": [{"type": "state_failed", "parameter_overrides": []}],
    }
    assert diff_text(CHAIN, new) == (
        Change("changed", "is_active", True, False),
        Change("changed", "keywords.a", "1", "2"),
        Change("added", "keywords.b", None, "3"),
        Change("changed", "order_of_stages", ["first", "second"], ["first"]),
        Change("added", "stages.first.schedule", None, schedule),
        Change("added", "stages.first.job_count", None, 2),
        Change("removed", "stages.second", {}, None),
        Change("removed", "dependencies.second after first with %.root", joined, None),
        Change("added", "job_types.j", None, said),
    )


def test_the_order_of_dependencies_is_that_of_the_stages_they_feed() -> None:
    early, late = DependencyText("first", "second"), DependencyText("second", "first")
    assert replace(CHAIN, dependencies=(late, early)) == replace(CHAIN, dependencies=(early, late))
