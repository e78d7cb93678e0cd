"""The end of what a command printed, in bounded memory."""

from __future__ import annotations

import re

_LONGEST_LINE = 300
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


class Tail:
    """Keeps the last bytes of a stream; the rest is forgotten as it comes."""

    def __init__(self, limit_bytes: int) -> None:
        """Keep `limit_bytes`, using at most twice that and one chunk of memory."""
        self._limit = limit_bytes
        self._kept = bytearray()

    def append(self, chunk: bytes) -> None:
        """Take the next part of the stream."""
        self._kept += chunk
        if len(self._kept) > 2 * self._limit:
            self._kept = self._kept[len(self._kept) - self._limit :]

    def read_text(self) -> str:
        """The end of the stream as text of at most the limit in UTF-8. What is not UTF-8, and NUL, becomes U+FFFD."""
        if not self._limit:
            return ""
        text = bytes(self._kept)[-self._limit :].decode(errors="replace").replace("\0", "\ufffd")
        # A replaced byte takes three, so text of a binary stream has to be cut again.
        return text.encode()[-self._limit :].decode(errors="ignore")


def find_last_line(text: str) -> str:
    """The last line that says something, without colours and control characters, cut to 300; "" where there is none."""
    for line in reversed(re.split(r"[\r\n]+", text)):
        plain = _ESCAPES.sub("", line).strip()
        if plain:
            return plain if len(plain) <= _LONGEST_LINE else f"{plain[: _LONGEST_LINE - 1]}…"
    return ""
