"""Which replica of a file a run reads, checked as far as it can be from here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sutler.worker.messages import Lease


@dataclass(frozen=True)
class Input:
    """A leased file and where to read it: a local path, a URL, or "" where the project has no replicas."""

    lease: Lease
    location: str


@dataclass(frozen=True)
class UnusableInput:
    """A leased file that cannot be read here, and the sentence that says why."""

    lease: Lease
    reason: str


def choose_input(lease: Lease) -> Input | UnusableInput:
    """The first replica that can be used, in the server's order, which is nearest first.

    Replicas that are not `file://` are taken on trust: only the user's command knows how to open them.
    """
    if not lease.replica_urls:
        return Input(lease, "")
    reasons: list[str] = []
    for url in lease.replica_urls:
        path = find_local_path(url)
        if path is None:
            return Input(lease, url)
        reason = _find_trouble(path, lease.size_bytes)
        if reason is None:
            return Input(lease, str(path))
        reasons.append(reason)
    return UnusableInput(lease, "; ".join(reasons))


def find_local_path(url: str) -> Path | None:
    """The path that a `file://` URL names, percent signs decoded; None for any other URL."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _find_trouble(path: Path, size_bytes: int | None) -> str | None:
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            return f"input file {path} {what}"
        found = path.stat().st_size
    except OSError as error:
        return f"input file {path} cannot be looked at: {error.strerror}"
    if size_bytes is not None and found != size_bytes:
        return f"input file {path} has {found} bytes and should have {size_bytes}"
    return None
