"""A program that makes up texts, guided by the parts of the language that they reach, until the time is over.

    python -m tests.fuzz.mql_target CORPUS -max_total_time=60 …

Its arguments are those of libFuzzer. A text that breaks a law ends it with code 77 and is written to a file.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["sutler.catalog.mql", "sutler.base.reading"]):
    from tests.fuzz import laws


def read_text(data: bytes) -> str:
    """Any bytes are a text: those that are no UTF-8 become halves of characters, which a query must refuse."""
    return data.decode("utf-8", errors="surrogateescape")


def try_one(data: bytes) -> None:
    """Hold the laws against one text."""
    laws.check_text(read_text(data))


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
