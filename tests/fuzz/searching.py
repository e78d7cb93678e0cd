"""Runs the coverage-guided search as a process of its own, and reads what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.property.mql.cases import CASES
from tests.property.mql.grammar import KEYWORDS, SIGNS

ROOT = Path(__file__).parents[2]
WORKED_OUT_CASES = ROOT / "tests/contract/clients/mql-cases.json"
SECONDS_FOR_ONE, MEGABYTES = 20, 2048
"""What one text may take before it counts as a finding."""
LONGEST_TEXT = 4096
SEED = 20260301
"""The search begins alike each time, so that a change is judged by what it did; `make fuzz` goes further."""

_STATUS = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Search:
    """How many texts were tried, what was reached, and the texts that broke a law."""

    code: int
    executions: int
    coverage_at_first: int
    coverage: int
    corpus: int
    findings: tuple[bytes, ...]
    output: str

    @property
    def summary(self) -> str:
        """One line for people."""
        reached = f"{self.coverage} places reached, {self.coverage - self.coverage_at_first} of them new"
        found = f"{len(self.findings)} findings" if self.findings else "no findings"
        return f"coverage-guided: {self.executions} texts, {reached}, {self.corpus} texts kept; {found}"


def search(folder: Path, seconds: float) -> Search:
    """Look for texts that break a law, for so long. `folder` takes the texts that are kept and those that are found."""
    kept, found = folder / "kept", folder / "found"
    kept.mkdir()
    found.mkdir()
    for number, text in enumerate(_seeds()):
        (kept / f"seed-{number}").write_text(text, encoding="utf-8")
    words = folder / "words.txt"
    words.write_text("".join(f'"{_escape(word)}"\n' for word in _words()), encoding="ascii")
    options = {
        "max_total_time": round(seconds), "timeout": SECONDS_FOR_ONE, "rss_limit_mb": MEGABYTES, "dict": words,
        "max_len": LONGEST_TEXT, "artifact_prefix": f"{found}/", "print_final_stats": 1, "verbosity": 1,
        "seed": SEED,
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz.mql_target", str(kept), *(f"-{k}={v}" for k, v in options.items())]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=seconds + 120
    )
    return _read(done, found)


def _read(done: subprocess.CompletedProcess[bytes], found: Path) -> Search:
    output = done.stdout.decode(errors="replace")
    lines = [[int(number) for number in line] for line in _STATUS.findall(output)] or [[0, 0, 0, 0]]
    findings = tuple(path.read_bytes() for path in sorted(found.iterdir()))
    return Search(done.returncode, lines[-1][0], lines[0][1], lines[-1][1], lines[-1][3], findings, output)


def _seeds() -> Iterator[str]:
    """Queries that people have written down."""
    yield from (case["query"] for case in json.loads(WORKED_OUT_CASES.read_text(encoding="utf-8"))["cases"])
    yield from CASES


def _words() -> Iterator[str]:
    """What is put into texts, so that no keyword has to be found by chance."""
    yield from KEYWORDS
    yield from (sign for sign in SIGNS if sign.isprintable())
    yield from (
        'date("2021-01-02")',
        'datetime("2021-01-02 12:00")',
        "c.a",
        "t:raw",
        "c.a[any]",
        "len(c.a)",
        "stride(2)(",
    )


def _escape(word: str) -> str:
    """A word as libFuzzer's dictionaries have it."""
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word.encode())
