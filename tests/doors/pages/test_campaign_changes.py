"""Campaigns, stages, splits, schedules, holds and what they are made from are changed by the forms of their pages."""

from __future__ import annotations

import html
import re
from uuid import uuid4

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, find_field, make_app
from tests.integration.campaigns.scene import Scene

from sutler import campaigns
from sutler.campaigns import NewStage, RecoveryType, SplitKind, Stage, StageSettings


async def _get_stage(scene: Scene, stage_id: int) -> Stage:
    return (await campaigns.view_stage(scene.db, scene.producer, stage_id=stage_id)).stage


@pytest.mark.parametrize(
    "address",
    [
        "?activity=all&whose=mine&kind=production&tag=x&watched=yes",
        "queue?state=",
        "campaigns/{campaign}/export?form=ini",
        "stages/{stage}/split/test/reset",
        "stages/{stage}/forecast?split=nfiles(3)&extra=bysize(30B);nonsense",
    ],
)
async def test_pages_answer_what_their_addresses_ask_for(
    producer: Browser, scene: Scene, stages: list[int], address: str
) -> None:
    campaign_id = (await _get_stage(scene, stages[0])).campaign_id
    reply = await producer.get(address.format(campaign=campaign_id, stage=stages[0]))
    assert reply.status_code == 200, reply.text


async def test_campaigns_are_marked_tagged_and_watched(producer: Browser, scene: Scene, stages: list[int]) -> None:
    number = str((await _get_stage(scene, stages[0])).campaign_id)
    page = await producer.get("")
    reply = await producer.post("campaigns/change", page, what="tag", tag="one, two", campaign=number)
    assert reply.headers["location"] == "/"
    assert "one" in (await producer.get("?tag=one")).text
    assert "No campaign is like that" in (await producer.get("?tag=three")).text
    await producer.post(f"campaigns/{number}/watch", page, is_watched="yes", next="/?watched=yes")
    assert f"/campaigns/{number}" in (await producer.get("?watched=yes")).text
    await producer.post("campaigns/change", page, what="inactive", campaign=number)
    assert f'href="/campaigns/{number}"' not in (await producer.get("")).text
    assert f'href="/campaigns/{number}"' in (await producer.get("?activity=inactive")).text
    assert "No campaign is ticked" in (await producer.post("campaigns/change", page, what="active")).text


async def test_watching_leads_nowhere_else(producer: Browser, scene: Scene, stages: list[int]) -> None:
    number = (await _get_stage(scene, stages[0])).campaign_id
    page = await producer.get("")
    reply = await producer.post(f"campaigns/{number}/watch", page, is_watched="yes", next="https://example.org/")
    assert reply.headers["location"] == "/"


async def test_campaign_is_made_edited_and_deleted(producer: Browser, scene: Scene) -> None:
    form = await producer.get("campaigns/new")
    reply = await producer.post("campaigns/new", form, experiment="nova", name="mine", completion_pct="lots")
    assert reply.status_code == 422
    assert "is no number" in reply.text
    assert 'value="lots"' in reply.text
    made = await producer.post("campaigns/new", form, experiment="nova", name="mine", completion_pct="90")
    at = made.headers["location"].lstrip("/")
    edit = await producer.get(f"{at}/edit")
    fields = {"name": "mine", "tags": "a, b", "job_type": "copy", "data_handler": "data_dispatcher"}
    fields |= {"idle_timeout_seconds": "never", "keyword_key": "k", "keyword_value": "v"}
    fields |= {"parameter_overrides_key": "--memory=", "parameter_overrides_value": "4 GB"}
    revision = find_field(edit, "revision")
    assert (await producer.post(f"{at}/edit", edit, revision=revision, **fields)).status_code == 303
    campaign = (
        await campaigns.view_campaign(scene.db, scene.producer, campaign_id=int(at.rpartition("/")[2]))
    ).campaign
    assert (campaign.tags, campaign.keywords) == (("a", "b"), {"k": "v"})
    assert campaign.defaults == StageSettings(idle_timeout_seconds=0.0, parameter_overrides=(("--memory=", "4 GB"),))
    late = await producer.post(f"{at}/edit", edit, revision=revision, **fields)
    assert (late.status_code, "Somebody has changed campaign" in late.text) == (409, True)
    question = await producer.get(f"{at}/delete")
    assert (await producer.post(f"{at}/delete", question)).headers["location"] == "/"


async def test_stage_says_what_it_inherits_and_its_form_keeps_what_was_typed(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    form = await producer.get(f"stages/{stages[0]}/edit")
    assert 'placeholder="95"' in form.text
    fields = {"name": "copy", "job_type": "copy", "login_setup": "here", "dataset_query": "files form nova:raw"}
    wrong = await producer.post(f"stages/{stages[0]}/edit", form, **fields)
    assert wrong.status_code == 422
    assert "files form nova:raw</textarea>" in wrong.text
    fields |= {"dataset_query": "files from nova:raw", "split_type": "drainingn(3)", "clears_schedule": "no"}
    assert (await producer.post(f"stages/{stages[0]}/edit", form, **fields)).status_code == 303
    own = (await _get_stage(scene, stages[0])).own
    assert own == StageSettings(dataset_query="files from nova:raw", split_type="drainingn(3)", clears_schedule=False)
    assert "built in" in (await producer.get(f"stages/{stages[0]}")).text


async def test_stage_is_added_with_what_feeds_it_and_taken_out(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    number = (await _get_stage(scene, stages[0])).campaign_id
    form = await producer.get(f"campaigns/{number}/stages/new")
    fields = {"name": "third", "job_type": "copy", "login_setup": "here", "fed_by": "merge", "file_pattern": "%.root"}
    added = await producer.post(f"campaigns/{number}/stages/new", form, **fields)
    at = added.headers["location"].lstrip("/")
    assert "%.root" in (await producer.get(at)).text
    assert (await producer.post(f"{at}/remove", form)).headers["location"] == f"/campaigns/{number}"
    assert "third" not in (await producer.get(f"campaigns/{number}")).text


async def test_dependencies_are_replaced_row_by_row(producer: Browser, scene: Scene, stages: list[int]) -> None:
    number = (await _get_stage(scene, stages[0])).campaign_id
    at = f"campaigns/{number}/dependencies"
    form = await producer.get(at)
    fields = {"upstream": "copy", "downstream": "merge", "revision": find_field(form, "revision")}
    assert (await producer.post(at, form, pattern="new.%", **fields)).status_code == 303
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=number)
    assert [one.file_pattern for one in view.dependencies] == ["new.%"]


async def test_dry_run_shows_files_and_command_and_moves_nothing(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    at = f"stages/{stages[0]}"
    form = await producer.get(f"{at}/launch")
    shown = await producer.post(
        f"{at}/rehearse", form, key=str(uuid4()), override_key="--memory=", override_value="2 GB", query=""
    )
    assert "nothing was launched" in shown.text
    assert "--memory=2 GB" in shown.text.replace("&#39;", "")
    assert "nova:f00.root" in shown.text
    assert 'value="2 GB"' in shown.text
    view = await campaigns.view_stage(scene.db, scene.producer, stage_id=stages[0])
    assert not view.submissions


async def test_launch_takes_a_query_instead_and_a_test_is_told_apart(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    at = f"stages/{stages[0]}/launch"
    form = await producer.get(at)
    query = "files from nova:raw where core.number < 2"
    reply = await producer.post(at, form, key=find_field(form, "key"), query=query, is_test="yes")
    view = await scene.view(int(reply.headers["location"].rpartition("/")[2]))
    assert (view.dataset_query, view.submission.is_test, view.submission.total_count) == (query, True, 2)
    both = await producer.post(at, form, key=str(uuid4()), query=query, project="3")
    assert (both.status_code, "cannot both be given" in both.text) == (422, True)


async def test_split_begins_anew_after_a_question(producer: Browser, scene: Scene, stages: list[int]) -> None:
    await scene.launch(stages[0])
    question = await producer.get(f"stages/{stages[0]}/split/production/reset")
    assert "4 files were given out in pass 1, in 1 slices" in question.text
    await producer.post(f"stages/{stages[0]}/split/production/reset", question)
    positions = await campaigns.view_positions(scene.db, scene.producer, stage_id=stages[0])
    assert next(one.epoch for one in positions if one.kind is SplitKind.PRODUCTION) == 2
    assert (await producer.get(f"stages/{stages[0]}/split/sideways/reset")).status_code == 404


async def test_position_is_set_where_there_is_one(producer: Browser, scene: Scene) -> None:
    settings = StageSettings(dataset_query="files from nova:raw", split_type="mod(4)")
    [stage_id] = await scene.make_campaign(NewStage("m", "copy", "here", settings=settings))
    form = await producer.get(f"stages/{stage_id}/split")
    assert (
        await producer.post(f"stages/{stage_id}/split/production", form, field="part", position="2")
    ).status_code == 303
    wrong = await producer.post(f"stages/{stage_id}/split/production", form, field="part", position="west")
    assert (wrong.status_code, 'value="west"' in wrong.text) == (422, True)


async def test_split_types_stand_side_by_side(producer: Browser, stages: list[int]) -> None:
    text = (await producer.get(f"stages/{stages[0]}/forecast?split=nfiles(6)&extra=limitn(2);nonsense(1)")).text
    assert "6 files" in text
    assert "4 files" in text
    assert "2 files" in text
    assert 'class="bad"' in text


async def test_schedule_is_saved_shown_and_deleted(producer: Browser, scene: Scene, stages: list[int]) -> None:
    at = f"stages/{stages[0]}/schedule"
    form = await producer.get(at)
    fields = {"minute": "99", "hour": "3", "time_zone": "Europe/Berlin", "overlap": "skip", "is_active": "yes"}
    wrong = await producer.post(at, form, **fields)
    assert (wrong.status_code, 'value="99"' in wrong.text) == (422, True)
    assert (await producer.post(at, form, **{**fields, "minute": "15"})).status_code == 303
    text = (await producer.get(at)).text
    assert "15 3 * * *" in text
    assert text.count("<time") >= 6
    await producer.post(f"{at}/delete", form)
    assert not (await campaigns.list_schedules(scene.db, scene.producer)).items


async def test_held_launch_is_seen_and_deleted(producer: Browser, scene: Scene, stages: list[int]) -> None:
    form = await producer.get("holds")
    change = {"experiment": "nova", "kind": "launches", "reason": "power cut"}
    assert (await producer.post("holds", form, what="hold", **change)).status_code == 303
    assert "power cut" in (await producer.get("holds")).text
    page = await producer.get(f"stages/{stages[0]}")
    await producer.post(f"stages/{stages[0]}/launch", page, key=find_field(page, "key"))
    queue = await producer.get("queue")
    assert "power cut" in queue.text
    await producer.post("queue/delete", queue, queued=find_field(queue, "queued"))
    assert "Nothing waits" in (await producer.get("queue")).text
    await producer.post("holds", form, what="release", **change)
    assert not await campaigns.list_holds(scene.db, scene.producer)
    assert (await producer.post("holds", form, what="hold", kind="launches")).status_code == 403


async def test_job_type_saved_under_another_name_takes_the_stages_that_are_ticked(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    number = (await _get_stage(scene, stages[0])).job_type_id
    form = await producer.get(f"job-types/{number}")
    fields = {"id": str(number), "experiment": "nova", "name": "copy two", "launch_script": "/bin/true"}
    fields |= {"files_per_run": "1", "max_attempts": "x", "output_dataset": "d", "switch": str(stages[1])}
    fields |= {"recovery": "state_failed", "recovery0_key": "--memory=", "recovery0_value": "8 GB"}
    wrong = await producer.post("job-types", form, **fields)
    assert wrong.status_code == 422
    assert 'value="8 GB"' in wrong.text
    saved = await producer.post("job-types", form, **{**fields, "max_attempts": "2"})
    made = int(saved.headers["location"].rpartition("/")[2])
    assert [(await _get_stage(scene, stage_id)).job_type_id for stage_id in stages] == [number, made]
    found = next(one for one in await campaigns.list_job_types(scene.db, scene.producer) if one.id == made)
    [recovery] = found.recoveries
    assert (recovery.recovery_type, recovery.parameter_overrides) == (
        RecoveryType.STATE_FAILED,
        (("--memory=", "8 GB"),),
    )
    used = await producer.post(f"job-types/{made}/delete", form)
    assert (used.status_code, "merge" in used.text) == (409, True)


async def test_login_setup_is_copied_changed_and_deleted(producer: Browser, scene: Scene, stages: list[int]) -> None:
    number = (await _get_stage(scene, stages[0])).login_setup_id
    form = await producer.get(f"login-setups/{number}/clone")
    made = (await producer.post(f"login-setups/{number}/clone", form, name="there")).headers["location"].lstrip("/")
    page = await producer.get(made)
    fields = {"id": made.rpartition("/")[2], "experiment": "nova", "name": "there", "setup": "export A=1\r\n"}
    revision = find_field(page, "revision")
    assert (await producer.post("login-setups", page, revision=revision, **fields)).status_code == 303
    found = next(one for one in await campaigns.list_login_setups(scene.db, scene.producer) if one.name == "there")
    assert found.setup == "export A=1\n"
    assert (await producer.post(f"{made}/delete", page)).headers["location"] == "/login-setups"
    assert (await producer.get(made)).status_code == 404


async def test_text_is_planned_then_applied(producer: Browser, scene: Scene, stages: list[int]) -> None:
    number = (await _get_stage(scene, stages[0])).campaign_id
    text = (await producer.get(f"campaigns/{number}/export")).text
    page = await producer.get(f"campaigns/{number}/text")
    plan = await producer.post("campaigns/plan", page, text=text.replace("nfiles(4)", "nfiles(5)"))
    assert "nfiles(5)" in plan.text
    assert 'id="apply"' in plan.text
    applied = await producer.post(
        "campaigns/apply",
        plan,
        text=text.replace("nfiles(4)", "nfiles(5)"),
        revision=find_field(plan, "revision"),
    )
    assert applied.headers["location"] == f"/campaigns/{number}"
    assert (await _get_stage(scene, stages[0])).split_type == "nfiles(5)"
    broken = await producer.post("campaigns/plan", page, text="[campaign")
    assert (broken.status_code, "[campaign</textarea>" in broken.text) == (422, True)


async def test_file_is_uploaded_and_planned(producer: Browser, scene: Scene, stages: list[int]) -> None:
    number = (await _get_stage(scene, stages[0])).campaign_id
    text = (await producer.get(f"campaigns/{number}/export?form=ini")).content
    page = await producer.get("campaigns/text")
    token = {"csrf": find_field(page, "csrf"), "experiment": "nova"}
    reply = await producer.client.post("campaigns/plan", data=token, files={"file": ("c.ini", text)})
    assert reply.status_code == 200, reply.text
    assert "text and campaign say the same" in reply.text
    binary = await producer.client.post("campaigns/plan", data=token, files={"file": ("c.ini", b"\xff\xfe")})
    assert (binary.status_code, "no text in UTF-8" in binary.text) == (422, True)


async def test_sample_becomes_a_campaign(producer: Browser, scene: Scene) -> None:
    page = await producer.get("samples/reconstruction")
    plan = await producer.post("samples/reconstruction/clone", page, experiment="nova", name='my "one"')
    assert "my &#34;one&#34;" in plan.text
    text = html.unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", plan.text, re.DOTALL)[0])
    fields = {"text": text, "file_name": "reconstruction.toml", "experiment": "nova"}
    applied = await producer.post("campaigns/apply", plan, **fields)
    assert applied.status_code == 303, applied.text
    campaign_id = int(applied.headers["location"].rpartition("/")[2])
    made = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign_id)
    assert (made.campaign.name, [stage.name for stage in made.stages]) == ('my "one"', ["reco", "anatree"])
    names = {one.name for one in await campaigns.list_job_types(scene.db, scene.producer)}
    assert {"sample_reco", "sample_anatree"} <= names
    assert "0 */6 * * *" in (await producer.get(f"campaigns/{campaign_id}/stages")).text


async def test_recoveries_are_counted_and_launched(producer: Browser, scene: Scene, stages: list[int]) -> None:
    submission_id = await scene.launch(stages[0])
    await scene.work_off(submission_id, fail=1)
    page = await producer.get(f"submissions/{submission_id}/recover")
    assert "state failed" in page.text
    fields = {"recovery_type": "state_failed", "key": find_field(page, "key")}
    reply = await producer.post(f"submissions/{submission_id}/recover", page, **fields)
    assert reply.status_code == 303, reply.text
    recovery = reply.headers["location"].lstrip("/")
    assert f'href="/submissions/{submission_id}"' in (await producer.get(recovery)).text
    again = await producer.post(f"submissions/{submission_id}/recover", page, **fields)
    assert again.headers["location"] == reply.headers["location"]
    assert (
        await producer.post(f"submissions/{submission_id}/recover", page, recovery_type="all", key=str(uuid4()))
    ).status_code == 422


async def test_submission_is_launched_again_and_completed(producer: Browser, scene: Scene, stages: list[int]) -> None:
    submission_id = await scene.launch(stages[0])
    question = await producer.get(f"submissions/{submission_id}/relaunch")
    reply = await producer.post(f"submissions/{submission_id}/relaunch", question, key=find_field(question, "key"))
    again = reply.headers["location"].lstrip("/")
    assert again.startswith("submissions/")
    assert (await scene.list_names(int(again.rpartition("/")[2]))) == await scene.list_names(submission_id)
    question = await producer.get(f"{again}/complete")
    assert (await producer.post(f"{again}/complete", question, reason="enough")).status_code == 303
    assert "enough" in (await producer.get(again)).text
    assert (await producer.get(f"{again}/approve")).status_code == 409


@pytest.mark.parametrize("verb", ["complete", "relaunch", "recover"])
async def test_who_may_not_launch_changes_no_submission(
    scene: Scene, stages: list[int], services: ServicesUnderTest, verb: str
) -> None:
    submission_id = await scene.launch(stages[0])
    browser = Browser(make_app(services))
    await browser.sign_in("ann")
    page = await browser.get(f"submissions/{submission_id}")
    assert f"/{verb}" not in page.text or verb == "recover"
    fields = {"key": str(uuid4()), "recovery_type": "reprocess_all"}
    assert (await browser.post(f"submissions/{submission_id}/{verb}", page, **fields)).status_code == 403
    before = await _get_stage(scene, stages[0])
    assert (await browser.post(f"stages/{stages[0]}/edit", page, name="x")).status_code == 403
    assert await _get_stage(scene, stages[0]) == before


async def test_hosts_of_login_setups_are_set_by_those_who_may(
    producer: Browser, scene: Scene, services: ServicesUnderTest
) -> None:
    form = await producer.get("holds")
    refused = await producer.post("experiments/nova/hosts", form, role="analysis", patterns="batch")
    assert refused.status_code == 403
    admin = Browser(make_app(services))
    await admin.sign_in("admin")
    page = await admin.get("experiments/nova")
    fields = {"role": "analysis", "patterns": "batch.nova, gpvm"}
    assert (await admin.post("experiments/nova/hosts", page, **fields)).status_code == 303
    found = await campaigns.get_launch_hosts(scene.db, scene.producer, experiment="nova")
    assert found.analysis == ("batch.nova", "gpvm")
    assert (await admin.post("experiments/nova/hosts", page, role="shifter", patterns="x")).status_code == 422
