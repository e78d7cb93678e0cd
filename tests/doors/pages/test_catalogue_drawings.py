"""What the pages of the catalogue draw, and what they read from half a query: without a server."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sutler.catalog import Distribution, FileReference, Generation, Lineage, ValueCount
from sutler.pages.completion import read_wish
from sutler.pages.distributions import draw_distribution, write_number
from sutler.pages.lineage_drawing import CARD_WIDTH, LONGEST_LABEL, draw_lineage, shorten


def _make_generation(distance: int, *ids: int, more: int = 0, is_counted: bool = True) -> Generation:
    return Generation(distance, tuple(FileReference(n, f"fid{n}", "a", f"f{n}") for n in ids), more, is_counted)


def test_generations_stand_from_left_to_right_and_lines_lead_from_parents_to_children() -> None:
    lineage = Lineage(
        (_make_generation(-1, 1, 2), _make_generation(0, 3), _make_generation(1, 4, more=980, is_counted=False)),
        ((1, 3), (2, 3), (3, 4)),
    )
    drawing = draw_lineage(lineage)
    places = {card.did.name: (card.x, card.y) for card in drawing.files}
    assert places["f1"][0] == places["f2"][0] < places["f3"][0] < places["f4"][0]
    assert places["f1"][1] < places["f3"][1] < places["f2"][1]
    assert [
        path.startswith(f"M {places[name][0] + CARD_WIDTH} ")
        for path, name in zip(drawing.paths, ("f1", "f2", "f3"), strict=True)
    ] == [True] * 3
    assert [(card.text, card.query) for card in drawing.more] == [("and at least 980 more", "children(fids fid3)")]
    assert not drawing.is_alone
    assert all(card.x + CARD_WIDTH <= drawing.width for card in drawing.files)


def test_long_names_keep_the_part_in_which_they_differ() -> None:
    names = [f"np04_reco_run020000_{n:04d}_reconstructed_keepup.root" for n in range(3)]
    labels = shorten(names)
    assert len(set(labels)) == 3
    assert all(len(label) <= LONGEST_LABEL for label in labels)
    assert shorten(["short"]) == ["short"]
    assert shorten(["a" * 40]) == ["a" * 12 + "\N{HORIZONTAL ELLIPSIS}" + "a" * 13]


def test_columns_stand_for_bins_and_rows_for_values() -> None:
    counts = (ValueCount("", 5, 1), ValueCount("", 10, 4))
    plot = draw_distribution(Distribution("k", 15, 15, counts, Decimal(0), Decimal(8), 4))
    assert [(column.x, column.title) for column in plot.columns] == [(0, "0 to 2: 5"), (225, "6 to 8: 10")]
    assert plot.columns[1].height == plot.height
    values = tuple(ValueCount(str(n), 1) for n in range(9))
    rows = draw_distribution(Distribution("k", 20, 20, values)).rows
    assert [(row.text, row.count) for row in rows[-2:]] == [("5", 1), ("14 other values", 14)]
    assert rows[-1].is_rest


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("3", "3"),
        ("1234567.0", "1.23457e+06"),
        ("0.30000001", "0.3"),
        ("-5", "-5"),
        ("1e30", "1e+30"),
        ("1e400", "1e+400"),
    ],
)
def test_ends_of_plots_are_short_numbers(number: str, text: str) -> None:
    assert write_number(Decimal(number)) == text


@pytest.mark.parametrize(
    ("text", "kind", "typed"),
    [
        ("", "word", ""),
        ("files from ", "namespace", ""),
        ("files from a:b, c:", "dataset", "c:"),
        ("files from a:b where x.", "key", "x."),
        ("datasets matching a", "namespace", "a"),
        ("files where a.b = 'where", "word", ""),
    ],
)
def test_half_a_query_tells_what_comes_next(text: str, kind: str, typed: str) -> None:
    wish = read_wish(text)
    assert (wish.kind, wish.typed) == (kind, typed)
