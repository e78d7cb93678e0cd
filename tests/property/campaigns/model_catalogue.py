"""A catalogue as plain Python values that carries cuts out: what a cut means, said a second time and more simply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tests.conftest import NOON

from sutler.campaigns.splits import Cut, Ended, Facts, NotYet, SplitType, WhenEmpty
from sutler.catalog.model import CreatedWithin, Filter, GroupBy, Measure


@dataclass(frozen=True)
class ModelFile:
    """A file as splits see it. It can be found only from `visible_at` on, which may be later than it was declared."""

    number: int
    size: int = 1
    events: int = 1
    runs: tuple[int, ...] = ()
    created_at: datetime = NOON
    visible_at: datetime = NOON


@dataclass
class Ledger:
    """What one pass has given out, and the parts that it has settled."""

    taken: set[int] = field(default_factory=set)
    parts: list[list[ModelFile]] | None = None


@dataclass
class Stage:
    """A stage with a split type: a growing list of files, the ledger of the pass and the position."""

    split: SplitType
    base: str = "q"
    files: list[ModelFile] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    position: Mapping[str, object] = field(default_factory=dict)

    def reset(self) -> None:
        """Begin a new pass."""
        self.ledger, self.position = Ledger(), {}

    def launch(self, facts: Facts) -> tuple[list[ModelFile], Cut] | Ended | NotYet:
        """The next slice, which has files."""
        while isinstance(cut := self.split.cut(self.base, self.position, facts), Cut):
            taken = self.take(cut, facts.now)
            if taken or cut.when_empty is WhenEmpty.STEP:
                self.position = self.split.check_position(cut.then)
            if taken:
                self.ledger.taken |= {file.number for file in taken} if cut.uses_ledger else set()
                return taken, cut
            if cut.when_empty is WhenEmpty.ENDED:
                return Ended(cut.when_empty_reason)
            if cut.when_empty is WhenEmpty.WAIT:
                return NotYet(cut.when_empty_reason)
        return cut

    def drain(self, facts: Facts) -> Iterator[tuple[list[ModelFile], Cut]]:
        """Launch until there is nothing more."""
        while isinstance(launched := self.launch(facts), tuple):
            yield launched

    def take(self, cut: Cut, now: datetime) -> list[ModelFile]:
        """What a cut means now; nothing moves, but parts are settled."""
        files = [file for file in self.files if file.visible_at <= now and all(_passes(file, f) for f in cut.filters)]
        if cut.part is not None:
            if self.ledger.parts is None:
                self.ledger.parts = [files[number :: cut.part.count] for number in range(cut.part.count)]
            files = self.ledger.parts[cut.part.number]
        if cut.uses_ledger:
            files = [file for file in files if file.number not in self.ledger.taken]
        if cut.group_by is not None:
            files = _group(files, cut.group_by)
        return _within_budget(files[: cut.limit], cut)


def _passes(file: ModelFile, wanted: Filter) -> bool:
    if isinstance(wanted, CreatedWithin):
        assert wanted.after
        assert wanted.until
        return wanted.after < file.created_at <= wanted.until
    return any(wanted.low <= run <= wanted.high for run in file.runs)


def _group(files: Sequence[ModelFile], group_by: GroupBy) -> list[ModelFile]:
    with_runs = [file for file in files if file.runs]
    if not with_runs:
        return []
    run = min(run for file in with_runs for run in file.runs) if group_by.is_ascending else with_runs[0].runs[0]
    return [file for file in with_runs if run in file.runs]


def _within_budget(files: Sequence[ModelFile], cut: Cut) -> list[ModelFile]:
    if cut.budget is None:
        return list(files)
    taken: list[ModelFile] = []
    for file in files:
        if taken and measure([*taken, file], cut.budget.measure) > cut.budget.amount:
            break
        taken.append(file)
    return taken


def measure(files: Sequence[ModelFile], kind: Measure) -> int:
    """How many bytes or events files have together."""
    return sum(file.size if kind is Measure.BYTES else file.events for file in files)


def number_files(drafts: Sequence[ModelFile], after: int) -> list[ModelFile]:
    """The same files with numbers of their own."""
    return [replace(draft, number=after + place) for place, draft in enumerate(drafts)]
