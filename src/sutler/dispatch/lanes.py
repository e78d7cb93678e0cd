"""The hot path: concurrent calls of workers are served together, by one statement for many.

What arrives while a statement is in flight is the next batch; no timer waits for more. Claims have one connection and
reports another, so that neither waits for the other. Every caller is answered after the commit of its batch.
Whatever is not the ordinary case (nothing to give out, a late or repeated report, outputs to declare) is left to the
operations that do it one by one.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import structlog

from sutler.auth import Action, Principal, permit
from sutler.base.did import Did
from sutler.base.errors import SutlerError, UnavailableError
from sutler.database import Database, DatabaseBusyError, Tx
from sutler.dispatch import store
from sutler.dispatch.model import (
    Answer,
    AttemptPlace,
    EndedLease,
    Ending,
    Handle,
    HandleState,
    HeldPlace,
    Lease,
    NothingReady,
    Outcome,
    Reply,
    Report,
    Wish,
)
from sutler.dispatch.operations.claiming import claim
from sutler.dispatch.operations.endings import end_leases, make_ending
from sutler.dispatch.operations.giving_back import release_handle
from sutler.dispatch.operations.ground import Ground, Tiers
from sutler.dispatch.operations.grounds import Grounds
from sutler.dispatch.operations.leases import find_leases_of_request, reserve_next
from sutler.dispatch.operations.pace import fit_wish
from sutler.dispatch.operations.reports import accept
from sutler.dispatch.operations.reports import report as report_alone
from sutler.dispatch.rules import checks

MOST_AT_ONCE = 256
MOST_HANDLES_AT_ONCE = 2000
"""A call may be about a thousand handles: of those the others do not wait for hundreds of times as many."""
MOST_KNOWN_PLACES = 200_000

log = structlog.get_logger(__name__)
Call = TypeVar("Call", bound="_Call")
Key = tuple[int, int | None, Tiers, tuple[int, ...]]
"""The project, the share, the tiers of locations, and the storage elements that a worker can read from."""


class _Call:
    """Somebody who waits for an answer. An answer of None leaves the call to the ordinary operation."""

    def __init__(self, who: Principal, handle_count: int) -> None:
        self.who = who
        self.handle_count = handle_count
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def project_id(self) -> int | None:
        """The project that the call is about, as far as it is known."""
        raise NotImplementedError

    def finish(self, answer: object) -> None:
        """Answer, unless the caller has gone."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Let the caller have an error, unless it has gone."""
        if not self.answer.done():
            self.answer.set_exception(error)


class _Claim(_Call):
    def __init__(self, who: Principal, project_id: int, wish: Wish) -> None:
        super().__init__(who, wish.count)
        self._project_id = project_id
        self.wish = wish

    @property
    def project_id(self) -> int:
        """The project that the call is about."""
        return self._project_id


class _End(_Call):
    """A report about attempts, or about a file of a project when the attempts are not known to the caller."""

    def __init__(
        self, who: Principal, said: Report, *, worker_id: str | None, file: tuple[int, Did] | None = None
    ) -> None:
        super().__init__(who, len(said.attempt_ids) or 1)
        self.said = said
        self.worker_id = worker_id
        self.file = file
        self.held: HeldPlace | None = None
        self.places: list[AttemptPlace] = []
        self.endings: list[Ending] = []

    @property
    def project_id(self) -> int | None:
        """The project that the call is about, once its attempts were looked up."""
        return self.places[0].project_id if self.places else None


@dataclass
class _Lane(Generic[Call]):
    """Calls that wait, and the task that serves them batch by batch."""

    name: str
    serve: Callable[[Sequence[Call]], Coroutine[Any, Any, None]]
    waiting: list[Call] = field(default_factory=list)
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def ask(self, call: Call) -> Any:  # noqa: ANN401 - each kind of call has its own answer
        """Get in line and wait for the answer."""
        if self.task is None:
            raise RuntimeError("the lanes are not open")
        self.waiting.append(call)
        self.filled.set()
        return await call.answer

    async def work(self) -> None:
        """Serve until cancelled."""
        while True:
            await self.filled.wait()
            self.filled.clear()
            while self.waiting:
                count = _count_fitting(self.waiting)
                batch, self.waiting = self.waiting[:count], self.waiting[count:]
                await self._serve_all(batch)

    async def _serve_all(self, batch: Sequence[Call]) -> None:
        """Serve a batch. One that fails is served call by call, so that nobody suffers for another.

        A call that fails alone is left to the ordinary operation, which tries again or says what is wrong.
        """
        try:
            await self.serve(batch)
        except asyncio.CancelledError:
            for call in batch:
                call.answer.cancel()
            raise
        except DatabaseBusyError as error:
            # Undone for certain. Somebody does something large to one project: the others are served all the same.
            by_project: dict[int | None, list[Call]] = {}
            for call in batch:
                by_project.setdefault(call.project_id, []).append(call)
            for calls in by_project.values():
                if len(by_project) > 1:
                    await self._serve_all(calls)
                else:
                    for call in calls:
                        call.fail(error)
        except UnavailableError as error:
            # Nobody knows whether the batch was committed: who asks again, with the same request id or report, learns.
            for call in batch:
                call.fail(error)
        except Exception as error:  # noqa: BLE001 - nobody is left without an answer
            log.warning("batch_failed", lane=self.name, calls=len(batch), reason=str(error) or type(error).__name__)
            if len(batch) == 1:
                batch[0].finish(None)
                return
            await self._serve_each(batch)

    async def _serve_each(self, batch: Sequence[Call]) -> None:
        """Serve call by call; nobody is left waiting if the lane is closed meanwhile."""
        try:
            for call in batch:
                if not call.answer.done():
                    await self._serve_all([call])
        finally:
            for call in batch:
                call.answer.cancel()


class Lanes:
    """The two lanes of a server process. Used as a context: the lanes are open as long as it lasts."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._grounds = Grounds(db)
        self._claims: _Lane[_Claim] = _Lane("claims", self._serve_claims)
        self._ends: _Lane[_End] = _Lane("ends", self._serve_ends)
        self._claiming = db.session()
        self._ending = db.session()
        # Facts that never change about attempts that this process gave out; who asks about others looks them up.
        self._places: dict[int, AttemptPlace] = {}

    async def __aenter__(self) -> Self:
        for lane in (self._claims, self._ends):
            lane.task = asyncio.create_task(lane.work(), name=f"lane of {lane.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in (self._claims, self._ends):
            assert lane.task is not None
            lane.task.cancel()
            await asyncio.gather(lane.task, return_exceptions=True)
            lane.task = None
            for call in lane.waiting:
                call.answer.cancel()
        await self._claiming.close()
        await self._ending.close()

    async def reserve_next(self, who: Principal, *, project_id: int, wish: Wish) -> Reply:
        """Do what the operation `reserve_next` does, together with others who ask now."""
        checks.check_wish(wish)
        ground = await self._grounds.get(project_id)
        permit(who, Action.PROCESS, ground.thing)
        fitted = fit_wish(wish, await self._grounds.get_pace(project_id) if wish.time_left is not None else None)
        if isinstance(fitted, Reply):
            return fitted
        reply: Reply | None = await self._claims.ask(_Claim(who, project_id, fitted))
        return reply or await self._answer_without(who, project_id, wish)

    async def report(self, who: Principal, *, report: Report) -> list[Answer]:
        """Do what the operation `report` does, together with others who report now."""
        checks.check_report(report)
        if not report.outputs:
            answers: list[Answer] | None = await self._ends.ask(_End(who, report, worker_id=report.worker_id))
            if answers is not None:
                return answers
        return await report_alone(self._db, who, report=report)

    async def release_handle(
        self, who: Principal, *, project_id: int, did: Did, worker_id: str | None, outcome: Outcome, may_retry: bool
    ) -> Handle:
        """Do what the operation `release_handle` does, together with others who release now."""
        checks.check_outcome(outcome)
        said = Report(worker_id or "", (), outcome, may_retry=may_retry)
        handle: Handle | None = await self._ends.ask(_End(who, said, worker_id=worker_id, file=(project_id, did)))
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

    async def _answer_without(self, who: Principal, project_id: int, wish: Wish) -> Reply:
        """Nothing was found in the ordinary way: look again without anything remembered, and say why."""
        kept = self._grounds.find_reply(project_id, wish)
        if kept is not None:
            # Who repeats a request may have what the others wait for.
            return await find_leases_of_request(self._db, project_id=project_id, wish=wish) or kept
        number = self._grounds.count_changes(project_id)
        reply = await reserve_next(self._db, who, project_id=project_id, wish=wish)
        if reply.nothing is NothingReady.WAIT or reply.nothing is NothingReady.OVER:
            self._grounds.keep_reply(project_id, wish, reply, since=number)
        return reply

    async def _serve_claims(self, batch: Sequence[_Claim]) -> None:
        groups: dict[Key, tuple[Ground, list[_Claim]]] = {}
        requests = set()
        repeated = []
        for call in batch:
            # The same request twice in one statement would break it: the second looks for what the first one got.
            if call.answer.done() or call.wish.request_id in requests:
                repeated.append(call)
                continue
            requests.add(call.wish.request_id)
            ground = await self._grounds.get(call.project_id)
            site = call.wish.site
            key = (call.project_id, call.wish.share_id, ground.list_tiers(site), ground.list_reachable(site))
            groups.setdefault(key, (ground, []))[1].append(call)
        try:
            replies = await self._claim(groups)
        except BaseException:
            # What the marks say was taken may have been given back.
            for project_id in {key[0] for key in groups}:
                self._grounds.get_marks(project_id).forget()
            raise
        for call, leases in replies:
            self._remember(leases)
            call.finish(Reply(leases) if leases else None)
        for call in repeated:
            call.finish(None)

    async def _claim(
        self, groups: Mapping[Key, tuple[Ground, Sequence[_Claim]]]
    ) -> list[tuple[_Claim, tuple[Lease, ...]]]:
        """Lease for all groups in one transaction: all of it stands, or nothing is with anybody.

        Projects are taken in order, as everywhere: no deadlocks.
        """
        replies: list[tuple[_Claim, tuple[Lease, ...]]] = []
        async with self._claiming.write() as tx:
            for key in sorted(groups, key=lambda key: (key[0], key[1] or 0)):
                (project_id, share_id, tiers, reachable), (ground, calls) = key, groups[key]
                got = await claim(
                    tx,
                    project_id=project_id,
                    share_id=share_id,
                    tiers=tiers,
                    reachable=reachable,
                    wishes=[(call.wish, call.who) for call in calls],
                    marks=self._grounds.get_marks(project_id),
                )
                for share in {one.lease.share_id for of_call in got for one in of_call}:
                    tx.notify("project", project_id)
                    if share is not None:
                        tx.notify("share", share)
                replies += [
                    (call, tuple(ground.complete(one, call.wish.site) for one in claimed))
                    for call, claimed in zip(calls, got, strict=True)
                ]
        return replies

    async def _serve_ends(self, batch: Sequence[_End]) -> None:
        calls = [call for call in batch if not call.answer.done()]
        while calls:
            try:
                await self._end(calls)
            except _TornError as error:
                for call in error.calls:
                    call.finish(None)
            calls = [call for call in calls if not call.answer.done()]

    async def _end(self, calls: Sequence[_End]) -> None:
        """End what can be ended in one transaction, and answer. Raises _TornError, with nothing done."""
        ended: dict[int, EndedLease] = {}
        async with self._ending.write() as tx:
            await self._find_places(tx, calls)
            of_projects = await self._sort(calls, tx)
            for project_id, of_project in sorted(of_projects.items()):
                endings = [ending for call in of_project for ending in call.endings]
                got = await end_leases(tx, project_id=project_id, endings=endings, actor=of_project[0].who)
                ended |= {lease.attempt_id: lease for lease in got}
            torn = [call for call in calls if 0 < sum(e.attempt_id in ended for e in call.endings) < len(call.endings)]
            if torn:
                raise _TornError(torn)
        for project_id, of_project in of_projects.items():
            marks = self._grounds.get_marks(project_id)
            for call in of_project:
                for place, ending in zip(call.places, call.endings, strict=True):
                    if ending.state is HandleState.INITIAL:
                        marks.put_back(place.attempt)
        for call in calls:
            call.finish(_answer(call, ended))
            for ending in call.endings:
                self._places.pop(ending.attempt_id, None)

    async def _find_places(self, tx: Tx, calls: Sequence[_End]) -> None:
        """Find out to which projects the attempts belong: from memory, else from the database."""
        by_name = [call for call in calls if call.file is not None]
        if by_name:
            for held in await store.list_held_places(tx, files=[call.file for call in by_name if call.file]):
                by_name[held.ordinal - 1].held = held
                by_name[held.ordinal - 1].places = [held.place]
        unknown = {number for call in calls for number in call.said.attempt_ids if number not in self._places}
        found = await store.list_attempt_places(tx, attempt_ids=sorted(unknown)) if unknown else []
        looked_up = {place.attempt_id: place for place in found}
        for call in calls:
            if call.file is None:
                places = [self._places.get(number) or looked_up.get(number) for number in call.said.attempt_ids]
                call.places = [place for place in places if place is not None] if all(places) else []

    async def _sort(self, calls: Sequence[_End], tx: Tx) -> dict[int, list[_End]]:
        """Prepare the endings of calls, by project. What is no ordinary case gets none."""
        by_project: dict[int, list[_End]] = {}
        taken: set[int] = set()
        for call in calls:
            call.endings = []
            project_ids = {place.project_id for place in call.places}
            numbers = {place.attempt_id for place in call.places}
            # Of two reports about one attempt the second is looked at when the first one stands.
            if len(project_ids) != 1 or numbers & taken or len(numbers) < len(call.places):
                continue
            worker_id = call.said.worker_id if call.held is None else call.held.worker_id
            if call.worker_id not in (None, worker_id):
                continue
            [project_id] = project_ids
            try:
                ground = await self._grounds.get(project_id)
                permit(call.who, Action.PROCESS, ground.thing)
            except SutlerError:
                continue  # the ordinary operation says it again
            taken |= numbers
            call.endings = [
                make_ending(ground.header, place, call.said, worker_id=worker_id, actor=call.who.username, now=tx.now)
                for place in call.places
            ]
            by_project.setdefault(project_id, []).append(call)
        return by_project

    def _remember(self, leases: Sequence[Lease]) -> None:
        if len(self._places) > MOST_KNOWN_PLACES:
            self._places.clear()
        for lease in leases:
            self._places[lease.attempt_id] = AttemptPlace(lease.attempt_id, lease.attempt, lease.project_id)


def _count_fitting(calls: Sequence[_Call]) -> int:
    """Return how many of the calls in line are served at once, which is one at least."""
    totals = accumulate(call.handle_count for call in calls[:MOST_AT_ONCE])
    return max(1, sum(total <= MOST_HANDLES_AT_ONCE for total in totals))


class _TornError(Exception):
    """Of some reports a part of the leases is lost: they may not be ended like this."""

    def __init__(self, calls: Sequence[_End]) -> None:
        super().__init__("a report stands for all its leases or for none")
        self.calls = calls


def _answer(call: _End, ended: Mapping[int, EndedLease]) -> Handle | list[Answer] | None:
    if not call.endings or call.endings[0].attempt_id not in ended:
        return None
    if call.held is not None:
        [ending] = call.endings
        return dataclasses.replace(call.held.handle, state=ending.state, worker_id=None, reason=ending.reason)
    return sorted((accept(ended[e.attempt_id]) for e in call.endings), key=lambda answer: answer.attempt_id)
