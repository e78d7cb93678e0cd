"""Laws of slices: together they have each file once, while data grow and after a reset."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.conftest import NOON
from tests.property.campaigns.model_catalogue import ModelFile, Stage, measure, number_files

from sutler.campaigns.splits import (
    ByEvents,
    ByExistingRuns,
    ByRun,
    BySize,
    ByTime,
    Cut,
    DrainingN,
    Ended,
    Facts,
    JobData,
    LimitN,
    Listed,
    Mod,
    MultiParam,
    New,
    NFiles,
    QueriedFiles,
    SplitType,
    StagedFiles,
    Whole,
)
from sutler.catalog.model import CreatedWithin

HOUR = timedelta(hours=1)
FACTS = st.builds(Facts, st.just(NOON), st.none() | st.floats(0.001, 1e5))

FILES = st.lists(
    st.builds(
        ModelFile,
        number=st.just(0),
        size=st.integers(0, 9),
        events=st.integers(0, 9),
        runs=st.lists(st.integers(1, 5), max_size=2, unique=True).map(tuple),
    ),
    max_size=8,
)
COUNTS = st.integers(1, 6)
SPLITS_OF_ALL = st.one_of(
    st.builds(NFiles, COUNTS),
    st.builds(DrainingN, COUNTS),
    st.builds(StagedFiles, COUNTS),
    st.builds(BySize, st.integers(1, 20)),
    st.builds(ByEvents, st.integers(1, 20)),
    st.builds(ByTime, st.integers(1, 10**5).map(lambda seconds: timedelta(seconds=seconds)), COUNTS),
)
SPLITS_OF_RUNS = st.one_of(
    st.builds(ByExistingRuns), st.tuples(st.integers(1, 3), st.integers(3, 6)).map(lambda ends: ByRun(*ends))
)


def may_have(split: SplitType, file: ModelFile) -> bool:
    """Whether the split is to deliver a file at all."""
    low, high = (split.low, split.high) if isinstance(split, ByRun) else (1, 5)
    is_of_run = any(low <= run <= high for run in file.runs)
    return is_of_run or not isinstance(split, ByRun | ByExistingRuns)


@st.composite
def any_windows(draw: st.DrawFn) -> New:
    """Windows of hours around noon."""
    begin, last = draw(st.none() | st.integers(-100, 10)), draw(st.none() | st.integers(-50, 60))
    assume(begin is None or last is None or begin < last)
    rounded = draw(st.integers(1, 7))
    return New(
        window=draw(st.integers(rounded, 30)) * HOUR,
        round=rounded * HOUR,
        fts=draw(st.integers(0, 10)) * HOUR,
        firsttime=None if begin is None else NOON + begin * HOUR,
        lasttime=None if last is None else NOON + last * HOUR,
    )


def check_slice(split: SplitType, files: list[ModelFile], cut: Cut) -> None:
    """A slice is no larger than its split says."""
    assert cut.uses_ledger is split.uses_ledger
    if cut.limit is not None:
        assert len(files) <= cut.limit
    if cut.budget is not None:
        assert len(files) == 1 or measure(files, cut.budget.measure) <= cut.budget.amount
    if cut.group_by is not None:
        assert set.intersection(*(set(file.runs) for file in files))


@pytest.mark.row(69, 70, 72, 77, 78)
@settings(max_examples=150)
@given(SPLITS_OF_ALL | SPLITS_OF_RUNS, st.lists(st.tuples(FILES, st.integers(0, 3), FACTS), max_size=4), FACTS)
def test_each_file_is_delivered_once_while_data_grow_and_once_more_after_a_reset(
    split: SplitType, story: list[tuple[list[ModelFile], int, Facts]], at_the_end: Facts
) -> None:
    stage = Stage(split, base="42" if isinstance(split, StagedFiles) else "q")
    delivered: Counter[int] = Counter()
    for arrived, launch_count, facts in story:
        stage.files += number_files(arrived, after=len(stage.files))
        for _ in range(launch_count):
            if isinstance(launched := stage.launch(facts), tuple):
                check_slice(split, *launched)
                delivered.update(file.number for file in launched[0])
    for slice_, cut in stage.drain(at_the_end):
        check_slice(split, slice_, cut)
        delivered.update(file.number for file in slice_)
    expected = Counter(file.number for file in stage.files if may_have(split, file))
    assert delivered == expected
    stage.reset()
    assert Counter(file.number for slice_, _ in stage.drain(at_the_end) for file in slice_) == expected


@pytest.mark.row(75)
@given(COUNTS, FILES, FILES, st.integers(0, 3))
def test_parts_are_disjoint_and_have_what_was_there_at_the_first(
    m: int, present: list[ModelFile], later: list[ModelFile], launch_count: int
) -> None:
    stage = Stage(Mod(m), files=number_files(present, after=0))
    facts = Facts(NOON)
    launched = [stage.launch(facts) for _ in range(launch_count)]
    slices = [each[0] for each in launched if isinstance(each, tuple)]
    stage.files += number_files(later, after=len(present))
    expected = len(present) if launched else len(stage.files)
    slices += [files for files, _ in stage.drain(facts)]
    assert Counter(file.number for files in slices for file in files) == Counter(range(expected))
    assert len(slices) == min(m, expected)
    sizes = [len(files) for files in slices]
    assert not sizes or max(sizes) - min(sizes) <= 1
    stage.reset()
    assert sum(len(files) for files, _ in stage.drain(facts)) == len(stage.files)


@pytest.mark.row(68)
@settings(max_examples=150)
@given(any_windows(), st.lists(st.tuples(st.integers(1, 20), st.lists(st.floats(0, 1), max_size=3)), max_size=8))
def test_windows_have_each_file_once_even_if_it_is_declared_late(
    split: New, story: list[tuple[int, list[float]]]
) -> None:
    stage, now = Stage(split), NOON
    windows: list[CreatedWithin] = []
    delivered: Counter[int] = Counter()
    for hours, delays in [*story, (200, [])]:
        now += hours * HOUR
        late = [ModelFile(0, created_at=now, visible_at=now + delay * split.fts) for delay in delays]
        stage.files += number_files(late, after=len(stage.files))
        while isinstance(cut := split.cut("q", stage.position, Facts(now)), Cut):
            windows += [window for window in cut.filters if isinstance(window, CreatedWithin)]
            taken, stage.position = stage.take(cut, now), cut.then
            delivered.update(file.number for file in taken)
            assert (windows[-1].until or NOON) <= now - split.fts
    check_windows(split, windows, now)
    covered = [
        f.number for f in stage.files for w in windows if w.after and w.until and w.after < f.created_at <= w.until
    ]
    assert delivered == Counter(covered)


def check_windows(split: New, windows: list[CreatedWithin], now: datetime) -> None:
    """Windows are of one length, stand side by side, and reach as far as they may."""
    latest = min(now, split.lasttime or now) - split.fts
    assert windows or (split.firsttime and latest - split.firsttime < split.step)
    for number, window in enumerate(windows):
        assert window.after
        assert window.until
        assert window.until - window.after == split.step
        assert number == 0 or window.after == windows[number - 1].until
        assert window.until <= latest
    if windows:
        assert latest - (windows[-1].until or NOON) < split.step
        assert split.firsttime in {None, windows[0].after}


@pytest.mark.row(73)
@given(COUNTS, FILES)
def test_without_a_ledger_every_slice_is_the_same(n: int, drafts: list[ModelFile]) -> None:
    files = number_files(drafts, after=0)
    for split, expected in ((LimitN(n), files[:n]), (Whole(), files)):
        stage = Stage(split, files=files)
        for _ in range(2):
            launched = stage.launch(Facts(NOON))
            assert (launched[0] if isinstance(launched, tuple) else []) == expected


@pytest.mark.row(76)
@given(st.lists(st.lists(st.text("ab", max_size=2), min_size=1, max_size=4), min_size=1, max_size=4))
def test_combinations_are_all_there_with_the_first_list_fastest(columns: list[list[str]]) -> None:
    expected = [""]
    for column in columns:
        expected = [f"{begin}_{value}" for value in column for begin in expected]
    assert give_out(MultiParam(), repr(columns)) == [JobData(value[1:], is_query=False) for value in expected]


@pytest.mark.row(74)
@given(st.lists(st.sampled_from(["", " ", "a:b", "files from a:b where n in (1, 2)"]), min_size=1, max_size=6))
def test_a_list_gives_each_entry_that_is_not_empty_in_order(entries: list[str]) -> None:
    assume(any(entry.strip() for entry in entries))
    expected = [QueriedFiles(entry) for entry in entries if entry.strip()]
    assert give_out(Listed(), repr(entries)) == expected
    assert give_out(Listed(), ",".join(entries)) == expected


def give_out(split: SplitType, base: str) -> list[object]:
    """The sources of all slices until the end."""
    split.check_base(base)
    sources: list[object] = []
    position: dict[str, object] = {}
    while isinstance(cut := split.cut(base, position, Facts(NOON)), Cut):
        sources.append(cut.source)
        position = dict(split.check_position(cut.then))
    assert isinstance(cut, Ended)
    return sources
