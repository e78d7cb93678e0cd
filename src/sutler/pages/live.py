"""Live updates: the browser follows subjects and is told that something changed, never what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sutler import campaigns, catalog, dispatch
from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, NotAuthenticatedError, Problem
from sutler.database import Follower
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.errors import TooManyWatchersError
from sutler.pages.session import Visit

MAX_SUBJECTS = 20
MAX_STREAMS = 1000
MAX_STREAMS_PER_USER = 60
DEBOUNCE_SECONDS = 0.25
SPACING_SECONDS = 0.75
KEEP_ALIVE_SECONDS = 15.0
CHANGED = "event: changed\ndata: \n\n"


def join_subjects(subjects: Iterable[str]) -> str:
    """Return the subjects as the address of the stream takes them; those beyond the limit are left out."""
    return ",".join(list(dict.fromkeys(subjects))[:MAX_SUBJECTS])


class LiveStreams:
    """The open streams of this process."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._open: dict[int, int] = {}

    async def follow(self, request: Request, subjects: str) -> Response:
        """Send `changed` when something happened to one of the subjects, and whenever the connection begins.

        The first one closes the gap between the page and its stream; a quiet stream repeats it every 15 seconds, which
        makes up for a lost notice and tells proxies that the stream is alive. Raises NotFoundError, NotPermittedError,
        InvalidInputError, TooManyWatchersError.
        """
        visit = await self._door.admit(request)
        wanted = [subject for subject in subjects.split(",") if subject]
        if not 1 <= len(wanted) <= MAX_SUBJECTS:
            raise InvalidInputError([Problem("subjects", f"must name 1 to {MAX_SUBJECTS} subjects")])
        for subject in wanted:
            await self._check_subject(visit.who, subject)
        self._check_room(visit.who)
        return StreamingResponse(
            self._send(visit, wanted), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _check_subject(self, who: Principal, subject: str) -> None:
        """Ask the operation that shows the thing: who may see it may follow it."""
        db = self._door.services.db
        kind, _, key = subject.partition("/")
        match kind:
            case "campaign":
                await campaigns.view_campaign(db, who, campaign_id=check_id(kind, key))
            case "stage":
                await campaigns.view_stage(db, who, stage_id=check_id(kind, key))
            case "submission":
                await campaigns.view_submission(db, who, submission_id=check_id(kind, key))
            case "project":
                await dispatch.get_project(db, who, project_id=check_id(kind, key))
            case "file":
                await catalog.get_file(db, who, fid=key)
            case _:
                raise InvalidInputError([Problem("subjects", f"{subject!r} cannot be followed")])

    def _check_room(self, who: Principal) -> None:
        if sum(self._open.values()) >= MAX_STREAMS or self._open.get(who.user_id, 0) >= MAX_STREAMS_PER_USER:
            raise TooManyWatchersError

    async def _send(self, visit: Visit, subjects: list[str]) -> AsyncIterator[str]:
        async with self._count(visit.who.user_id), self._door.services.db.notices.follow(*subjects) as follower:
            yield "retry: 2000\n\n" + CHANGED
            while True:
                has_news = await follower.wait(KEEP_ALIVE_SECONDS)
                if has_news:
                    await _let_pass(follower, DEBOUNCE_SECONDS)
                elif not await self._is_signed_in(visit.token):
                    return
                yield CHANGED
                await asyncio.sleep(SPACING_SECONDS)

    async def _is_signed_in(self, token: str) -> bool:
        try:
            await self._door.services.authenticator.authenticate(token)
        except NotAuthenticatedError:
            return False
        return True

    @asynccontextmanager
    async def _count(self, user_id: int) -> AsyncIterator[None]:
        self._open[user_id] = self._open.get(user_id, 0) + 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]


async def _let_pass(follower: Follower, seconds: float) -> None:
    """Wait a moment, so that a burst of notices makes one message."""
    await asyncio.sleep(seconds)
    await follower.wait(0.01)
