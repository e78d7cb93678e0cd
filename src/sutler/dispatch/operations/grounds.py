"""What a server process remembers for a moment about projects that workers draw from."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from sutler.database import Database
from sutler.dispatch.model import Pace, Reply
from sutler.dispatch.operations.claiming import Marks
from sutler.dispatch.operations.ground import Ground, load_ground
from sutler.dispatch.operations.pace import load_pace
from sutler.replicas import Neighbourhood

GROUND_KEPT_SECONDS = 1.0
REPLY_KEPT_SECONDS = 1.0
NEIGHBOURHOOD_KEPT_SECONDS = 10.0
PACE_KEPT_SECONDS = 30.0
MANY_KEPT = 256
MOST_KEPT = 10_000

Value = TypeVar("Value")
Question = tuple[int, int | None, str | None]
"""The project, the share and the site: who asks the same may have the same answer."""


@dataclass(frozen=True)
class _Kept(Generic[Value]):
    value: Value
    until: float
    change: int = 0
    began_at: float = 0.0


class Grounds:
    """Grounds, marks, paces and replies of projects, each for a second or less.

    A change of a project's settings or of the distances of its experiment is heard and makes forget at once what was
    remembered, and so do handles that become ready otherwise than by a report to this server (`ready/ID`); of what
    happens elsewhere, at most a second passes. Who finds nothing looks without memory before a
    worker is told so.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._grounds: dict[int, _Kept[Ground]] = {}
        self._neighbourhoods: dict[int, _Kept[Neighbourhood]] = {}
        self._paces: dict[int, _Kept[Pace]] = {}
        self._replies: dict[Question, _Kept[Reply]] = {}
        self._marks: dict[int, Marks] = {}
        self._loading: dict[int, asyncio.Task[Ground]] = {}
        self._changes: Counter[int] = Counter()
        self._stop_listening = db.notices.listen(self._hear)

    def close(self) -> None:
        """Hear of nothing any more."""
        self._stop_listening()

    async def get(self, project_id: int) -> Ground:
        """Return the ground of a project. Raises ProjectNotFoundError."""
        kept = self._grounds.get(project_id)
        if kept is not None and kept.until > monotonic():
            return kept.value
        # Of many who ask at once, one reads.
        task = self._loading.get(project_id)
        if task is None:
            task = self._loading[project_id] = asyncio.create_task(self._load(project_id), name="load a ground")
        return await asyncio.shield(task)

    def get_marks(self, project_id: int) -> Marks:
        """Return where the searches of a project ended."""
        _bound(self._marks)
        return self._marks.setdefault(project_id, Marks())

    async def get_pace(self, project_id: int) -> Pace:
        """Return how long files of a project take."""
        kept = self._paces.get(project_id)
        if kept is None or kept.until <= monotonic():
            async with self._db.read() as tx:
                kept = _Kept(await load_pace(tx, project_id=project_id), monotonic() + PACE_KEPT_SECONDS)
            _bound(self._paces)
            self._paces[project_id] = kept
        return kept.value

    def count_changes(self, project_id: int) -> int:
        """Return a number that grows with everything that happens to a project."""
        return self._changes[project_id]

    def find_reply(self, question: Question, *, came_at: float) -> Reply | None:
        """Return what was answered to the same question, if it is true still.

        It is if nothing happened to the project since, and for who came at `came_at`, on the monotonic clock, if the
        look at the database began after that.
        """
        kept = self._replies.get(question)
        if kept is None or kept.until <= monotonic():
            return None
        return kept.value if kept.change == self._changes[question[0]] or kept.began_at >= came_at else None

    def keep_reply(self, question: Question, reply: Reply, *, since: int, began_at: float) -> None:
        """Remember that there is nothing, and why.

        `since` is the number of changes from before the look at the database, `began_at` when that was.
        """
        _bound(self._replies)
        self._replies[question] = _Kept(reply, began_at + REPLY_KEPT_SECONDS, since, began_at)

    async def _load(self, project_id: int) -> Ground:
        try:
            now = monotonic()
            known = {number: kept.value for number, kept in self._neighbourhoods.items() if kept.until > now}
            async with self._db.read() as tx:
                ground = await load_ground(tx, project_id=project_id, known=known)
        finally:
            is_current = self._loading.get(project_id) is asyncio.current_task()
            if is_current:
                del self._loading[project_id]
        # What changed while it was being read may not be in it.
        if is_current:
            self._keep_neighbourhood(ground)
            if len(self._grounds) >= MANY_KEPT:
                self._grounds = {number: kept for number, kept in self._grounds.items() if kept.until > monotonic()}
            _bound(self._grounds)
            self._grounds[project_id] = _Kept(ground, monotonic() + GROUND_KEPT_SECONDS)
        # Something may have come back that another process, or a loop, put there.
        self.get_marks(project_id).reopen()
        return ground

    def _keep_neighbourhood(self, ground: Ground) -> None:
        """Keep one map for all projects of an experiment: it is large where there are many sites."""
        experiment_id, kept = ground.header.experiment_id, self._neighbourhoods.get(ground.header.experiment_id)
        if kept is None or kept.value is not ground.neighbourhood:
            until = monotonic() + NEIGHBOURHOOD_KEPT_SECONDS
            self._neighbourhoods[experiment_id] = _Kept(ground.neighbourhood, until)

    def _hear(self, subjects: set[str]) -> None:
        for subject in subjects:
            kind, _, number = subject.partition("/")
            if kind == "project":
                self._changes[int(number)] += 1
            elif kind in {"settings", "ready"}:
                self._grounds.pop(int(number), None)
                self._loading.pop(int(number), None)
                if kind == "ready" and int(number) in self._marks:
                    self._marks[int(number)].forget()
            elif kind in {"neighbourhood", "*"}:
                self._grounds.clear()
                self._neighbourhoods.clear()
                self._loading.clear()
                self._replies.clear()
                self._marks.clear()
        if len(self._changes) > MOST_KEPT:
            self._changes.clear()
            self._replies.clear()


def _bound(kept: MutableMapping[Any, Any]) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
