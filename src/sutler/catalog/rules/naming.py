"""Making names of files from patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from sutler.catalog.model import NewFile
from sutler.catalog.rules.files import make_fids

_VARIABLE = re.compile(r"\$(clock[369]?|uuid(?:16|8)?|fid)")


def name_files(files: Sequence[NewFile], *, now: datetime, first: int = 0) -> list[NewFile]:
    """Return the files with a name for each that has a pattern instead, which keeps the fid that its name was made of.

    `$clock` is the time in milliseconds, one more for each file so that names differ; `$clock3`, `$clock6` and
    `$clock9` are its last digits. `$uuid` is random, `$uuid16` and `$uuid8` are its last digits. `$fid` is the fid.
    `first` is how many files of the same call came before.
    """
    clock = round(now.timestamp() * 1000) + first
    return [_name(file, clock + number) if _needs_name(file) else file for number, file in enumerate(files)]


def _needs_name(file: NewFile) -> bool:
    return file.auto_name is not None and not file.name


def _name(file: NewFile, clock: int) -> NewFile:
    fid = file.fid or make_fids(1)[0]
    random_digits = uuid4().hex
    values = {
        "clock": str(clock),
        "clock3": str(clock)[-3:],
        "clock6": str(clock)[-6:],
        "clock9": str(clock)[-9:],
        "uuid": random_digits,
        "uuid16": random_digits[-16:],
        "uuid8": random_digits[-8:],
        "fid": fid,
    }
    name = _VARIABLE.sub(lambda found: values[found[1]], file.auto_name or "")
    return replace(file, name=name, fid=fid, auto_name=None)
