"""Where the files of a lineage stand in its picture, from ancestors on the left to descendants on the right. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sutler.base.did import Did
from sutler.catalog import FileReference, Generation, Lineage
from sutler.pages.formats import format_count

CARD_WIDTH = 190
CARD_HEIGHT = 40
COLUMN = 234
ROW = 50
MARGIN = 2
LONGEST_LABEL = 26

_TITLES = {-3: "Great-grandparents", -2: "Grandparents", -1: "Parents", 0: "", 1: "Children", 2: "Grandchildren"}
_LAST_TITLE = "Great-grandchildren"
HEADING = 24


@dataclass(frozen=True)
class FileCard:
    """One file. The label is cut in the middle; the DID is whole."""

    x: int
    y: int
    did: Did
    label: str
    is_own: bool


@dataclass(frozen=True)
class MoreCard:
    """What stands for the files that are not drawn, with a query that finds the whole generation."""

    x: int
    y: int
    text: str
    query: str


@dataclass(frozen=True)
class Heading:
    """The name of a generation, above its column."""

    x: int
    text: str


@dataclass(frozen=True)
class Drawing:
    """Everything that is drawn, in pixels. `paths` are the lines from parents to children."""

    width: int
    height: int
    files: tuple[FileCard, ...]
    more: tuple[MoreCard, ...]
    headings: tuple[Heading, ...]
    paths: tuple[str, ...]

    @property
    def is_alone(self) -> bool:
        """Whether the file has no relatives."""
        return len(self.files) == 1

    @property
    def card_width(self) -> int:
        """The width of every card."""
        return CARD_WIDTH

    @property
    def card_height(self) -> int:
        """The height of every card."""
        return CARD_HEIGHT


def draw_lineage(lineage: Lineage) -> Drawing:
    """Return the picture of a lineage: a column for each generation, centred, the largest from top to bottom."""
    rows = max(_count_cards(generation) for generation in lineage.generations)
    files: list[FileCard] = []
    more: list[MoreCard] = []
    headings: list[Heading] = []
    places: dict[int, tuple[int, int]] = {}
    for column, generation in enumerate(lineage.generations):
        x = MARGIN + column * COLUMN
        y = HEADING + (rows - _count_cards(generation)) * ROW // 2
        labels = shorten([file.name for file in generation.files])
        headings.append(Heading(x + CARD_WIDTH // 2, _TITLES.get(generation.distance, _LAST_TITLE)))
        for file, label in zip(generation.files, labels, strict=True):
            files.append(FileCard(x, y, file.did, label, generation.distance == 0))
            places[file.id] = (x, y)
            y += ROW
        if generation.more_count:
            more.append(MoreCard(x, y, _name_more(generation), _write_query(lineage, column)))
    return Drawing(
        width=2 * MARGIN + (len(lineage.generations) - 1) * COLUMN + CARD_WIDTH,
        height=HEADING + rows * ROW - (ROW - CARD_HEIGHT) + MARGIN,
        files=tuple(files),
        more=tuple(more),
        headings=tuple(headings),
        paths=tuple(_draw_path(places[parent], places[child]) for parent, child in lineage.links),
    )


def shorten(names: Sequence[str]) -> list[str]:
    """Return names that fit into cards. Of long ones that begin alike the part is left in which they differ."""
    alike = _count_alike(min(names), max(names)) if len(names) > 1 else 0
    return [_shorten(name, alike) for name in names]


def _count_alike(first: str, last: str) -> int:
    """How many characters both begin with; of the first and last of sorted names, what all of them begin with."""
    pairs = zip(first, last, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(first), len(last)))


def _shorten(name: str, alike: int) -> str:
    if len(name) <= LONGEST_LABEL:
        return name
    if alike > LONGEST_LABEL // 2:
        begin = min(alike - 5, len(name) - LONGEST_LABEL + 1)
        end = begin + LONGEST_LABEL - 2
        return f"…{name[begin:]}" if end + 1 >= len(name) else f"…{name[begin:end]}…"
    begin = (LONGEST_LABEL - 1) // 2
    return f"{name[:begin]}…{name[begin + 1 - LONGEST_LABEL :]}"


def _count_cards(generation: Generation) -> int:
    return len(generation.files) + (1 if generation.more_count else 0)


def _name_more(generation: Generation) -> str:
    at_least = "" if generation.is_counted else "at least "
    return f"and {at_least}{format_count(generation.more_count)} more"


def _write_query(lineage: Lineage, column: int) -> str:
    """The relatives of the neighbouring generation that is nearer to the file are the whole generation."""
    generation = lineage.generations[column]
    nearer: tuple[FileReference, ...] = lineage.generations[column + (1 if generation.distance < 0 else -1)].files
    word = "parents" if generation.distance < 0 else "children"
    return f"{word}(fids {', '.join(file.fid for file in nearer)})"


def _draw_path(parent: tuple[int, int], child: tuple[int, int]) -> str:
    x1, y1 = parent[0] + CARD_WIDTH, parent[1] + CARD_HEIGHT // 2
    x2, y2 = child[0], child[1] + CARD_HEIGHT // 2
    bend = max(24, abs(x2 - x1) // 2)
    return f"M {x1} {y1} C {x1 + bend} {y1}, {x2 - bend} {y2}, {x2} {y2}"
