"""The worker as one executable file that needs nothing but Python."""

from __future__ import annotations

import os
import uuid
import zipfile
from importlib.resources import files
from pathlib import Path

_SHEBANG = b"#!/usr/bin/env python3\n"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_MAIN = """\
import sys

if sys.version_info < (3, 11):
    sys.exit("sutler worker: needs Python 3.11 or newer, this is %s" % sys.version.split()[0])

from sutler.worker.main import main

sys.exit(main(sys.argv[1:]))
"""


def build_zipapp(target: Path) -> Path:
    """Write the worker to `target`, replacing it whole, and return it: `python worker.pyz run -- …`, or run it itself.

    The same sources always give the same bytes. Works from an archive as well as from an installation. Raises OSError.
    """
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as stream:
            stream.write(_SHEBANG)
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, text in _list_members():
                    archive.writestr(zipfile.ZipInfo(name, _EARLIEST), text, zipfile.ZIP_DEFLATED)
            os.fchmod(stream.fileno(), 0o755)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _list_members() -> list[tuple[str, str]]:
    sources = {source.name: source for source in files("sutler.worker").iterdir() if source.name.endswith(".py")}
    members = [("__main__.py", _MAIN), ("sutler/__init__.py", '"""Sutler, of which only the worker is here."""\n')]
    return members + [(f"sutler/worker/{name}", sources[name].read_text(encoding="utf-8")) for name in sorted(sources)]
