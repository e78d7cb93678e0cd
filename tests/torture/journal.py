"""What the workers saw: the other half of the truth, to be compared with the record."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """A report of one worker about one attempt."""

    attempt_id: int
    worker_id: str
    outcome: str


@dataclass(frozen=True)
class Given:
    """A lease as the worker got it."""

    worker_id: str
    attempt: int
    did: str


@dataclass
class Journal:
    """Everything that was asked and answered, kept by workers that outlive the server."""

    given: dict[int, Given] = field(default_factory=dict)
    said: set[Said] = field(default_factory=set)
    accepted: set[Said] = field(default_factory=set)
    refused: dict[Said, str] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    done_dids: set[str] = field(default_factory=set)
    _progress: asyncio.Event = field(default_factory=asyncio.Event)

    def note_leases(self, worker_id: str, leases: Sequence[Mapping[str, Any]]) -> list[int]:
        """Keep leases; return their attempt ids. A lease that two workers were given is a complaint."""
        for lease in leases:
            given = Given(worker_id, lease["attempt"], f"{lease['namespace']}:{lease['name']}")
            if self.given.setdefault(lease["attempt_id"], given) != given:
                self.complaints.append(f"attempt {lease['attempt_id']} was given twice, to {worker_id} as well")
        return [lease["attempt_id"] for lease in leases]

    def note_answer(self, said: Said, *, is_accepted: bool, why: str) -> None:
        """Keep the answer to a report."""
        if not is_accepted:
            self.refused[said] = why
            return
        self.accepted.add(said)
        if said.outcome == "done" and said.attempt_id in self.given:
            self.done_dids.add(self.given[said.attempt_id].did)
            self._progress.set()

    async def wait_for_done(self, count: int) -> None:
        """Return when so many files are done, as far as workers were told."""
        while len(self.done_dids) < count:
            self._progress.clear()
            await self._progress.wait()
