"""Passwords as they are kept: argon2 hashes, made and checked in a thread because each takes tens of milliseconds."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

_HASHER = PasswordHasher()


async def hash_password(password: str) -> str:
    """Return what is kept of a password. Never call it while a transaction is open."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. Without a hash the answer is no, after the same work, so time tells nothing."""
    if password_hash is None:
        await hash_password(password)
        return False
    return await asyncio.to_thread(_matches, password, password_hash)


def _matches(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False
