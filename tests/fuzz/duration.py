"""For how long the fuzzers look, and what they tell about it."""

from __future__ import annotations

import os
import sys


def fuzz_seconds() -> float:
    """So long each of them: `SUTLER_FUZZ_SECONDS`, first five seconds. `make test` says 30, `make fuzz` 1800."""
    return float(os.environ.get("SUTLER_FUZZ_SECONDS", "5"))


def tell(summary: str) -> None:
    """Print a line of a summary, seen when the output of tests is shown."""
    sys.stdout.write(f"\n{summary}\n")
    sys.stdout.flush()
