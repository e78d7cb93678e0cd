"""What stages must give out, by the book: a catalogue of plain values, and each split type said once more and simply.

A meaning is shown what a launch gave, judges it, and moves the pass that the book keeps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product

SECONDS_PER_FILE = 100
"""How long workers take for each file."""


@dataclass
class File:
    """A file as splits see it. It `is_staged` once another project has done it."""

    name: str
    number: int
    size: int
    events: int
    runs: tuple[int, ...]
    created_at: datetime
    is_retired: bool = False
    is_staged: bool = False


@dataclass(frozen=True)
class Slice:
    """What a submission was given: its files, or what is handed to its jobs."""

    names: tuple[str, ...] = ()
    data: str | None = None


@dataclass(frozen=True)
class Nothing:
    """What a launch was refused with."""

    is_over: bool


@dataclass
class Pass:
    """One pass of a split over its data: what it has given out, and where it stands."""

    split_type: str
    query: str
    given: set[str] = field(default_factory=set)
    slice_count: int = 0
    place: int = 0
    until: datetime | None = None
    parts: list[list[str]] | None = None
    is_kept: bool = False


@dataclass
class Book:
    """The catalogue of a stage as it is now, and what its splits may know beside."""

    now: datetime
    files: list[File] = field(default_factory=list)
    load_limit: int | None = None
    is_timed: bool = False
    is_staging_over: bool = False

    def list_present(self) -> list[File]:
        """The files that a query finds, in order."""
        return [file for file in self.files if not file.is_retired]

    def list_left(self, done: Pass) -> list[File]:
        """Those that a pass has not given out."""
        return [file for file in self.list_present() if file.name not in done.given]

    def limit(self, count: int) -> int:
        """How many files a submission has of so many."""
        return count if self.load_limit is None else min(count, self.load_limit)

    def get(self, names: Sequence[str]) -> list[File]:
        """The files of these names."""
        return [file for file in self.files if file.name in names]


class Meaning(ABC):
    """What one split type promises."""

    uses_ledger = True
    ends = True
    """Whether a launch that finds nothing means that the split is exhausted."""
    is_kept_at_end = False
    """Whether a launch that finds nothing settles where the split stands all the same."""
    heeds_load_limit = False
    """Whether a stage with this split may have a load limit as well, and each file still comes once."""
    place_name = ""
    """What a place that can be set by hand is called."""

    @property
    @abstractmethod
    def split_type(self) -> str:
        """The split as it is written in a stage."""

    @property
    def base(self) -> str | None:
        """What stands in the query field when it is no query of the files."""
        return None

    def judge(self, book: Book, done: Pass, found: Slice | Nothing) -> None:
        """Compare what a launch gave with what it had to, and move the pass."""
        if isinstance(found, Slice):
            self.check(book, done, found)
            if self.uses_ledger:
                assert not done.given & set(found.names)
                done.given |= set(found.names)
            done.slice_count += 1
        else:
            self.check_nothing(book, done, found)

    @abstractmethod
    def check(self, book: Book, done: Pass, found: Slice) -> None:
        """The slice is one that the split may give now."""

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        """There is nothing left of what the split is to give."""
        assert found.is_over is self.ends
        assert not self.list_due(book, done)

    def list_due(self, book: Book, done: Pass) -> list[File]:
        """The files that a pass still has to give out."""
        return book.list_left(done)

    def put(self, done: Pass, place: int) -> int | str | None:
        """Set where a pass stands, and return how that is written; None for a place that is not set by hand here."""
        if not self.place_name:
            return None
        done.place = place
        return place

    def bears(self, book: Book, done: Pass, file: File) -> bool:
        """Whether a file may be retired, or come back, and the law still says what follows."""
        return True

    @property
    def covers(self) -> bool:
        """Whether a pass gives out all files that are due, each once."""
        return self.uses_ledger

    @property
    def is_exhaustible(self) -> bool:
        """Whether there is nothing at some time."""
        return True

    def vary(self) -> Meaning:
        """The same type with another parameter, if it has any."""
        return self


@dataclass
class Counted(Meaning):
    """n files at a time, as long as there are some."""

    n: int
    word: str = "nfiles"

    heeds_load_limit = True

    @property
    def split_type(self) -> str:
        return f"{self.word}({self.n})"

    def vary(self) -> Meaning:
        return replace(self, n=self.n % 4 + 1)

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        left = {file.name for file in self.list_due(book, done)}
        assert set(found.names) <= left
        assert len(found.names) == min(book.limit(self.n), len(left))


@dataclass
class Staged(Counted):
    """n files at a time of those that another project has done."""

    word: str = "stagedfiles"

    heeds_load_limit = False

    def list_due(self, book: Book, done: Pass) -> list[File]:
        return [file for file in book.files if file.is_staged and file.name not in done.given]

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        assert found.is_over is book.is_staging_over
        assert not self.list_due(book, done)


@dataclass
class Measured(Meaning):
    """Files up to an amount of bytes or events, and at least one."""

    word: str
    amount: int

    heeds_load_limit = True

    @property
    def split_type(self) -> str:
        return f"{self.word}({self.amount}{'B' if self.word == 'bysize' else ''})"

    def vary(self) -> Meaning:
        return replace(self, amount=self.amount + 1)

    def measure(self, file: File) -> int:
        """What a file counts."""
        return file.size if self.word == "bysize" else file.events

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        left = self.list_due(book, done)
        chosen = [file for file in left if file.name in found.names]
        assert len(chosen) == len(found.names) > 0
        total = sum(map(self.measure, chosen))
        assert total <= self.amount or len(chosen) == 1
        others = [file for file in left if file not in chosen]
        is_full = len(chosen) == book.load_limit
        assert len(chosen) == book.limit(len(chosen))
        assert is_full or not others or any(total + self.measure(file) > self.amount for file in others)


@dataclass
class Timed(Meaning):
    """As many files as are done within a time, judging by those that were done."""

    seconds: int
    first: int

    heeds_load_limit = True

    @property
    def split_type(self) -> str:
        return f"bytime({self.seconds}s, first={self.first})"

    def vary(self) -> Meaning:
        return replace(self, seconds=self.seconds + SECONDS_PER_FILE)

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        left = {file.name for file in self.list_due(book, done)}
        wanted = max(1, self.seconds // SECONDS_PER_FILE) if book.is_timed else self.first
        assert set(found.names) <= left
        assert len(found.names) == min(book.limit(wanted), len(left))


@dataclass
class OfRuns(Meaning):
    """One run at a time: the lowest of a range by its number, or that of the first file by its list of runs."""

    low: int | None = None
    high: int | None = None

    heeds_load_limit = True

    @property
    def split_type(self) -> str:
        return "byexistingruns" if self.low is None else f"byrun(low={self.low}, high={self.high})"

    def vary(self) -> Meaning:
        return self if self.low is None else replace(self, low=1, high=(self.high or 1) % 4 + 1)

    def list_runs(self, file: File) -> tuple[int, ...]:
        """The runs by which a file is chosen."""
        if self.low is None or self.high is None:
            return file.runs
        return tuple(run for run in file.runs[:1] if self.low <= run <= self.high)

    def list_due(self, book: Book, done: Pass) -> list[File]:
        return [file for file in book.list_left(done) if self.list_runs(file)]

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        due = self.list_due(book, done)
        run = self.list_runs(due[0])[0] if self.low is None else min(self.list_runs(file)[0] for file in due)
        names = [file.name for file in due if run in self.list_runs(file)]
        assert found.names == tuple(names[: book.limit(len(names))])


@dataclass
class Parts(Meaning):
    """m parts by every m-th file of those there were at the first slice."""

    m: int

    place_name = "part"

    @property
    def split_type(self) -> str:
        return f"mod({self.m})"

    def vary(self) -> Meaning:
        return replace(self, m=self.m % 4 + 1)

    def list_due(self, book: Book, done: Pass) -> list[File]:
        parts = self._cut(book) if done.parts is None else done.parts
        return [file for part in parts[done.place :] for file in book.get(part) if not file.is_retired]

    def put(self, done: Pass, place: int) -> int | str | None:
        return super().put(done, place) if place >= done.place else None

    def bears(self, book: Book, done: Pass, file: File) -> bool:
        if done.parts is None:
            return True
        part = next((part for part in done.parts if file.name in part), [])
        return not part or any(not other.is_retired for other in book.get(part) if other is not file)

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        done.parts = done.parts or self._cut(book)
        part = book.get(done.parts[done.place])
        assert found.names == tuple(file.name for file in part if not file.is_retired)
        done.place += 1

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        super().check_nothing(book, done, found)
        if done.is_kept and done.place < self.m:
            done.parts = done.parts or self._cut(book)

    def _cut(self, book: Book) -> list[list[str]]:
        names = [file.name for file in book.list_present()]
        return [names[number :: self.m] for number in range(self.m)]


@dataclass
class Windows(Meaning):
    """One window of time after the other, empty ones passed over, none before it is over for long enough."""

    begins_at: datetime
    minutes: int
    late_minutes: int

    place_name = "until"
    uses_ledger = False
    ends = False
    is_kept_at_end = True

    @property
    def split_type(self) -> str:
        first = f"firsttime={self.begins_at.timestamp():.0f}"
        return f"new(window={self.minutes}m, fts={self.late_minutes}m, {first})"

    def vary(self) -> Meaning:
        return replace(self, minutes=self.minutes + 1)

    def put(self, done: Pass, place: int) -> int | str | None:
        done.until = self.begins_at + timedelta(minutes=5 * place)
        return done.until.isoformat()

    @property
    def covers(self) -> bool:
        return True

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        due = self._step(book, done)
        assert due
        assert found.names == tuple(due)

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        assert found.is_over is False
        assert not self._step(book, done)

    def _step(self, book: Book, done: Pass) -> list[str]:
        begin, step = done.until or self.begins_at, timedelta(minutes=self.minutes)
        while begin + step <= book.now - timedelta(minutes=self.late_minutes):
            names = [file.name for file in book.list_present() if begin < file.created_at <= begin + step]
            begin = done.until = begin + step
            if names:
                return names
        return []


@dataclass
class TheSame(Meaning):
    """The same first n files every time, or all of them."""

    n: int | None = None

    heeds_load_limit = True
    uses_ledger = False

    @property
    def split_type(self) -> str:
        return "None" if self.n is None else f"limitn({self.n})"

    def vary(self) -> Meaning:
        return self if self.n is None else replace(self, n=self.n % 4 + 1)

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        assert found.is_over is (self.n is not None)
        assert not self.list_due(book, done)

    def list_due(self, book: Book, done: Pass) -> list[File]:
        present = book.list_present()[: self.n]
        return present[: book.limit(len(present))]

    @property
    def is_exhaustible(self) -> bool:
        return False

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        assert found.names == tuple(file.name for file in self.list_due(book, done))


@dataclass
class TheQuery(Meaning):
    """The query itself, every time; it never ends."""

    split_type = "draining"
    uses_ledger = False

    @property
    def is_exhaustible(self) -> bool:
        return False

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        assert found == Slice((), done.query)

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        raise AssertionError("a query that is handed to the jobs is never over")


@dataclass
class Entries(Meaning):
    """The entries of a list in turn: files by a range of their numbers, texts for the jobs, empty ones."""

    dataset: str
    entries: tuple[tuple[int, int] | str, ...]

    split_type = "list"
    uses_ledger = False
    is_kept_at_end = True
    place_name = "index"

    @property
    def base(self) -> str:
        written = [self._write(entry) for entry in self.entries]
        return str(written)

    def vary(self) -> Meaning:
        return replace(self, entries=(*self.entries[::-1], "more"))

    def _write(self, entry: tuple[int, int] | str) -> str:
        if isinstance(entry, str):
            return entry and f"param: {entry}"
        return f"files from nova:{self.dataset} where core.number >= {entry[0]} and core.number < {entry[1]}"

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        assert found == self._step(book, done)

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        assert found.is_over
        assert self._step(book, done) is None

    def _step(self, book: Book, done: Pass) -> Slice | None:
        for entry in self.entries[done.place :]:
            done.place += 1
            if isinstance(entry, str):
                if entry:
                    return Slice((), entry)
                continue
            names = [file.name for file in book.list_present() if entry[0] <= file.number < entry[1]]
            if names:
                return Slice(tuple(names))
        return None


@dataclass
class Combinations(Meaning):
    """Every combination of values, the first list fastest."""

    columns: tuple[tuple[str, ...], ...]

    split_type = "multiparam"
    uses_ledger = False
    is_kept_at_end = True
    place_name = "index"

    @property
    def base(self) -> str:
        return str([list(column) for column in self.columns])

    def vary(self) -> Meaning:
        return replace(self, columns=(*self.columns[::-1], ("x",)))

    def list_values(self) -> list[str]:
        """All values in the order in which they come."""
        return ["_".join(reversed(chosen)) for chosen in product(*reversed(self.columns))]

    def check(self, book: Book, done: Pass, found: Slice) -> None:
        assert found == Slice((), self.list_values()[done.place])
        done.place += 1

    def check_nothing(self, book: Book, done: Pass, found: Nothing) -> None:
        assert found.is_over
        assert done.place >= len(self.list_values())
