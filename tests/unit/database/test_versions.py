from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace

import pytest

from sutler.database.errors import ServerTooOldError
from sutler.database.pool import check_version

Version = namedtuple("Version", "major minor")  # noqa: PYI024 - what the driver gives has these names


def a_server(major: int) -> SimpleNamespace:
    return SimpleNamespace(get_server_version=lambda: Version(major, 3))


def test_a_server_that_is_too_old_is_said_with_what_is_needed() -> None:
    with pytest.raises(ServerTooOldError, match=r"version 14; Sutler needs 15 or later.*SUTLER_DATABASE_URL"):
        check_version(a_server(14))


@pytest.mark.parametrize("major", [15, 18])
def test_newer_servers_are_taken(major: int) -> None:
    check_version(a_server(major))
