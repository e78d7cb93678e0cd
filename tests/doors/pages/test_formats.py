"""How values look, where stages stand, and which pictures are read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sutler.base.did import Did
from sutler.base.errors import NotFoundError
from sutler.campaigns import Dependency, StageSummary, StageType
from sutler.dispatch import ProducedFile
from sutler.pages.flow import lay_out_flow
from sutler.pages.formats import format_duration, format_measure, format_size, format_value, make_file_path
from sutler.pages.pictures import read_picture

PNG = b"\x89PNG\r\n\x1a\n rest"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (12_345, "12.3 kB"), (999_600, "1.00 MB"), (834_000_000, "834 MB")],
)
def test_sizes_have_three_digits(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [(0.0421, "0.042 s"), (6.25, "6.2 s"), (65, "1 min 5 s"), (timedelta(hours=72), "3 d"), (7505, "2 h 5 min")],
)
def test_durations_have_their_two_largest_units(span: float | timedelta, text: str) -> None:
    assert format_duration(span) == text


def test_measures_are_told_by_their_units() -> None:
    assert format_measure("max_rss_bytes", 1_500_000) == ("peak memory", "1.50 MB")
    assert format_measure("queue_seconds", 65) == ("queue", "1 min 5 s")
    assert format_measure("exit_code", 3) == ("exit code", "3")
    assert format_measure("host", "a_b") == ("host", "a_b")
    assert format_value({"a": [1, None]}) == '{\n "a": [\n  1,\n  null\n ]\n}'


@pytest.mark.parametrize(
    ("did", "path"),
    [
        (Did("demo", "a b/c%.root"), "/files/demo/a%20b/c%25.root"),
        (Did("demo", "../x"), "/files?did=demo%3A..%2Fx"),
        (Did("a/b", "x"), "/files?did=a%2Fb%3Ax"),
    ],
)
def test_addresses_of_files_survive_what_browsers_do_to_paths(did: Did, path: str) -> None:
    assert make_file_path(did) == path


def _make_stage(stage_id: int) -> StageSummary:
    return StageSummary(
        stage_id, f"s{stage_id}", StageType.REGULAR, "job", "here", None, "", is_held=False,
        submission_count=0, running_count=0, last_submission_id=None,
    )  # fmt: skip


def _make_dependency(upstream: int, downstream: int) -> Dependency:
    return Dependency(1, 1, upstream, f"s{upstream}", downstream, f"s{downstream}", "%")


def test_stage_stands_right_of_everything_it_depends_on() -> None:
    pairs = [(1, 2), (2, 4), (1, 4), (3, 4)]
    stages = [_make_stage(stage_id) for stage_id in (4, 2, 3, 1)]
    flow = lay_out_flow(stages, [_make_dependency(*pair) for pair in pairs], [])
    at = {card.stage.id: (card.x, card.y) for card in flow.cards}
    assert all(at[upstream][0] < at[downstream][0] for upstream, downstream in pairs)
    assert len(set(at.values())) == 4
    assert len(flow.arrows) == 4
    assert all(x + flow.card_width <= flow.width and y + flow.card_height <= flow.height for x, y in at.values())


def test_circle_of_stages_is_still_laid_out() -> None:
    flow = lay_out_flow([_make_stage(1), _make_stage(2)], [_make_dependency(1, 2), _make_dependency(2, 1)], [])
    assert len({(card.x, card.y) for card in flow.cards}) == 2


def _make_picture(url: str | None) -> ProducedFile:
    return ProducedFile(1, "f", "demo", "peak.png", 10, "image/png", url, 1)


def test_picture_in_the_storage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a b.png"
    path.write_bytes(PNG)
    assert read_picture(_make_picture(path.as_uri()), tmp_path) == (PNG, "image/png")


@pytest.mark.parametrize("kind", ["outside", "link", "climbing", "text", "missing", "folder", "remote", "none", "nul"])
def test_nothing_but_a_picture_in_the_storage_is_read(tmp_path: Path, kind: str) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    outside, inside = tmp_path / "outside.png", storage / "inside.png"
    outside.write_bytes(PNG)
    inside.write_bytes(PNG)
    (storage / "link.png").symlink_to(outside)
    (storage / "page.html").write_text("<script>")
    urls = {
        "outside": outside.as_uri(),
        "link": (storage / "link.png").as_uri(),
        "climbing": f"file://{storage}/../outside.png",
        "text": (storage / "page.html").as_uri(),
        "missing": (storage / "none.png").as_uri(),
        "folder": storage.as_uri(),
        "remote": f"https://elsewhere.test{inside}",
        "none": None,
        "nul": f"file://{storage}/in%00side.png",
    }
    with pytest.raises(NotFoundError):
        read_picture(_make_picture(urls[kind]), storage)
