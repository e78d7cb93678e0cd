"""The file with the key that secrets of experiments are sealed with. It is never kept in the database."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from sutler.auth import Sealer, make_sealing_key
from sutler.base.errors import Problem
from sutler.base.settings import SettingsError
from sutler.server.configuration import Configuration

_HOW = "It holds 32 random bytes, as of: head -c 32 /dev/urandom"


def load_sealer(configuration: Configuration) -> Sealer:
    """Return the sealer of the installation. The first start makes its key, unless a setting names the file.

    Raises SettingsError if the file is not there, cannot be read or made, or does not hold 32 bytes.
    """
    file = configuration.sealing_key_file
    try:
        if not configuration.settings.sealing_key_file and not file.exists():
            _make_key_file(file)
        return Sealer(file.read_bytes(), key_file=str(file))
    except (OSError, ValueError) as error:
        what = f"{file} cannot be used: {error.strerror if isinstance(error, OSError) else error}. {_HOW}"
        raise SettingsError([Problem("sealing_key_file", what)]) from error


def _make_key_file(file: Path) -> None:
    """Make the file whole and for its owner only. Of several processes that do so at once the first wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(make_sealing_key())
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(fresh)
    finally:
        fresh.unlink()
