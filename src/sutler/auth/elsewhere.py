"""What is to be known of a service elsewhere before something secret is sent there, and of the tokens it gives."""

from __future__ import annotations

import base64
import ipaddress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec


def read_expiry(token: str) -> datetime | None:
    """Return until when a JSON Web Token is good by its own word; None for any other text, however it is built."""
    try:
        part = token.split(".")[1]
        said = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return datetime.fromtimestamp(said["exp"], UTC)
    except (
        IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError, msgspec.DecodeError
    ):  # fmt: skip
        return None


def is_private(url: str) -> bool:
    """Whether what is sent there stays secret: it is encrypted, or does not leave the machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
