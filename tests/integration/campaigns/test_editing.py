"""Changing what is to run: campaigns, stages, dependencies, templates, tags, watch lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import campaigns
from sutler.auth import Principal, Role
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotFoundError, NotPermittedError
from sutler.campaigns import (
    CampaignChange,
    CampaignLaunchedError,
    CampaignShapeError,
    ChangedMeanwhileError,
    InUseError,
    LaunchHostError,
    LaunchRequest,
    NewCampaign,
    NewDependency,
    NewJobType,
    NewLoginSetup,
    NewStage,
    NoLeadingStageError,
    Recovery,
    RecoveryType,
    StageSettings,
    StageWithoutDataError,
)
from sutler.database import AlreadyExistsError
from sutler.launch import UnknownBackendError

RAW = "files from nova:raw"


def a_stage(name: str, **said: object) -> NewStage:
    return NewStage(name, settings=StageSettings(**said))  # type: ignore[arg-type]  # by name


async def make_campaign(
    scene: Scene, *stages: NewStage, dependencies: tuple[NewDependency, ...] = (), name: str = "prod", **said: object
) -> campaigns.Campaign:
    new = NewCampaign(
        "nova",
        name,
        stages=stages,
        dependencies=dependencies,
        default_job_type="copy",
        default_login_setup="here",
        **said,  # type: ignore[arg-type]  # by name
    )
    return await campaigns.create_campaign(scene.db, scene.producer, new=new)


async def get_stages(scene: Scene, campaign_id: int) -> dict[str, int]:
    found = (await campaigns.list_stages(scene.db, scene.producer, campaign_id=campaign_id)).items
    return {stage.name: stage.id for stage in found}


@pytest.mark.row(20, 21, 25)
async def test_stages_inherit_what_they_do_not_say_and_follow_later_changes(scene: Scene) -> None:
    campaign = await make_campaign(
        scene,
        a_stage("a"),
        a_stage("b", completion_pct=50.0),
        defaults=StageSettings(dataset_query=RAW, vo_role="Analysis"),
    )
    ids = await get_stages(scene, campaign.id)
    change = CampaignChange(defaults=StageSettings(dataset_query=RAW, completion_pct=80.0, split_type="nfiles(2)"))
    await campaigns.edit_campaign(scene.db, scene.producer, campaign_id=campaign.id, change=change)
    a, b = [(await campaigns.view_stage(scene.db, scene.producer, stage_id=ids[name])).stage for name in "ab"]
    assert (a.completion_pct, b.completion_pct) == (80.0, 50.0)
    assert (a.split_type, a.dataset_query, a.vo_role) == ("nfiles(2)", RAW, None)
    assert a.own == StageSettings()
    assert b.own == StageSettings(completion_pct=50.0)
    assert a.job_type_id is not None
    assert a.own_job_type_id is None


@pytest.mark.row(21)
async def test_defaults_that_do_not_fit_a_stage_change_nothing(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a"), defaults=StageSettings(dataset_query=RAW))
    with pytest.raises(StageWithoutDataError):
        await campaigns.edit_campaign(
            scene.db, scene.producer, campaign_id=campaign.id, change=CampaignChange(name="x", defaults=StageSettings())
        )
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    assert (view.campaign.name, view.campaign.defaults.dataset_query) == ("prod", RAW)


async def test_tags_are_changed_with_the_rest_or_not_at_all(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a", dataset_query=RAW))
    changed = await campaigns.edit_campaign(
        scene.db, scene.producer, campaign_id=campaign.id, change=CampaignChange(keywords={"k": "v"}, tags=("b", "a"))
    )
    assert (changed.tags, changed.keywords, changed.revision) == (("a", "b"), {"k": "v"}, campaign.revision + 1)
    with pytest.raises(InvalidInputError):
        await campaigns.edit_campaign(
            scene.db, scene.producer, campaign_id=campaign.id, change=CampaignChange(name="other", tags=("c", " "))
        )
    kept = (await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)).campaign
    assert (kept.name, kept.tags) == (changed.name, ("a", "b"))
    without = await campaigns.edit_campaign(
        scene.db, scene.producer, campaign_id=campaign.id, change=CampaignChange(tags=())
    )
    assert (without.tags, without.keywords) == ((), {"k": "v"})


@pytest.mark.row(20)
async def test_a_campaign_is_renamed_switched_and_deleted_unless_it_was_launched(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a", dataset_query=RAW))
    renamed = await campaigns.edit_campaign(
        scene.db, scene.producer, campaign_id=campaign.id, change=CampaignChange(name="other", is_active=False)
    )
    assert (renamed.name, renamed.is_active, renamed.revision) == ("other", False, campaign.revision + 1)
    stage_id = (await get_stages(scene, campaign.id))["a"]
    await scene.launch(stage_id)
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    assert view.campaign.is_active
    with pytest.raises(CampaignLaunchedError):
        await campaigns.delete_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    empty = await make_campaign(scene, a_stage("a", dataset_query=RAW), name="empty")
    await campaigns.delete_campaign(scene.db, scene.producer, campaign_id=empty.id)
    with pytest.raises(NotFoundError):
        await campaigns.view_campaign(scene.db, scene.producer, campaign_id=empty.id)


async def test_an_edit_on_an_old_revision_is_refused(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a", dataset_query=RAW))
    change = CampaignChange(keywords={"k": "v"})
    await campaigns.edit_campaign(
        scene.db, scene.producer, campaign_id=campaign.id, change=change, revision=campaign.revision
    )
    with pytest.raises(ChangedMeanwhileError):
        await campaigns.edit_campaign(
            scene.db, scene.producer, campaign_id=campaign.id, change=change, revision=campaign.revision
        )


@pytest.mark.row(25)
async def test_stages_are_edited_and_removed_by_those_who_may_and_history_stays(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a", dataset_query=RAW), a_stage("b", dataset_query=RAW))
    ids = await get_stages(scene, campaign.id)
    submission_id = await scene.launch(ids["b"])
    new = a_stage("b2", dataset_query=RAW, job_count=3)
    with pytest.raises(NotPermittedError):
        await campaigns.edit_stage(scene.db, scene.analyst, stage_id=ids["b"], new=new)
    assert (await campaigns.edit_stage(scene.db, scene.producer, stage_id=ids["b"], new=new)).job_count == 3
    await campaigns.remove_stage(scene.db, scene.producer, stage_id=ids["b"])
    assert list(await get_stages(scene, campaign.id)) == ["a"]
    assert (await scene.view(submission_id)).submission.stage == "b2"
    with pytest.raises(campaigns.NotPossibleError):
        await scene.launch(ids["b"])


@pytest.mark.row(29, 30, 31)
async def test_dependencies_are_replaced_as_a_whole_and_keep_their_numbers(scene: Scene) -> None:
    first = NewDependency("a", "b", "%.root")
    campaign = await make_campaign(
        scene, a_stage("a", dataset_query=RAW, split_type="nfiles(2)"), a_stage("b"), dependencies=(first,)
    )
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    wanted = [first, NewDependency("a", "a"), NewDependency("b", "a")]
    found = await campaigns.set_dependencies(scene.db, scene.producer, campaign_id=campaign.id, dependencies=wanted)
    assert found[0].id == view.dependencies[0].id
    assert [(d.upstream_stage, d.downstream_stage, d.is_to_itself) for d in found] == [
        ("a", "b", False),
        ("a", "a", True),
        ("b", "a", False),
    ]
    with pytest.raises(StageWithoutDataError):
        await campaigns.set_dependencies(scene.db, scene.producer, campaign_id=campaign.id, dependencies=())
    with pytest.raises(CampaignShapeError, match="come to an end"):
        await campaigns.set_dependencies(
            scene.db, scene.producer, campaign_id=campaign.id, dependencies=[first, NewDependency("b", "b")]
        )


@pytest.mark.row(129)
async def test_a_clone_has_the_stages_dependencies_and_tags_but_no_history(scene: Scene) -> None:
    campaign = await make_campaign(
        scene,
        a_stage("a", dataset_query=RAW, split_type="nfiles(4)"),
        a_stage("b"),
        dependencies=(NewDependency("a", "b", "%x%"),),
        tags=("golden",),
        keywords={"k": "v"},
    )
    stage_id = (await get_stages(scene, campaign.id))["a"]
    first = await scene.list_names(await scene.launch(stage_id))
    copy = await campaigns.clone_campaign(scene.db, scene.producer, campaign_id=campaign.id, name="copy")
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=copy.id)
    assert (view.campaign.tags, view.campaign.keywords) == (("golden",), {"k": "v"})
    [dependency] = view.dependencies
    assert (dependency.upstream_stage, dependency.downstream_stage, dependency.file_pattern) == ("a", "b", "%x%")
    assert dependency.upstream_stage_id in {stage.id for stage in view.stages}
    assert view.submissions == ()
    assert await scene.list_names(await scene.launch((await get_stages(scene, copy.id))["a"])) == first
    with pytest.raises(AlreadyExistsError):
        await campaigns.clone_campaign(scene.db, scene.producer, campaign_id=campaign.id, name="copy")


@pytest.mark.row(33, 34, 35, 36, 38)
async def test_campaigns_are_tagged_watched_marked_and_found(scene: Scene) -> None:
    one = await make_campaign(scene, name="mc_one")
    two = await make_campaign(scene, name="mc_two")
    await campaigns.tag_campaigns(scene.db, scene.producer, campaign_ids=[one.id, two.id], add=["mc", "2026"])
    await campaigns.tag_campaigns(scene.db, scene.producer, campaign_ids=[two.id], remove=["2026"])
    await campaigns.watch_campaign(scene.db, scene.analyst, campaign_id=two.id, is_watched=True)
    assert await campaigns.list_tags(scene.db, scene.analyst, prefix="2") == {"2026": 1}

    async def find(who: Principal | None = None, **wanted: object) -> list[str]:
        page = await campaigns.list_campaigns(scene.db, who or scene.analyst, **wanted)  # type: ignore[arg-type]
        return sorted(each.name for each in page.items)

    assert await find(tag="2026") == ["mc_one"]
    assert await find(is_watched=True) == ["mc_two"]
    assert await find(name="*_TWO") == ["mc_two"]
    assert await find(is_mine=True) == []
    assert await find(scene.producer, is_mine=True) == ["mc_one", "mc_two"]
    assert await find(is_production=False) == []
    assert await campaigns.mark_campaigns(scene.db, scene.producer, campaign_ids=[one.id, two.id], is_active=False) == [
        one.id,
        two.id,
    ]
    assert await find(is_active=True) == []
    with pytest.raises(NotPermittedError):
        await campaigns.tag_campaigns(scene.db, scene.analyst, campaign_ids=[one.id], add=["x"])


@pytest.mark.row(39)
async def test_a_campaign_rests_after_seven_idle_days_and_a_launch_wakes_it(scene: Scene, clock: MovableClock) -> None:
    idle = await make_campaign(scene, a_stage("a", dataset_query=RAW), name="idle")
    busy = await make_campaign(scene, a_stage("a", dataset_query=RAW), name="busy")
    await scene.launch((await get_stages(scene, busy.id))["a"])
    clock.advance(timedelta(days=7, seconds=1))
    assert await campaigns.rest_idle_campaigns(scene.db) == [idle.id]
    assert await campaigns.rest_idle_campaigns(scene.db) == []
    await scene.launch((await get_stages(scene, idle.id))["a"])
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=idle.id)
    assert view.campaign.is_active


@pytest.mark.row(45)
async def test_a_campaign_is_launched_at_its_only_leading_stage(scene: Scene) -> None:
    campaign = await make_campaign(
        scene, a_stage("a", dataset_query=RAW), a_stage("b"), dependencies=(NewDependency("a", "b"),)
    )
    for _ in range(2):
        outcome = await campaigns.launch_campaign(
            scene.db, scene.launcher, scene.producer, campaign_id=campaign.id, key="go"
        )
        assert isinstance(outcome, campaigns.Launched)
        assert (await scene.view(outcome.submission_id)).submission.stage == "a"
    two = await make_campaign(scene, a_stage("a", dataset_query=RAW), a_stage("b", dataset_query=RAW), name="two")
    with pytest.raises(NoLeadingStageError, match="a, b"):
        await campaigns.launch_campaign(scene.db, scene.launcher, scene.producer, campaign_id=two.id, key="go2")


@pytest.mark.row(11, 14)
async def test_templates_are_cloned_hidden_and_deleted_unless_used(scene: Scene) -> None:
    await make_campaign(scene, a_stage("a", dataset_query=RAW))
    [job_type] = await campaigns.list_job_types(scene.db, scene.producer)
    [setup] = await campaigns.list_login_setups(scene.db, scene.producer)
    with pytest.raises(InUseError, match=r"prod \(default\)"):
        await campaigns.delete_job_type(scene.db, scene.producer, job_type_id=job_type.id)
    with pytest.raises(InUseError):
        await campaigns.delete_login_setup(scene.db, scene.producer, login_setup_id=setup.id)
    copied = await campaigns.clone_job_type(scene.db, scene.producer, job_type_id=job_type.id, name="copy2")
    assert (copied.launch_script, copied.output_rse) == (job_type.launch_script, job_type.output_rse)
    moved = await campaigns.clone_login_setup(scene.db, scene.producer, login_setup_id=setup.id, name="here2")
    hidden = await campaigns.save_login_setup(
        scene.db, scene.producer, new=NewLoginSetup("nova", "here2", is_active=False), revision=moved.revision
    )
    assert not hidden.is_active
    with pytest.raises(ChangedMeanwhileError):
        await campaigns.save_login_setup(
            scene.db, scene.producer, new=NewLoginSetup("nova", "here2"), revision=moved.revision
        )
    await campaigns.delete_job_type(scene.db, scene.producer, job_type_id=copied.id)
    await campaigns.delete_login_setup(scene.db, scene.producer, login_setup_id=moved.id)
    assert len(await campaigns.list_job_types(scene.db, scene.producer)) == 1


@pytest.mark.row(15, 16, 17)
async def test_a_job_type_keeps_parameters_patterns_and_recoveries_in_order(scene: Scene) -> None:
    recoveries = (
        Recovery(RecoveryType.STATE_FAILED, (("resource.memory=", "4GB"),)),
        Recovery(RecoveryType.STATE_NOT_DONE),
        Recovery(RecoveryType.STATE_FAILED, (("resource.memory=", "8GB"),)),
    )
    new = NewJobType(
        "nova",
        "reco",
        "/bin/true",
        parameters=(("--stage ", "reco"), ("-Oglobal.a=", "1")),
        output_file_patterns=("%.root", "core.data_tier = 'reco'"),
        recoveries=recoveries,
    )
    await campaigns.save_job_type(scene.db, scene.producer, new=new)
    found = {each.name: each for each in await campaigns.list_job_types(scene.db, scene.producer)}["reco"]
    assert (found.parameters, found.output_file_patterns, found.recoveries) == (
        new.parameters,
        new.output_file_patterns,
        recoveries,
    )
    bad = NewJobType("nova", "bad", "/bin/true", parameters=(("resource.memory=", "much"), ("resource.fuel=", "1")))
    with pytest.raises(InvalidInputError) as refused:
        await campaigns.save_job_type(scene.db, scene.producer, new=bad)
    assert len(refused.value.problems) == 2


@pytest.mark.row(19)
async def test_a_shared_template_is_saved_under_a_new_name_for_the_stages_that_switch(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a", dataset_query=RAW), a_stage("b", dataset_query=RAW))
    ids = await get_stages(scene, campaign.id)
    saved = await campaigns.save_job_type(
        scene.db, scene.producer, new=NewJobType("nova", "copy_b", "/bin/echo"), switch_stage_ids=[ids["b"]]
    )
    a, b = [(await campaigns.view_stage(scene.db, scene.producer, stage_id=ids[name])) for name in "ab"]
    assert a.job_type is not None
    assert a.job_type.name == "copy"
    assert b.stage.job_type_id == saved.id


@pytest.mark.row(13)
async def test_hosts_that_are_not_allowed_are_refused_before_anything_is_made(scene: Scene) -> None:
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=NewLoginSetup("nova", "far", backend="ssh", host="%(experiment)sgpvm01")
    )
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=NewLoginSetup("nova", "elsewhere", backend="ssh", host="other01")
    )
    stages = [NewStage(name, "copy", name, StageSettings(dataset_query=RAW)) for name in ("far", "elsewhere")]
    far, elsewhere = await scene.make_campaign(*stages)
    with pytest.raises(LaunchHostError, match="other01 is no host for production of nova"):
        await scene.launch(elsewhere)
    with pytest.raises(UnknownBackendError):
        await scene.launch(far)
    with pytest.raises(NotPermittedError):
        await campaigns.set_launch_hosts(
            scene.db, scene.producer, experiment="nova", role=Role.PRODUCTION, patterns=["other"]
        )
    assert (await campaigns.list_submissions(scene.db, scene.producer)).items == ()


@pytest.mark.row(13)
async def test_analysis_does_not_log_in_with_what_production_has_set_up(scene: Scene) -> None:
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=NewLoginSetup("nova", "pro", backend="ssh", host="novagpvm01", account="novapro")
    )
    await campaigns.save_job_type(scene.db, scene.analyst, new=NewJobType("nova", "anything", "/bin/sh"))
    stage = NewStage("s", "anything", "pro", StageSettings(dataset_query=RAW))
    mine = await campaigns.create_campaign(scene.db, scene.analyst, new=NewCampaign("nova", "mine", stages=(stage,)))
    [made] = (await campaigns.list_stages(scene.db, scene.analyst, campaign_id=mine.id)).items
    with pytest.raises(LaunchHostError, match="needs a login setup of analysis"):
        await campaigns.launch_stage(
            scene.db, scene.launcher, scene.analyst, request=LaunchRequest(made.id, "as production")
        )


@pytest.mark.row(32)
async def test_history_keeps_what_a_submission_ran_with_and_two_of_them_are_compared(scene: Scene) -> None:
    campaign = await make_campaign(scene, a_stage("a", dataset_query=RAW))
    stage_id = (await get_stages(scene, campaign.id))["a"]
    before = await scene.launch(stage_id)
    await campaigns.save_job_type(
        scene.db, scene.producer, new=NewJobType("nova", "copy", "/bin/true {file} -v", max_attempts=5)
    )
    await campaigns.edit_stage(
        scene.db, scene.producer, stage_id=stage_id, new=a_stage("a", dataset_query=RAW, completion_pct=60.0)
    )
    after = await scene.launch(stage_id)
    assert (await scene.view(before)).config["command"] == ["/bin/true", "{file}"]
    changes = await campaigns.compare_submissions(scene.db, scene.producer, submission_id=before, other_id=after)
    places = {each.where: (each.before, each.after) for each in changes}
    assert places["stage.completion_pct"] == ("95.0", "60.0")
    assert places["job_type.launch_script"] == ("/bin/true {file}", "/bin/true {file} -v")
    assert places["job_type.max_attempts"] == ("3", "5")


@pytest.mark.row(22, 40, 41, 42, 43)
async def test_keywords_and_merged_parameters_reach_the_command(scene: Scene) -> None:
    await campaigns.save_job_type(
        scene.db,
        scene.producer,
        new=NewJobType("nova", "p", "/bin/true %(tier)s", parameters=(("-Oa=", "1"), ("--x ", "%(version)s"))),
    )
    campaign = await make_campaign(
        scene,
        NewStage(
            "a",
            "p",
            None,
            StageSettings(
                dataset_query=RAW,
                software_version="v9",
                merges_overrides=True,
                parameter_overrides=(("-Oa=", "3"),),
                test_parameter_overrides=(("--try=", "%%(global.outdir)s"),),
            ),
        ),
        keywords={"tier": "reco"},
        defaults=StageSettings(parameter_overrides=(("-Oa=", "2"), ("-Ob=", "2"))),
    )
    stage_id = (await get_stages(scene, campaign.id))["a"]

    async def command(*, is_test: bool, overrides: tuple[tuple[str, str], ...] = ()) -> tuple[str, ...]:
        request = LaunchRequest(stage_id, "r", is_test=is_test, parameter_overrides=overrides)
        shown = await campaigns.rehearse_launch(scene.db, scene.launcher, scene.producer, request=request)
        return shown.arguments[2:]

    assert await command(is_test=False) == ("/bin/true", "reco", "-Oa=3", "--x", "v9", "-Ob=2")
    assert await command(is_test=True) == (
        "/bin/true",
        "reco",
        "-Oa=3",
        "--x",
        "v9",
        "-Ob=2",
        "--try=%(global.outdir)s",
    )
    assert await command(is_test=False, overrides=(("-Ob=", "9"),)) == (
        "/bin/true",
        "reco",
        "-Oa=3",
        "--x",
        "v9",
        "-Ob=9",
    )


@pytest.mark.row(13)
async def test_a_login_setup_that_is_not_allowed_is_refused_however_a_stage_is_launched(scene: Scene) -> None:
    new = NewCampaign(
        "nova",
        "mine",
        stages=(NewStage("s", "own", "own", StageSettings(dataset_query=RAW)),),
    )
    await campaigns.save_job_type(scene.db, scene.analyst, new=NewJobType("nova", "own", "/bin/true"))
    await campaigns.save_login_setup(scene.db, scene.analyst, new=NewLoginSetup("nova", "own"))
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=NewLoginSetup("nova", "pro", backend="ssh", host="novagpvm01")
    )
    mine = await campaigns.create_campaign(scene.db, scene.analyst, new=new)
    [stage] = (await campaigns.list_stages(scene.db, scene.analyst, campaign_id=mine.id)).items
    outcome = await campaigns.launch_stage(
        scene.db, scene.launcher, scene.analyst, request=LaunchRequest(stage.id, "first")
    )
    assert isinstance(outcome, campaigns.Launched)
    changed = NewStage("s", "own", "pro", StageSettings(dataset_query=RAW))
    await campaigns.edit_stage(scene.db, scene.analyst, stage_id=stage.id, new=changed)
    with pytest.raises(LaunchHostError):
        await campaigns.relaunch_submission(
            scene.db, scene.launcher, scene.analyst, submission_id=outcome.submission_id, key="again"
        )
