"""The environment that jobs are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sutler.campaigns.model import Campaign, JobType, Stage
from sutler.campaigns.rules import Surface, build_environment, name_campaign_stage
from sutler.campaigns.settings import StageSettings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

NAMES = {
    "POMS4_CAMPAIGN_ID",
    "POMS4_CAMPAIGN_NAME",
    "POMS4_CAMPAIGN_STAGE_ID",
    "POMS4_CAMPAIGN_STAGE_NAME",
    "POMS4_CAMPAIGN_STAGE_TYPE",
    "POMS4_SUBMISSION_ID",
    "POMS4_TEST_LAUNCH",
    "POMS4_HOST",
    "POMS_ENV",
    "POMS_INST",
    "POMS_CAMPAIGN_ID",
    "POMS_CAMPAIGN_NAME",
    "POMS_TASK_ID",
    "POMS_PARENT_TASK_ID",
    "POMS_TASK_DEFINITION_ID",
    "POMS_LAUNCHER",
    "POMS_TEST",
    "JOBSUB_GROUP",
    "GROUP",
    "POMS_DATA_DISPATCHER_TASK_ID",
    "POMS_DATA_DISPATCHER_PROJECT_ID",
    "POMS_DATA_DISPATCHER_DATASET_QUERY",
    "POMS_DATA_DISPATCHER_PARAMETER",
    "POMS_DATA_DISPATCHER_PROJECT_VIRTUAL",
    "POMS_DATA_DISPATCHER_LOAD_LIMIT",
}

CAMPAIGN = Campaign(5, 1, "nova", "mc 20", "data_dispatcher", {}, True, 1, "pia", "production", NOON)
JOB_TYPE = JobType(8, 1, "reco", "run", (), (), "", "", "", 1, 3, None, True, 1, "production", NOON)


def a_stage(**given: Any) -> Stage:  # noqa: ANN401 - a test builder
    fixed = {
        "own": StageSettings(),
        "own_job_type_id": None,
        "own_login_setup_id": None,
        "job_type_id": 8,
        "login_setup_id": 9,
        "held_by": None,
        "held_at": None,
        "hold_reason": "",
        "removed_at": None,
        "created_by": 1,
        "creator_role": "production",
        "created_at": NOON,
    }
    return Stage(id=7, campaign_id=5, experiment_id=1, name="gen", rank=1, **{**fixed, **given})


def build(stage: Stage | None = None, **given: Any) -> dict[str, str]:  # noqa: ANN401 - a test builder
    plain = {"launcher": "pia", "server_url": "http://s", "data": "files from a:b", "is_query": True}
    surface = Surface(submission_id=21, **{**plain, **given})
    return build_environment(CAMPAIGN, stage or a_stage(), JOB_TYPE, surface)


@pytest.mark.row(58)
def test_jobs_find_every_name_that_launch_scripts_know() -> None:
    environment = build(project_id=3, share_id=4, parent_id=20, is_test=True)
    assert set(environment) >= NAMES
    assert (environment["POMS_CAMPAIGN_ID"], environment["POMS4_CAMPAIGN_ID"]) == ("7", "5")
    assert (environment["POMS_TASK_ID"], environment["POMS_PARENT_TASK_ID"]) == ("21", "20")
    assert (environment["POMS_TASK_DEFINITION_ID"], environment["POMS4_TEST_LAUNCH"]) == ("8", "True")
    assert environment["POMS_DATA_DISPATCHER_PROJECT_ID"] == "3"
    assert environment["POMS_DATA_DISPATCHER_DATASET_QUERY"] == "files from a:b"
    assert environment["POMS_DATA_DISPATCHER_PARAMETER"] == ""
    assert environment["POMS_CAMPAIGN_NAME"] == "mc_20__gen"


@pytest.mark.row(58, 63)
def test_a_parameter_is_told_from_a_query() -> None:
    environment = build(a_stage(load_limit=5, is_virtual=True), data="mu_12", is_query=False)
    assert environment["POMS_DATA_DISPATCHER_PARAMETER"] == "mu_12"
    assert environment["POMS_DATA_DISPATCHER_DATASET_QUERY"] == " "
    assert environment["POMS_DATA_DISPATCHER_PROJECT_ID"] == environment["SUTLER_PROJECT_ID"] == ""
    assert environment["POMS_DATA_DISPATCHER_LOAD_LIMIT"] == "5"
    assert environment["POMS_DATA_DISPATCHER_PROJECT_VIRTUAL"] == "True"


def test_a_stage_that_carries_the_name_of_its_campaign_is_not_named_twice() -> None:
    assert name_campaign_stage("mc 20", "mc 20 gen") == "mc_20_gen"
    assert name_campaign_stage("mc", "gen") == "mc__gen"
