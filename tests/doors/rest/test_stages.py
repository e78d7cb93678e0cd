"""Stages through the API: what they say and inherit, holds, launches with data of their own, splits, rehearsals."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from tests.doors.rest.campaign_scene import CAMPAIGN, GENERATE, make_split_stage, make_templates
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_routes import assert_is_problem

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.campaigns import CampaignChange, NewDependency, NewStage, StageChange
from sutler.wire.dispatch import NewHandle, NewProject
from sutler.wire.stage_settings import StageSettings
from sutler.wire.submissions import LaunchRequest

pytestmark = pytest.mark.row(133, 134)


@pytest.fixture
async def campaign_id(sutler: AsyncClient) -> int:
    """A campaign of a generator that feeds a second stage."""
    await make_templates(sutler)
    return (await sutler.create_campaign(CAMPAIGN)).id


@pytest.fixture
async def stage_id(sutler: AsyncClient, campaign_id: int) -> int:
    """Its generator."""
    return (await sutler.list_stages(campaign_id)).items[0].id


@pytest.fixture
async def split_id(sutler: AsyncClient) -> int:
    """A stage that splits five files in twos."""
    return await make_split_stage(sutler)


@pytest.mark.row(21)
async def test_a_stage_inherits_what_it_does_not_say(sutler: AsyncClient, campaign_id: int, stage_id: int) -> None:
    before = (await sutler.view_stage(stage_id)).stage
    assert (before.completion_pct, before.own.completion_pct, before.own.job_count) == (95.0, None, 2)
    view = await sutler.view_campaign(campaign_id)
    changed = await sutler.edit_campaign(
        campaign_id,
        CampaignChange(defaults=StageSettings(completion_pct=80.0, job_count=9), default_job_type="simulate"),
        revision=view.campaign.revision,
    )
    assert changed.defaults == StageSettings(completion_pct=80.0, job_count=9)
    assert changed.revision > view.campaign.revision
    after = (await sutler.view_stage(stage_id)).stage
    assert (after.completion_pct, after.job_count, after.own.completion_pct) == (80.0, 2, None)
    less = await sutler.edit_campaign(
        campaign_id, CampaignChange(unset_defaults=("completion_pct",)), revision=changed.revision
    )
    assert less.defaults == StageSettings(job_count=9)


@pytest.mark.row(25)
async def test_a_stage_is_changed_in_part_or_replaced_as_a_whole(sutler: AsyncClient, stage_id: int) -> None:
    revision = (await sutler.view_stage(stage_id)).campaign.revision
    change = StageChange(
        name="make", settings=StageSettings(idle_timeout_seconds=0, recovery_limit=3), unset_settings=("job_count",)
    )
    view = await sutler.edit_stage(stage_id, change, revision=revision)
    assert (view.stage.name, view.stage.idle_timeout_seconds, view.stage.recovery_limit) == ("make", None, 3)
    assert view.stage.own == StageSettings(
        stage_type="generator", unit_count=3, idle_timeout_seconds=0.0, recovery_limit=3
    )
    assert view.job_type is not None
    replaced = await sutler.replace_stage(
        stage_id, replace(GENERATE, unit_count=5, job_count=None), revision=view.campaign.revision
    )
    assert replaced.stage.own == StageSettings(stage_type="generator", unit_count=5)
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.edit_stage(stage_id, StageChange(unset_settings=("colour",)), revision=0)
    assert [problem.where for problem in refused.value.problems] == ["unset_settings[0]"]


async def test_a_change_needs_the_revision_that_was_looked_at(
    admin: httpx.AsyncClient, sutler: AsyncClient, campaign_id: int, stage_id: int
) -> None:
    shown = await admin.get(f"/stages/{stage_id}")
    tag = shown.headers["etag"]
    assert tag == f'"{shown.json()["campaign"]["revision"]}"'
    assert (await admin.get(f"/campaigns/{campaign_id}")).headers["etag"] == tag
    changes = [
        ("PATCH", f"/campaigns/{campaign_id}", {"keywords": {"beam": "off"}}),
        ("PATCH", f"/stages/{stage_id}", {"name": "other"}),
        ("PUT", f"/stages/{stage_id}", {"name": "other", "stage_type": "generator", "unit_count": 1}),
        ("PUT", f"/campaigns/{campaign_id}/dependencies", {"dependencies": []}),
    ]
    for method, path, body in changes:
        assert_is_problem(await admin.request(method, path, json=body), 428)
        strange = await admin.request(method, path, json=body, headers={"If-Match": "yesterday"})
        assert strange.json()["problems"][0]["where"] == "If-Match"
    first = await admin.patch(f"/stages/{stage_id}", json={"name": "other"}, headers={"If-Match": tag})
    assert first.status_code == 200, first.text
    assert first.headers["etag"] != tag
    for method, path, body in changes:
        reply = await admin.request(method, path, json=body, headers={"If-Match": tag})
        assert_is_problem(reply, 412)
        assert reply.json()["code"] == "campaigns.changed_meanwhile"
    assert (await admin.patch(f"/stages/{stage_id}", json={"name": "x"}, headers={"If-Match": "*"})).status_code == 200
    with pytest.raises(client.ChangedMeanwhileError):
        await sutler.edit_campaign(campaign_id, CampaignChange(name="late"), revision=1)


async def test_stages_are_added_removed_and_joined_anew(sutler: AsyncClient, campaign_id: int, stage_id: int) -> None:
    new = NewStage("merge", "simulate", "here")
    added = await sutler.add_stage(campaign_id, new, dependencies=[NewDependency("reconstruct", "merge")])
    stages = (await sutler.list_stages(campaign_id)).items
    assert [stage.name for stage in stages] == ["generate", "reconstruct", "merge"]
    revision = (await sutler.view_campaign(campaign_id)).campaign.revision
    wanted = [NewDependency("generate", "reconstruct", "%.root"), NewDependency("generate", "merge")]
    kept = await sutler.set_dependencies(campaign_id, wanted, revision=revision)
    assert [(one.upstream_stage, one.downstream_stage) for one in kept.items] == [
        ("generate", "reconstruct"),
        ("generate", "merge"),
    ]
    await sutler.remove_stage(added.id)
    assert [one.name for one in (await sutler.list_stages(campaign_id)).items] == ["generate", "reconstruct"]
    assert len((await sutler.view_campaign(campaign_id)).dependencies) == 1


@pytest.mark.row(54)
async def test_stages_are_held_in_bulk_with_their_schedules_kept_on_wish(
    sutler: AsyncClient, campaign_id: int, anna: AsyncClient
) -> None:
    ids = [stage.id for stage in (await sutler.list_stages(campaign_id)).items]
    assert await sutler.hold_stages(ids, reason="no beam", ends_schedules=False) == tuple(ids)
    assert await sutler.hold_stages(ids) == ()
    assert [stage.is_held for stage in (await sutler.list_stages(campaign_id)).items] == [True, True]
    with pytest.raises(client.NotPermittedError):
        await anna.hold_stages(ids, is_held=False)
    assert await sutler.hold_stages(ids, is_held=False) == tuple(ids)


@pytest.mark.row(46, 47)
async def test_a_launch_may_name_its_data(sutler: AsyncClient, split_id: int) -> None:
    by_split = await sutler.view_submission(await sutler.launch_stage(split_id))
    assert by_split.submission.total_count == 2
    query = LaunchRequest(query="files from demo:all where name = '0.root'")
    dataset = LaunchRequest(dataset="demo:all", parameter_overrides=(("--events ", "77"),))
    counts = []
    for request in (query, dataset):
        view = await sutler.view_submission(await sutler.launch_stage(split_id, request=request))
        counts.append(view.submission.total_count)
        assert view.slice_number is None
    assert counts == [1, 5]
    created = await sutler.create_project(NewProject("local", (NewHandle("demo", "0.root"),), is_virtual=True))
    chosen = LaunchRequest(project_id=created.project_id)
    of_project = await sutler.view_submission(await sutler.launch_stage(split_id, request=chosen))
    assert (of_project.submission.project_id, of_project.submission.total_count) == (created.project_id, 1)
    test = await sutler.view_submission(await sutler.launch_stage(split_id, is_test=True))
    assert test.submission.is_test
    production, of_tests = (await sutler.view_positions(split_id)).items
    assert (production.slice_count, of_tests.slice_count) == (1, 1)
    with pytest.raises(client.InvalidInputError, match="one kind of data"):
        await sutler.launch_stage(split_id, request=LaunchRequest(query="files from demo:all", dataset="demo:all"))


@pytest.mark.row(48)
async def test_a_rehearsal_shows_what_a_launch_would_run_and_moves_nothing(
    sutler: AsyncClient, split_id: int, parts: Parts
) -> None:
    overrides = (("--events ", "77"),)
    found = await sutler.rehearse_launch(split_id, LaunchRequest(parameter_overrides=overrides))
    assert (found.file_count, found.size_bytes, found.slice_number) == (2, 200, 1)
    assert (found.backend, found.job_count, found.held_because) == ("local", 1, "")
    assert "export A=1" in found.setup
    assert "--events" in found.arguments
    assert "77" in found.arguments
    assert not parts.backend.plans
    assert (await sutler.view_positions(split_id)).items[0].slice_count == 0
    await sutler.hold_stage(split_id, reason="no beam")
    assert "no beam" in (await sutler.rehearse_launch(split_id)).held_because


@pytest.mark.row(79)
async def test_split_types_tell_their_parameters_and_what_they_would_make_of_the_data(
    sutler: AsyncClient, split_id: int
) -> None:
    kinds = {kind.name: kind for kind in (await sutler.list_split_types()).items}
    assert {"drainingn", "byrun", "new", "multiparam"} <= kinds.keys()
    [asked, *_] = kinds["drainingn"].parameters
    assert asked.name == "n"
    assert asked.default is None
    assert asked.help
    whole, halves, wrong = (await sutler.forecast_splits(split_id, ["", "drainingn(3)", "drainingn(x)"])).items
    assert [one.file_count for one in whole.slices][:1] == [5]
    assert [one.file_count for one in halves.slices] == [3, 2]
    assert halves.end
    assert halves.slices[0].first_files[0].startswith("demo:")
    assert (wrong.slices, bool(wrong.trouble)) == ((), True)
    assert (await sutler.view_positions(split_id)).items[0].slice_count == 0


@pytest.mark.row(80)
async def test_positions_are_shown_reset_and_edited(sutler: AsyncClient, split_id: int, anna: AsyncClient) -> None:
    await sutler.launch_stage(split_id)
    production, _ = (await sutler.view_positions(split_id)).items
    assert (production.kind, production.split_type, production.slice_count, production.taken_count) == (
        "production",
        "drainingn(2)",
        1,
        2,
    )
    assert production.description
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.move_split(split_id, {"colour": "red"})
    assert refused.value.code == "campaigns.split_type"
    with pytest.raises(client.NotPermittedError):
        await anna.reset_split(split_id)
    reset = await sutler.reset_split(split_id, key="once")
    assert (reset.epoch, reset.slice_count, reset.taken_count) == (production.epoch + 1, 0, 0)
    assert reset.reset_by == "admin"
    assert await sutler.reset_split(split_id, key="once") == reset
    revision = (await sutler.view_stage(split_id)).campaign.revision
    await sutler.edit_stage(split_id, StageChange(settings=StageSettings(split_type="mod(2)")), revision=revision)
    asked = (await sutler.view_positions(split_id)).items[0]
    assert asked.position_help
    moved = await sutler.move_split(split_id, {"part": 1})
    assert moved.position == {"part": 1}
    assert moved.description != asked.description
