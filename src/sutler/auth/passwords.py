"""Passwords as they are kept: argon2 hashes, made and checked in threads because each takes tens of milliseconds.

The threads are their own and few: whoever tries passwords in a loop keeps neither the processors nor the threads of
others busy.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from sutler.base.errors import UnavailableError

MOST_WAITING = 50

Result = TypeVar("Result")

_HASHER = PasswordHasher()
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="passwords")
_waiting: set[int] = set()
_numbers = itertools.count()


async def hash_password(password: str) -> str:
    """Return what is kept of a password. Never call it while a transaction is open. Raises UnavailableError."""
    return await _work(lambda: _HASHER.hash(password))


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. Without a hash the answer is no, after the same work, so time tells nothing.

    Raises UnavailableError while too many others wait.
    """
    if password_hash is None:
        await hash_password(password)
        return False
    return await _work(lambda: _matches(password, password_hash))


async def _work(function: Callable[[], Result]) -> Result:
    if len(_waiting) >= MOST_WAITING:
        raise UnavailableError("Too many people are signing in at this moment. Try again in a few seconds.")
    number = next(_numbers)
    _waiting.add(number)
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, function)
    finally:
        _waiting.discard(number)


def _matches(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False
