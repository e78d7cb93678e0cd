"""Campaigns of an experiment that keeps its catalogue elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.integration.campaigns.scene import Scene
from tests.integration.elsewhere import PLACE, Elsewhere, name_elsewhere

from sutler import auth, campaigns, replicas
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.campaigns import NewDependency, NewStage, NothingToLaunchError, StageSettings
from sutler.catalog import RemoteCatalogUnavailableError
from sutler.loops import Surroundings, declarations, intentions, reactions

AWAY = RemoteCatalogUnavailableError("metacat is away")


@dataclass(frozen=True)
class FarScene:
    """The scene of this room, whose experiment names a catalogue elsewhere."""

    scene: Scene
    far: Elsewhere

    @property
    def around(self) -> Surroundings:
        """What loops are given."""
        return Surroundings(self.scene.db, self.scene.launcher)

    async def make_stage(self, split_type: str = "") -> int:
        """Make a campaign with one stage that selects from elsewhere."""
        (stage_id,) = await self.scene.make_campaign(
            NewStage(
                "reco",
                "copy",
                "here",
                settings=StageSettings(dataset_query="files from far:all", split_type=split_type),
            )
        )
        return stage_id

    async def count(self, statement: str) -> int:
        """Look into the tables."""
        async with self.scene.db.connection() as connection:
            return int(await connection.fetchval(statement))

    async def finish(self, submission_id: int) -> None:
        """Have the end of a submission noticed."""
        async with self.scene.db.connection() as connection:
            share_id = await connection.fetchval(
                "SELECT share_id FROM campaigns.submissions WHERE id = $1", submission_id
            )
        await campaigns.complete_share(self.scene.db, share_id=share_id)


@pytest.fixture
async def far_scene(scene: Scene) -> FarScene:
    """An experiment whose catalogue is elsewhere and has ten files."""
    far = Elsewhere()
    far.add(*(f"r{number}" for number in range(10)))
    await name_elsewhere(scene.db, experiment="nova")
    copies = [replicas.NewReplica(did, "DISK", f"file:///data/{did.name}") for did in far.files]
    await replicas.add_replicas(scene.db, scene.producer, experiment="nova", replicas=copies)
    launcher = replace(scene.launcher, catalogues=far)
    return FarScene(replace(scene, launcher=launcher), far)


async def test_slices_are_taken_from_elsewhere_each_file_once(far_scene: FarScene) -> None:
    stage_id = await far_scene.make_stage("drainingn(4)")
    slices = [await far_scene.scene.list_names(await far_scene.scene.launch(stage_id)) for _ in range(3)]
    assert slices == [[f"r{n}" for n in part] for part in (range(4), range(4, 8), range(8, 10))]
    with pytest.raises(NothingToLaunchError):
        await far_scene.scene.launch(stage_id)
    far_scene.far.add("late")
    assert await far_scene.scene.list_names(await far_scene.scene.launch(stage_id)) == ["late"]
    assert await far_scene.count("SELECT count(*) FROM catalog.selections") == 0


async def test_launches_at_once_share_the_files(far_scene: FarScene) -> None:
    stage_id = await far_scene.make_stage("nfiles(2)")
    made = await asyncio.gather(*(far_scene.scene.launch(stage_id) for _ in range(4)))
    names = [name for one in made for name in await far_scene.scene.list_names(one)]
    assert sorted(names) == [f"r{number}" for number in range(8)]


async def test_a_repeated_launch_asks_nobody(far_scene: FarScene) -> None:
    stage_id = await far_scene.make_stage()
    first = await far_scene.scene.launch(stage_id, "test/once")
    far_scene.far.failure = AWAY
    assert await far_scene.scene.launch(stage_id, "test/once") == first


async def test_a_launch_while_it_is_away_says_so_and_moves_nothing(far_scene: FarScene) -> None:
    stage_id = await far_scene.make_stage("drainingn(4)")
    far_scene.far.failure = AWAY
    with pytest.raises(RemoteCatalogUnavailableError):
        await far_scene.scene.launch(stage_id)
    far_scene.far.failure = None
    assert await far_scene.scene.list_names(await far_scene.scene.launch(stage_id)) == ["r0", "r1", "r2", "r3"]


async def test_outputs_are_declared_there_with_parents_and_dataset(far_scene: FarScene) -> None:
    submission_id = await far_scene.scene.launch(await far_scene.make_stage())
    await far_scene.scene.work_off(submission_id)
    waiting = await far_scene.scene.view(submission_id)
    assert waiting.undeclared is not None
    assert waiting.undeclared.pending_count == 10
    assert f"10 outputs are not yet declared to {PLACE}" in waiting.why
    assert await declarations.step(far_scene.around) == 10
    assert far_scene.far.parents[Did("nova", "out.r3")] == (Did("far", "r3"),)
    done = await far_scene.scene.view(submission_id)
    assert done.undeclared is None
    assert "declared" not in done.why
    page = await campaigns.list_submission_outputs(
        far_scene.scene.db, far_scene.scene.producer, submission_id=submission_id
    )
    assert [output.name for output in page.items] == [f"out.r{number}" for number in range(10)]
    assert await far_scene.count("SELECT count(*) FROM catalog.files WHERE name LIKE 'out.%'") == 0


async def test_the_dataset_of_outputs_is_planned_with_the_one_above(far_scene: FarScene) -> None:
    submission_id = await far_scene.scene.launch(await far_scene.make_stage())
    async with far_scene.scene.db.connection() as connection:
        planned = await connection.fetchrow("SELECT did, parent FROM catalog.remote_datasets")
    assert planned["did"].endswith(f".reco.{submission_id}")
    assert planned["parent"].endswith(".reco")
    assert await far_scene.count("SELECT count(*) FROM catalog.datasets") == 1


async def test_dependants_wait_for_the_declarations_and_say_so(far_scene: FarScene, clock: MovableClock) -> None:
    first, second = await far_scene.scene.make_campaign(
        NewStage("reco", "copy", "here", settings=StageSettings(dataset_query="files from far:all")),
        NewStage("ana", "copy", "here"),
        dependencies=(NewDependency("reco", "ana"),),
    )
    submission_id = await far_scene.scene.launch(first)
    await far_scene.scene.work_off(submission_id)
    await far_scene.finish(submission_id)
    far_scene.far.failure = AWAY
    await declarations.step(far_scene.around)
    await intentions.step(far_scene.around)
    (follower,) = (await far_scene.scene.view(submission_id)).followers
    assert follower.submission_id is None
    assert follower.reason == f"10 outputs are not yet declared to {PLACE}: metacat is away."
    far_scene.far.failure = None
    far_scene.far.refusals["out.r7"] = "no"
    clock.advance(timedelta(minutes=3))
    assert await declarations.step(far_scene.around) == 10
    await intentions.step(far_scene.around)
    (follower,) = (await far_scene.scene.view(submission_id)).followers
    assert follower.reason == "9 files without 1 whose declaration was refused"
    assert follower.submission_id is not None
    summary = (await far_scene.scene.view(follower.submission_id)).submission
    assert (summary.stage_id, summary.total_count) == (second, 9)


async def test_a_changed_service_ends_the_wait(far_scene: FarScene) -> None:
    submission_id = await far_scene.scene.launch(await far_scene.make_stage())
    await far_scene.scene.work_off(submission_id)
    far_scene.far.failure = AWAY
    await declarations.step(far_scene.around)
    far_scene.far.failure = None
    assert await declarations.step(far_scene.around) == 0
    admin_id = await far_scene.count("SELECT id FROM auth.users WHERE username = 'admin'")
    admin = await auth.get_principal_of(far_scene.scene.db, user_id=admin_id)
    moved = auth.NewService(auth.ServiceKind.METACAT, PLACE, timeout_for=timedelta(seconds=5))
    await auth.set_service(far_scene.scene.db, admin, experiment="nova", service=moved)
    while await reactions.step(far_scene.around):
        pass
    assert await declarations.step(far_scene.around) == 10


async def test_a_server_that_dies_before_the_launch_leaves_all_files_to_the_next(
    far_scene: FarScene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_id = await far_scene.make_stage("drainingn(4)")

    async def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr("sutler.campaigns.operations.launching._intend", die)
        killed.setattr("sutler.catalog.discard_selection", die)
        with pytest.raises(KeyboardInterrupt):
            await far_scene.scene.launch(stage_id)
    assert await far_scene.count("SELECT count(*) FROM catalog.selection_files") == 4
    assert await far_scene.scene.list_names(await far_scene.scene.launch(stage_id)) == ["r0", "r1", "r2", "r3"]
    clock.advance(timedelta(hours=2))
    await declarations.step(far_scene.around)
    assert await far_scene.count("SELECT count(*) FROM catalog.selection_files") == 0
