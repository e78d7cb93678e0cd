"""The tables that are printed, in Markdown, so that they can be pasted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, le, lt
from statistics import median
from typing import TypeVar

from benchmarks.dispatching.rounds import Beside, Round

One = TypeVar("One")


SIGNS: Mapping[str, Callable[[float, float], bool]] = {"≥": ge, "≤": le, "<": lt}


@dataclass(frozen=True)
class Aim:
    """Something that is wanted. `measured` is None where this run did not measure it."""

    what: str
    sign: str
    limit: float
    measured: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether it is so, None where nobody knows."""
        return None if self.measured is None else SIGNS[self.sign](self.measured, self.limit)


@dataclass(frozen=True)
class Comparison:
    """The rounds with one number of connections: ours, and those of pgbench with either script."""

    connections: int
    ours: Sequence[Round]
    plain: Sequence[Beside]
    apart: Sequence[Beside]

    @property
    def ratio(self) -> float:
        """Our cycles per second over those of the plain script."""
        return self._compare(self.plain)

    @property
    def ratio_apart(self) -> float:
        """Our cycles per second over those of clients that never meet."""
        return self._compare(self.apart)

    def _compare(self, beside: Sequence[Beside]) -> float:
        return middle(self.ours, lambda one: one.figures.per_second) / middle(
            beside, lambda one: one.figures.per_second
        )


def middle(rounds: Iterable[One], read: Callable[[One], float]) -> float:
    """Return what is read of each round, in their middle."""
    return median(read(one) for one in rounds)


def format_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with the first column to the left and the others to the right."""
    lines = [titles, ["---", *["--:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_comparisons(comparisons: Iterable[Comparison]) -> str:
    """Cycles per second beside pgbench, and latency."""
    titles = [
        "connections",
        "cycles/s",
        "pgbench",
        "ratio",
        "pgbench apart",
        "ratio",
        "`next` p50",
        "p99",
        "`done` p50",
        "p99",
    ]
    return format_table(
        titles,
        (
            [
                str(each.connections),
                f"{middle(each.ours, lambda one: one.figures.per_second):,.0f}",
                f"{middle(each.plain, lambda one: one.figures.per_second):,.0f}",
                f"{each.ratio:.2f}",
                f"{middle(each.apart, lambda one: one.figures.per_second):,.0f}",
                f"{each.ratio_apart:.2f}",
                *_format_times(each.ours),
            ]
            for each in comparisons
        ),
    )


def format_processors(comparisons: Iterable[Comparison]) -> str:
    """Who used how many processors in the middle, and the server's memory."""
    titles = ["connections", "server", "PostgreSQL", "load", "server MB", "with pgbench: PostgreSQL", "pgbench"]
    return format_table(titles, (_format_processors(each) for each in comparisons))


def _format_processors(each: Comparison) -> list[str]:
    return [
        str(each.connections),
        *format_split(each.ours),
        f"{max(one.used.server_mb for one in each.ours):.0f}",
        f"{middle(each.plain, lambda one: one.used.database_seconds / one.seconds):.2f}",
        f"{middle(each.plain, lambda one: one.figures.cpu_seconds / one.seconds):.2f}",
    ]


def format_split(rounds: Sequence[Round]) -> list[str]:
    """Processors of the server, PostgreSQL and the load."""
    return [
        f"{middle(rounds, lambda one: one.used.server_seconds / one.figures.seconds):.2f}",
        f"{middle(rounds, lambda one: one.used.database_seconds / one.figures.seconds):.2f}",
        f"{middle(rounds, lambda one: one.figures.cpu_seconds / one.figures.seconds):.2f}",
    ]


def format_others(others: Iterable[tuple[str, Sequence[Round]]]) -> str:
    """The ways of working that have no yardstick."""
    titles = ["what", "connections", "handles/s", "ask p50", "p99", "report p50", "p99", "server", "PostgreSQL", "load"]
    return format_table(
        [*titles, "server MB"],
        (
            [
                what,
                str(rounds[0].load.connections),
                f"{middle(rounds, lambda one: one.figures.per_second):,.0f}",
                *_format_times(rounds),
                *format_split(rounds),
                f"{max(one.used.server_mb for one in rounds):.0f}",
            ]
            for what, rounds in others
        ),
    )


def format_aims(aims: Iterable[Aim]) -> str:
    """What was wanted, and whether it is so."""
    return format_table(["aim", "wanted", "measured", "met"], (_format_aim(aim) for aim in aims))


def _format_aim(aim: Aim) -> list[str]:
    wanted = f"{aim.sign} {aim.limit:,g}"
    if aim.measured is None:
        return [aim.what, wanted, "not measured", ""]
    digits = 2 if aim.measured < 10 else 0
    return [aim.what, wanted, f"{aim.measured:,.{digits}f}", "yes" if aim.is_met else "no"]


def _format_times(rounds: Sequence[Round]) -> list[str]:
    return [
        f"{middle(rounds, lambda one: one.figures.next.p50_ms):.2f}",
        f"{middle(rounds, lambda one: one.figures.next.p99_ms):.2f}",
        f"{middle(rounds, lambda one: one.figures.report.p50_ms):.2f}",
        f"{middle(rounds, lambda one: one.figures.report.p99_ms):.2f}",
    ]
