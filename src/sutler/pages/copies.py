"""The copies of one file, each with why it can or cannot be read now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sutler.replicas import Replica, Rse


@dataclass(frozen=True)
class Copy:
    """A replica and a sentence about it."""

    replica: Replica
    why: str


def judge_copies(replicas: Sequence[Replica], rses: Sequence[Rse]) -> tuple[Copy, ...]:
    """Return the replicas, each with what makes it usable or not; `rses` are those of the experiment."""
    by_name = {rse.name: rse for rse in rses}
    return tuple(Copy(replica, _judge(replica, by_name.get(replica.rse))) for replica in replicas)


def _judge(replica: Replica, rse: Rse | None) -> str:
    if replica.is_usable:
        return "It can be read now."
    reasons = []
    if rse is not None and not rse.is_enabled:
        reasons.append("the experiment has disabled this RSE")
    if rse is not None and not rse.is_available:
        reasons.append("the RSE is down")
    if not replica.is_staged:
        reasons.append("it is on tape and not staged" if rse is not None and rse.is_tape else "it is not staged")
    return f"Not now: {' and '.join(reasons) or 'its RSE is not in use'}."
