"""The map of distances as a table: sites down, storage elements across. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sutler.replicas import Proximity, Rse

DEFAULT = "DEFAULT"
MOST_CELLS = 20_000


@dataclass(frozen=True)
class Cell:
    """The distance of one pair; None if the map has none, then `inherited` is what holds by DEFAULT, if anything."""

    rse: str
    distance: int | None
    inherited: int | None = None

    @property
    def words(self) -> str:
        """What holds for the pair, in a sentence."""
        held = self.inherited if self.distance is None else self.distance
        source = "Not in the map. By DEFAULT: " if self.distance is None else ""
        if held is None:
            return "Not in the map: behind every storage element with a known distance."
        return f"{source}{'never' if held < 0 else f'distance {held}'}."


@dataclass(frozen=True)
class MatrixRow:
    """The distances of one site."""

    site: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """One storage element; `is_known` is off for a name in the map that the experiment does not have."""

    name: str
    is_known: bool


@dataclass(frozen=True)
class Matrix:
    """The whole map, DEFAULT first."""

    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]


def make_matrix(entries: Sequence[Proximity], rses: Sequence[Rse]) -> Matrix | None:
    """Return the table of a map; None if it would have more than 20,000 cells, which nobody can read.

    Every storage element of the experiment has a column, whether it is in the map or not.
    """
    known = {rse.name for rse in rses}
    names = [DEFAULT, *sorted((known | {entry.rse for entry in entries}) - {DEFAULT})]
    sites = [DEFAULT, *sorted({entry.site for entry in entries} - {DEFAULT})]
    if len(names) * len(sites) > MOST_CELLS:
        return None
    by_site: dict[str, list[Proximity]] = {site: [] for site in sites}
    for entry in entries:
        by_site[entry.site].append(entry)
    rows = tuple(MatrixRow(site, _make_cells(own, names)) for site, own in by_site.items())
    return Matrix(tuple(Column(name, name in known or name == DEFAULT) for name in names), rows)


def write_map(entries: Iterable[Proximity]) -> str:
    """Return a map as lines `site,rse,number`, as it is read in again."""
    return "".join(f"{entry.site},{entry.rse},{entry.distance}\n" for entry in entries)


def mark_map(entries: Iterable[Proximity]) -> str:
    """Return a mark that changes with the map, so that a form can tell that somebody changed it meanwhile."""
    return sha256(write_map(entries).encode()).hexdigest()[:16]


def set_pair(entries: Sequence[Proximity], pair: Proximity | tuple[str, str]) -> list[Proximity]:
    """Return the map with one pair added or changed, or taken out where only its names are given."""
    site, rse = pair if isinstance(pair, tuple) else (pair.site, pair.rse)
    rest = [entry for entry in entries if (entry.site, entry.rse) != (site, rse)]
    return rest if isinstance(pair, tuple) else [*rest, pair]


def lay_over(text: str, entries: Sequence[Proximity]) -> str:
    """Return lines with those pairs of a map added that they do not name. Wrong lines stay where they are."""
    named = {tuple(part.strip() for part in line.split(",")[:2]) for line in text.splitlines()}
    kept = [entry for entry in entries if (entry.site, entry.rse) not in named]
    return f"{text.rstrip()}\n{write_map(kept)}" if kept else text


def _make_cells(own: Sequence[Proximity], names: Sequence[str]) -> tuple[Cell, ...]:
    """A site that stands in the map goes by its own entries only."""
    distances = {entry.rse: entry.distance for entry in own}
    return tuple(
        Cell(name, distances[name]) if name in distances else Cell(name, None, distances.get(DEFAULT)) for name in names
    )
