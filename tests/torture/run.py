"""The torture run from the command line: `python -m tests.torture.run --files 5000 --workers 64 --kills 50 --seed 1`.

Prints a table and ends with 1 when anything is not as it must be.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.torture.drain import Outcome, Plan, torture
from tests.torture.installation import Kill
from tests.torture.worker import Behaviour

REPEATS = (Behaviour.REPORT_TWICE, Behaviour.REPORT_TWICE_AT_ONCE, Behaviour.LOSE_REPLY)

console = Console()


def main() -> int:
    """Run and report. Returns the exit code."""
    arguments = read_arguments()
    plan = Plan(files=arguments.files, workers=arguments.workers, kills=arguments.kills, seed=arguments.seed)
    console.print(f"{plan.workers} workers drain {plan.files} files through {plan.kills} kills, seed {plan.seed}.")
    if arguments.data_dir:
        outcome = asyncio.run(torture(plan, arguments.data_dir, tell=console.print))
    else:
        with tempfile.TemporaryDirectory(prefix="sutler-torture-", ignore_cleanup_errors=True) as directory:
            outcome = asyncio.run(torture(plan, Path(directory), tell=console.print))
    console.print(make_table(outcome))
    for violation in outcome.violations:
        console.print(f"[red]violation:[/] {violation}", soft_wrap=True)
    console.print("[bold red]FAILED[/]" if outcome.violations else "[bold]Everything holds.[/]")
    return 1 if outcome.violations else 0


def make_table(outcome: Outcome) -> Table:
    """Put the figures of a run into a table."""
    journal, record, counts = outcome.journal, outcome.record, outcome.journal.counts
    table = Table("what", "figure", title="Torture")
    attempts = record.attempts.values()
    outcomes = {word: sum(row["outcome"] == word for row in attempts) for word in ("done", "failed", "timed_out")}
    rows: list[tuple[str, object]] = [
        ("files", outcome.plan.files),
        ("files done exactly once by the record", outcomes["done"]),
        ("workers at a time", outcome.plan.workers),
        ("workers that crashed", outcome.crashed_workers),
        *((f"kills: {kill}", outcome.kills[kill]) for kill in Kill),
        ("kills in all", outcome.kills.total()),
        *((name, counts[name]) for name in sorted(counts) if name.startswith("requests ")),
        ("requests broken off by the worker", counts["hung up"]),
        ("retries of requests without an answer", counts["retries"]),
        *((f"answers with status {status}", journal.statuses[status]) for status in sorted(journal.statuses)),
        ("leases received", len(journal.given)),
        ("attempts in the record", len(attempts)),
        ("  that failed", outcomes["failed"]),
        ("  that timed out", outcomes["timed_out"]),
        ("attempts acknowledged as done", sum(said.outcome == "done" for said in journal.accepted)),
        ("runs reported done twice", sum(counts[again.value] for again in REPEATS)),
        ("renewals refused", len(journal.lost)),
        ("reports refused: lease of somebody else", sum(said.worker_id.startswith("not-") for said in journal.refused)),
        ("reports refused: contradiction", sum(said.outcome == "failed" for said in journal.refused)),
        ("reports refused: late", sum(is_late(said.worker_id, said.outcome) for said in journal.refused)),
        ("seconds of the drain", f"{outcome.drain_seconds:.1f}"),
        ("violations", len(outcome.violations)),
    ]
    for what, figure in rows:
        table.add_row(what, str(figure))
    return table


def is_late(worker_id: str, outcome: str) -> bool:
    """Whether a refused report was neither somebody else's nor a contradiction."""
    return outcome == "done" and not worker_id.startswith("not-")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.run", description=__doc__)
    parser.add_argument("--files", type=int, default=5000, help="files of the project")
    parser.add_argument("--workers", type=int, default=64, help="workers at a time")
    parser.add_argument("--kills", type=int, default=50, help="how often something is killed while files are drawn")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="seed of all that is random here")
    parser.add_argument("--data-dir", type=Path, help="where the installation is kept afterwards; else it is removed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
