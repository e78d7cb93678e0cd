"""Numbers and names in addresses, checked before a room is asked."""

from __future__ import annotations

from sutler.base.did import Did
from sutler.pages.errors import NoSuchPageError

LARGEST_ID = 2**63 - 1
MOST_DIGITS = 19


def check_id(kind: str, key: int | str) -> int:
    """Return a number that the database can hold. Raises NoSuchPageError for anything else: nothing has that number."""
    text = str(key)
    if len(text) > MOST_DIGITS or not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_ID:
        raise NoSuchPageError(kind, key)
    return int(text)


def make_did(kind: str, namespace: str, name: str) -> Did:
    """Return a DID that an address names. Raises NoSuchPageError if nothing can be called so."""
    if not namespace or not name or "\0" in namespace + name:
        raise NoSuchPageError(kind, f"{namespace}:{name}")
    return Did(namespace, name)
