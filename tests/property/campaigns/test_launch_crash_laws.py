"""A server that dies between any two steps of a launch makes one launch or a visible failure, whoever launches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.campaigns.scene import Scene, set_scene
from tests.property.campaigns.crashing import Fuse, Made, World, check_laws, list_made, list_newest_pass, live

from sutler import campaigns, catalog
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import ConflictError
from sutler.campaigns import (
    Launched,
    LaunchRequest,
    Methodology,
    NewDependency,
    NewJobType,
    NewSchedule,
    NewStage,
    NothingToLaunchError,
    NotPossibleError,
    Overlap,
    Recovery,
    RecoveryType,
    SplitKind,
    StageSettings,
    SubmissionOverError,
)
from sutler.database import Database

NUMBERS = count(1)
FILES = 3
MOST_POINTS = 80
MOST_GENERATIONS = 8
EXAMPLES = 15
OF_SUBMISSIONS = {"work", "end", "recover", "relaunch", "retry", "cancel"}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AGAIN = "again"


@pytest.fixture
async def world(db: Database, clock: MovableClock, tmp_path: Path) -> World:
    """An experiment with its people, and a batch system that outlives every server."""
    scene = await set_scene(db, tmp_path)
    new = NewJobType(
        "nova",
        AGAIN,
        "/bin/true {file}",
        output_file_patterns=("out.*",),
        output_rse="DISK",
        recoveries=(Recovery(RecoveryType.STATE_FAILED),),
    )
    await campaigns.save_job_type(db, scene.producer, new=new)
    return World(scene, clock)


async def declare(world: World) -> str:
    """Declare files of their own for a case; return the data set."""
    name = f"d{next(NUMBERS)}"
    did = Did("nova", name)
    await catalog.create_dataset(world.scene.db, world.scene.producer, did=did)
    new = [catalog.NewFile("nova", f"{name}.{number}", 10, fid=f"{name}.{number}") for number in range(FILES)]
    await catalog.declare_files(world.scene.db, world.scene.producer, files=new, dataset=did)
    return name


@dataclass
class Case:
    """A stage, which others may follow, and what somebody does with it until a server lives long enough."""

    world: World
    name: str = ""
    first: NewStage = field(default_factory=lambda: NewStage("first"))
    stages: list[int] = field(default_factory=list)
    first_id: int = 0

    async def begin(
        self, *more: NewStage, job_type: str = "copy", feeds: str = "", methodology: Methodology = Methodology.STANDARD
    ) -> None:
        """Make the stages."""
        self.name = await declare(self.world)
        self.first = NewStage(
            "first",
            job_type,
            "here",
            StageSettings(
                dataset_query=f"files from nova:{self.name}",
                split_type="nfiles(2)",
                job_count=2,
                is_virtual=True,
                methodology=methodology.value,
            ),
        )
        self.stages = await self.world.scene.make_campaign(
            self.first,
            *more,
            dependencies=(NewDependency("first", feeds),) if feeds else (),
        )

    async def launch(self, server: Scene, number: int = 0, *, is_test: bool = False) -> campaigns.LaunchOutcome:
        """Launch the first stage with one of the keys of this case."""
        request = LaunchRequest(self.stages[0], f"{self.name}/{number}", is_test)
        return await campaigns.launch_stage(server.db, server.launcher, server.producer, request=request)

    async def launch_first(self, *, fail: int | None = None) -> None:
        """Launch on a server that lives, and work the files off unless that is not said."""
        outcome = await self.launch(self.world.start_server())
        assert isinstance(outcome, Launched)
        self.first_id = outcome.submission_id
        if fail is not None:
            await self.world.scene.work_off(self.first_id, fail=fail)
        self.world.farm.end(f"{self.name}/0")

    async def hold(self, server: Scene, *, is_held: bool) -> None:
        """Hold the first stage, or release it; its schedule goes on."""
        await campaigns.hold_stage(
            server.db, server.producer, stage_id=self.stages[0], is_held=is_held, ends_schedules=False
        )

    async def schedule(self, overlap: Overlap = Overlap.SKIP) -> None:
        """Give the first stage a schedule that is due now, and not again before tomorrow."""
        now = self.world.clock.now()
        new = NewSchedule(f"{now.minute} {(now + HOUR).hour} * * *", overlap=overlap)
        who = self.world.scene.producer
        await campaigns.save_schedule(self.world.scene.db, who, stage_id=self.stages[0], new=new)
        self.world.clock.advance(HOUR)

    async def drain(self) -> None:
        """Take what is left of the split."""
        server = self.world.start_server()
        for number in range(1000, 1000 + FILES + 1):
            try:
                await self.launch(server, number)
            except NothingToLaunchError:
                return
        raise AssertionError("the split never ends")


async def prepare(case: Case) -> None:
    """A stage that nobody launched yet."""
    await case.begin()


async def launch(case: Case, server: Scene) -> None:
    """Somebody launches it."""
    await case.launch(server)


async def launch_and_cancel(case: Case, server: Scene) -> None:
    """Somebody launches it, and calls that off."""
    outcome = await case.launch(server)
    assert isinstance(outcome, Launched)
    with suppress(SubmissionOverError):
        await campaigns.cancel_submission(
            server.db, server.launcher.backends, server.producer, submission_id=outcome.submission_id, reason="enough"
        )


async def run_loops(case: Case, server: Scene) -> None:
    """Nobody does anything: the loops run."""
    await case.world.settle(server)


async def launch_held(case: Case, server: Scene) -> None:
    """Somebody launches the stage while it is held, and releases it."""
    await case.hold(server, is_held=True)
    await case.launch(server, 0)
    await case.launch(server, 1)
    await case.hold(server, is_held=False)
    await case.world.settle(server)


async def prepare_schedule(case: Case) -> None:
    """A schedule is due."""
    await case.begin()
    await case.schedule()


async def prepare_held_schedule(case: Case) -> None:
    """A schedule is due, and its stage is held."""
    await case.begin()
    await case.hold(case.world.scene, is_held=True)
    await case.schedule()


async def run_held_schedule(case: Case, server: Scene) -> None:
    """The schedule comes, and its stage is released."""
    await case.world.settle(server)
    await case.hold(server, is_held=False)
    await case.world.settle(server)


async def prepare_recovery(case: Case) -> None:
    """A submission is over of which a file failed; a recovery has to follow."""
    await case.begin(job_type=AGAIN)
    await case.launch_first(fail=1)


async def prepare_recovery_in_project(case: Case) -> None:
    """A submission is over of which a file failed; a recovery has to follow in its project."""
    await case.begin(job_type=AGAIN, methodology=Methodology.ONE_PROJECT)
    await case.launch_first(fail=1)


async def prepare_dependant(case: Case) -> None:
    """A submission is over; another stage works on its outputs."""
    await case.begin(NewStage("second", "copy", "here"), feeds="second")
    await case.launch_first(fail=0)


async def prepare_next_slice(case: Case) -> None:
    """A submission is over; its stage feeds itself."""
    await case.begin(feeds="first")
    await case.launch_first(fail=0)


async def prepare_failed_file(case: Case) -> None:
    """A submission is over of which a file failed; nothing follows by itself."""
    await case.begin()
    await case.launch_first(fail=1)
    await case.world.settle(case.world.start_server())


async def recover(case: Case, server: Scene) -> None:
    """Somebody recovers it."""
    await campaigns.recover_submission(
        server.db,
        server.launcher,
        server.producer,
        submission_id=case.first_id,
        recovery_type=RecoveryType.STATE_FAILED,
        key=f"{case.name}/again",
    )


async def recover_in_project(case: Case, server: Scene) -> None:
    """Somebody recovers it in its project."""
    await campaigns.recover_submission(
        server.db,
        server.launcher,
        server.producer,
        submission_id=case.first_id,
        recovery_type=RecoveryType.STATE_FAILED,
        key=f"{case.name}/again",
        methodology=Methodology.ONE_PROJECT,
    )


async def relaunch(case: Case, server: Scene, *, same_project: bool = False) -> None:
    """Somebody launches a submission again."""
    await campaigns.relaunch_submission(
        server.db,
        server.launcher,
        server.producer,
        submission_id=case.first_id,
        key=f"{case.name}/again",
        same_project=same_project,
    )


async def prepare_unfinished(case: Case) -> None:
    """The jobs of a submission are over, its files are not done."""
    await case.begin()
    await case.launch_first()
    await case.world.settle(case.world.start_server())


async def relaunch_in_project(case: Case, server: Scene) -> None:
    """Somebody launches a submission again on what is left in its project."""
    await relaunch(case, server, same_project=True)


async def prepare_refused(case: Case) -> None:
    """The batch system refused a launch."""
    await case.begin()
    case.world.farm.mood = "refuses"
    await case.launch_first()
    case.world.farm.mood = "well"


async def retry(case: Case, server: Scene) -> None:
    """Somebody tries it once more."""
    with suppress(NotPossibleError):
        await campaigns.retry_launch(server.db, server.launcher, server.producer, submission_id=case.first_id)


@dataclass(frozen=True)
class Way:
    """A way to launch: what is there, what is done, and how many submissions there are then.

    `mood` is of the batch system while the server may die, and `later` after that. With `is_whole` it dies before each
    commit, too, of which the others leave out what makes no difference.
    """

    prepare: Callable[[Case], Awaitable[None]]
    act: Callable[[Case, Scene], Awaitable[None]]
    made_count: int
    rows: tuple[int, ...]
    mood: str = "well"
    later: str = "well"
    words: tuple[str, ...] = ("Idle", "Running", "Completed", "Failed")
    is_whole: bool = False


WAYS = {
    "by hand": Way(prepare, launch, 1, (44,), is_whole=True),
    "by hand, refused": Way(prepare, launch, 1, (52,), "refuses", "refuses", ("LaunchFailed",)),
    "by hand, nobody answers": Way(prepare, launch, 1, (52,), "away"),
    "by hand, nobody answers, then refused": Way(prepare, launch, 1, (52,), "away", "refuses", ("LaunchFailed",)),
    "by hand, called off": Way(prepare, launch_and_cancel, 1, (50,), words=("Cancelled",)),
    "by hand, called off before it began": Way(prepare, launch_and_cancel, 1, (50,), "away", words=("Cancelled",)),
    "once more after a refusal": Way(prepare_refused, retry, 1, (52,)),
    "once more, refused again": Way(prepare_refused, retry, 1, (52,), "refuses", "refuses", ("LaunchFailed",)),
    "queued": Way(prepare, launch_held, 2, (54, 55)),
    "queued, refused": Way(prepare, launch_held, 2, (54, 55), "refuses", "refuses", ("LaunchFailed",)),
    "schedule": Way(prepare_schedule, run_loops, 1, (56,)),
    "schedule, queued": Way(prepare_held_schedule, run_held_schedule, 1, (55, 56)),
    "recovery": Way(prepare_recovery, run_loops, 2, (90,)),
    "recovery in the project": Way(prepare_recovery_in_project, run_loops, 2, (90, 94)),
    "recovery by hand": Way(prepare_failed_file, recover, 2, (93,)),
    "recovery by hand in the project": Way(prepare_failed_file, recover_in_project, 2, (93, 94)),
    "dependant": Way(prepare_dependant, run_loops, 2, (97,)),
    "next slice": Way(prepare_next_slice, run_loops, 2, (97,)),
    "again": Way(prepare_failed_file, relaunch, 2, (96,)),
    "again in the project": Way(prepare_unfinished, relaunch_in_project, 2, (96,)),
}


async def play(world: World, way: Way, at: int, *, is_hasty: bool) -> Fuse:
    """Die at a point, start again, let whoever acted do the same once more, and check. Return the fuse."""
    case, fuse = Case(world), Fuse(at)
    await way.prepare(case)
    world.farm.mood = way.mood
    await live(way.act(case, world.start_server(fuse)))
    assert fuse.is_burnt == (at > 0)
    world.farm.mood = way.later
    server = world.start_server()
    if not is_hasty:
        await world.settle(server)
    await way.act(case, server)
    await world.settle(server)
    made = await check_laws(world, case.stages)
    assert len(made) == way.made_count, [dict(one) for one in made]
    assert {one["batch_status"] for one in made} <= set(way.words), [one["reason"] for one in made]
    world.farm.mood = "well"
    await check_the_rest(case)
    return fuse


async def check_the_rest(case: Case) -> None:
    """Whatever was not taken comes with the next launches; then every file was given out once."""
    await campaigns.delete_schedule(case.world.scene.db, case.world.scene.producer, stage_id=case.stages[0])
    await case.drain()
    made = await check_laws(case.world, case.stages)
    names = [name for one in list_newest_pass(made, case.stages[0]) for name in one["files"]]
    assert sorted(names) == [f"{case.name}.{number}" for number in range(FILES)]


@pytest.mark.parametrize(
    "way", [pytest.param(way, id=name, marks=pytest.mark.row(*way.rows)) for name, way in WAYS.items()]
)
async def test_a_server_that_dies_at_any_point_of_a_launch_makes_it_once(world: World, way: Way) -> None:
    fuse = await play(world, way, 0, is_hasty=True)
    assert 3 < len(fuse.points) < MOST_POINTS
    for number, at in enumerate(range(1, len(fuse.points) + 1) if way.is_whole else fuse.list_distinct()):
        try:
            await play(world, way, at, is_hasty=number % 2 == 0)
        except AssertionError as error:
            error.add_note(f"died {fuse.points[at - 1]}, at point {at} of {len(fuse.points)}")
            raise


Step = tuple[object, ...]

_number = st.integers(0, 5)
_yes = st.booleans()
_step: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("launch"), _number, _yes),
    st.tuples(st.just("hold"), _yes),
    st.tuples(st.just("reset"), st.sampled_from(SplitKind)),
    st.tuples(st.just("edit"), st.integers(1, 3)),
    st.tuples(st.just("mood"), st.sampled_from(["well", "refuses", "away"])),
    st.tuples(st.sampled_from(["loops", "day"])),
    st.tuples(st.sampled_from(["work", "end"]), _number, st.integers(0, 1)),
    st.tuples(st.sampled_from(["recover", "relaunch"]), _number, _yes),
    st.tuples(st.sampled_from(["retry", "cancel"]), _number),
)
_deaths = st.tuples(
    st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 25]), st.sampled_from(["at once", "later", "never"])
)
"""At which point the server dies, 0 for none, and when whoever asked asks once more."""


@dataclass
class Story:
    """What happens to a stage that has recoveries, a follower and a schedule."""

    case: Case

    @property
    def world(self) -> World:
        """Where it happens."""
        return self.case.world

    async def play(self, step: Step, at: int, again: str) -> None:
        """Do a step on a server that may die, and once more on one that lives."""
        chosen = await self.choose(step)
        if await live(self.do(step, chosen, self.world.start_server(Fuse(at)))) or again == "never":
            return
        server = self.world.start_server()
        if again == "later":
            await self.world.settle(server)
        await self.do(step, chosen, server)

    async def choose(self, step: Step) -> Made | None:
        """Return the submission that a step is about, before the step."""
        if step[0] not in OF_SUBMISSIONS:
            return None
        made = await list_made(self.world, self.case.stages)
        return made[int(str(step[1])) % len(made)] if made else None

    async def do(self, step: Step, chosen: Made | None, server: Scene) -> None:
        """Do a step; what cannot be done just now is refused."""
        with suppress(ConflictError, NothingToLaunchError):
            await self.do_to_stage(step, server)
            if chosen is not None:
                await self.do_to_submission(step, chosen, server)

    async def do_to_stage(self, step: Step, server: Scene) -> None:
        """Do what is about the stage or the world."""
        match step:
            case ("launch", int(number), bool(is_test)):
                await self.case.launch(server, number, is_test=is_test)
            case ("hold", bool(is_held)):
                await self.case.hold(server, is_held=is_held)
            case ("reset", SplitKind() as kind):
                await campaigns.reset_split(server.db, server.producer, stage_id=self.case.stages[0], kind=kind)
            case ("edit", int(size)):
                settings = replace(self.case.first.settings, split_type=f"nfiles({size})")
                new = replace(self.case.first, settings=settings)
                await campaigns.edit_stage(server.db, server.producer, stage_id=self.case.stages[0], new=new)
            case ("mood", str(mood)):
                self.world.farm.mood = mood
            case ("loops",):
                await self.world.settle(server)
            case ("day",):
                self.world.clock.advance(DAY)
                await self.world.settle(server)

    async def do_to_submission(self, step: Step, made: Made, server: Scene) -> None:
        """Do what is about a submission; workers and batch jobs live when a server dies."""
        key, who = f"{made['launch_key']}/again", server.producer
        match step:
            case ("work", int(), int(fail)) if made["ended_at"] is None:
                await self.world.scene.work_off(made["id"], fail=fail)
            case ("end", int(), int(exit_code)):
                self.world.farm.end(made["launch_key"], exit_code)
            case ("recover", int(), bool(is_all)):
                kind = RecoveryType.REPROCESS_ALL if is_all else RecoveryType.STATE_FAILED
                await campaigns.recover_submission(
                    server.db, server.launcher, who, submission_id=made["id"], recovery_type=kind, key=key
                )
            case ("relaunch", int(), bool(same_project)):
                await campaigns.relaunch_submission(
                    server.db, server.launcher, who, submission_id=made["id"], key=key, same_project=same_project
                )
            case ("retry", int()):
                await campaigns.retry_launch(server.db, server.launcher, who, submission_id=made["id"])
            case ("cancel", int()):
                await campaigns.cancel_submission(
                    server.db, server.launcher.backends, who, submission_id=made["id"], reason="enough"
                )

    async def end(self) -> None:
        """Let everything end that was begun, and follow what has to follow."""
        server = self.world.start_server()
        self.world.farm.mood = "well"
        await self.case.hold(server, is_held=False)
        for _ in range(MOST_GENERATIONS):
            await self.world.settle(server)
            found = [one for stage_id in self.case.stages for one in await self.world.list_open(stage_id)]
            if not found:
                return
            for key, _number in found:
                self.world.farm.end(key)
        raise AssertionError(f"there is always one more that follows: {found}")


@pytest.mark.row(44, 52, 55, 56, 80, 90, 96, 97)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(_step, _deaths), min_size=5, max_size=10))
async def test_whatever_is_done_to_a_stage_while_servers_die_nothing_is_lost_and_nothing_comes_twice(
    world: World, steps: list[tuple[Step, tuple[int, str]]]
) -> None:
    story = Story(Case(world))
    await story.case.begin(NewStage("second", "copy", "here"), job_type=AGAIN, feeds="second")
    await story.case.schedule(Overlap.ALLOW)
    for step, (at, again) in steps:
        await story.play(step, at, again)
    await story.end()
    await check_laws(world, story.case.stages)
    await check_the_rest(story.case)
