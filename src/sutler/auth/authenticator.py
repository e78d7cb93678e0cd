"""Answers who shows a token, from memory where it can."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sutler.auth.model import Principal
from sutler.auth.operations.principals import authenticate_claims
from sutler.auth.signing import Claims, TokenSigner
from sutler.database import Database

KEPT_FOR = timedelta(seconds=5)
WATCH_TIMEOUT = timedelta(seconds=60)
MAX_KEPT = 20_000


@dataclass(frozen=True)
class _Answer:
    principal: Principal
    until: datetime


class Authenticator:
    """Remembers for five seconds who showed a token, less if something about the user changes.

    A job shows its token for every file and a browser for every part of a page; the database is asked once per token
    and five seconds. A change made by this process takes effect at once, that of another when its notice arrives.
    Made once per server; `close` it before the database.
    """

    def __init__(self, db: Database, signer: TokenSigner) -> None:
        self._db = db
        self._signer = signer
        self._answers: dict[str, _Answer] = {}
        # By user who is watched: a number that nobody had before, a new one at each change.
        self._states: dict[str, int] = {}
        self._numbers = itertools.count()
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._reading: dict[str, asyncio.Task[Principal]] = {}

    async def authenticate(self, token: str) -> Principal:
        """Return who shows this token, with the roles held now; every call gives a principal of its own.

        Raises TokenInvalidError, TokenExpiredError, TokenRevokedError, UnknownUserError.
        """
        now = self._db.clock.now()
        kept = self._answers.get(token)
        if kept is not None and now < kept.until:
            return _hand_out(kept.principal)
        reading = self._reading.get(token)
        if reading is None:
            claims = self._signer.read(token, now=now)
            reading = asyncio.create_task(self._read(token, claims), name="authenticate")
            if claims.username in self._states:
                # Of the many calls of one token that come in a moment, one asks the database; changes are heard.
                self._reading[token] = reading
                reading.add_done_callback(partial(self._end_reading, token))
        return _hand_out(await asyncio.shield(reading))

    def _end_reading(self, token: str, reading: asyncio.Task[Principal]) -> None:
        if self._reading.get(token) is reading:
            del self._reading[token]

    async def _read(self, token: str, claims: Claims) -> Principal:
        state = self._states.get(claims.username)
        principal = await authenticate_claims(self._db, claims=claims)
        if state is None:
            # A change could slip in before the watch begins: this answer is not kept, the next one will be.
            self._begin_watch(claims.username, principal.user_id)
        elif state == self._states.get(claims.username):
            self._keep(token, _Answer(principal, min(self._db.clock.now() + KEPT_FOR, claims.expires_at)))
        return principal

    async def close(self) -> None:
        """Stop watching and forget everything."""
        watches = list(self._watches.values())
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        self._answers.clear()

    def _keep(self, token: str, answer: _Answer) -> None:
        if len(self._answers) >= MAX_KEPT:
            self._answers.clear()
        self._answers[token] = answer

    def _begin_watch(self, username: str, user_id: int) -> None:
        if username not in self._watches:
            self._watches[username] = asyncio.create_task(self._watch(username, user_id), name=f"watch {username}")

    async def _watch(self, username: str, user_id: int) -> None:
        """Forget the answers about a user whenever something changes; end when nobody has asked for a while."""
        try:
            async with self._db.notices.follow(f"user/{user_id}") as follower:
                self._states[username] = next(self._numbers)
                while await follower.wait(WATCH_TIMEOUT.total_seconds()) or self._is_in_use(user_id):
                    self._states[username] = next(self._numbers)
                    self._reading.clear()
                    self._forget(user_id)
        finally:
            self._states.pop(username, None)
            self._forget(user_id)
            del self._watches[username]

    def _is_in_use(self, user_id: int) -> bool:
        now = self._db.clock.now()
        return any(now < kept.until for kept in self._answers.values() if kept.principal.user_id == user_id)

    def _forget(self, user_id: int) -> None:
        for token in [token for token, kept in self._answers.items() if kept.principal.user_id == user_id]:
            del self._answers[token]


def _hand_out(principal: Principal) -> Principal:
    """Return a copy with a list of questions of its own. Quicker than `dataclasses.replace`: every call needs one."""
    handed: Principal = object.__new__(Principal)
    handed.__dict__.update(principal.__dict__, consulted=[])
    return handed
