"""Laws of slices through whole launches: each file once a pass, under growth, failures, repeats, resets and changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.integration.campaigns.scene import Scene, set_scene
from tests.property.campaigns.slicing_world import (
    SECONDS_PER_FILE,
    Book,
    Combinations,
    Counted,
    Entries,
    File,
    Meaning,
    Measured,
    Nothing,
    OfRuns,
    Parts,
    Pass,
    Slice,
    Staged,
    TheQuery,
    TheSame,
    Timed,
    Windows,
)

from sutler import campaigns, catalog, dispatch, launch
from sutler.auth import find_experiment_in
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.campaigns import (
    BatchStatus,
    LaunchRequest,
    NewStage,
    NothingToLaunchError,
    NotPossibleError,
    SplitKind,
    SplitTypeError,
    StageSettings,
    SubmissionOverError,
)
from sutler.database import Database
from sutler.loops import Surroundings, launches, queued_launches, reactions

NUMBERS = count(1)
EXAMPLES = 3
MOST_SLICES = 40
DEEDS = ("again", "retry", "relaunch", "work off", "end", "cancel")
WORDS = {"well": BatchStatus.IDLE, "refuses": BatchStatus.LAUNCH_FAILED, "away": BatchStatus.NEW}


@dataclass
class Batch:
    """A batch system in memory. It takes launches, refuses them for good, or does not answer."""

    name: str = "local"
    mood: str = "well"
    plans: dict[str, launch.LaunchPlan] = field(default_factory=dict)
    exit_codes: dict[str, int] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)

    async def submit(self, key: str, plan: launch.LaunchPlan, secrets: Mapping[str, str]) -> launch.Receipt:
        if self.mood == "refuses":
            raise launch.LaunchRefusedError("batch", "no more than this")
        if self.mood == "away":
            raise launch.BackendFailedError("batch", "not now")
        assert key not in self.plans, "a launch is started once"
        self.plans[key] = plan
        return launch.Receipt((f"{key}#1",))

    async def find(self, key: str) -> launch.Receipt | None:
        return launch.Receipt((f"{key}#1",)) if key in self.plans else None

    async def look(self, batch_job_ids: Sequence[str]) -> list[launch.JobStatus]:
        return [self._look(batch_job_id) for batch_job_id in batch_job_ids]

    def _look(self, batch_job_id: str) -> launch.JobStatus:
        if batch_job_id in self.stopped:
            return launch.JobStatus(batch_job_id, launch.JobState.STOPPED)
        if batch_job_id in self.exit_codes:
            return launch.JobStatus(batch_job_id, launch.JobState.ENDED, exit_code=self.exit_codes[batch_job_id])
        return launch.JobStatus(batch_job_id, launch.JobState.RUNNING)

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        self.stopped |= set(batch_job_ids)
        return list(batch_job_ids)

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> launch.JobOutput:
        return launch.JobOutput("", is_cut=False)


@dataclass
class Made:
    """A submission with what it was given at first, and which launch it was."""

    id: int
    key: str
    is_test: bool
    given: Slice
    project_id: int | None
    state: str
    has_done: bool = False


Step = tuple[object, ...]
Draft = tuple[int, int, tuple[int, ...]]


@dataclass
class Story:
    """A stage, its data and its submissions in one run, and the book of what must be."""

    scene: Scene
    clock: MovableClock
    batch: Batch
    meaning: Meaning
    dataset: str
    book: Book
    stage_id: int = 0
    staging_id: int = 0
    test_meaning: Meaning | None = None
    is_respelled: bool = False
    passes: dict[SplitKind, Pass] = field(default_factory=dict)
    epochs: dict[SplitKind, int] = field(default_factory=lambda: dict.fromkeys(SplitKind, 0))
    made: list[Made] = field(default_factory=list)
    seen: dict[SplitKind, Pass] = field(default_factory=dict)

    @property
    def launcher(self) -> campaigns.Launcher:
        """What launches in this story: the batch system is in memory."""
        return replace(self.scene.launcher, backends={"local": self.batch})

    @property
    def query(self) -> str:
        """What stands in the query field of the stage."""
        if isinstance(self.meaning, Staged):
            return str(self.staging_id)
        return self.meaning.base or f"files from nova:{self.dataset}"

    def write_stage(self) -> NewStage:
        """The stage as somebody writes it down now."""
        split = self.meaning.split_type
        said = StageSettings(
            dataset_query=self.query,
            split_type=f" {split.replace('(', '( ')} " if self.is_respelled else split,
            test_split_type=None if self.test_meaning is None else self.test_meaning.split_type,
            load_limit=self.book.load_limit,
            is_virtual=True,
        )
        return NewStage("s", "copy", "here", said)

    async def begin(self, drafts: Sequence[Draft]) -> None:
        """Make the data and the stage."""
        await catalog.create_dataset(self.scene.db, self.scene.producer, did=Did("nova", self.dataset))
        await self.grow(drafts)
        if isinstance(self.meaning, Staged):
            async with self.scene.db.read() as tx:
                experiment = await find_experiment_in(tx, name="nova")
            assert experiment is not None
            handles = tuple(dispatch.NewHandle("nova", file.name, file.name) for file in self.book.files)
            new = dispatch.NewProject(experiment_id=experiment.id, handles=handles, is_virtual=True)
            project = await dispatch.create_project(self.scene.db, self.scene.producer, project=new)
            self.staging_id = project.project_id
        (self.stage_id,) = await self.scene.make_campaign(self.write_stage())

    async def grow(self, drafts: Sequence[Draft]) -> None:
        """Declare further files."""
        self.wait(timedelta(minutes=7))
        begin = len(self.book.files)
        files = [
            File(f"{self.dataset}.{number:03}", number, size, events, runs, self.book.now)
            for number, (size, events, runs) in enumerate(drafts, start=begin)
        ]
        self.book.files += files
        new = [catalog.NewFile("nova", f.name, f.size, fid=f.name, metadata=describe(f)) for f in files]
        did = Did("nova", self.dataset)
        await catalog.declare_files(self.scene.db, self.scene.producer, files=new, dataset=did)
        if self.staging_id and not self.book.is_staging_over:
            handles = [dispatch.NewHandle("nova", file.name, file.name) for file in files]
            await dispatch.alter_project(self.scene.db, self.scene.producer, project_id=self.staging_id, add=handles)

    def mean(self, kind: SplitKind) -> Meaning:
        """What the split of production, or that of test launches, promises."""
        return self.meaning if kind is SplitKind.PRODUCTION else self.test_meaning or self.meaning

    def stand(self, kind: SplitKind) -> Pass:
        """The pass that the next launch belongs to: a new one if split or data are others now."""
        known, split_type = self.passes.get(kind), self.mean(kind).split_type
        if known is None or (known.split_type, known.query) != (split_type, self.query):
            return Pass(split_type, self.query)
        return known

    def judge(self, found: Slice | Nothing, kind: SplitKind) -> None:
        """Compare the end of a launch with what the split promises."""
        done, meaning = self.stand(kind), self.mean(kind)
        meaning.judge(self.book, done, found)
        if isinstance(found, Slice) or done.is_kept or meaning.is_kept_at_end:
            done.is_kept = True
            self.passes[kind] = done

    async def ask(self, key: str, *, is_test: bool) -> int | Nothing:
        """Launch; return the number of the submission, or why there is none."""
        request = LaunchRequest(self.stage_id, key, is_test)
        who = self.scene.producer
        try:
            outcome = await campaigns.launch_stage(self.scene.db, self.launcher, who, request=request)
        except NothingToLaunchError as nothing:
            return Nothing(bool(nothing.facts["is_over"]))
        assert isinstance(outcome, campaigns.Launched)
        return outcome.submission_id

    async def see(self, submission_id: int) -> tuple[Slice, campaigns.SubmissionView]:
        """What a submission has now."""
        view = await self.scene.view(submission_id)
        return Slice(tuple(await self.scene.list_names(submission_id)), view.job_data), view

    async def take(self, *, is_test: bool = False) -> Slice | Nothing:
        """Launch under a new key, and compare."""
        key = str(uuid4())
        answer = await self.ask(key, is_test=is_test)
        if isinstance(answer, Nothing):
            self.judge(answer, kind_of(is_test))
            return answer
        return await self.note(answer, key, is_test=is_test)

    async def note(self, submission_id: int, key: str, *, is_test: bool) -> Slice:
        """Judge a submission that was made now."""
        given, view = await self.see(submission_id)
        self.judge(given, kind_of(is_test))
        assert view.submission.batch_status is WORDS[self.batch.mood]
        assert (view.submission.project_id is not None) is bool(given.names)
        self.made.append(Made(submission_id, key, is_test, given, view.submission.project_id, self.batch.mood))
        return given

    async def take_both(self, *, has_one_key: bool) -> None:
        """Launch twice at once; what was made was made one after the other."""
        first = str(uuid4())
        keys = [first, first if has_one_key else str(uuid4())]
        answers = await asyncio.gather(*(self.ask(key, is_test=False) for key in keys))
        assert not has_one_key or answers[0] == answers[1]
        made = {answer: key for answer, key in zip(answers, keys, strict=True) if isinstance(answer, int)}
        for submission_id in sorted(made):
            await self.note(submission_id, made[submission_id], is_test=False)
        for answer in answers:
            if isinstance(answer, Nothing):
                self.judge(answer, SplitKind.PRODUCTION)

    async def take_badly(self, mood: str, *, is_mended: bool) -> None:
        """Launch while the batch system does not take it: the files stay with the submission, which may be mended."""
        self.batch.mood = mood
        found = await self.take()
        self.batch.mood = "well"
        if isinstance(found, Nothing) or not is_mended:
            return
        made = self.made[-1]
        await self.take()
        await (self.retry(made, is_good=True) if mood == "refuses" else self.take_up())
        assert made.key in self.batch.plans

    async def take_amid_reset(self) -> None:
        """Launch and reset at once: the slice is of the pass before, or the first of the new one."""
        key, kind = str(uuid4()), SplitKind.PRODUCTION
        answer, _ = await asyncio.gather(
            self.ask(key, is_test=False),
            campaigns.reset_split(self.scene.db, self.scene.producer, stage_id=self.stage_id, kind=kind),
        )
        [view, _] = await campaigns.view_positions(self.scene.db, self.scene.producer, stage_id=self.stage_id)
        is_behind = view.slice_count > 0
        if is_behind:
            self.forget(kind)
        if isinstance(answer, int):
            await self.note(answer, key, is_test=False)
        if not is_behind:
            await self.reset(kind)

    async def take_after_hold(self) -> None:
        """What is asked for during a hold is launched when it ends, in that order."""
        keys = [str(uuid4()) for _ in range(2)]
        await campaigns.hold_stage(self.scene.db, self.scene.producer, stage_id=self.stage_id, is_held=True)
        for key in (*keys, keys[0]):
            request = LaunchRequest(self.stage_id, key)
            outcome = await campaigns.launch_stage(self.scene.db, self.launcher, self.scene.producer, request=request)
            assert isinstance(outcome, campaigns.Queued)
        await self.check()
        await campaigns.hold_stage(self.scene.db, self.scene.producer, stage_id=self.stage_id, is_held=False)
        for _ in keys:
            await queued_launches.step(Surroundings(self.scene.db, self.launcher))
        for key in keys:
            answer = await self.ask(key, is_test=False)
            if isinstance(answer, Nothing):
                self.judge(answer, SplitKind.PRODUCTION)
            else:
                await self.note(answer, key, is_test=False)

    async def reset(self, kind: SplitKind) -> None:
        """Reset the split."""
        view = await campaigns.reset_split(self.scene.db, self.scene.producer, stage_id=self.stage_id, kind=kind)
        assert (view.slice_count, view.taken_count, view.reset_by) == (0, 0, "pia")
        self.forget(kind)

    def forget(self, kind: SplitKind) -> None:
        """Begin a new pass in the book."""
        self.passes[kind] = Pass(self.mean(kind).split_type, self.query, is_kept=True)

    async def drain(self, kind: SplitKind) -> list[str]:
        """Launch until there is nothing; return the files of all slices."""
        names: list[str] = []
        for _ in range(MOST_SLICES):
            found = await self.take(is_test=kind is SplitKind.TEST)
            if isinstance(found, Nothing):
                return names
            names += found.names
        raise AssertionError("the split never ends")

    async def play(self, step: Step) -> None:
        """Do one step; those that cannot happen just now do nothing."""
        match step:
            case ("launch", bool(is_test)):
                await self.take(is_test=is_test)
            case ("launch both", bool(has_one_key)):
                await self.take_both(has_one_key=has_one_key)
            case ("launch amid reset",):
                await self.take_amid_reset()
            case ("launch badly", str(mood), bool(is_mended)):
                await self.take_badly(mood, is_mended=is_mended)
            case ("rehearse and launch",):
                await self.rehearse()
            case ("hold",):
                await self.take_after_hold()
            case (str(word), int(number), bool(how)) if word in DEEDS and self.made:
                await self.play_with(word, self.made[number % len(self.made)], how=how)
            case _:
                await self.play_around(step)

    async def play_around(self, step: Step) -> None:
        """Change what launches are made of."""
        match step:
            case ("grow", list(drafts)):
                await self.grow(drafts)
                if self.staging_id:
                    await self.stage_in(2, fails=False)
            case ("retire", int(number), bool(is_retired)) if self.book.files:
                await self.retire(self.book.files[number % len(self.book.files)], is_retired=is_retired)
            case ("stage in", int(number), bool(fails)) if self.staging_id:
                await self.stage_in(number, fails=fails)
            case ("reset", SplitKind() as kind):
                await self.reset(kind)
            case ("edit", bool(is_other)):
                await self.edit(is_other=is_other)
            case ("move", int(place)):
                await self.move(place)
            case ("take up",):
                await self.take_up()

    async def play_with(self, word: str, made: Made, *, how: bool) -> None:
        """Do something with a submission."""
        match word:
            case "again":
                assert await self.ask(made.key, is_test=made.is_test) == made.id
            case "retry":
                await self.retry(made, is_good=how)
            case "relaunch":
                await self.relaunch(made)
            case "work off" if made.state == "well" and made.project_id is not None:
                await self.work_off(made, fails=how)
            case "end" if made.state == "well":
                self.batch.exit_codes[f"{made.key}#1"] = int(how)
                await self.settle()
                made.state = "over"
            case "cancel":
                await self.cancel(made)

    async def rehearse(self) -> None:
        """A rehearsal shows what the next launch gives."""
        request = LaunchRequest(self.stage_id, "rehearsal")
        shown: tuple[str, ...] | None
        try:
            rehearsal = await campaigns.rehearse_launch(
                self.scene.db, self.launcher, self.scene.producer, request=request
            )
            shown = rehearsal.files
        except NothingToLaunchError:
            shown = None
        found = await self.take()
        assert shown == (tuple(f"nova:{name}" for name in found.names) if isinstance(found, Slice) else None)

    async def retire(self, file: File, *, is_retired: bool) -> None:
        """Retire a file, or take that back."""
        if not all(self.mean(kind).bears(self.book, done, file) for kind, done in self.passes.items()):
            return
        await catalog.retire_file(self.scene.db, self.scene.producer, key=file.name, retire=is_retired)
        file.is_retired = is_retired

    async def stage_in(self, number: int, *, fails: bool) -> None:
        """Let the other project do some of its files."""
        names = await self.process(self.staging_id, number, fails=fails)
        for file in self.book.get(names):
            file.is_staged = not fails
        project = await dispatch.get_project(self.scene.db, self.scene.producer, project_id=self.staging_id)
        self.book.is_staging_over = project.state is not dispatch.ProjectState.ACTIVE

    async def process(self, project_id: int, number: int, *, fails: bool) -> list[str]:
        """Process files of a project and return their names."""
        who = self.scene.producer
        wish = dispatch.Wish(worker_id="w", request_id=uuid4(), count=number)
        leases = (await dispatch.reserve_next(self.scene.db, who, project_id=project_id, wish=wish)).leases
        self.wait(timedelta(seconds=SECONDS_PER_FILE))
        if leases:
            attempts = tuple(lease.attempt_id for lease in leases)
            outcome = dispatch.Outcome.FAILED if fails else dispatch.Outcome.DONE
            report = dispatch.Report("w", attempts, outcome, may_retry=False, reason="no" if fails else "")
            await dispatch.report(self.scene.db, who, report=report)
        return [lease.name for lease in leases]

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.book.now = self.clock.advance(span)

    async def edit(self, *, is_other: bool) -> None:
        """Write the split in another way, or another split."""
        if is_other:
            self.meaning = self.meaning.vary()
        else:
            self.is_respelled = not self.is_respelled
        new = self.write_stage()
        await campaigns.edit_stage(self.scene.db, self.scene.producer, stage_id=self.stage_id, new=new)

    async def move(self, place: int) -> None:
        """Set by hand where the split stands; what is no place is refused."""
        done, name = self.stand(SplitKind.PRODUCTION), self.meaning.place_name or "index"
        wrong: tuple[dict[str, object], ...] = ({name: -1}, {"nothing": place})
        for position in wrong:
            with pytest.raises(SplitTypeError):
                await self.move_to(position)
        value = self.meaning.put(done, place)
        if value is not None:
            await self.move_to({name: value})
            done.is_kept = True
            self.passes[SplitKind.PRODUCTION] = done

    async def move_to(self, position: dict[str, object]) -> None:
        """Ask for a position."""
        await campaigns.move_split(
            self.scene.db,
            self.scene.producer,
            stage_id=self.stage_id,
            kind=SplitKind.PRODUCTION,
            position=position,
        )

    async def take_up(self) -> None:
        """The batch system answers again, and gets what it was not told."""
        self.wait(timedelta(minutes=1))
        while await launches.step(Surroundings(self.scene.db, self.launcher)):
            pass
        for made in self.made:
            made.state = "well" if made.state == "away" else made.state

    async def retry(self, made: Made, *, is_good: bool) -> None:
        """Try a launch that failed once more: the same submission with the same files."""
        if made.state != "refuses":
            with pytest.raises(NotPossibleError):
                await self.retry_launch(made)
            return
        self.batch.mood = made.state = "well" if is_good else "refuses"
        await self.retry_launch(made)
        self.batch.mood = "well"
        _, view = await self.see(made.id)
        assert view.submission.batch_status is WORDS[made.state]
        assert view.submission.project_id == made.project_id

    async def retry_launch(self, made: Made) -> None:
        """Ask for it."""
        await campaigns.retry_launch(self.scene.db, self.launcher, self.scene.producer, submission_id=made.id)

    async def relaunch(self, made: Made) -> None:
        """Launch a submission again: another one with the same files."""
        key = str(uuid4())
        outcome = await campaigns.relaunch_submission(
            self.scene.db, self.launcher, self.scene.producer, submission_id=made.id, key=key
        )
        assert isinstance(outcome, campaigns.Launched)
        given, view = await self.see(outcome.submission_id)
        assert given == made.given
        project_id = view.submission.project_id
        assert made.project_id is None or project_id != made.project_id
        self.made.append(Made(outcome.submission_id, key, made.is_test, given, project_id, "well"))

    async def work_off(self, made: Made, *, fails: bool) -> None:
        """Workers process the files of a submission."""
        assert made.project_id is not None
        names = await self.process(made.project_id, 100, fails=fails)
        assert set(names) <= set(made.given.names)
        made.has_done = made.has_done or bool(names and not fails)
        await self.settle()

    async def cancel(self, made: Made) -> None:
        """Call a submission off."""
        with contextlib.suppress(SubmissionOverError):
            await campaigns.cancel_submission(
                self.scene.db,
                self.launcher.backends,
                self.scene.producer,
                submission_id=made.id,
                reason="enough",
            )
            made.state = "over"
            await self.settle()

    async def settle(self) -> None:
        """Let everything happen that is due."""
        around = Surroundings(self.scene.db, self.launcher)
        await launch.poll_launches(self.scene.db, self.launcher.backends)
        while await reactions.step(around):
            pass

    async def check(self) -> None:
        """What is shown of both positions agrees with the book."""
        newest = sorted((one for one in self.made if one.project_id), key=lambda one: -one.id)[:5]
        self.book.is_timed = any(one.has_done for one in newest)
        views = await campaigns.view_positions(self.scene.db, self.scene.producer, stage_id=self.stage_id)
        for view in views:
            done = self.stand(view.kind)
            if done.split_type == "None" or not done.is_kept:
                continue
            assert (view.slice_count, view.taken_count) == (done.slice_count, len(done.given))
            if done is self.seen.get(view.kind):
                assert view.epoch == self.epochs[view.kind]
            else:
                assert view.epoch > self.epochs[view.kind]
            self.seen[view.kind], self.epochs[view.kind] = done, view.epoch

    async def check_submissions(self) -> None:
        """Whatever happened, each submission has what it was given, and was started at most once."""
        for made in self.made:
            assert tuple(await self.scene.list_names(made.id)) == made.given.names
            assert made.key in self.batch.plans or made.state != "well"

    async def finish(self) -> None:
        """Take everything that there is; after a reset, take it once more."""
        if self.staging_id:
            await self.stage_in(100, fails=False)
        self.wait(timedelta(hours=2))
        if not self.meaning.is_exhaustible:
            await self.take()
            return
        kind = SplitKind.PRODUCTION
        await self.drain(kind)
        await self.check()
        await self.reset(kind)
        due = self.meaning.list_due(self.book, self.stand(kind))
        names = await self.drain(kind)
        assert not self.meaning.covers or Counter(names) == Counter(file.name for file in due)
        await self.check()
        await self.check_submissions()


def kind_of(is_test: bool) -> SplitKind:
    """Which position a launch moves."""
    return SplitKind.TEST if is_test else SplitKind.PRODUCTION


def describe(file: File) -> dict[str, object]:
    """The metadata of a file."""
    runs = (
        {"core.runs": [[run, 1, "physics"] for run in file.runs], "core.run_number": file.runs[0]} if file.runs else {}
    )
    return {"core.number": file.number, "core.event_count": file.events, **runs}


Maker = Callable[[int, int, datetime, str], Meaning]


class Begin(Protocol):
    """Begins a story; an odd one has a limit and another split for test launches."""

    def __call__(
        self, maker: Maker, numbers: tuple[int, int], files: Sequence[Draft], *, is_odd: bool
    ) -> Awaitable[Story]: ...


_a_draft = st.tuples(
    st.integers(0, 9), st.integers(0, 9), st.lists(st.integers(1, 4), max_size=2, unique=True).map(tuple)
)
_drafts = st.lists(_a_draft, max_size=3)
_numbers = st.integers(0, 9)
_yes = st.booleans()
_steps = st.one_of(
    st.tuples(st.just("launch"), _yes),
    st.tuples(st.just("launch both"), _yes),
    st.tuples(st.just("launch badly"), st.sampled_from(["refuses", "away"]), _yes),
    st.tuples(st.sampled_from(["rehearse and launch", "launch amid reset", "hold", "take up"])),
    st.tuples(st.just("grow"), _drafts),
    st.tuples(st.just("retire"), _numbers, _yes),
    st.tuples(st.just("stage in"), st.integers(1, 3), _yes),
    st.tuples(st.just("reset"), st.sampled_from(SplitKind)),
    st.tuples(st.just("edit"), _yes),
    st.tuples(st.just("move"), st.integers(0, 4)),
    st.tuples(st.sampled_from(DEEDS[:3]), _numbers, _yes),
    st.tuples(st.sampled_from(DEEDS[3:]), _numbers, _yes),
)


def list_entries(a: int, b: int, dataset: str) -> Entries:
    """A list of two ranges of files, one without any, a text and nothing."""
    return Entries(dataset, ((0, a), "", (a, a + b), (90, 99), "muons"))


MAKERS: dict[str, tuple[tuple[int, ...], Maker]] = {
    "nfiles": ((77,), lambda a, b, now, dataset: Counted(a)),
    "drainingn": ((72,), lambda a, b, now, dataset: Counted(a, "drainingn")),
    "stagedfiles": ((78,), lambda a, b, now, dataset: Staged(a)),
    "bysize": ((), lambda a, b, now, dataset: Measured("bysize", 3 * b)),
    "byevents": ((), lambda a, b, now, dataset: Measured("byevents", 3 * b)),
    "bytime": ((), lambda a, b, now, dataset: Timed(SECONDS_PER_FILE * b, a)),
    "byrun": ((69,), lambda a, b, now, dataset: OfRuns(min(a, b), max(a, b))),
    "byexistingruns": ((70,), lambda a, b, now, dataset: OfRuns()),
    "mod": ((75,), lambda a, b, now, dataset: Parts(a)),
    "new": ((68,), lambda a, b, now, dataset: Windows(now, 5 * a, 2 * b)),
    "limitn": ((73,), lambda a, b, now, dataset: TheSame(a)),
    "None": ((), lambda a, b, now, dataset: TheSame()),
    "draining": ((71,), lambda a, b, now, dataset: TheQuery()),
    "list": ((74,), lambda a, b, now, dataset: list_entries(a, b, dataset)),
    "multiparam": ((76,), lambda a, b, now, dataset: Combinations((("e", "mu")[:a], ("1", "2", "3")[:b]))),
}


@pytest.fixture
async def begin(db: Database, clock: MovableClock, tmp_path: Path) -> Begin:
    """What begins a story in an experiment that all of them share, with a data set and a stage of its own."""
    scene = await set_scene(db, tmp_path)

    async def begin_story(maker: Maker, numbers: tuple[int, int], files: Sequence[Draft], *, is_odd: bool) -> Story:
        dataset, now = f"d{next(NUMBERS)}", clock.now()
        story = Story(scene, clock, Batch(), maker(*numbers, now, dataset), dataset, Book(now))
        if is_odd and story.meaning.heeds_load_limit:
            story.book.load_limit, story.test_meaning = 3, Counted(numbers[1], "drainingn")
        await story.begin(files)
        return story

    return begin_story


@pytest.mark.parametrize(
    "maker",
    [pytest.param(made, id=name, marks=pytest.mark.row(*rows, 80, 81)) for name, (rows, made) in MAKERS.items()],
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # to make a story that fails smaller takes minutes
)
@given(
    files=st.lists(_a_draft, min_size=3, max_size=7),
    steps=st.lists(_steps, min_size=8, max_size=16),
    numbers=st.tuples(st.integers(1, 4), st.integers(1, 5)),
    is_odd=_yes,
)
async def test_each_launch_gives_what_its_split_promises_and_each_file_once_a_pass(
    begin: Begin, *, maker: Maker, files: list[Draft], steps: list[Step], numbers: tuple[int, int], is_odd: bool
) -> None:
    story = await begin(maker, numbers, files, is_odd=is_odd)
    for step in steps:
        await story.play(step)
        await story.check()
    await story.finish()
