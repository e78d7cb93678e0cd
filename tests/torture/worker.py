"""Workers that speak the protocol as the real one does, and some that misbehave in every way a batch job can."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import httpx
from tests.torture.journal import Journal, Said

ANSWER_TIMEOUT_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 1.0
WAIT_SECONDS = 1.0
LATEST_REPORT_SECONDS = 6.0
"""Leases that ran out are taken back every few seconds, so a late report may still count."""

PASSING_STATUSES = frozenset({408, 425, 429})

Document = Mapping[str, Any]


class Behaviour(Enum):
    """What a worker does with its leases."""

    DONE = "done"
    RENEW = "renew"
    FAIL = "fail"
    CRASH = "crash"
    VANISH_WHILE_REPORTING = "vanish while reporting"
    LOSE_REPLY = "lose the reply"
    REPORT_TWICE = "report twice"
    REPORT_TWICE_AT_ONCE = "report twice at once"
    CONTRADICT = "contradict"
    REPORT_LATE = "report late"
    IMPERSONATE = "impersonate"


OFTEN = {
    Behaviour.DONE: 60,
    Behaviour.RENEW: 8,
    Behaviour.FAIL: 6,
    Behaviour.CRASH: 3,
    Behaviour.VANISH_WHILE_REPORTING: 2,
    Behaviour.LOSE_REPLY: 5,
    Behaviour.REPORT_TWICE: 4,
    Behaviour.REPORT_TWICE_AT_ONCE: 4,
    Behaviour.CONTRADICT: 3,
    Behaviour.REPORT_LATE: 2,
    Behaviour.IMPERSONATE: 3,
}
"""How often each comes, out of a hundred."""


@dataclass(frozen=True)
class Line:
    """What all workers share: the way to the server and the journal."""

    http: httpx.AsyncClient
    journal: Journal
    project_id: int
    worker_timeout_seconds: float


class Crashed(Exception):  # noqa: N818 - it is an ending, not an error
    """The batch job ended without a word."""


class Worker:
    """One worker of one batch job, until the project is over or it crashes."""

    def __init__(self, line: Line, worker_id: str, rng: random.Random) -> None:
        self._line = line
        self._journal = line.journal
        self._id = worker_id
        self._rng = rng

    async def run(self) -> None:
        """Work until there is nothing more to do. Raises Crashed."""
        while True:
            wish = {
                "worker_id": self._id,
                "request_id": str(UUID(int=self._rng.getrandbits(128), version=4)),
                "count": self._rng.choice((1, 1, 1, 2, 4)),
                "wait_seconds": WAIT_SECONDS,
            }
            reply = await self._ask(wish)
            attempt_ids = self._journal.note_leases(self._id, reply["leases"])
            if attempt_ids:
                await asyncio.sleep(self._rng.uniform(0, 0.05))
                await self._behave(self._choose(), attempt_ids)
            elif not reply["retry"]:
                return

    def _choose(self) -> Behaviour:
        return self._rng.choices(list(OFTEN), list(OFTEN.values()))[0]

    async def _ask(self, wish: Document) -> Document:
        path = f"projects/{self._line.project_id}/next"
        if self._rng.random() < 0.02:
            await self._send_and_hang_up("next", path, wish)
            if self._rng.random() < 0.5:
                raise Crashed
        return await self._insist("next", path, wish)

    async def _behave(self, behaviour: Behaviour, attempt_ids: Sequence[int]) -> None:
        self._journal.counts[behaviour.value] += 1
        match behaviour:
            case Behaviour.CRASH:
                raise Crashed
            case Behaviour.VANISH_WHILE_REPORTING:
                self._note_said("done", attempt_ids)
                await self._send_and_hang_up("done", "attempts/done", self._body(attempt_ids))
                raise Crashed
            case Behaviour.FAIL:
                await self._report("failed", attempt_ids)
            case Behaviour.RENEW:
                await self._report("done", await self._renew(attempt_ids))
            case Behaviour.REPORT_LATE:
                late_seconds = self._rng.uniform(0, LATEST_REPORT_SECONDS)
                await asyncio.sleep(self._line.worker_timeout_seconds + late_seconds)
                await self._report("done", attempt_ids)
            case Behaviour.IMPERSONATE:
                await self._report("done", attempt_ids, worker_id=f"not-{self._id}")
                await self._report("done", attempt_ids)
            case Behaviour.LOSE_REPLY:
                self._note_said("done", attempt_ids)
                await self._send_and_hang_up("done", "attempts/done", self._body(attempt_ids))
                await self._report("done", attempt_ids)
            case Behaviour.REPORT_TWICE_AT_ONCE:
                await asyncio.gather(self._report("done", attempt_ids), self._report("done", attempt_ids))
            case _:
                await self._report("done", attempt_ids)
                if behaviour is not Behaviour.DONE:
                    await self._report("done" if behaviour is Behaviour.REPORT_TWICE else "failed", attempt_ids)

    async def _renew(self, attempt_ids: Sequence[int]) -> list[int]:
        """Renew and return what still holds."""
        reply = await self._insist("renew", "attempts/renew", self._body(attempt_ids))
        self._journal.lost |= {one["attempt_id"]: one["why"] for one in reply["leases"] if one["order"] == "stop_now"}
        return [one["attempt_id"] for one in reply["leases"] if one["order"] != "stop_now"]

    async def _report(self, outcome: str, attempt_ids: Sequence[int], *, worker_id: str | None = None) -> None:
        """Say done or failed. Of a group that was refused for some, the others are reported one by one."""
        if not attempt_ids:
            return
        worker_id = worker_id or self._id
        self._note_said(outcome, attempt_ids, worker_id)
        body = self._body(attempt_ids, worker_id) | ({"reason": "no luck"} if outcome == "failed" else {})
        results = (await self._insist(outcome, f"attempts/{outcome}", body))["results"]
        if len(attempt_ids) > 1 and not all(result["accepted"] for result in results):
            for attempt_id in attempt_ids:
                await self._report(outcome, [attempt_id], worker_id=worker_id)
            return
        for result in results:
            said = Said(result["attempt_id"], worker_id, outcome)
            self._journal.note_answer(said, is_accepted=result["accepted"], why=result["why"])

    def _body(self, attempt_ids: Sequence[int], worker_id: str | None = None) -> dict[str, object]:
        return {"worker_id": worker_id or self._id, "attempt_ids": list(attempt_ids)}

    def _note_said(self, outcome: str, attempt_ids: Sequence[int], worker_id: str | None = None) -> None:
        self._journal.said |= {Said(attempt_id, worker_id or self._id, outcome) for attempt_id in attempt_ids}

    async def _send_and_hang_up(self, call: str, path: str, body: Document) -> None:
        """Send a request and break the connection at some moment: it may have taken effect, or not."""
        self._journal.counts[f"requests {call}"] += 1
        self._journal.counts["hung up"] += 1
        try:
            async with asyncio.timeout(self._rng.uniform(0.001, 0.03)):
                await self._line.http.post(path, json=body)
        except (TimeoutError, httpx.TransportError):
            return

    async def _insist(self, call: str, path: str, body: Document) -> dict[str, Any]:
        """Send the same body until it is answered, as the real worker does."""
        failures = 0
        while True:
            self._journal.counts[f"requests {call}"] += 1
            try:
                reply = await self._line.http.post(path, json=body)
            except httpx.TransportError:
                pass
            else:
                if reply.status_code == httpx.codes.OK:
                    answer: dict[str, Any] = reply.json()
                    return answer
                self._note_refusal(call, reply)
            failures += 1
            self._journal.counts["retries"] += 1
            longest = min(LONGEST_PAUSE_SECONDS, 0.05 * 2.0 ** min(failures, 10))
            await asyncio.sleep(self._rng.uniform(longest / 2, longest))

    def _note_refusal(self, call: str, reply: httpx.Response) -> None:
        """Count a status that passes; anything else is a complaint, and ends this worker."""
        self._journal.statuses[reply.status_code] += 1
        if reply.status_code == httpx.codes.SERVICE_UNAVAILABLE or reply.status_code in PASSING_STATUSES:
            return
        self._journal.complaints.append(f"{call} was answered {reply.status_code}: {reply.text[:300]}")
        if reply.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            raise Crashed
