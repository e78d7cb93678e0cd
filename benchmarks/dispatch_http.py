"""Cycles per second over HTTP, beside what the database does without us: `python -m benchmarks.dispatch_http`.

The server as shipped and its embedded PostgreSQL, as durable as shipped, drain projects whose files have replicas. The
load is a C program of its own. In the same run, round by round in turns, pgbench reserves and releases rows of tables
of the same shape, without events, counters or replicas. Figures are medians of the rounds, each on a fresh project
after a checkpoint. Times are milliseconds; processors are seconds of processor in a second.

At the end every handle that a worker was told is done has to be done exactly once in the database, and all counts have
to agree, else the exit code is 1. Whether the aims are met is printed and changes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from subprocess import CalledProcessError

from benchmarks.dispatching.children import run_until_signal
from benchmarks.dispatching.generator import CallTimes, Load, Mode, NoCompilerError, build_generator
from benchmarks.dispatching.installation import Files, RefusedError, open_installation
from benchmarks.dispatching.report import (
    Aim,
    Comparison,
    format_aims,
    format_comparisons,
    format_others,
    format_processors,
    middle,
)
from benchmarks.dispatching.rounds import Bench, Beside, Round
from benchmarks.dispatching.yardstick import NoPgbenchError, StrangeFiguresError, Yardstick, find_pgbench
from demo.server import DemoError

from sutler.client import ClientError
from sutler.database.embedded.programs import find_programs

BATCH = 100
BATCH_CONNECTIONS = (4, 8)
NEAR = Files("bench", ("NEAR",))
APART = Files("apart", ("WEST", "EAST"), ("west", "east"))
WARM_UP_HANDLES = 200
FAILURES = (
    NoCompilerError,
    NoPgbenchError,
    StrangeFiguresError,
    RefusedError,
    DemoError,
    ClientError,
    CalledProcessError,
)


def main() -> int:
    """Run everything and print the tables. Returns the exit code."""
    given = read_arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
            return run_until_signal(measure(given, Path(folder)))
    except FAILURES as error:
        print(error, getattr(error, "stderr", None) or "", file=sys.stderr)
        return 1


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dispatch_http",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--handles", type=int, default=100_000, help="handles of a project (default: 100000)")
    parser.add_argument("--connections", default="1,8,64,256", help="numbers of connections, with commas")
    parser.add_argument("--crowd", type=int, default=64, help="connections of what is measured with one number only")
    parser.add_argument("--seconds", type=float, default=10, help="how long a round lasts at most (default: 10)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each kind (default: 3)")
    parser.add_argument("--drain", type=int, default=0, metavar="HANDLES", help="drain one project of so many, too")
    return parser.parse_args()


async def measure(given: argparse.Namespace, directory: Path) -> int:
    """Measure in a directory and print. Returns the exit code."""
    program = await asyncio.to_thread(build_generator)
    pgbench = find_pgbench((await find_programs(None)).directory)
    async with open_installation(directory) as installation:
        bench = Bench(installation, program, Yardstick(pgbench, installation.connect), directory)
        await installation.place(NEAR, max(given.handles, given.drain, WARM_UP_HANDLES))
        await installation.place(APART, given.handles)
        await warm_up(bench)
        run = Run(bench, given)
        await run.compare()
        await run.try_other_ways()
        await run.hold_snapshots()
        await run.drain()
        run.print_tables()
        violations = await bench.list_violations()
    for violation in violations:
        print(f"violation: {violation}")
    if not violations:
        print(f"\nEvery handle reported done in {len(bench.rounds)} rounds is done exactly once, and all counts agree.")
    return 1 if violations else 0


async def warm_up(bench: Bench) -> None:
    """Let the server meet each kind of call before it counts."""
    for mode in Mode:
        await bench.run_fresh(Load(0, WARM_UP_HANDLES, 4, 5, mode, count=BATCH), NEAR)


class Run:
    """All that is measured in one run."""

    def __init__(self, bench: Bench, given: argparse.Namespace) -> None:
        self._bench = bench
        self._given = given
        self._comparisons: list[Comparison] = []
        self._others: dict[str, list[Round]] = {}
        self._batches: list[list[Round]] = []
        self._plain: list[Round] = []
        self._watched: list[Round] = []
        self._drained: Round | None = None

    async def compare(self) -> None:
        """Ours and pgbench in turns, with each number of connections."""
        for connections in [int(word) for word in self._given.connections.split(",")]:
            ours: list[Round] = []
            plain: list[Beside] = []
            apart: list[Beside] = []
            for _ in range(self._given.rounds):
                one, of_plain, of_apart = await self._bench.run_beside_scripts(self._make_load(connections), NEAR)
                ours.append(one)
                plain.append(of_plain)
                apart.append(of_apart)
                speeds = (one.figures.per_second, of_plain.figures.per_second, of_apart.figures.per_second)
                tell(f"{connections} connections", *(f"{speed:,.0f}" for speed in speeds))
            self._comparisons.append(Comparison(connections, ours, plain, apart))

    async def try_other_ways(self) -> None:
        """Many handles a call, the old protocol, and files at two places with workers near one of them each."""
        crowd = self._given.crowd
        ways = {
            **{
                f"{BATCH} handles a call ({connections})": (
                    self._make_load(connections, mode=Mode.BATCH, count=BATCH),
                    NEAR,
                )
                for connections in BATCH_CONNECTIONS
            },
            "old protocol": (self._make_load(crowd, mode=Mode.OLD), NEAR),
            "two storage elements, two sites": (self._make_load(crowd, sites=APART.sites), APART),
        }
        for what, (load, files) in ways.items():
            rounds = [await self._bench.run_fresh(load, files) for _ in range(self._given.rounds)]
            tell(what, *(f"{one.figures.per_second:,.0f}" for one in rounds))
            self._others[what] = rounds
            if load.mode is Mode.BATCH:
                self._batches.append(rounds)

    async def hold_snapshots(self) -> None:
        """With and without a transaction that has a snapshot open all the time, in turns."""
        load = self._make_load(self._given.crowd)
        for _ in range(self._given.rounds):
            self._plain.append(await self._bench.run_fresh(load, NEAR))
            self._watched.append(await self._bench.run_fresh(load, NEAR, with_snapshot=True))
            tell(
                "without, with a snapshot", *(f"{r[-1].figures.per_second:,.0f}" for r in (self._plain, self._watched))
            )
        self._others["no snapshot held"], self._others["a snapshot held"] = self._plain, self._watched

    async def drain(self) -> None:
        """One large project from its first handle to its last."""
        handles = self._given.drain
        if handles:
            load = Load(0, handles, self._given.crowd, 0)
            self._drained = await self._bench.run_fresh(load, NEAR)
            tell(f"{handles} handles", f"{self._drained.figures.per_second:,.0f}")
            self._others[f"all of {handles:,} handles"] = [self._drained]

    def print_tables(self) -> None:
        """Print what was measured and how it compares with what is wanted."""
        parts = [
            "Medians of the rounds. A cycle is a `next` and a `done`.",
            format_comparisons(self._comparisons),
            "Processors in use, and the most memory that the server had.",
            format_processors(self._comparisons),
            "Without a yardstick.",
            format_others(self._others.items()),
            f"By tenths of the drain: {', '.join(f'{speed:,.0f}' for speed in self._speeds) or 'not measured'}.",
            format_aims(self._list_aims()),
        ]
        print("\n" + "\n\n".join(parts))

    def _make_load(
        self, connections: int, *, mode: Mode = Mode.CYCLE, count: int = 1, sites: tuple[str, ...] = ()
    ) -> Load:
        return Load(0, self._given.handles, connections, self._given.seconds, mode, count, sites)

    @property
    def _speeds(self) -> list[float]:
        """Cycles per second in each tenth of the drain, none without one."""
        ends = (0.0, *self._drained.figures.tenths) if self._drained else ()
        return [self._given.drain / 10 / (end - begin) for begin, end in pairwise(ends)]

    def _list_aims(self) -> list[Aim]:
        by_connections = {each.connections: each for each in self._comparisons}
        lone, crowd = by_connections.get(1), by_connections.get(64)
        speeds = self._speeds
        return [
            Aim("64 connections: ours over pgbench", "≥", 1.5, crowd.ratio if crowd else None),
            Aim("64 connections: ours over pgbench apart", "≥", 1.5, crowd.ratio_apart if crowd else None),
            Aim(f"{BATCH} handles a call: transitions/s", "≥", 20_000, 2 * max(map(per_second, self._batches))),
            Aim("1 connection: p50 of the slower call, ms", "≤", 3, slower(lone, lambda call: call.p50_ms)),
            Aim(
                "64 connections: p99 of the slower call, ms",
                "<",
                40,
                slower(crowd, lambda call: call.p99_ms),
            ),
            Aim("a snapshot held, over none", "≥", 0.85, per_second(self._watched) / per_second(self._plain)),
            Aim("last tenth of the drain over the first", "≥", 0.9, speeds[-1] / speeds[0] if speeds else None),
            Aim("most memory of the server, MB", "<", 250, max(one.used.server_mb for one in self._bench.rounds)),
        ]


def per_second(rounds: Sequence[Round]) -> float:
    """Return how many handles were reserved and done in a second, in the middle."""
    return middle(rounds, lambda one: one.figures.per_second)


def slower(comparison: Comparison | None, read: Callable[[CallTimes], float]) -> float | None:
    """Return what is read of the slower kind of call, in the middle of the rounds; None without any."""
    if comparison is None:
        return None
    return max(
        middle(comparison.ours, lambda one: read(one.figures.next)),
        middle(comparison.ours, lambda one: read(one.figures.report)),
    )


def tell(what: str, *figures: str) -> None:
    """Print a line of progress."""
    print(f"{time.strftime('%H:%M:%S')}  {what}: {', '.join(figures)} a second", flush=True)


if __name__ == "__main__":
    sys.exit(main())
