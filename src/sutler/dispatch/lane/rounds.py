"""Serving a round of calls in one transaction: first what workers give back, then what they want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sutler.auth import Action, permit
from sutler.base.errors import SutlerError
from sutler.database import Database, Tx
from sutler.dispatch import store
from sutler.dispatch.lane.calls import Call, Claim, End
from sutler.dispatch.model import AttemptPlace, EndedLease, HandleState, Lease, Reply
from sutler.dispatch.operations.claiming import claim
from sutler.dispatch.operations.endings import end_leases, make_ending
from sutler.dispatch.operations.ground import Ground, Tiers
from sutler.dispatch.operations.grounds import Grounds

MOST_KNOWN_PLACES = 200_000

Key = tuple[int | None, Tiers, tuple[int, ...]]
"""The share, the tiers of locations, and the storage elements that a worker can read from."""


@dataclass
class _OfProject:
    """What a round has to do about one project."""

    ends: list[End] = field(default_factory=list)
    groups: dict[Key, tuple[Ground, list[Claim]]] = field(default_factory=dict)


@dataclass
class _Results:
    """What a round has come to, once its transaction is committed."""

    ended: dict[int, EndedLease] = field(default_factory=dict)
    claimed: list[tuple[Claim, tuple[Lease, ...]]] = field(default_factory=list)


class TornError(Exception):
    """Of some reports a part of the leases is lost: they may not be ended like this."""

    def __init__(self, calls: Sequence[End]) -> None:
        super().__init__("a report stands for all its leases or for none")
        self.calls = calls


class Rounds:
    """Serves rounds over one connection. Every caller is answered after the commit of its round."""

    def __init__(self, db: Database, grounds: Grounds) -> None:
        self._grounds = grounds
        self._session = db.session()
        # Facts that never change about attempts that this process gave out; who asks about others looks them up.
        self.places: dict[int, AttemptPlace] = {}

    async def close(self) -> None:
        """Give the connection back."""
        await self._session.close()

    async def serve(self, calls: Sequence[Call]) -> None:
        """Serve calls: all of it stands, or nothing does. What is no ordinary case is answered with None."""
        ends = [call for call in calls if isinstance(call, End)]
        claims = self._list_distinct([call for call in calls if isinstance(call, Claim)])
        while any(not call.answer.done() for call in (*ends, *claims)):
            try:
                await self._serve(
                    [call for call in ends if not call.answer.done()],
                    [call for call in claims if not call.answer.done()],
                )
            except TornError as error:
                for torn in error.calls:
                    torn.finish(None)
            except BaseException:
                # What the marks say was taken may have been given back.
                for project_id in {call.project_id for call in claims}:
                    self._grounds.get_marks(project_id).forget()
                raise

    def _list_distinct(self, calls: Sequence[Claim]) -> list[Claim]:
        """Leave requests out that come twice and would break the statement: the second looks for what the first got."""
        distinct: dict[object, Claim] = {}
        for call in calls:
            if distinct.setdefault(call.wish.request_id, call) is not call:
                call.finish(None)
        return list(distinct.values())

    async def _serve(self, ends: Sequence[End], claims: Sequence[Claim]) -> None:
        results = _Results()
        async with self._session.write() as tx:
            of_projects: dict[int, _OfProject] = {}
            await self._find_places(tx, ends)
            await self._sort_ends(tx, ends, of_projects)
            await self._sort_claims(claims, of_projects)
            # In order, as everywhere, and all about one project before the next: no deadlocks.
            for project_id, work in sorted(of_projects.items()):
                await self._end(tx, project_id, work.ends, results)
                await self._claim(tx, project_id, work, results)
        self._answer(ends, results)

    def _answer(self, ends: Sequence[End], results: _Results) -> None:
        if len(self.places) > MOST_KNOWN_PLACES:
            self.places.clear()
        for call, leases in results.claimed:
            for lease in leases:
                self.places[lease.attempt_id] = AttemptPlace(lease.attempt_id, lease.attempt, lease.project_id)
            call.finish(Reply(leases) if leases else None)
        for end in ends:
            end.finish(end.make_answer(results.ended))
            for ending in end.endings:
                self.places.pop(ending.attempt_id, None)

    async def _find_places(self, tx: Tx, calls: Sequence[End]) -> None:
        """Find out to which projects the attempts belong: from memory, else from the database."""
        by_name = [call for call in calls if call.file is not None]
        if by_name:
            for held in await store.list_held_places(tx, files=[call.file for call in by_name if call.file]):
                by_name[held.ordinal - 1].held = held
                by_name[held.ordinal - 1].places = [held.place]
        unknown = {number for call in calls for number in call.said.attempt_ids if number not in self.places}
        found = await store.list_attempt_places(tx, attempt_ids=sorted(unknown)) if unknown else []
        looked_up = {place.attempt_id: place for place in found}
        for call in calls:
            if call.file is None:
                places = [self.places.get(number) or looked_up.get(number) for number in call.said.attempt_ids]
                call.places = [place for place in places if place is not None] if all(places) else []

    async def _sort_ends(self, tx: Tx, calls: Sequence[End], of_projects: dict[int, _OfProject]) -> None:
        """Prepare the endings of calls, by project. What is no ordinary case gets none."""
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
            of_projects.setdefault(project_id, _OfProject()).ends.append(call)

    async def _sort_claims(self, calls: Sequence[Claim], of_projects: dict[int, _OfProject]) -> None:
        for call in calls:
            ground, site = await self._grounds.get(call.project_id), call.wish.site
            key = (call.wish.share_id, ground.list_tiers(site), ground.list_reachable(site))
            groups = of_projects.setdefault(call.project_id, _OfProject()).groups
            groups.setdefault(key, (ground, []))[1].append(call)

    async def _end(self, tx: Tx, project_id: int, calls: Sequence[End], results: _Results) -> None:
        """End the leases of a project. Raises TornError, upon which nothing is done."""
        endings = [ending for call in calls for ending in call.endings]
        if not endings:
            return
        ended = await end_leases(tx, project_id=project_id, endings=endings, actor=calls[0].who)
        of_attempts = {lease.attempt_id: lease for lease in ended}
        torn = [call for call in calls if call.is_torn(of_attempts)]
        if torn:
            raise TornError(torn)
        results.ended |= of_attempts
        marks = self._grounds.get_marks(project_id)
        for call in calls:
            for place, ending in zip(call.places, call.endings, strict=True):
                if ending.state is HandleState.INITIAL:
                    marks.put_back(place.attempt)

    async def _claim(self, tx: Tx, project_id: int, work: _OfProject, results: _Results) -> None:
        """Lease handles of a project, share by share."""
        for key in sorted(work.groups, key=lambda key: key[0] or 0):
            (share_id, tiers, reachable), (ground, calls) = key, work.groups[key]
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
            results.claimed += [
                (call, tuple(ground.complete(one, call.wish.site) for one in claimed))
                for call, claimed in zip(calls, got, strict=True)
            ]
