"""The token: from SUTLER_TOKEN or the file named by SUTLER_TOKEN_FILE, never from an argument, which others can see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sutler.worker.errors import NoTokenError


def find_token(environment: Mapping[str, str]) -> Callable[[], str]:
    """A function that gives the token to show now. Raises NoTokenError where there is none to begin with.

    A file is read again at every call, because long jobs have their tokens renewed in place. When it cannot be read
    for a moment, the last token read goes on being used.
    """
    token = environment.get("SUTLER_TOKEN", "").strip()
    if token:
        return lambda: token
    name = environment.get("SUTLER_TOKEN_FILE", "").strip()
    if not name:
        raise NoTokenError("There is no token: set SUTLER_TOKEN, or SUTLER_TOKEN_FILE to the path of a file with it.")
    return _TokenFile(Path(name))


class _TokenFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._token = path.read_text().strip()
        except (OSError, ValueError) as error:
            raise NoTokenError(f"The token file {path} (SUTLER_TOKEN_FILE) cannot be read: {error}") from error
        if not self._token:
            raise NoTokenError(f"The token file {path} (SUTLER_TOKEN_FILE) is empty.")

    def __call__(self) -> str:
        try:
            self._token = self._path.read_text().strip() or self._token
        except (OSError, ValueError):
            return self._token
        return self._token
