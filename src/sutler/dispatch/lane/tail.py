"""Answers for workers who come when there is nothing left: one look for many, so that a thousand can wait."""

from __future__ import annotations

import asyncio
from time import monotonic
from weakref import WeakValueDictionary

from sutler.auth import Principal
from sutler.database import Database
from sutler.dispatch.model import NothingReady, Reply, Wish
from sutler.dispatch.operations.grounds import Grounds, Question
from sutler.dispatch.operations.leases import find_leases_of_request, reserve_next


class Tail:
    """Looks again without anything remembered, and says why there is nothing.

    Of those who ask the same at the same time one looks. The others wait for it and are told what it found, if it
    began to look after they came or if nothing has happened to the project since.
    """

    def __init__(self, db: Database, grounds: Grounds) -> None:
        self._db = db
        self._grounds = grounds
        self._locks: WeakValueDictionary[Question, asyncio.Lock] = WeakValueDictionary()

    async def reserve_next(self, who: Principal, *, project_id: int, wish: Wish) -> Reply:
        """Do what the operation `reserve_next` does, or repeat what it has just said to somebody else."""
        came_at = monotonic()
        question = (project_id, wish.share_id, wish.site)
        lock = self._locks.setdefault(question, asyncio.Lock())
        async with lock:
            kept = self._grounds.find_reply(question, came_at=came_at)
            if kept is None:
                return await self._look(who, question, wish)
        # Who repeats a request may have what the others wait for.
        return await find_leases_of_request(self._db, project_id=project_id, wish=wish) or kept

    async def _look(self, who: Principal, question: Question, wish: Wish) -> Reply:
        project_id, began_at = question[0], monotonic()
        number = self._grounds.count_changes(project_id)
        reply = await reserve_next(self._db, who, project_id=project_id, wish=wish)
        if reply.nothing in {NothingReady.WAIT, NothingReady.OVER}:
            self._grounds.keep_reply(question, reply, since=number, began_at=began_at)
        return reply
