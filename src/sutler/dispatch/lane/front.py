"""What doors see of the hot path: the operations of workers, served together with those of others."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from sutler.auth import Action, Principal, permit
from sutler.base.did import Did
from sutler.database import Database
from sutler.dispatch.lane.calls import Claim, End
from sutler.dispatch.lane.queue import Queue
from sutler.dispatch.lane.rounds import Rounds
from sutler.dispatch.lane.tail import Tail
from sutler.dispatch.model import Answer, Handle, Outcome, Reply, Report, Wish
from sutler.dispatch.operations.giving_back import release_handle
from sutler.dispatch.operations.grounds import Grounds
from sutler.dispatch.operations.pace import fit_wish
from sutler.dispatch.operations.reports import report as report_alone
from sutler.dispatch.rules import checks


class Lane:
    """The lane of a server process. Used as a context: it is open as long as that lasts.

    Whatever is not the ordinary case (nothing to give out, a late or repeated report, outputs to declare) is left to
    the operations that do it one by one.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._grounds = Grounds(db)
        self._rounds = Rounds(db, self._grounds)
        self._queue = Queue(self._rounds.serve)
        self._tail = Tail(db, self._grounds)

    async def __aenter__(self) -> Self:
        self._queue.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._queue.close()
        await self._rounds.close()
        self._grounds.close()

    async def reserve_next(self, who: Principal, *, project_id: int, wish: Wish) -> Reply:
        """Do what the operation `reserve_next` does, together with others who ask now."""
        checks.check_wish(wish)
        ground = await self._grounds.get(project_id)
        permit(who, Action.PROCESS, ground.thing)
        fitted = fit_wish(wish, await self._grounds.get_pace(project_id) if wish.time_left is not None else None)
        if isinstance(fitted, Reply):
            return fitted
        reply: Reply | None = await self._queue.ask(Claim(who, project_id, fitted))
        return reply or await self._tail.reserve_next(who, project_id=project_id, wish=wish)

    async def report(self, who: Principal, *, report: Report) -> list[Answer]:
        """Do what the operation `report` does, together with others who report now."""
        checks.check_report(report)
        if not report.outputs:
            answers: list[Answer] | None = await self._queue.ask(End(who, report, worker_id=report.worker_id))
            if answers is not None:
                return answers
        return await report_alone(self._db, who, report=report)

    async def release_handle(
        self, who: Principal, *, project_id: int, did: Did, worker_id: str | None, outcome: Outcome, may_retry: bool
    ) -> Handle:
        """Do what the operation `release_handle` does, together with others who release now."""
        checks.check_outcome(outcome)
        said = Report(worker_id or "", (), outcome, may_retry=may_retry)
        handle: Handle | None = await self._queue.ask(End(who, said, worker_id=worker_id, file=(project_id, did)))
        if handle is not None:
            return handle
        return await release_handle(
            self._db,
            who,
            project_id=project_id,
            did=did,
            worker_id=worker_id,
            outcome=outcome,
            may_retry=may_retry,
        )
