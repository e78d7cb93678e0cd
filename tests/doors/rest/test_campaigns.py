"""Definitions, launches and submissions through the API."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from tests.doors.rest.conftest import Parts

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.campaigns import (
    NewCampaign,
    NewDependency,
    NewJobType,
    NewLoginSetup,
    NewStage,
)

JOB_TYPE = NewJobType(
    "local", "simulate", "/bin/true", parameters=(("--events", "10"), ("-v", "")), run_timeout_seconds=90.0
)
GENERATE = NewStage("generate", "simulate", "here", stage_type="generator", unit_count=3, job_count=2)
RECONSTRUCT = NewStage("reconstruct", "simulate", "here", worker_timeout_seconds=3600.0, idle_timeout_seconds=None)
CAMPAIGN = NewCampaign(
    "local",
    "spring",
    {"beam": "on"},
    (GENERATE, RECONSTRUCT),
    (NewDependency("generate", "reconstruct", "%.root"),),
)


@pytest.fixture
async def campaign_id(sutler: AsyncClient) -> int:
    """A campaign of a generator that feeds a second stage."""
    await sutler.save_login_setup(NewLoginSetup("local", "here", setup="export A=1"))
    await sutler.save_job_type(JOB_TYPE)
    return (await sutler.create_campaign(CAMPAIGN)).id


@pytest.fixture
async def stage_id(sutler: AsyncClient, campaign_id: int) -> int:
    """Its generator."""
    return (await sutler.view_campaign(campaign_id)).stages[0].id


async def test_login_setups_and_job_types_are_saved_twice_and_listed_once(
    sutler: AsyncClient, campaign_id: int
) -> None:
    changed = await sutler.save_job_type(replace(JOB_TYPE, max_attempts=5))
    assert (changed.experiment, changed.max_attempts, changed.run_timeout_seconds) == ("local", 5, 90.0)
    assert changed.parameters == (("--events", "10"), ("-v", ""))
    assert (await sutler.list_job_types(experiment="local")).items == (changed,)
    [setup] = (await sutler.list_login_setups()).items
    assert (setup.name, setup.backend, setup.setup, setup.experiment) == ("here", "local", "export A=1", "local")


async def test_a_campaign_is_shown_with_its_stages_and_dependencies(sutler: AsyncClient, campaign_id: int) -> None:
    view = await sutler.view_campaign(campaign_id)
    assert (view.campaign.name, view.campaign.keywords, view.campaign.creator) == ("spring", {"beam": "on"}, "admin")
    assert [stage.name for stage in view.stages] == ["generate", "reconstruct"]
    assert [(one.upstream_stage, one.downstream_stage, one.file_pattern) for one in view.dependencies] == [
        ("generate", "reconstruct", "%.root")
    ]
    [listed] = (await sutler.list_campaigns(name="SPR*")).items
    assert (listed.id, listed.stage_count, listed.submission_count) == (campaign_id, 2, 0)
    second = await sutler.view_stage(view.stages[1].id)
    assert (second.stage.worker_timeout_seconds, second.stage.idle_timeout_seconds) == (3600.0, None)
    assert second.upstream == view.dependencies
    added = await sutler.add_stage(
        campaign_id, replace(RECONSTRUCT, name="third"), dependencies=[NewDependency("reconstruct", "third")]
    )
    assert (added.name, added.campaign_id) == ("third", campaign_id)


async def test_a_campaign_that_does_not_fit_together_is_refused_as_a_whole(
    sutler: AsyncClient, campaign_id: int
) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.create_campaign(replace(CAMPAIGN, name="bad", dependencies=(NewDependency("x", "reconstruct"),)))
    assert refused.value.code.startswith("campaigns.")
    with pytest.raises(client.ConflictError):
        await sutler.create_campaign(CAMPAIGN)
    assert len((await sutler.list_campaigns()).items) == 1


async def test_a_launch_makes_a_submission_that_can_be_looked_at(
    sutler: AsyncClient, stage_id: int, parts: Parts
) -> None:
    submission_id = await sutler.launch_stage(stage_id)
    view = await sutler.view_submission(submission_id)
    one = view.submission
    assert (one.id, one.campaign, one.stage, one.status, one.launched_by) == (
        submission_id,
        "spring",
        "generate",
        "Created",
        "admin",
    )
    assert (one.total_count, one.initial_count, one.percent_completed, one.cause) == (3, 3, 0, "manual")
    assert view.launch_key in parts.backend.plans
    assert [job.number for job in view.jobs] == [1, 2]
    assert view.history
    assert view.why
    assert view.may_cancel
    assert (await sutler.list_submissions(stage_id=stage_id, is_open=True)).items == (one,)
    assert (await sutler.list_submissions(is_open=False)).items == ()
    files = (await sutler.list_submission_handles(submission_id, state="initial")).items
    assert len(files) == 3
    assert (await sutler.list_submission_outputs(submission_id)).items == ()
    output = await sutler.read_job_output(submission_id, 1)
    assert output.text.startswith("output of ")


async def test_the_same_idempotency_key_launches_once_for_each_caller(
    admin: httpx.AsyncClient, stage_id: int, sutler: AsyncClient
) -> None:
    ids = []
    for key in ("night-7", "night-7", "night-8"):
        reply = await admin.post(f"/stages/{stage_id}/launch", headers={"Idempotency-Key": key})
        assert reply.status_code == 201, reply.text
        ids.append(reply.json()["submission_id"])
    assert ids[0] == ids[1] != ids[2]
    assert (await sutler.view_submission(ids[0])).launch_key.endswith("/night-7")
    assert await sutler.launch_stage(stage_id) not in ids


@pytest.mark.parametrize("key", ["", "k" * 129, "tab\there"])
async def test_a_bad_idempotency_key_is_refused(admin: httpx.AsyncClient, stage_id: int, key: str) -> None:
    reply = await admin.post(f"/stages/{stage_id}/launch", json={}, headers={"Idempotency-Key": key})
    assert reply.status_code == 422
    assert reply.json()["problems"][0]["where"] == "Idempotency-Key"


async def test_a_stage_on_hold_is_not_launched_until_it_is_released(sutler: AsyncClient, stage_id: int) -> None:
    assert (await sutler.hold_stage(stage_id)).held_at is not None
    with pytest.raises(client.ConflictError, match="on hold") as refused:
        await sutler.launch_stage(stage_id)
    assert refused.value.code == "campaigns.stage_held"
    assert (await sutler.hold_stage(stage_id, is_held=False)).held_at is None
    assert await sutler.launch_stage(stage_id, is_test=True)


async def test_a_submission_is_cancelled_once(sutler: AsyncClient, stage_id: int, parts: Parts) -> None:
    submission_id = await sutler.launch_stage(stage_id)
    view = await sutler.cancel_submission(submission_id, reason="wrong beam")
    assert "wrong beam" in view.submission.reason
    assert len(parts.backend.stopped) == 2


async def test_members_look_at_campaigns_of_others_but_do_not_launch_them(anna: AsyncClient, stage_id: int) -> None:
    view = await anna.view_stage(stage_id)
    assert not view.may_launch
    for refused in (anna.launch_stage(stage_id), anna.hold_stage(stage_id)):
        with pytest.raises(client.NotPermittedError):
            await refused
