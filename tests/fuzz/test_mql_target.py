"""The coverage-guided search for texts that break a law of the query language."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from tests.conftest import is_ci
from tests.fuzz.duration import fuzz_seconds, tell
from tests.fuzz.searching import search

MISSING = "atheris is not installed: there are wheels of it for Linux on x86_64 and Python 3.11 to 3.13 only"


@pytest.mark.timeout(fuzz_seconds() + 240)
def test_no_text_that_is_searched_for_breaks_a_law(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        assert not is_ci(), MISSING
        pytest.skip(MISSING)
    found = search(tmp_path, fuzz_seconds())
    tell(found.summary)
    assert not found.findings, f"{found.findings!r}\n{found.output[-4000:]}"
    assert found.code == 0, found.output[-4000:]
    assert found.executions > 100
    assert found.coverage > found.coverage_at_first
