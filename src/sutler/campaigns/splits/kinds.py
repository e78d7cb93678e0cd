"""Which split types there are: the built-in ones, and those of plug-ins."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from types import MappingProxyType

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.byevents import ByEvents
from sutler.campaigns.splits.byexistingruns import ByExistingRuns
from sutler.campaigns.splits.byrun import ByRun
from sutler.campaigns.splits.bysize import BySize
from sutler.campaigns.splits.bytime import ByTime
from sutler.campaigns.splits.draining import Draining
from sutler.campaigns.splits.drainingn import DrainingN
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.limitn import LimitN
from sutler.campaigns.splits.listed import Listed
from sutler.campaigns.splits.mod import Mod
from sutler.campaigns.splits.multiparam import MultiParam
from sutler.campaigns.splits.new import New
from sutler.campaigns.splits.nfiles import NFiles
from sutler.campaigns.splits.stagedfiles import StagedFiles
from sutler.campaigns.splits.whole import Whole

GROUP = "sutler.split_types"

SplitTypes = Mapping[str, type[SplitType]]

_ALL: tuple[type[SplitType], ...] = (
    Whole, NFiles, DrainingN, LimitN, New, ByRun, ByExistingRuns, Draining, Listed, Mod, MultiParam, StagedFiles,
    BySize, ByEvents, ByTime,
)  # fmt: skip

BUILT_IN: SplitTypes = MappingProxyType({kind.name: kind for kind in _ALL})
"""The split types that are always there, by name, in the order in which a picker shows them."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_TOLD = ("name", "help", "example", "uses_ledger")


def load_split_types() -> SplitTypes:
    """All split types of this installation by name: the built-in ones, then those of plug-ins in the order of names.

    Looks through what is installed, which takes milliseconds and imports the plug-ins. Raises SplitTypeError, which
    names the plug-in, for one that cannot be used.
    """
    found = dict(BUILT_IN)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        kind = _load(entry)
        if entry.name in found:
            raise _broken(entry, "there is another split type of this name")
        found[entry.name] = kind
    return MappingProxyType(found)


def _load(entry: EntryPoint) -> type[SplitType]:
    try:
        kind = entry.load()
    except (ImportError, AttributeError, NameError, SyntaxError, TypeError, ValueError) as error:
        raise _broken(entry, f"{type(error).__name__}: {error}") from error
    if not isinstance(kind, type) or not issubclass(kind, SplitType):
        raise _broken(entry, "it is not a class derived from SplitType")
    _check(entry, kind)
    return kind


def _check(entry: EntryPoint, kind: type[SplitType]) -> None:
    missing = [name for name in _TOLD if not hasattr(kind, name)]
    if missing or isabstract(kind):
        missing += sorted(getattr(kind, "__abstractmethods__", ()))
        raise _broken(entry, f"it lacks {', '.join(missing)}")
    if "__dataclass_fields__" not in vars(kind) or not all(
        {"kind", "help"} <= set(field.metadata) for field in dataclasses.fields(kind)
    ):
        raise _broken(entry, "it is not a frozen dataclass whose fields are made with metadata=parameter(…)")
    if not _NAME.fullmatch(entry.name):
        raise _broken(entry, "its name is not made of letters and digits")
    if kind.name != entry.name:
        raise _broken(entry, f"its class calls itself {kind.name}")


def _broken(entry: EntryPoint, reason: str) -> SplitTypeError:
    package = entry.dist.name if entry.dist else "an unknown package"
    return SplitTypeError(
        f"The split type {entry.name} of {package} ({entry.value}) cannot be used: {reason}.",
        split_type=entry.name,
        package=package,
    )
