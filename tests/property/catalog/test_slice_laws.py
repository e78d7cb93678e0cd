"""Laws of slices, for any files and any growth between them: what is cut is what a plain model says, each file once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.catalog.world import World, make_world

from sutler.catalog import (
    Budget,
    CreatedWithin,
    Filter,
    GroupBy,
    Measure,
    Part,
    Selection,
    ValueWithin,
    count_in,
    count_passed_over_in,
    create_ledger_in,
    get_taken_counts_in,
    take_in,
)
from sutler.database import Database

KEY = "core.runs"
DAY = datetime(2026, 3, 1, tzinfo=UTC)
NUMBERS = count(1)

_INSERT_FILE = """
WITH made AS (
    INSERT INTO catalog.files (fid, namespace, name, experiment_id, size_bytes, metadata, created_at, created_by)
    VALUES ($1, 'demo', $1, $2, $3, $4, $5, 'alice') RETURNING id
)
INSERT INTO catalog.dataset_files (dataset_id, file_id) SELECT $6, id FROM made
"""
_INSERT_DATASET = """
INSERT INTO catalog.datasets (namespace, name, experiment_id, created_at, created_by)
VALUES ('demo', $1, $2, now(), 'alice') RETURNING id
"""

Value = int | str
quickly = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Item:
    """A file as the model sees it. Its place in the order is its second, then its fid."""

    second: int
    size: int | None
    events: object
    runs: object
    scatter: int
    number: int = field(default_factory=lambda: next(NUMBERS))

    @property
    def fid(self) -> str:
        """Scattered, so that the order of fids is not the one in which files come in."""
        return f"{self.scatter:02}.{self.number:09}"

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in the order."""
        return self.second, self.fid

    @property
    def created_at(self) -> datetime:
        """When it was declared."""
        return DAY + timedelta(microseconds=self.second)

    @property
    def metadata(self) -> dict[str, object]:
        """What is written; a value may be missing."""
        return {key: item for key, item in ((KEY, self.runs), ("core.event_count", self.events)) if item != "missing"}

    @property
    def values(self) -> list[Value]:
        """The groups it is in, in the order of the list."""
        heads = self.runs if isinstance(self.runs, list) else [self.runs]
        heads = [head[0] if isinstance(head, list) and head else head for head in heads]
        return [head for head in heads if isinstance(head, int | str) and head != "missing"]

    def measure(self, measure: Measure) -> int:
        """What a budget counts for it."""
        if measure is Measure.BYTES:
            return self.size or 0
        return max(self.events, 0) if isinstance(self.events, int) else 0


RUN = st.integers(-2, 3) | st.sampled_from(["a", "b"])
RUNS: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(["missing", None, []]),
    RUN,
    st.lists(RUN, max_size=3),
    st.lists(st.tuples(RUN, st.integers(0, 1), st.just("phys")).map(list), max_size=3),
)
ITEMS = st.builds(
    Item,
    second=st.integers(0, 5),
    size=st.none() | st.integers(0, 9),
    events=st.sampled_from(["missing", None, "many"]) | st.integers(-1, 9),
    runs=RUNS,
    scatter=st.integers(0, 20),
)
GROWTH = st.lists(st.lists(ITEMS, max_size=6), min_size=1, max_size=4)


@dataclass
class Model:
    """What a selection should give, by the book: one file after the other."""

    selection: Selection
    there: list[Item] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    begin: tuple[int, str] | None = None

    def wanted(self) -> list[Item]:
        """Files that are not taken, in order."""
        passing = [item for item in self.there if all(passes(item, one) for one in self.selection.filters)]
        return sorted((item for item in passing if item.fid not in self.taken), key=lambda item: item.place)

    def cut(self) -> list[str]:
        """Take the next slice."""
        wanted = self.wanted()
        if self.selection.group_by is not None:
            chosen = self.fill([], of_first_group(wanted, self.selection.group_by))
        else:
            behind = [item for item in wanted if self.begin is None or item.place > self.begin]
            chosen = self.fill([], behind)
            if is_full(self.selection, chosen, behind):
                self.begin = chosen[-1].place if chosen else self.begin
            else:
                chosen = self.fill(chosen, [item for item in wanted if item not in chosen])
        self.taken |= {item.fid for item in chosen}
        return [item.fid for item in sorted(chosen, key=lambda item: item.place)]

    def fill(self, chosen: list[Item], offered: list[Item]) -> list[Item]:
        """Choose one after the other while there is room."""
        chosen = list(chosen)
        for item in offered:
            if not has_room(self.selection, chosen, item):
                break
            chosen.append(item)
        return chosen


def has_room(selection: Selection, chosen: Sequence[Item], item: Item) -> bool:
    """Whether one more file may be in a slice."""
    if selection.limit is not None and len(chosen) >= selection.limit:
        return False
    budget = selection.budget
    if budget is None or not chosen:
        return True
    return sum(one.measure(budget.measure) for one in (*chosen, item)) <= budget.amount


def is_full(selection: Selection, chosen: list[Item], offered: list[Item]) -> bool:
    """Whether something had no room; by number alone a slice is full as soon as there is no room left."""
    if selection.budget is None:
        return len(chosen) == selection.limit
    return len(chosen) < len(offered)


def of_first_group(wanted: list[Item], group: GroupBy) -> list[Item]:
    """The files that share the value of the next group."""
    values = [one for item in wanted for one in item.values]
    if not values:
        return []
    first = min(values, key=lambda one: (isinstance(one, str), one)) if group.is_ascending else values[0]
    return [item for item in wanted if first in item.values]


def passes(item: Item, one: Filter) -> bool:
    """Whether a file passes a filter."""
    if isinstance(one, CreatedWithin):
        after, until = one.after or DAY - timedelta(1), one.until or DAY + timedelta(1)
        return after < item.created_at <= until
    events = item.metadata.get(one.key)
    return isinstance(events, int) and one.low <= events <= one.high


@pytest.fixture
async def world(db: Database) -> World:
    """Nobody waits for a clock here: each example has a data set of its own."""
    return await make_world(db)


class Story:
    """A data set that grows, and a ledger."""

    def __init__(self, world: World, dataset: str, dataset_id: int, ledger_id: int) -> None:
        self.world, self.dataset, self.dataset_id, self.ledger_id = world, dataset, dataset_id, ledger_id

    @classmethod
    async def begin(cls, world: World) -> Story:
        """Make both."""
        name = f"d{next(NUMBERS)}"
        dataset_id = await world.count(_INSERT_DATASET, name, world.experiment_id)
        assert isinstance(dataset_id, int)
        async with world.db.write() as tx:
            ledger_id = await create_ledger_in(tx, experiment_id=world.experiment_id)
        return cls(world, name, dataset_id, ledger_id)

    def select(self, change: Callable[[Selection], Selection]) -> Selection:
        """A selection of the data set."""
        return change(Selection(f"files from demo:{self.dataset}", self.world.experiment_id))

    async def grow(self, items: Sequence[Item]) -> None:
        """Put files into the data set."""
        async with self.world.db.connection() as connection:
            for item in items:
                await connection.execute(
                    _INSERT_FILE,
                    item.fid,
                    self.world.experiment_id,
                    item.size,
                    item.metadata,
                    item.created_at,
                    self.dataset_id,
                )

    async def take(self, selection: Selection) -> list[str]:
        """Take the next slice."""
        async with self.world.db.write() as tx:
            return [file.fid for file in await take_in(tx, selection=selection, ledger_id=self.ledger_id)]

    async def follow(self, model: Model, growth: Sequence[Sequence[Item]]) -> list[str]:
        """Let the data set grow before each slice, and then take until nothing comes; all slices are the model's."""
        taken: list[str] = []
        for items in growth:
            await self.grow(items)
            model.there += items
            found = await self.take(model.selection)
            assert found == model.cut()
            taken += found
        while found := await self.take(model.selection):
            assert found == model.cut()
            taken += found
        assert model.cut() == []
        assert len(taken) == len(set(taken))
        async with self.world.db.read() as tx:
            assert await get_taken_counts_in(tx, ledger_id=self.ledger_id) == len(taken)
            left = model.wanted()
            counted = await count_in(tx, selection=model.selection, ledger_id=self.ledger_id)
            assert counted == (len(left), sum(item.size or 0 for item in left))
        return taken


def replaced(**changes: object) -> Callable[[Selection], Selection]:
    """What makes a selection out of a plain one."""
    return lambda plain: Selection(plain.query, plain.experiment_id, **changes)  # type: ignore[arg-type]


INSTANTS = st.none() | st.integers(-1, 6).map(lambda micro: DAY + timedelta(microseconds=micro))
FILTERS = st.lists(
    st.builds(CreatedWithin, INSTANTS, INSTANTS)
    | st.builds(ValueWithin, st.just("core.event_count"), st.integers(-1, 3), st.integers(3, 9)),
    max_size=2,
).map(tuple)
BUDGETS = st.builds(Budget, st.sampled_from(Measure), st.integers(1, 20))


@quickly
@given(growth=GROWTH, limit=st.integers(1, 5), filters=FILTERS)
async def test_slices_by_number_cover_what_the_filters_leave_once(
    world: World, growth: list[list[Item]], limit: int, filters: tuple[Filter, ...]
) -> None:
    story = await Story.begin(world)
    model = Model(story.select(replaced(limit=limit, filters=filters)))
    await story.follow(model, growth)
    assert model.wanted() == []


@quickly
@given(growth=GROWTH, budget=BUDGETS, limit=st.none() | st.integers(1, 4))
async def test_slices_by_amount_cover_all_files_once(
    world: World, growth: list[list[Item]], budget: Budget, limit: int | None
) -> None:
    story = await Story.begin(world)
    model = Model(story.select(replaced(budget=budget, limit=limit)))
    await story.follow(model, growth)
    assert model.wanted() == []


@quickly
@given(growth=GROWTH, is_ascending=st.booleans(), limit=st.none() | st.integers(1, 3))
async def test_slices_by_groups_cover_all_files_with_a_value_once(
    world: World,
    growth: list[list[Item]],
    is_ascending: bool,
    limit: int | None,
) -> None:
    story = await Story.begin(world)
    model = Model(story.select(replaced(group_by=GroupBy(KEY, is_ascending), limit=limit)))
    await story.follow(model, growth)
    left = model.wanted()
    assert not any(item.values for item in left)
    async with world.db.read() as tx:
        passed_over = await count_passed_over_in(tx, selection=model.selection, ledger_id=story.ledger_id)
    assert passed_over == len(left)


@quickly
@given(growth=GROWTH, parts=st.integers(1, 4))
async def test_the_parts_of_a_pass_cover_what_was_there_when_it_began_once(
    world: World, growth: list[list[Item]], parts: int
) -> None:
    story = await Story.begin(world)
    await story.grow(growth[0])
    there, later = list(growth[0]), growth[1:]
    settled = list_in_order(there)
    for number in range(parts):
        selection = story.select(replaced(part=Part(number, parts)))
        assert await story.take(selection) == settled[number::parts]
        for items in later[:1]:
            await story.grow(items)
            there += items
        later = later[1:]
        # Parts of nothing are not kept: they are made of the first files that there are.
        is_settled = bool(settled)
        settled = settled or list_in_order(there)
        assert await story.take(selection) == ([] if is_settled else settled[number::parts])


def list_in_order(items: list[Item]) -> list[str]:
    """The fids of items as they are cut."""
    return [item.fid for item in sorted(items, key=lambda item: item.place)]


def test_the_model_writes_what_the_database_reads() -> None:
    item = Item(1, None, 2, [[5, 1, "x"], 6], 0)
    assert json.loads(json.dumps(item.metadata)) == {KEY: [[5, 1, "x"], 6], "core.event_count": 2}
    assert item.values == [5, 6]
