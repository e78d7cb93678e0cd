"""What dependants get, and that each comes exactly once, whatever happens in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.integration.campaigns.flow import RAW, finish, list_of, make_chain, settle
from tests.integration.campaigns.scene import FILES, Scene

from sutler import campaigns, catalog
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.campaigns import (
    IntentionState,
    NewDependency,
    NewStage,
    Recovery,
    RecoveryType,
    StageSettings,
    SubmissionSummary,
)
from sutler.campaigns.operations import continuing, followers, recovering
from sutler.loops import Surroundings, reactions

PLAIN = StageSettings(dataset_query=RAW)


class CrashError(Exception):
    """The server dies here."""


async def launch(scene: Scene, stage_id: int) -> SubmissionSummary:
    return (await scene.view(await scene.launch(stage_id))).submission


async def declare(scene: Scene, name: str, parent: str, **metadata: object) -> None:
    new = catalog.NewFile("nova", name, 5, fid=f"id-{name}", metadata=metadata, parents=(Did("nova", parent),))
    await catalog.declare_files(scene.db, scene.producer, files=[new])


@pytest.mark.row(98)
async def test_grandchildren_are_the_outputs_where_two_generations_are_asked_for(scene: Scene) -> None:
    first, second = await make_chain(scene, StageSettings(dataset_query=RAW, output_ancestor_depth=2))
    original = await launch(scene, first)
    await declare(scene, "middle", "f00.root")
    await declare(scene, "last", "middle")
    await declare(scene, "beyond", "last")
    await finish(scene, original)
    (dependant,) = await list_of(scene, second)
    assert await scene.list_names(dependant.id) == ["last"]


@pytest.mark.row(99)
async def test_children_that_were_there_before_the_launch_are_left_out(scene: Scene, clock: MovableClock) -> None:
    first, second = await make_chain(scene, PLAIN, pattern="%child")
    await declare(scene, "old.child", "f00.root")
    clock.advance(timedelta(seconds=5))
    original = await launch(scene, first)
    await declare(scene, "new.child", "f00.root")
    await finish(scene, original)
    (dependant,) = await list_of(scene, second)
    assert await scene.list_names(dependant.id) == ["new.child"]


@pytest.mark.row(97)
async def test_what_another_submission_made_of_the_same_files_is_not_taken(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, pattern="%.f00.root")
    original = await launch(scene, first)
    other = await launch(scene, first)
    await finish(scene, other, without_output=[f"f{n:02d}.root" for n in range(1, FILES)])
    await finish(scene, original, without_output=[f"f{n:02d}.root" for n in range(FILES)])
    assert [one.upstream_submission_id for one in await list_of(scene, second)] == [other.id]


@pytest.mark.row(99)
async def test_a_pattern_with_a_blank_is_a_condition_on_metadata(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, pattern="core.tier = 'good'")
    original = await launch(scene, first)
    await declare(scene, "one", "f00.root", **{"core.tier": "good"})
    await declare(scene, "two", "f01.root", **{"core.tier": "bad"})
    await finish(scene, original)
    (dependant,) = await list_of(scene, second)
    assert await scene.list_names(dependant.id) == ["one"]


@pytest.mark.row(28)
async def test_a_data_transfer_stage_passes_its_inputs_on(scene: Scene) -> None:
    first, second = await make_chain(scene, StageSettings(dataset_query=RAW, stage_type="datatransfer"))
    await finish(scene, await launch(scene, first))
    (dependant,) = await list_of(scene, second)
    assert await scene.list_names(dependant.id) == [f"f{n:02d}.root" for n in range(FILES)]


@pytest.mark.row(30)
async def test_a_stage_that_feeds_itself_launches_its_next_slice_until_there_is_none(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(
        NewStage("only", "copy", "here", settings=StageSettings(dataset_query=RAW, split_type="nfiles(4)")),
        dependencies=(NewDependency("only", "only"),),
    )
    await finish(scene, await launch(scene, stage))
    for number in (1, 2):
        await finish(scene, (await list_of(scene, stage))[number])
    slices = await list_of(scene, stage)
    assert [one.total_count for one in slices] == [4, 4, 2]
    (last,) = (await scene.view(slices[-1].id)).followers
    assert last.state is IntentionState.NOTHING_TO_DO


@pytest.mark.row(31)
async def test_a_cycle_starts_the_flow_again(scene: Scene) -> None:
    first, second = await scene.make_campaign(
        NewStage("first", "copy", "here", settings=PLAIN),
        NewStage("second", "copy", "here"),
        dependencies=(NewDependency("first", "second"), NewDependency("second", "first")),
    )
    await finish(scene, await launch(scene, first))
    (once,) = await list_of(scene, second)
    await finish(scene, once)
    (_, again) = await list_of(scene, first)
    assert (again.upstream_submission_id, again.total_count) == (once.id, FILES)


@pytest.mark.row(97)
async def test_editing_the_campaign_does_not_change_what_follows_a_launch(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(Recovery(RecoveryType.STATE_FAILED),))
    original = await launch(scene, first)
    await campaigns.set_dependencies(
        scene.db,
        scene.producer,
        campaign_id=original.campaign_id,
        dependencies=(NewDependency("first", "second", "none"),),
    )
    await finish(scene, original, fail=["f00.root"])
    await finish(scene, (await list_of(scene, first))[1])
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(97)
@pytest.mark.parametrize("seed", range(6))
async def test_whatever_crashes_each_follower_comes_once(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    first, second = await make_chain(scene, PLAIN, recoveries=(Recovery(RecoveryType.STATE_FAILED),))
    original = await launch(scene, first)
    await finish(scene, original, fail=["f00.root"], settles=False)
    with monkeypatch.context() as patch:
        _let_crash(patch, dice)
        await _stir(scene, clock, dice)
    await settle(scene)
    await finish(scene, (await list_of(scene, first))[1], settles=False)
    with monkeypatch.context() as patch:
        _let_crash(patch, dice)
        await _stir(scene, clock, dice)
    await settle(scene)
    assert len(await list_of(scene, first)) == 2
    (dependant,) = await list_of(scene, second)
    assert dependant.total_count == FILES


def _let_crash(patch: pytest.MonkeyPatch, dice: random.Random) -> None:
    for module in (followers, recovering, continuing):
        for name in ("settle_in", "create_submission_in"):
            if hasattr(module, name):
                patch.setattr(module, name, _crash_sometimes(getattr(module, name), dice))


def _crash_sometimes(
    operation: Callable[..., Awaitable[object]], dice: random.Random
) -> Callable[..., Awaitable[object]]:
    async def crash(*given: object, **named: object) -> object:
        if dice.random() < 0.3:
            raise CrashError
        result = await operation(*given, **named)
        if dice.random() < 0.3:
            raise CrashError
        return result

    return crash


async def _settle_one(scene: Scene) -> None:
    for intention in await campaigns.claim_due_intentions(scene.db, count=1):
        await campaigns.settle_intention(scene.db, scene.launcher, intention=intention)


async def _stir(scene: Scene, clock: MovableClock, dice: random.Random) -> None:
    """Let several servers try at once what is due, some of which die, until nothing is left."""
    around = Surroundings(scene.db, scene.launcher)
    for _ in range(12):
        while await reactions.step(around):
            pass
        tries = [_settle_one(scene) for _ in range(dice.randint(1, 4))]
        for outcome in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, CrashError):
                raise outcome
        clock.advance(timedelta(minutes=11))
