"""What every split type can do, and reading one from its text, such as `drainingn(50)`."""

from __future__ import annotations

import re
from typing import ClassVar, Protocol

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.drainingn import DrainingN
from sutler.campaigns.splits.nfiles import NFiles
from sutler.campaigns.splits.whole import Whole

_TEXT = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?:\(\s*(?P<argument>[^()]*?)\s*\)|_(?P<old>\w+))?\s*")


class SplitType(Protocol):
    """One way of cutting data into slices."""

    name: ClassVar[str]
    help: ClassVar[str]
    uses_ledger: ClassVar[bool]

    @property
    def slice_limit(self) -> int | None:
        """At most how many files the next slice takes; None for all."""
        ...

    def __str__(self) -> str:
        """The text it is read from."""
        ...


def parse_split_type(text: str) -> SplitType:
    """Read a split type: `nfiles(50)`, `drainingn(50)`, the older `nfiles_50`, or nothing (or `None`) for no split.

    White space around the name and the argument is ignored. Raises SplitTypeError.
    """
    if text.strip() in ("", "None"):
        return Whole()
    match = _TEXT.fullmatch(text)
    counted = {kind.name: kind for kind in (NFiles, DrainingN)}
    if match is None or match["name"] not in counted:
        known = ", ".join(f"{name}(n)" for name in counted)
        raise SplitTypeError(f"{text!r} is not a split type. There are {known}, and none at all.")
    kind = counted[match["name"]]
    argument = match["argument"] if match["argument"] is not None else match["old"]
    count = (argument or "").removeprefix("n=")
    if not count.isdecimal() or int(count) < 1:
        raise SplitTypeError(f"{kind.name}(n) takes a number of files of at least 1, not {argument!r}.")
    return kind(int(count))
