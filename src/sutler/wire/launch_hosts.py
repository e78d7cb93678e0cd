"""Where login setups of an experiment may log in to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sutler.wire.strict import Strict


@dataclass(frozen=True)
class LaunchHosts:
    """Parts of the names of hosts that login setups may log in to, by the role of those who own them."""

    analysis: tuple[str, ...]
    production: tuple[str, ...]


@dataclass(frozen=True)
class NewLaunchHosts(Strict):
    """The parts of names of hosts for one role, in place of those there are."""

    role: Literal["analysis", "production"]
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class LoginSetupTrial:
    """How the trial of a login setup stands: `output` is what it has printed so far.

    `is_good` once it came to its end; `key` asks how it stands.
    """

    key: str
    is_over: bool
    is_good: bool
    reason: str
    output: str
