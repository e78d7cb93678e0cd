"""What happens to a project in one run: workers, people and loops at several servers, and what must hold after it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from tests.integration.dispatch.scene import Scene

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.database import Database, Tx, replayable
from sutler.dispatch import (
    Answer,
    CreatedProject,
    EmptyProjectError,
    HandleNotFoundError,
    HandleNotReservedError,
    HandlesInUseError,
    HandleState,
    Lane,
    Lease,
    NewHandle,
    NothingReady,
    NothingToClaimError,
    Order,
    Outcome,
    ProjectFinalError,
    Reply,
    Report,
    Wish,
    WrongWorkerError,
    abandon_idle,
    activate_project,
    alter_project,
    cancel_project,
    claim_share_in,
    close_share_in,
    copy_project,
    delete_project,
    finish_share_in,
    get_merged_counts_in,
    list_share_files_in,
    locate_handles,
    move_to_share_in,
    release_handle,
    release_jobs,
    release_overdue,
    relocate_handles,
    renew,
    reopen_share_in,
    report,
    reserve_next,
    restart_handles,
    wake_handles,
)

FILES = 6
WORKERS = ("w1", "w2", "w3")
STORAGE = ("NEAR", "FAR")
Step = tuple[object, ...]
_RANKS = (HandleState.FAILED, HandleState.INITIAL, HandleState.RESERVED, HandleState.DONE)

_workers = st.sampled_from(WORKERS)
_numbers = st.integers(min_value=0, max_value=FILES - 1)
_doors = st.integers(min_value=0, max_value=2)
_outcomes = st.sampled_from([Outcome.DONE, Outcome.FAILED])
_storage = st.sampled_from(STORAGE)

work_steps = st.one_of(
    st.tuples(st.just("take"), _doors, _workers, st.integers(min_value=1, max_value=3), st.sampled_from(["A", None])),
    st.tuples(st.just("take"), _doors, _workers, st.just(1), st.sampled_from(["A", "B"])),
    st.tuples(st.just("take twice"), _doors, _doors, _workers, st.integers(min_value=1, max_value=2)),
    st.tuples(st.just("report"), _doors, _workers, _outcomes, st.booleans()),
    st.tuples(st.just("report all"), _doors, _workers, _outcomes, st.booleans()),
    st.tuples(st.just("report twice"), _doors, _doors, _workers, _outcomes),
    st.tuples(st.just("report again"), _doors, _workers, _numbers, _outcomes),
    st.tuples(st.just("report of another"), _doors, _workers, _numbers),
    st.tuples(st.just("give back"), _doors, _workers, _numbers, _outcomes),
    st.tuples(st.just("renew"), _workers),
)
other_steps = st.one_of(
    st.tuples(st.just("time passes"), st.integers(min_value=1, max_value=9)),
    st.tuples(st.just("lose job"), _workers),
    st.tuples(st.just("restart state"), st.sampled_from(HandleState)),
    st.tuples(st.just("restart file"), _numbers),
    st.tuples(st.just("copy comes"), _numbers, _storage),
    st.tuples(st.just("copy goes"), _numbers, _storage),
    st.tuples(st.just("storage"), _storage, st.booleans()),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("activate")),
    st.tuples(st.just("add"), st.integers(min_value=0, max_value=FILES + 2)),
    st.tuples(st.just("remove"), _numbers),
    st.tuples(st.just("limit"), st.sampled_from([None, 3, 20])),
    st.tuples(st.just("copy and delete")),
)
_shares = st.integers(min_value=0, max_value=4)
_limits = st.sampled_from([None, 1, 2])
share_steps = st.one_of(
    st.tuples(st.just("claim"), _limits),
    st.tuples(st.just("claim twice"), _limits),
    st.tuples(st.just("move"), _shares, st.sampled_from(HandleState)),
    st.tuples(st.just("move file"), _shares, _numbers),
    st.tuples(st.just("close"), _shares),
    st.tuples(st.just("reopen"), _shares),
    st.tuples(st.just("finish"), _shares),
    st.tuples(st.just("take of share"), _doors, _workers, _shares),
)
rounds = st.lists(
    st.lists(st.one_of(work_steps, work_steps, other_steps, share_steps), min_size=1, max_size=5),
    min_size=2,
    max_size=14,
)


Result = TypeVar("Result")


@replayable
async def write(db: Database, piece: Callable[[Tx], Awaitable[Result]]) -> Result:
    """Do a piece in a transaction of its own, once more after a deadlock, as those do who call it."""
    async with db.write() as tx:
        return await piece(tx)


@dataclass
class Story:
    """One run: the project, every lease that each worker ever got, and what was promised."""

    scene: Scene
    project: CreatedProject
    clock: MovableClock
    servers: Sequence[Lane]
    leases: dict[str, list[Lease]] = field(default_factory=lambda: {worker: [] for worker in WORKERS})
    requests: dict[int, UUID] = field(default_factory=dict)
    acknowledged: dict[int, str] = field(default_factory=dict)
    put_back: set[int] = field(default_factory=set)
    given: dict[UUID, tuple[Lease, ...]] = field(default_factory=dict)
    share_ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.share_ids.append(self.project.share_id)

    async def play_round(self, steps: Sequence[Step]) -> None:
        """Do steps at the same time, and look whether everything is as it must be."""
        await asyncio.gather(*(self._play(step) for step in steps))
        # What is put back was done before, during or after that; a report that is repeated later changes nothing.
        restarted = {f"f{step[-1]}.root" for step in steps if step[0] in ("restart file", "move file")}
        is_all = any(step[0] in ("restart state", "move") and step[-1] is HandleState.DONE for step in steps)
        self.put_back |= {
            lease.attempt_id for leases in self.given.values() for lease in leases if is_all or lease.name in restarted
        }
        await self.scene.check()
        await self._check_promises()
        await self._check_shares()

    async def _check_shares(self) -> None:
        """All shares together have every file once, in the best of the states that it has."""
        async with self.scene.db.read() as tx:
            counts = await get_merged_counts_in(tx, share_ids=[*self.share_ids, 0])
            files = await list_share_files_in(tx, share_ids=self.share_ids)
        best: dict[Did, int] = {}
        for file in files:
            best[file.did] = max(best.get(file.did, -1), _RANKS.index(file.state))
        ranks = list(best.values())
        assert [ranks.count(rank) for rank in range(4)] == [
            counts.failed_count, counts.initial_count, counts.reserved_count, counts.done_count
        ]  # fmt: skip
        assert len({(file.project_id, file.position) for file in files}) == len(files)

    async def _check_promises(self) -> None:
        """What a worker was told was done is done, and its attempt is recorded so."""
        lost = await self.scene.column(
            """SELECT given.attempt_id FROM unnest($1::bigint[], $2::text[]) AS given (attempt_id, name)
               WHERE NOT EXISTS (
                   SELECT FROM dispatch.attempts AS ended
                   WHERE ended.id = given.attempt_id AND ended.outcome = 'done' AND ended.project_id = $3
               ) OR NOT EXISTS (
                   SELECT FROM dispatch.handles AS handle
                   WHERE handle.project_id = $3 AND handle.name = given.name AND handle.state = 'done'
               )""",
            [attempt_id for attempt_id in self.acknowledged if attempt_id not in self.put_back],
            [name for attempt_id, name in self.acknowledged.items() if attempt_id not in self.put_back],
            self.project.project_id,
        )
        assert lost == []

    async def _play(self, step: Step) -> None:
        """Do one step; those that cannot happen just now do nothing."""
        match step:
            case ("take", int(door), str(worker), int(count), site):
                await self._take(door, worker, count, uuid4(), None if site is None else str(site))
            case ("take twice", int(door), int(other), str(worker), int(count)):
                request_id = uuid4()
                await asyncio.gather(*(self._take(number, worker, count, request_id, "A") for number in (door, other)))
            case ("report", int(door), str(worker), Outcome() as outcome, bool(may_retry)) if self.leases[worker]:
                await self._say(door, worker, outcome, [self.leases[worker].pop(0)], may_retry=may_retry)
            case ("report all", int(door), str(worker), Outcome() as outcome, bool(may_retry)) if self.leases[worker]:
                leases, self.leases[worker] = self.leases[worker], []
                await self._say(door, worker, outcome, leases, may_retry=may_retry)
            case ("report twice", int(door), int(other), str(worker), Outcome() as outcome) if self.leases[worker]:
                leases = self.leases[worker][-2:]
                both = await asyncio.gather(*(self._say(number, worker, outcome, leases) for number in (door, other)))
                assert both[0] == both[1]
            case ("report again", int(door), str(worker), int(number), Outcome() as outcome):
                leases = [lease for lease in self.leases[worker] if lease.position == number]
                if leases:
                    await self._say(door, worker, outcome, leases[:1])
            case ("report of another", int(door), str(worker), int(number)):
                for lease in [one for one in self._list_leases_of_others(worker) if one.position == number][:1]:
                    assert not await self._say(door, worker, Outcome.DONE, [lease])
            case ("give back", int(door), str(worker), int(number), Outcome() as outcome):
                await self._give_back(door, worker, number, outcome)
            case ("renew", str(worker)) if self.leases[worker]:
                ids = [lease.attempt_id for lease in self.leases[worker]]
                renewals = await renew(self.scene.db, self.scene.who, worker_id=worker, attempt_ids=ids)
                assert [renewal.attempt_id for renewal in renewals] == ids
                assert all(bool(renewal.why) == (renewal.order is not Order.CONTINUE) for renewal in renewals)
            case _:
                await self._play_around(step)

    async def _play_around(self, step: Step) -> None:
        db, who, project_id = self.scene.db, self.scene.who, self.project.project_id
        match step:
            case ("time passes", int(minutes)):
                self.clock.advance(timedelta(minutes=minutes))
                await release_overdue(db, limit=2)
                await wake_handles(db, limit=3)
                await abandon_idle(db)
            case ("lose job", str(worker)):
                await release_jobs(db, batch_job_ids=[f"job of {worker}"])
            case ("restart state", HandleState() as state):
                await restart_handles(db, who, project_id=project_id, states=[state])
            case ("restart file", int(number)):
                await restart_handles(db, who, project_id=project_id, dids=[Did("test", f"f{number}.root")])
            case ("copy comes", int(number), str(storage)):
                await self.scene.add_replica(Did("test", f"f{number}.root"), storage)
                await relocate_handles(db)
                await locate_handles(db)
            case ("copy goes", int(number), str(storage)):
                await self.scene.run(
                    """DELETE FROM replicas.replicas AS copy USING replicas.rses AS rse
                       WHERE rse.id = copy.rse_id AND rse.name = $1 AND copy.name = $2""",
                    storage,
                    f"f{number}.root",
                )
                await relocate_handles(db)
            case ("storage", str(storage), bool(is_available)):
                await self.scene.run(
                    "UPDATE replicas.rses SET is_available = $1 WHERE name = $2", is_available, storage
                )
                await locate_handles(db)
            case _:
                await self._play_above(step)

    async def _play_above(self, step: Step) -> None:
        db, who, project_id = self.scene.db, self.scene.who, self.project.project_id
        match step:
            case ("cancel",):
                await cancel_project(db, who, project_id=project_id)
            case ("activate",):
                with contextlib.suppress(ProjectFinalError):
                    await activate_project(db, who, project_id=project_id)
            case ("add", int(number)):
                await alter_project(db, who, project_id=project_id, add=[NewHandle("test", f"f{number}.root")])
            case ("remove", int(number)):
                with contextlib.suppress(HandlesInUseError, EmptyProjectError):
                    await alter_project(db, who, project_id=project_id, remove=[Did("test", f"f{number}.root")])
            case ("limit", minutes):
                limit = timedelta(minutes=minutes) if isinstance(minutes, int) else None
                await alter_project(db, who, project_id=project_id, worker_timeout=limit, idle_timeout=limit)
            case ("copy and delete",):
                copied = await copy_project(db, who, project_id=project_id)
                wishes = [Wish("w9", uuid4(), 2) for _ in self.servers]
                takes = [
                    server.reserve_next(who, project_id=copied.id, wish=wish)
                    for server, wish in zip(self.servers, wishes, strict=True)
                ]
                await asyncio.gather(*takes)
                await delete_project(db, who, project_id=copied.id)
            case _:
                # The second is for a project that is cancelled while its files are claimed.
                with contextlib.suppress(NothingToClaimError, ProjectFinalError):
                    await self._play_shares(step)

    async def _play_shares(self, step: Step) -> None:
        db, who = self.scene.db, self.scene.who
        match step:
            case ("take of share", int(door), str(worker), int(number)):
                await self._take(door, worker, 2, uuid4(), "A", share_id=self._choose(number))
            case ("claim", limit):
                await self._claim(limit if isinstance(limit, int) else None)
            case ("claim twice", limit):
                both = (self._claim(limit if isinstance(limit, int) else None) for _ in range(2))
                ends = await asyncio.gather(*both, return_exceptions=True)
                assert all(end is None or isinstance(end, NothingToClaimError | ProjectFinalError) for end in ends), (
                    ends
                )
            case ("move", int(number), HandleState() as state):
                await self._move(number, states=[state])
            case ("move file", int(number), int(position)):
                await self._move(number, positions=[position])
            case ("close", int(number)):
                async with db.write() as tx:
                    await close_share_in(tx, share_id=self._choose(number))
            case ("reopen", int(number)):
                async with db.write() as tx:
                    await reopen_share_in(tx, share_id=self._choose(number))
            case ("finish", int(number)):
                share_id = self._choose(number)
                await write(db, lambda tx: finish_share_in(tx, share_id=share_id, actor=who, reason="approved"))

    def _choose(self, number: int) -> int:
        return self.share_ids[number % len(self.share_ids)]

    async def _claim(self, limit: int | None) -> None:
        who, project_id = self.scene.who, self.project.project_id
        share = await write(self.scene.db, lambda tx: claim_share_in(tx, project_id=project_id, limit=limit, actor=who))
        self.share_ids.append(share.share_id)
        assert share.handle_count > 0
        assert limit is None or share.handle_count <= limit

    async def _move(
        self, number: int, *, states: Sequence[HandleState] | None = None, positions: Sequence[int] | None = None
    ) -> None:
        from_share_ids = [self._choose(number), self._choose(number + 1)]
        share = await write(
            self.scene.db,
            lambda tx: move_to_share_in(
                tx,
                project_id=self.project.project_id,
                positions=positions,
                states=states,
                from_share_ids=from_share_ids,
                actor=self.scene.who,
            ),
        )
        self.share_ids.append(share.share_id)

    async def _take(
        self, door: int, worker: str, count: int, request_id: UUID, site: str | None, *, share_id: int | None = None
    ) -> None:
        wish = Wish(
            worker,
            request_id,
            count,
            share_id=share_id,
            site=site,
            lease_for=timedelta(minutes=5),
            batch_job_id=f"job of {worker}",
        )
        reply = await self._ask(door, wish)
        assert bool(reply.leases) != bool(reply.why)
        assert (reply.nothing in (NothingReady.WAIT, NothingReady.OVER)) != bool(reply.leases)
        self.given[request_id] = self.given.get(request_id, ()) + reply.leases
        known = {lease.attempt_id for lease in self.leases[worker]}
        for lease in reply.leases:
            # No attempt is given out twice, except to the same request.
            assert self.requests.setdefault(lease.attempt_id, request_id) == request_id
            if lease.attempt_id not in known:
                self.leases[worker].append(lease)

    async def _ask(self, door: int, wish: Wish) -> Reply:
        who, project_id = self.scene.who, self.project.project_id
        if door:
            return await self.servers[door - 1].reserve_next(who, project_id=project_id, wish=wish)
        return await reserve_next(self.scene.db, who, project_id=project_id, wish=wish)

    async def _say(
        self, door: int, worker: str, outcome: Outcome, leases: Sequence[Lease], *, may_retry: bool = True
    ) -> bool:
        """Report leases; True if the report was accepted, which is so for all of them or for none."""
        said = Report(worker, tuple(lease.attempt_id for lease in leases), outcome, "no", may_retry)
        answers: list[Answer]
        if door:
            answers = await self.servers[door - 1].report(self.scene.who, report=said)
        else:
            answers = await report(self.scene.db, self.scene.who, report=said)
        assert [answer.attempt_id for answer in answers] == sorted(said.attempt_ids)
        assert len({answer.is_accepted for answer in answers}) == 1
        assert all(answer.is_accepted != bool(answer.why) for answer in answers)
        if answers[0].is_accepted and outcome is Outcome.DONE:
            self.acknowledged |= {lease.attempt_id: lease.name for lease in leases}
        return answers[0].is_accepted

    async def _give_back(self, door: int, worker: str, number: int, outcome: Outcome) -> None:
        who, project_id, did = self.scene.who, self.project.project_id, Did("test", f"f{number}.root")
        with contextlib.suppress(HandleNotReservedError, WrongWorkerError, HandleNotFoundError):
            if door:
                await self.servers[door - 1].release_handle(
                    who, project_id=project_id, did=did, worker_id=worker, outcome=outcome, may_retry=True
                )
                return
            await release_handle(
                self.scene.db,
                who,
                project_id=project_id,
                did=did,
                worker_id=worker,
                outcome=outcome,
                may_retry=True,
            )

    def _list_leases_of_others(self, worker: str) -> list[Lease]:
        return [lease for other, leases in self.leases.items() if other != worker for lease in leases]
