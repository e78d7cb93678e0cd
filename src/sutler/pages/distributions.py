"""Small plots of metadata values, ready to be drawn by a template. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sutler.catalog import Distribution
from sutler.pages.formats import format_count

WIDTH = 300
HEIGHT = 88
SHOWN_VALUES = 6


@dataclass(frozen=True)
class Column:
    """One bin of a histogram, in pixels from the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class ValueRow:
    """One value with its part of all files, between 0 and 100."""

    text: str
    count: int
    percent: float
    is_rest: bool = False


@dataclass(frozen=True)
class SmallPlot:
    """The values of one key: either columns or rows."""

    key: str
    count: int
    distinct_count: int
    columns: tuple[Column, ...] = ()
    rows: tuple[ValueRow, ...] = ()
    low: str = ""
    high: str = ""
    most: int = 0

    @property
    def width(self) -> int:
        """The width of the histogram."""
        return WIDTH

    @property
    def height(self) -> int:
        """The height of the histogram."""
        return HEIGHT


def draw_distribution(distribution: Distribution) -> SmallPlot:
    """Return the plot of one key."""
    if distribution.low is None or distribution.high is None:
        return _draw_rows(distribution)
    return _draw_columns(distribution, distribution.low, distribution.high)


def write_number(number: Decimal) -> str:
    """Return a number with at most six digits that count, whole ones up to a million with all of theirs."""
    if number == number.to_integral_value() and abs(number) < 10**6:
        return format_count(int(number))
    return f"{float(number):.6g}" if abs(number) < 10**300 else f"{number:.6g}"


def _draw_rows(distribution: Distribution) -> SmallPlot:
    shown = distribution.counts[:SHOWN_VALUES]
    total = distribution.count or 1
    rows = [ValueRow(part.text, part.count, round(100 * part.count / total, 2)) for part in shown]
    rest = distribution.count - sum(part.count for part in shown)
    if rest:
        values = distribution.distinct_count - len(shown)
        label = f"{format_count(values)} other value{'' if values == 1 else 's'}"
        rows.append(ValueRow(label, rest, round(100 * rest / total, 2), is_rest=True))
    return SmallPlot(distribution.key, distribution.count, distribution.distinct_count, rows=tuple(rows))


def _draw_columns(distribution: Distribution, low: Decimal, high: Decimal) -> SmallPlot:
    most = max(part.count for part in distribution.counts)
    step = WIDTH / distribution.bin_count
    span = (high - low) / distribution.bin_count
    columns = []
    for part in distribution.counts:
        number = (part.bin or 1) - 1
        height = max(1.5, HEIGHT * part.count / most)
        begin, end = write_number(low + number * span), write_number(low + (number + 1) * span)
        title = f"{begin} to {end}: {format_count(part.count)}"
        columns.append(Column(round(number * step, 2), round(HEIGHT - height, 2), round(step - 1, 2), height, title))
    return SmallPlot(
        distribution.key,
        distribution.count,
        distribution.distinct_count,
        columns=tuple(columns),
        low=write_number(low),
        high=write_number(high),
        most=most,
    )
