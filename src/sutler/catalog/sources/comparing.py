"""Whether a file that is there is the one that is meant, and which files must be declared before which. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.catalog.model import FileKey, NewFile
from sutler.catalog.sources.port import SourceFile


def describe_difference(wanted: NewFile, there: SourceFile) -> str | None:
    """Return what tells a file from the one that is there; None if they are the same, as far as both are known."""
    if wanted.fid is not None and wanted.fid == there.fid:
        return None
    if wanted.size_bytes != there.size_bytes:
        return f"its size is {there.size_bytes} there and {wanted.size_bytes} here."
    for kind, value in wanted.checksums.items():
        other = there.checksums.get(kind)
        if other is not None and other.lower() != value.lower():
            return f"its checksum {kind} is {other} there and {value} here."
    return None


def order_by_parents(files: Mapping[int, NewFile], places: Sequence[int]) -> list[list[int]]:
    """Return the places in rounds: a file comes in a later round than those of its parents that are among them.

    Files that are each other's parents come last, for the server to refuse.
    """
    owners: dict[FileKey, int] = {}
    for place in places:
        owners[files[place].did] = place
        fid = files[place].fid
        if fid is not None:
            owners[fid] = place
    waiting = {place: _find_parents(files[place], owners) - {place} for place in places}
    rounds: list[list[int]] = []
    while waiting:
        ready = [place for place, parents in waiting.items() if not parents & waiting.keys()]
        ready = ready or list(waiting)
        rounds.append(ready)
        for place in ready:
            del waiting[place]
    return rounds


def _find_parents(file: NewFile, owners: Mapping[FileKey, int]) -> set[int]:
    parents: list[FileKey] = [*file.parents, *file.parent_fids]
    return {owners[key] for key in parents if key in owners}
