"""Every split type, launched to its end: which files each submission gets, and where the split stands then."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.campaigns.scene import FILES, Scene

from sutler import campaigns, catalog, dispatch
from sutler.auth import find_experiment_in
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.campaigns import (
    ChosenProject,
    ChosenQuery,
    LaunchRequest,
    NewStage,
    NothingToLaunchError,
    SplitKind,
    SplitTypeError,
    StageSettings,
)

RAW = "files from nova:raw"
RUNS = "files from nova:runs"


async def make_stage(scene: Scene, split_type: str, query: str = RAW, **said: object) -> int:
    settings = StageSettings(dataset_query=query, split_type=split_type, **said)  # type: ignore[arg-type]  # by name
    (stage_id,) = await scene.make_campaign(NewStage("s", "copy", "here", settings))
    return stage_id


async def declare(scene: Scene, dataset: str, files: Sequence[catalog.NewFile]) -> None:
    did = Did("nova", dataset)
    with contextlib.suppress(catalog.DatasetExistsError):
        await catalog.create_dataset(scene.db, scene.producer, did=did)
    await catalog.declare_files(scene.db, scene.producer, files=files, dataset=did)


async def launch_all(scene: Scene, stage_id: int, *, most: int = 50) -> tuple[list[list[str]], str]:
    """Launch until there is nothing; return the names of each slice, and why there is nothing."""
    slices = []
    for _ in range(most):
        try:
            slices.append(await scene.list_names(await scene.launch(stage_id)))
        except NothingToLaunchError as nothing:
            return slices, nothing.sentence
    raise AssertionError("the split never ends")


def join(slices: Sequence[Sequence[str]]) -> list[str]:
    return [name for names in slices for name in names]


@pytest.mark.row(72, 75, 77)
@pytest.mark.parametrize("split_type", ["drainingn(3)", "nfiles(4)", "mod(3)", "bysize(35B)", "bytime(1h, first=4)"])
async def test_slices_hold_every_file_once(scene: Scene, split_type: str) -> None:
    stage = await make_stage(scene, split_type)
    slices, _ = await launch_all(scene, stage)
    assert len(slices) > 1
    assert sorted(join(slices)) == [f"f{number:02d}.root" for number in range(FILES)]


@pytest.mark.row(75)
async def test_mod_takes_every_third_file_and_freezes_its_parts(scene: Scene) -> None:
    stage = await make_stage(scene, "mod(3)")
    first = await scene.list_names(await scene.launch(stage))
    await declare(scene, "raw", [catalog.NewFile("nova", "late.root", 10)])
    slices, _ = await launch_all(scene, stage)
    assert first == ["f00.root", "f03.root", "f06.root", "f09.root"]
    assert [len(names) for names in slices] == [3, 3]


@pytest.mark.row(77)
async def test_files_that_appear_later_come_in_a_further_slice(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(6)")
    before, why = await launch_all(scene, stage)
    assert [len(names) for names in before] == [6, 4]
    assert "no further file" in why
    await declare(scene, "raw", [catalog.NewFile("nova", f"late{n}.root", 10, fid=f"late{n}") for n in range(2)])
    assert await scene.list_names(await scene.launch(stage)) == ["late0.root", "late1.root"]


@pytest.mark.row(73)
async def test_limitn_gives_the_same_first_files_each_time(scene: Scene) -> None:
    stage = await make_stage(scene, "limitn(2)")
    names = [await scene.list_names(await scene.launch(stage)) for _ in range(2)]
    assert names == [["f00.root", "f01.root"]] * 2


async def declare_runs(scene: Scene) -> None:
    runs = {"a": [7], "b": [3], "c": [7, 9], "d": [], "e": [12]}
    files = [
        catalog.NewFile("nova", name, 10, fid=f"run{name}", metadata=describe_runs(of)) for name, of in runs.items()
    ]
    await declare(scene, "runs", files)


def describe_runs(runs: list[int]) -> dict[str, object]:
    return {"core.runs": [[run, 1, "physics"] for run in runs]} | ({"core.run_number": runs[0]} if runs else {})


@pytest.mark.row(69)
async def test_byrun_takes_one_run_after_the_other_over_gaps_and_both_ends(scene: Scene) -> None:
    await declare_runs(scene)
    stage = await make_stage(scene, "byrun(low=3, high=12)", RUNS)
    slices, _ = await launch_all(scene, stage)
    assert slices == [["b"], ["a", "c"], ["e"]]


@pytest.mark.row(70)
async def test_byexistingruns_takes_the_runs_there_are_and_passes_over_files_without(scene: Scene) -> None:
    await declare_runs(scene)
    stage = await make_stage(scene, "byexistingruns", RUNS)
    slices, _ = await launch_all(scene, stage)
    assert slices == [["a", "c"], ["b"], ["e"]]


@pytest.mark.row(68)
async def test_new_takes_window_after_window_and_waits_for_the_next(scene: Scene, clock: MovableClock) -> None:
    start = clock.now()
    stage = await make_stage(scene, f"new(window=1h, fts=10m, firsttime={start.timestamp() - 3600:.0f})")
    with pytest.raises(NothingToLaunchError) as early:
        await scene.launch(stage)
    assert early.value.facts["is_over"] is False
    clock.advance(timedelta(minutes=11))
    assert len(await scene.list_names(await scene.launch(stage))) == FILES
    clock.advance(timedelta(hours=3))
    await declare(scene, "raw", [catalog.NewFile("nova", "late.root", 10)])
    clock.advance(timedelta(hours=1))
    assert await scene.list_names(await scene.launch(stage)) == ["late.root"]
    [position, _] = await campaigns.view_positions(scene.db, scene.producer, stage_id=stage)
    assert position.slice_count == 2


@pytest.mark.row(71)
async def test_draining_hands_the_query_to_the_jobs(scene: Scene) -> None:
    stage = await make_stage(scene, "draining")
    for _ in range(2):
        submission_id = await scene.launch(stage)
        view = await scene.view(submission_id)
        assert view.submission.project_id is None
        assert view.job_data == RAW
        assert "known to its jobs alone" in view.why


@pytest.mark.row(63, 76)
async def test_multiparam_hands_out_the_cross_product_with_the_first_list_fastest(scene: Scene) -> None:
    stage = await make_stage(scene, "multiparam", '[["a", "b"], ["d", "e"]]')
    values = [(await scene.view(await scene.launch(stage))).job_data for _ in range(4)]
    assert values == ["a_d", "b_d", "a_e", "b_e"]
    with pytest.raises(NothingToLaunchError) as nothing:
        await scene.launch(stage)
    assert nothing.value.facts["is_over"] is True


@pytest.mark.row(26, 76)
async def test_a_generator_gets_a_parameter_beside_its_units(scene: Scene) -> None:
    stage = await make_stage(scene, "multiparam", '[["e", "mu"]]', stage_type="generator", unit_count=3)
    view = await scene.view(await scene.launch(stage))
    assert (view.job_data, view.submission.total_count) == ("e", 3)


@pytest.mark.row(74)
async def test_list_takes_queries_projects_and_parameters_in_turn(scene: Scene) -> None:
    project = await make_project(scene, 4)
    entries = f'["{RAW} limit 2", "", "project_id: {project}", "param: x"]'
    stage = await make_stage(scene, "list", entries)
    first = await scene.list_names(await scene.launch(stage))
    second = await scene.view(await scene.launch(stage))
    third = await scene.view(await scene.launch(stage))
    assert len(first) == 2
    assert (second.submission.project_id, second.submission.total_count) == (project, 4)
    assert third.job_data == "x"
    with pytest.raises(NothingToLaunchError):
        await scene.launch(stage)


async def make_project(scene: Scene, count: int) -> int:
    handles = tuple(dispatch.NewHandle("nova", f"f{number:02d}.root") for number in range(count))
    async with scene.db.read() as tx:
        experiment = await find_experiment_in(tx, name="nova")
    assert experiment is not None
    project = dispatch.NewProject(experiment_id=experiment.id, handles=handles)
    return (await dispatch.create_project(scene.db, scene.producer, project=project)).project_id


@pytest.mark.row(78)
async def test_stagedfiles_takes_what_another_project_has_done(scene: Scene) -> None:
    project = await make_project(scene, 4)
    stage = await make_stage(scene, "stagedfiles(3)", str(project))
    with pytest.raises(NothingToLaunchError) as early:
        await scene.launch(stage)
    assert early.value.facts["is_over"] is False
    wish = dispatch.Wish(worker_id="w", request_id=uuid4(), count=2)
    leases = (await dispatch.reserve_next(scene.db, scene.producer, project_id=project, wish=wish)).leases
    report = dispatch.Report("w", tuple(lease.attempt_id for lease in leases), dispatch.Outcome.DONE)
    await dispatch.report(scene.db, scene.producer, report=report)
    assert len(await scene.list_names(await scene.launch(stage))) == 2
    with pytest.raises(NothingToLaunchError):
        await scene.launch(stage)


@pytest.mark.row(62)
async def test_a_project_id_is_worked_on_by_every_submission_each_with_files_of_its_own(scene: Scene) -> None:
    project = await make_project(scene, 5)
    settings = StageSettings(project_id=project, load_limit=2, split_type="nfiles(1)", dataset_query=RAW)
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings))
    views = [await scene.view(await scene.launch(stage)) for _ in range(3)]
    assert {view.submission.project_id for view in views} == {project}
    assert [view.submission.total_count for view in views] == [2, 2, 1]
    names = join([await scene.list_names(view.submission.id) for view in views])
    assert sorted(names) == [f"f{number:02d}.root" for number in range(5)]
    with pytest.raises(NothingToLaunchError):
        await scene.launch(stage)


@pytest.mark.row(65)
async def test_one_project_is_made_by_the_first_submission_and_used_by_the_others(scene: Scene) -> None:
    stage = await make_stage(scene, "None", methodology="one_project", load_limit=6)
    first, second = [await scene.view(await scene.launch(stage)) for _ in range(2)]
    assert first.submission.project_id == second.submission.project_id
    assert [view.submission.total_count for view in (first, second)] == [6, 4]


@pytest.mark.row(47)
async def test_an_explicit_query_or_project_replaces_the_slice_and_moves_nothing(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)")
    project = await make_project(scene, 3)
    for data, count in ((ChosenQuery(f"{RAW} limit 1"), 1), (ChosenProject(project), 3)):
        request = LaunchRequest(stage, str(uuid4()), data=data)
        outcome = await campaigns.launch_stage(scene.db, scene.launcher, scene.producer, request=request)
        assert isinstance(outcome, campaigns.Launched)
        assert (await scene.view(outcome.submission_id)).submission.total_count == count
    [position, _] = await campaigns.view_positions(scene.db, scene.producer, stage_id=stage)
    assert position.slice_count == 0


@pytest.mark.row(48)
async def test_a_rehearsal_shows_files_slice_and_command_and_moves_nothing(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)")
    shown = [
        await campaigns.rehearse_launch(scene.db, scene.launcher, scene.producer, request=LaunchRequest(stage, "r"))
        for _ in range(2)
    ]
    assert shown[0] == shown[1]
    assert (shown[0].file_count, shown[0].size_bytes, shown[0].slice_number) == (4, 40, 1)
    assert shown[0].files[0] == "nova:f00.root"
    assert shown[0].arguments[-2:] == ("/bin/true", "{file}")
    assert shown[0].environment["POMS4_CAMPAIGN_STAGE_ID"] == str(stage)
    assert (await campaigns.list_submissions(scene.db, scene.producer)).items == ()
    assert len(await scene.list_names(await scene.launch(stage))) == 4


@pytest.mark.row(46, 80)
async def test_production_and_test_positions_are_shown_reset_and_moved_apart(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)", test_split_type="nfiles(1)")
    tried = await scene.list_names(await scene.launch(stage, is_test=True))
    real = await scene.list_names(await scene.launch(stage))
    production, test = await campaigns.view_positions(scene.db, scene.producer, stage_id=stage)
    assert (len(tried), len(real)) == (1, 4)
    assert [(p.kind, p.split_type, p.taken_count) for p in (production, test)] == [
        (SplitKind.PRODUCTION, "nfiles(4)", 4),
        (SplitKind.TEST, "nfiles(1)", 1),
    ]
    again = await campaigns.reset_split(scene.db, scene.producer, stage_id=stage, kind=SplitKind.PRODUCTION)
    assert (again.epoch, again.taken_count, again.reset_by) == (2, 0, "pia")
    assert await scene.list_names(await scene.launch(stage)) == real
    with pytest.raises(SplitTypeError):
        await campaigns.move_split(
            scene.db, scene.producer, stage_id=stage, kind=SplitKind.PRODUCTION, position={"index": 3}
        )


@pytest.mark.row(80)
async def test_a_position_is_set_by_hand_if_it_makes_sense(scene: Scene) -> None:
    stage = await make_stage(scene, "multiparam", '[["a", "b", "c"]]')
    moved = await campaigns.move_split(
        scene.db, scene.producer, stage_id=stage, kind=SplitKind.PRODUCTION, position={"index": 2}
    )
    assert moved.position == {"index": 2}
    assert (await scene.view(await scene.launch(stage))).job_data == "c"
    with pytest.raises(NotPermittedError):
        await campaigns.reset_split(scene.db, scene.analyst, stage_id=stage, kind=SplitKind.PRODUCTION)


@pytest.mark.row(81)
async def test_another_split_or_query_begins_a_new_pass(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)")
    await scene.launch(stage)
    same = NewStage("s", "copy", "here", StageSettings(dataset_query=RAW, split_type=" nfiles( 4 )"))
    await campaigns.edit_stage(scene.db, scene.producer, stage_id=stage, new=same)
    assert await scene.list_names(await scene.launch(stage)) == ["f04.root", "f05.root", "f06.root", "f07.root"]
    assert await campaigns.count_given_out(scene.db, scene.producer, stage_id=stage) == 8
    other = NewStage("s", "copy", "here", StageSettings(dataset_query=RAW, split_type="nfiles(3)"))
    await campaigns.edit_stage(scene.db, scene.producer, stage_id=stage, new=other)
    assert await scene.list_names(await scene.launch(stage)) == ["f00.root", "f01.root", "f02.root"]


@pytest.mark.row(79)
async def test_what_if_shows_slices_side_by_side_and_moves_nothing(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)")
    await scene.launch(stage)
    found = await campaigns.forecast_splits(
        scene.db, scene.producer, stage_id=stage, split_types=["nfiles(4)", "bysize(50B)", "None", "nonsense(1)"]
    )
    assert [[one.file_count for one in each.slices] for each in found] == [[4, 4, 2], [5, 5], [10] * 5, []]
    assert found[0].slices[0].first_files[0] == "nova:f00.root"
    assert "no further file" in found[0].end
    assert "nonsense" in found[3].trouble
    assert await scene.list_names(await scene.launch(stage)) == ["f04.root", "f05.root", "f06.root", "f07.root"]


@pytest.mark.row(66)
async def test_the_project_says_what_it_was_made_for(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)")
    view = await scene.view(await scene.launch(stage))
    assert view.submission.project_id is not None
    project = await dispatch.get_project(scene.db, scene.producer, project_id=view.submission.project_id)
    assert project.attributes["submission_id"] == view.submission.id
    assert {name: project.attributes[name] for name in ("stage", "split_type", "slice", "cause", "launcher")} == {
        "stage": "s",
        "split_type": "nfiles(4)",
        "slice": 1,
        "cause": "manual",
        "launcher": "pia",
    }


async def test_one_project_does_not_take_a_project_that_holds_a_part_only(scene: Scene) -> None:
    stage = await make_stage(scene, "drainingn(2)")
    await scene.launch(stage)
    said = StageSettings(dataset_query=RAW, methodology="one_project", split_type="None")
    await campaigns.edit_stage(scene.db, scene.producer, stage_id=stage, new=NewStage("s", "copy", "here", said))
    first = await scene.view(await scene.launch(stage))
    assert first.submission.total_count == FILES
    with pytest.raises(NothingToLaunchError):
        await scene.launch(stage)
    await campaigns.reset_split(scene.db, scene.producer, stage_id=stage, kind=SplitKind.PRODUCTION)
    again = await scene.view(await scene.launch(stage))
    assert again.submission.total_count == FILES
    assert again.submission.project_id != first.submission.project_id


async def test_another_spelling_that_was_kept_before_goes_on_where_it_stood(scene: Scene) -> None:
    stage = await make_stage(scene, "drainingn(4)")
    first = await scene.list_names(await scene.launch(stage))
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE campaigns.split_positions SET split_type = 'drainingn_4'")
    assert not set(first) & set(await scene.list_names(await scene.launch(stage)))


async def test_what_only_the_slice_says_is_not_checked_before_it_is_taken(scene: Scene) -> None:
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=campaigns.NewLoginSetup("nova", "shell", setup="export P=%(parameter)s")
    )
    said = StageSettings(dataset_query='[["a", "b"], ["c"]]', split_type="multiparam", stage_type="generator")
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "shell", said))
    assert (await scene.view(await scene.launch(stage))).job_data == "a_c"


async def test_a_rehearsal_is_refused_where_a_launch_would_be(scene: Scene) -> None:
    stage = await make_stage(scene, "nfiles(4)")
    await campaigns.remove_stage(scene.db, scene.producer, stage_id=stage)
    with pytest.raises(campaigns.NotPossibleError):
        await campaigns.rehearse_launch(scene.db, scene.launcher, scene.producer, request=LaunchRequest(stage, "r"))


async def test_submissions_without_files_are_counted_in_lists(scene: Scene) -> None:
    await scene.launch(await make_stage(scene, "draining"))
    [campaign] = (await campaigns.list_campaigns(scene.db, scene.producer)).items
    assert (campaign.submission_count, campaign.open_submission_count) == (1, 1)


@pytest.mark.row(62)
async def test_a_launch_does_not_open_a_project_that_its_launcher_may_not_process(scene: Scene) -> None:
    project = await make_project(scene, 3)
    new = campaigns.NewCampaign(
        "nova", "mine", stages=(NewStage("s", "copy", "here", StageSettings(project_id=project)),)
    )
    mine = await campaigns.create_campaign(scene.db, scene.analyst, new=new)
    [stage] = (await campaigns.list_stages(scene.db, scene.analyst, campaign_id=mine.id)).items
    request = LaunchRequest(stage.id, "sneak")
    with pytest.raises(NotPermittedError):
        await campaigns.launch_stage(scene.db, scene.launcher, scene.analyst, request=request)
    assert (await campaigns.list_submissions(scene.db, scene.analyst)).items == ()


@pytest.mark.row(75)
async def test_a_part_whose_files_were_retired_is_passed_over(scene: Scene) -> None:
    stage = await make_stage(scene, "mod(10)")
    taken = await scene.list_names(await scene.launch(stage))
    await catalog.retire_file(scene.db, scene.producer, key="fid01")
    for _ in range(8):
        taken += await scene.list_names(await scene.launch(stage))
    assert sorted(taken) == [f"f{number:02d}.root" for number in range(FILES) if number != 1]
    with pytest.raises(NothingToLaunchError) as nothing:
        await scene.launch(stage)
    assert nothing.value.facts["is_over"]


@pytest.mark.row(75)
async def test_parts_of_an_empty_data_set_are_made_anew(scene: Scene) -> None:
    query = "files from nova:raw where core.number > 1000"
    stage = await make_stage(scene, "mod(2)", query)
    with pytest.raises(NothingToLaunchError):
        await scene.launch(stage)
    late = [catalog.NewFile("nova", f"late{n}", 1, metadata={"core.number": 2000 + n}) for n in range(4)]
    await declare(scene, "raw", late)
    assert len(await scene.list_names(await scene.launch(stage))) == 2


@pytest.mark.row(64, 75)
@pytest.mark.parametrize(
    ("split", "query", "sizes"),
    [
        ("mod(2)", RAW, [5, 5]),
        ("list", "['files from nova:raw where core.number < 4', 'files from nova:raw where core.number >= 4']", [4, 6]),
        ("drainingn(4)", RAW, [3, 3, 3, 1]),
    ],
)
async def test_a_load_limit_cuts_a_slice_only_if_the_next_one_takes_the_rest(
    scene: Scene, split: str, query: str, sizes: list[int]
) -> None:
    stage = await make_stage(scene, split, query, load_limit=3)
    assert [len(await scene.list_names(await scene.launch(stage))) for _ in sizes] == sizes
