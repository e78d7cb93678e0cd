"""`new(window=1w)`: files that appeared in a window of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import DELAY, DURATION, EPOCH, INSTANT, SWITCH, or_word, write_instant
from sutler.campaigns.splits.cut import Cut, Ended, Facts, Next, NotYet, Position, QueriedFiles, WhenEmpty
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import Parameter, parameter
from sutler.catalog.model import CreatedWithin


@dataclass(frozen=True)
class New(SplitType):
    """One window after the other, each beginning where the last ended: files declared after its start, until its end.

    A window without files is passed over. No window is given out before its end is `fts` ago.
    """

    window: timedelta = field(
        default=timedelta(weeks=1),
        metadata=parameter(DURATION, "How long a window is, cut down to a multiple of round."),
    )
    round: timedelta = field(
        default=timedelta(seconds=1), metadata=parameter(DURATION, "What windows are multiples of.")
    )
    fts: timedelta = field(
        default=timedelta(minutes=30),
        metadata=parameter(DELAY, "How late a file may be declared: windows wait so long."),
    )
    firsttime: datetime | None = field(
        default=None,
        metadata=parameter(or_word(INSTANT, ""), "Where the first window begins; empty for the last one that is over."),
    )
    lasttime: datetime | None = field(
        default=None,
        metadata=parameter(or_word(INSTANT, "now"), "Behind which instant there is no window; now for none."),
    )
    localtime: bool = field(
        default=False,
        metadata=parameter(SWITCH, "Whether times are shown in the time zone of the server, instead of UTC."),
    )

    name: ClassVar[str] = "new"
    help: ClassVar[str] = (
        "Files that were declared in a window of time, one window after the other without a gap. "
        "For keeping up with data as they come, or catching up from a date."
    )
    example: ClassVar[str] = "new(window=6h)"
    uses_ledger: ClassVar[bool] = False
    position_parameter: ClassVar[Parameter | None] = Parameter("until", INSTANT, "Where the last window ended.")
    older_names: ClassVar[Mapping[str, Mapping[str, str]]] = {"new_local": {"localtime": "1"}}

    def __post_init__(self) -> None:
        if not self.step:
            raise SplitTypeError(f"{self.name}: round is longer than window, so that nothing is left of a window.")
        if self.firsttime and self.lasttime and self.firsttime >= self.lasttime:
            raise SplitTypeError(f"{self.name}: firsttime is not before lasttime.")

    @property
    def step(self) -> timedelta:
        """How long a window is: the multiple of `round` in `window`."""
        return self.window - self.window % self.round

    def cut(self, base: str, position: Position, facts: Facts) -> Next:
        """The next window, if it is over for long enough and does not reach behind the last time."""
        latest = (self.lasttime or facts.now) - self.fts
        begins_at = self.read_position(position) or self.firsttime or self._round_down(latest - self.step)
        ends_at = begins_at + self.step
        window = f"after {self._show(begins_at)}, until {self._show(ends_at)}"
        if self.lasttime and ends_at > latest:
            return Ended(f"the window {window} would end later than lasttime less fts, {self._show(latest)}")
        if ends_at > facts.now - self.fts:
            return NotYet(f"the window {window} can be given out at {self._show(ends_at + self.fts)}")
        return Cut(
            QueriedFiles(base),
            uses_ledger=False,
            filters=(CreatedWithin(begins_at, ends_at),),
            then={"until": write_instant(ends_at)},
            note=window,
            when_empty=WhenEmpty.STEP,
            when_empty_reason=f"no file was declared {window}",
        )

    def describe_place(self, where: datetime) -> str:
        """Where the last window ended."""
        return f"given out until {self._show(where)}"

    def _round_down(self, at: datetime) -> datetime:
        return at - (at - EPOCH) % self.round

    def _show(self, at: datetime) -> str:
        return write_instant(at, is_local=self.localtime)
