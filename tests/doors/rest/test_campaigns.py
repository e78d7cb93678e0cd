"""Definitions, launches and submissions through the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.doors.rest.campaign_scene import CAMPAIGN, GENERATE, JOB_TYPE, RECONSTRUCT, make_templates
from tests.doors.rest.conftest import Parts

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.campaigns import NewCampaign, NewDependency, NewLoginSetup, Recovery
from sutler.wire.convert import to_json

pytestmark = pytest.mark.row(133, 134)


@pytest.fixture
async def campaign_id(sutler: AsyncClient) -> int:
    """A campaign of a generator that feeds a second stage."""
    await make_templates(sutler)
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
    assert changed.parameters == (("--events ", "10"), ("-v", ""))
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


@pytest.mark.row(93)
async def test_a_launch_of_a_stage_on_hold_waits_in_the_queue(
    admin: httpx.AsyncClient, sutler: AsyncClient, stage_id: int
) -> None:
    held = await sutler.hold_stage(stage_id, reason="the beam is off")
    assert held.held_at is not None
    assert held.hold_reason == "the beam is off"
    with pytest.raises(client.QueuedError, match="the beam is off") as queued:
        await sutler.launch_stage(stage_id, key="first")
    asked = await sutler.request_launch(stage_id, key="first")
    assert (asked.submission_id, asked.queued_id) == (None, queued.value.queued_id)
    reply = await admin.post(f"/stages/{stage_id}/launch")
    assert reply.status_code == 202
    assert "the beam is off" in reply.json()["reason"]
    waiting = (await sutler.list_queued_launches(stage_id=stage_id, state="queued")).items
    assert [one.id for one in waiting] == [asked.queued_id, reply.json()["queued_id"]]
    assert (waiting[0].stage, waiting[0].experiment, waiting[0].username) == ("generate", "local", "admin")
    assert await sutler.delete_queued_launches([waiting[1].id]) == (waiting[1].id,)
    assert await sutler.delete_queued_launches([waiting[1].id]) == ()
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


@pytest.mark.row(20, 35, 36)
async def test_lists_of_campaigns_are_filtered(sutler: AsyncClient, anna: AsyncClient, campaign_id: int) -> None:
    await anna.save_login_setup(NewLoginSetup("local", "hers"))
    other = await anna.create_campaign(NewCampaign("local", "summer", is_test=True, tags=("muons",)))
    assert (other.is_test, other.tags, other.creator_role) == (True, ("muons",), "analysis")

    async def find(who: AsyncClient, **wanted: Any) -> list[str]:  # noqa: ANN401 - filters of any kind
        return sorted([one.name for one in (await who.list_campaigns(**wanted)).items])

    assert await find(sutler) == ["spring", "summer"]
    assert await find(sutler, name="s*r") == ["summer"]
    assert await find(anna, is_mine=True) == await find(sutler, is_mine=False) == ["summer"]
    assert await find(sutler, is_production=True) == ["spring"]
    assert await find(sutler, is_production=False) == await find(sutler, tag="muons") == ["summer"]
    assert await find(sutler, is_active=False) == []
    assert await sutler.mark_campaigns([campaign_id], is_active=False) == (campaign_id,)
    assert await sutler.mark_campaigns([campaign_id], is_active=False) == ()
    assert await find(sutler, is_active=False) == ["spring"]
    with pytest.raises(client.NotPermittedError):
        await anna.mark_campaigns([campaign_id, other.id], is_active=True)


@pytest.mark.row(33, 34)
async def test_campaigns_are_tagged_and_watched(sutler: AsyncClient, anna: AsyncClient, campaign_id: int) -> None:
    tagged = await sutler.tag_campaigns([campaign_id], add=["muons", "mc"])
    assert [one.tags for one in tagged.items] == [("mc", "muons")]
    assert [(one.tag, one.campaign_count) for one in (await anna.list_tags(prefix="mu")).items] == [("muons", 1)]
    assert (await sutler.tag_campaigns([campaign_id], remove=["mc"])).items[0].tags == ("muons",)
    await anna.watch_campaign(campaign_id)
    assert [one.id for one in (await anna.list_campaigns(is_watched=True)).items] == [campaign_id]
    assert (await sutler.list_campaigns(is_watched=True)).items == ()
    await anna.watch_campaign(campaign_id, is_watched=False)
    assert (await anna.list_campaigns(is_watched=True)).items == ()
    with pytest.raises(client.NotPermittedError):
        await anna.tag_campaigns([campaign_id], add=["mine"])


@pytest.mark.row(20, 129)
async def test_a_campaign_is_cloned_and_deleted_unless_it_was_launched(
    sutler: AsyncClient, anna: AsyncClient, campaign_id: int
) -> None:
    copy = await sutler.clone_campaign(campaign_id, "autumn", key="once")
    assert await sutler.clone_campaign(campaign_id, "autumn", key="once") == copy
    assert [stage.name for stage in (await sutler.list_stages(copy.id)).items] == ["generate", "reconstruct"]
    with pytest.raises(client.ConflictError):
        await sutler.clone_campaign(campaign_id, "autumn")
    with pytest.raises(client.NotPermittedError):
        await anna.delete_campaign(copy.id)
    await sutler.delete_campaign(copy.id)
    with pytest.raises(client.NotFoundError):
        await sutler.view_campaign(copy.id)
    await sutler.launch_campaign(campaign_id)
    with pytest.raises(client.ConflictError) as refused:
        await sutler.delete_campaign(campaign_id)
    assert refused.value.code == "campaigns.launched"


@pytest.mark.row(45)
async def test_a_campaign_is_launched_at_its_only_leading_stage(sutler: AsyncClient, campaign_id: int) -> None:
    submission_id = await sutler.launch_campaign(campaign_id, key="night")
    assert await sutler.launch_campaign(campaign_id, key="night") == submission_id
    assert (await sutler.view_submission(submission_id)).submission.stage == "generate"
    await sutler.add_stage(campaign_id, replace(GENERATE, name="second"))
    with pytest.raises(client.ConflictError) as refused:
        await sutler.launch_campaign(campaign_id)
    assert refused.value.facts["stages"] == ["generate", "second"]


@pytest.mark.row(11, 13)
async def test_login_setups_are_changed_by_who_looked_cloned_and_deleted_unless_used(
    sutler: AsyncClient, anna: AsyncClient, admin: httpx.AsyncClient, campaign_id: int
) -> None:
    [setup] = (await sutler.list_login_setups()).items
    assert await anna.get_login_setup(setup.id) == setup
    new = NewLoginSetup("local", "here", setup="export A=2")
    assert (await admin.put(f"/login_setups/{setup.id}", json=to_json(new))).status_code == 428
    changed = await sutler.edit_login_setup(setup.id, new, revision=setup.revision)
    assert changed.revision == setup.revision + 1
    for late in (
        sutler.edit_login_setup(setup.id, new, revision=setup.revision),
        sutler.save_login_setup(new, revision=setup.revision),
    ):
        with pytest.raises(client.ChangedMeanwhileError):
            await late
    with pytest.raises(client.InvalidInputError, match="clone it"):
        await sutler.edit_login_setup(setup.id, replace(new, name="there"), revision=0)
    with pytest.raises(client.ConflictError) as used:
        await sutler.delete_login_setup(setup.id)
    assert used.value.code == "campaigns.in_use"
    copy = await anna.clone_login_setup(setup.id, "mine")
    assert (copy.name, copy.setup, copy.creator_role) == ("mine", "export A=2", "analysis")
    await anna.delete_login_setup(copy.id)
    with pytest.raises(client.NotFoundError):
        await anna.get_login_setup(copy.id)
    kept = await sutler.set_launch_hosts("local", "production", ["gpvm"])
    assert await anna.get_launch_hosts("local") == kept
    assert (kept.production, kept.analysis) == (("gpvm",), ())
    with pytest.raises(client.NotPermittedError):
        await anna.set_launch_hosts("local", "analysis", ["gpvm"])


@pytest.mark.row(14, 17, 19)
async def test_a_job_type_is_saved_under_a_new_name_for_the_stages_that_switch(
    sutler: AsyncClient, campaign_id: int, stage_id: int
) -> None:
    recoveries = (Recovery("state_failed", (("--memory=", "8GB"),)), Recovery("state_not_done"))
    saved = await sutler.save_job_type(
        replace(JOB_TYPE, name="simulate2", recoveries=recoveries), switch_stage_ids=[stage_id]
    )
    assert saved.recoveries == recoveries
    assert await sutler.get_job_type(saved.id) == saved
    first, second = (await sutler.list_stages(campaign_id)).items
    assert (first.job_type, second.job_type) == ("simulate2", "simulate")
    changed = await sutler.edit_job_type(
        saved.id, replace(JOB_TYPE, name="simulate2"), revision=saved.revision, switch_stage_ids=[second.id]
    )
    assert changed.recoveries == ()
    assert [one.job_type for one in (await sutler.list_stages(campaign_id)).items] == ["simulate2", "simulate2"]
    with pytest.raises(client.ChangedMeanwhileError):
        await sutler.edit_job_type(saved.id, replace(JOB_TYPE, name="simulate2"), revision=saved.revision)
    with pytest.raises(client.ConflictError):
        await sutler.delete_job_type(saved.id)
    copy = await sutler.clone_job_type(saved.id, "third")
    await sutler.delete_job_type(copy.id)
    assert {one.name for one in (await sutler.list_job_types()).items} == {"simulate", "simulate2"}


@pytest.mark.row(12)
async def test_a_login_setup_is_tried(sutler: AsyncClient, anna: AsyncClient, campaign_id: int, parts: Parts) -> None:
    [setup] = (await sutler.list_login_setups()).items
    with pytest.raises(client.NotPermittedError):
        await anna.try_login_setup(setup.id)
    trial = await sutler.try_login_setup(setup.id, key="once")
    assert parts.backend.plans[trial.key].setup.endswith("export A=1")
    assert not trial.is_over
    assert await sutler.view_login_setup_trial(setup.id, trial.key) == trial
    with pytest.raises(client.NotFoundError):
        await sutler.view_login_setup_trial(setup.id, "other")
