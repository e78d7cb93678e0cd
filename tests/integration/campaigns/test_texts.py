"""Campaigns as text: planned, applied as a whole or not at all, exported, and the same again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import auth, campaigns
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.campaigns import ChangedMeanwhileError, ChangeKind, RecoveryType
from sutler.campaigns.text import CampaignTextError

FOLDER = Path(__file__).parents[2] / "data" / "campaigns"
WITHOUT_DATA = "remarks_and_strangers"
FILES = [
    pytest.param(path.read_text(encoding="utf-8"), id=path.stem)
    for path in sorted(FOLDER.glob("*.ini"))
    if path.stem != WITHOUT_DATA
]

TEXT = """
[campaign]
experiment = "nova"
name = "short"
tags = ["t"]
keywords = { tier = "reco" }

[defaults]
job_type = "copy"
login_setup = "here"

[stages.first]
dataset_query = "files from nova:raw"
split_type = "nfiles(4)"

[stages.second]
completion_pct = 80.0

[[dependencies]]
upstream = "first"
downstream = "second"
file_pattern = "%.root"
"""


JOB_TYPE = """
[job_types.copy]
launch_script = "/bin/echo"

[[job_types.copy.recoveries]]
type = "consumed_status"

[[job_types.copy.recoveries]]
type = "state_failed"
parameter_overrides = [["resource.memory=", "2GB"]]
"""


async def apply(scene: Scene, text: str, **more: object) -> campaigns.AppliedPlan:
    return await campaigns.apply_campaign(scene.db, scene.producer, text=text, **more)  # type: ignore[arg-type]  # by name


async def plan(scene: Scene, text: str, **more: object) -> campaigns.CampaignPlan:
    return await campaigns.plan_campaign(scene.db, scene.producer, text=text, **more)  # type: ignore[arg-type]  # by name


@pytest.fixture
async def generic(scene: Scene) -> None:
    """The templates that files of the predecessor refer to without bringing them."""
    for name in ("generic", "production"):
        await campaigns.save_login_setup(scene.db, scene.producer, new=campaigns.NewLoginSetup("nova", name))
    await campaigns.save_job_type(scene.db, scene.producer, new=campaigns.NewJobType("nova", "generic", "/bin/true"))


@pytest.mark.usefixtures("generic")
@pytest.mark.row(123, 124, 125, 126)
@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("form", ["ini", "toml"])
async def test_a_file_uploads_plans_empty_exports_and_uploads_again(scene: Scene, text: str, form: str) -> None:
    first = await plan(scene, text, experiment="nova")
    assert first.problems == ()
    assert first.changes
    applied = await apply(scene, text, experiment="nova")
    again = await plan(scene, text, experiment="nova")
    assert (again.changes, again.problems) == ((), ())
    exported = await campaigns.export_campaign(scene.db, scene.producer, campaign_id=applied.campaign_id, form=form)
    assert (await plan(scene, exported)).changes == ()
    repeated = await apply(scene, exported)
    assert (repeated.campaign_id, repeated.changes) == (applied.campaign_id, ())
    copy = exported.replace(applied.name, "made again", 1)
    if "made again" in copy:
        made = await apply(scene, copy)
        other = await campaigns.export_campaign(scene.db, scene.producer, campaign_id=made.campaign_id, form=form)
        assert other.replace("made again", applied.name, 1) == exported


@pytest.mark.usefixtures("generic")
@pytest.mark.row(124)
async def test_a_file_whose_stage_has_no_data_for_its_handler_is_told_so_and_not_saved(scene: Scene) -> None:
    text = (FOLDER / f"{WITHOUT_DATA}.ini").read_text(encoding="utf-8")
    found = await plan(scene, text, experiment="nova")
    assert found.problems == ("stage only: The stage needs a query or a project id, or another stage that feeds it.",)
    with pytest.raises(InvalidInputError):
        await apply(scene, text, experiment="nova")


@pytest.mark.row(124)
async def test_a_plan_says_what_would_change_and_how_many_files_each_stage_touches(scene: Scene) -> None:
    applied = await apply(scene, TEXT)
    stages = {name: stage_id for stage_id, name in applied.stages}
    await scene.launch(stages["first"])
    changed = (
        TEXT.replace("nfiles(4)", "nfiles(3)").replace("80.0", "90.0") + '\n[stages.third]\nstage_type = "approval"\n'
    )
    found = await plan(scene, changed)
    assert {(each.kind, each.where) for each in found.changes} >= {
        (ChangeKind.CHANGED, "stages.first.split_type"),
        (ChangeKind.CHANGED, "stages.second.completion_pct"),
        (ChangeKind.ADDED, "stages.third"),
    }
    effects = {each.stage: each for each in found.effects}
    assert (effects["first"].file_count, effects["first"].given_out_count, effects["first"].begins_anew) == (
        10,
        4,
        True,
    )
    assert (effects["second"].kind, effects["third"].kind) == (ChangeKind.CHANGED, ChangeKind.ADDED)
    assert (await plan(scene, TEXT)).changes == ()


@pytest.mark.row(124)
async def test_stages_are_matched_by_name_and_those_left_out_leave_with_their_history(scene: Scene) -> None:
    applied = await apply(scene, TEXT)
    ids = {name: stage_id for stage_id, name in applied.stages}
    submission_id = await scene.launch(ids["first"])
    without = (
        TEXT[: TEXT.index("[[dependencies]]")]
        .replace("[stages.second]", "[stages.other]")
        .replace("completion_pct = 80.0", 'dataset_query = "files"')
    )
    found = await plan(scene, without)
    assert [(each.stage, each.kind) for each in found.effects] == [
        ("first", None),
        ("other", ChangeKind.ADDED),
        ("second", ChangeKind.REMOVED),
    ]
    changed = await apply(scene, without, revision=found.revision)
    assert (ids["first"], "first") in changed.stages
    assert (await scene.view(submission_id)).submission.stage == "first"


@pytest.mark.row(124)
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('job_type = "copy"', 'job_type = "nothing"', "job type nothing is neither in the text nor in nova"),
        ("nfiles(4)", "nfiles(none)", "nfiles"),
        ("files from nova:raw", "flies from nova:raw", "flies"),
        ('upstream = "first"', 'upstream = "zeroth"', "zeroth"),
    ],
)
async def test_a_text_with_a_problem_says_it_and_saves_nothing(scene: Scene, old: str, new: str, problem: str) -> None:
    text = TEXT.replace(old, new)
    found = await plan(scene, text)
    assert any(problem in each for each in found.problems), found.problems
    with pytest.raises(InvalidInputError):
        await apply(scene, text)
    assert (await campaigns.list_campaigns(scene.db, scene.producer)).items == ()


async def test_what_cannot_be_read_and_whoever_may_not_are_refused(scene: Scene) -> None:
    with pytest.raises(CampaignTextError):
        await plan(scene, "[campaign\nname = 1")
    await apply(scene, TEXT)
    with pytest.raises(NotPermittedError):
        await campaigns.apply_campaign(scene.db, scene.analyst, text=TEXT.replace("80.0", "81.0"))


async def test_a_plan_that_is_out_of_date_is_not_applied(scene: Scene) -> None:
    await apply(scene, TEXT)
    found = await plan(scene, TEXT.replace("80.0", "70.0"))
    await apply(scene, TEXT.replace("80.0", "60.0"))
    with pytest.raises(ChangedMeanwhileError):
        await apply(scene, TEXT.replace("80.0", "70.0"), revision=found.revision)


async def test_job_types_of_the_text_are_changed_and_others_who_use_them_are_named(scene: Scene) -> None:
    await apply(scene, TEXT)
    await apply(scene, TEXT.replace('"short"', '"other"'))
    found = await plan(scene, TEXT + JOB_TYPE)
    if found.problems:
        pytest.fail(str(found.problems))
    assert any("copy" in each and "other" in each for each in found.warnings), found.warnings
    await apply(scene, TEXT + JOB_TYPE)
    [saved] = await campaigns.list_job_types(scene.db, scene.producer)
    assert [each.recovery_type for each in saved.recoveries] == [
        RecoveryType.CONSUMED_STATUS,
        RecoveryType.STATE_FAILED,
    ]


async def test_schedules_come_and_go_with_the_text(scene: Scene) -> None:
    scheduled = TEXT + '\n[schedules.first]\ncron = "0 6 * * *"\ntime_zone = "America/Chicago"\n'
    applied = await apply(scene, scheduled)
    assert (await plan(scene, scheduled)).changes == ()
    [schedule] = (await campaigns.list_schedules(scene.db, scene.producer)).items
    assert (schedule.stage_id, schedule.cron, schedule.is_active) == (applied.stages[0][0], "0 6 * * *", True)
    await apply(scene, TEXT)
    [ended] = (await campaigns.list_schedules(scene.db, scene.producer)).items
    assert not ended.is_active


async def test_a_plan_shows_nothing_of_an_experiment_to_strangers(scene: Scene) -> None:
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=campaigns.NewLoginSetup("nova", "secret", setup="export SECRET=1")
    )
    await auth.create_experiment(scene.db, scene.admin, name="dune")
    stranger = await auth.create_user(scene.db, scene.admin, username="dora", password="correct horse")
    await auth.set_member(scene.db, scene.admin, experiment="dune", username="dora", role=auth.Role.SUPERUSER)
    who = await auth.get_principal_of(scene.db, user_id=stranger.id)
    text = TEXT + '\n[login_setups.secret]\nbackend = "local"\n'
    for act in (campaigns.plan_campaign, campaigns.apply_campaign):
        with pytest.raises(NotPermittedError):
            await act(scene.db, who, text=text)


async def test_of_several_who_apply_on_one_revision_one_gets_through(scene: Scene) -> None:
    await apply(scene, TEXT)
    found = await plan(scene, TEXT)
    texts = [TEXT.replace("80.0", f"{number}.0") for number in (61, 62, 63)]
    outcomes = await asyncio.gather(
        *(apply(scene, text, revision=found.revision) for text in texts), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["AppliedPlan", *["ChangedMeanwhileError"] * 2]


async def test_schedules_that_stay_keep_who_saved_them_and_when_they_are_due(scene: Scene) -> None:
    scheduled = TEXT + '\n[schedules.first]\ncron = "0 6 * * *"\n'
    await apply(scene, scheduled)
    [before] = (await campaigns.list_schedules(scene.db, scene.producer)).items
    await campaigns.apply_campaign(scene.db, scene.admin, text=scheduled.replace("80.0", "70.0"))
    [after] = (await campaigns.list_schedules(scene.db, scene.producer)).items
    assert (after.saved_by, after.next_due_at) == (before.saved_by, before.next_due_at)


async def test_hidden_templates_stay_hidden_and_others_who_use_a_login_setup_are_named(scene: Scene) -> None:
    setup = '\n[login_setups.here]\nbackend = "local"\nsetup = "export X=1"\n'
    await apply(scene, TEXT)
    await apply(scene, TEXT.replace('"short"', '"other"'))
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=campaigns.NewLoginSetup("nova", "here", is_active=False)
    )
    found = await plan(scene, TEXT + setup)
    assert found.warnings == ("login setup here is changed, and campaigns other use it, too",)
    await apply(scene, TEXT + setup)
    [saved] = await campaigns.list_login_setups(scene.db, scene.producer)
    assert (saved.is_active, saved.setup) == (False, "export X=1")
