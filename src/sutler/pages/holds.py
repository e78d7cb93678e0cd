"""Launches that wait for a hold to end, and the switches that hold them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action, Role, Thing
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import Hold, HoldKind, QueuedLaunch, QueueState
from sutler.database.listing import Page
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names
from sutler.pages.forms import read_text
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import read_typed

QUEUED_PER_PAGE = 100
LONGEST_REASON = 500
EVERYWHERE = ""
KINDS = {HoldKind.LAUNCHES: "Launches", HoldKind.FOLLOWERS: "Recoveries and dependants that follow by themselves"}


@dataclass(frozen=True)
class QueuePage:
    """Launches that wait, or waited. `state` is empty for all of them."""

    queued: Page[QueuedLaunch]
    state: str
    is_first: bool
    trouble: Trouble | None = None
    states: tuple[str, ...] = tuple(each.value for each in QueueState)


@dataclass(frozen=True)
class Switch:
    """One switch. `experiment` is empty for that of the installation; `hold` says that it is on."""

    experiment: str
    kind: HoldKind
    title: str
    hold: Hold | None
    why_not: str


@dataclass(frozen=True)
class HoldsPage:
    """All switches that somebody can see."""

    switches: tuple[Switch, ...]
    trouble: Trouble | None = None


class HoldPages:
    """Holds and what waits for them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show_queue(self, request: Request, state: str = "queued", after: str | None = None) -> Response:
        """Launches that wait, oldest first."""
        visit = await self._door.admit(request)
        return await self._show_queue(request, visit, state, after)

    async def delete_queued(self, request: Request) -> Response:
        """Take the launches that are ticked out of the queue."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            ids = typed.numbers("queued")
            if not ids:
                raise InvalidInputError("No launch is ticked.")
            await campaigns.delete_queued_launches(self._db, visit.who, queued_ids=ids)
        except SHOWN as error:
            return await self._show_queue(request, visit, "queued", None, describe_trouble(error))
        return self._door.send_to(request, "/queue")

    async def show_holds(self, request: Request) -> Response:
        """The switches of the installation and of one's experiments."""
        visit = await self._door.admit(request)
        return await self._show_holds(request, visit)

    async def switch(self, request: Request) -> Response:
        """Turn a switch on or off."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            kind = typed.text("kind")
            if kind not in set(HoldKind):
                raise InvalidInputError([Problem("kind", f"{kind[:40]!r} is not one of {', '.join(HoldKind)}")])
            change = campaigns.hold_launches if typed.text("what") == "hold" else campaigns.release_launches
            await change(
                self._db,
                visit.who,
                experiment=typed.text("experiment") or None,
                kind=HoldKind(kind),
                reason=read_text("reason", typed.text("reason"), longest=LONGEST_REASON),
            )
        except SHOWN as error:
            return await self._show_holds(request, visit, describe_trouble(error))
        return self._door.send_to(request, "/holds")

    async def _show_queue(
        self, request: Request, visit: Visit, state: str, after: str | None, trouble: Trouble | None = None
    ) -> Response:
        if state not in {"", *QueueState}:
            raise InvalidInputError([Problem("state", f"{state[:40]!r} is not one of {', '.join(QueueState)}")])
        found = await campaigns.list_queued_launches(
            self._db, visit.who, state=QueueState(state) if state else None, after=after, limit=QUEUED_PER_PAGE
        )
        page = QueuePage(found, state, after is None, trouble)
        return self._door.show(request, "queue.html", page, visit=visit, status=choose_status(trouble))

    async def _show_holds(self, request: Request, visit: Visit, trouble: Trouble | None = None) -> Response:
        held = {(each.experiment_id, each.kind): each for each in await campaigns.list_holds(self._db, visit.who)}
        places: list[tuple[int | None, str]] = [(None, EVERYWHERE)]
        names = await list_experiment_names(self._db, visit)
        places += sorted(names.items(), key=lambda place: place[1])
        switches = tuple(
            Switch(name, kind, title, held.get((number, kind)), _explain(visit, number))
            for number, name in places
            for kind, title in KINDS.items()
        )
        page = HoldsPage(switches, trouble)
        return self._door.show(request, "holds.html", page, visit=visit, status=choose_status(trouble))


def _explain(visit: Visit, experiment_id: int | None) -> str:
    if experiment_id is None:
        return explain_right(visit.who, Action.ADMINISTER, Thing("installation", None))
    return explain_right(visit.who, Action.EDIT, Thing("switch", experiment_id, owner_role=Role.PRODUCTION))
