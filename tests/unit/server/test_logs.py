"""What the log tells about a failure, and what it keeps to itself."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import structlog

from sutler.server.logs import configure_logs


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the log of a server writes; the settings of the test run come back afterwards."""
    before = structlog.get_config()
    error_output = io.StringIO()
    monkeypatch.setattr("sys.stderr", error_output)
    configure_logs("debug")
    yield error_output
    structlog.configure(**before)


def fail_with(secret: str) -> None:
    raise ValueError(f"{len(secret)} letters do not fit")


def test_a_traceback_names_places_and_never_shows_what_variables_hold(written: io.StringIO) -> None:
    secret = "open sesame"
    try:
        fail_with(secret)
    except ValueError:
        structlog.get_logger().exception("defect")
    assert "fail_with" in written.getvalue()
    assert "11 letters do not fit" in written.getvalue()
    assert secret not in written.getvalue()
