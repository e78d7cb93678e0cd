"""How long it takes to read and compile a query that lists 10,000 files; the aim is 50 ms for reading.

Run with `python benchmarks/mql_parse.py`. The ratio tells how much of the time allowed is used; below 1 is good.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from sutler.catalog.mql import Scope, compile_files, parse, to_text

COUNT = 10_000
ALLOWED_SECONDS = 0.050
ROUNDS = 15


def measure(step: Callable[[], object]) -> float:
    """Seconds of processor time that a step takes, in the middle of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return median(times)


def main() -> None:
    """Print one line for each form of list."""
    queries = {
        "fids": "fids " + ", ".join(f"AbCdEfGh{number:08}" for number in range(COUNT)),
        "names": "files " + ", ".join(f"bench:file_{number:08}.root" for number in range(COUNT)),
        "set": "files where core.run in (" + ", ".join(str(number) for number in range(COUNT)) + ")",
        "condition": "files from bench:d0 where core.run_type = cosmics and (core.a = 1 or core.b = 2) limit 100",
    }
    for title, text in queries.items():
        tree = parse(text)
        seconds = measure(partial(parse, text))
        compiling = measure(partial(compile_files, tree, Scope(None, (1,))))
        printing = measure(partial(to_text, tree))
        print(
            f"{title:10} {len(text):7} characters: read {seconds * 1000:7.2f} ms ({seconds / ALLOWED_SECONDS:5.2f} of "
            f"what is allowed), compile {compiling * 1000:6.2f} ms, write {printing * 1000:6.2f} ms"
        )


if __name__ == "__main__":
    main()
