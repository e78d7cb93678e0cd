"""Where the stages of a campaign stand on its page: left to right in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sutler.campaigns import Dependency, StageSummary, SubmissionSummary

CARD_WIDTH = 264
CARD_HEIGHT = 158
GAP_WIDTH = 64
GAP_HEIGHT = 20
EDGE = 2


@dataclass(frozen=True)
class StageCard:
    """A stage, its newest submission, and the upper left corner of its card."""

    stage: StageSummary
    last: SubmissionSummary | None
    x: int
    y: int


@dataclass(frozen=True)
class Arrow:
    """A dependency as a curve between two cards."""

    path: str
    title: str


@dataclass(frozen=True)
class Flow:
    """The whole picture, in pixels."""

    cards: tuple[StageCard, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int
    card_width: int = CARD_WIDTH
    card_height: int = CARD_HEIGHT


def lay_out_flow(
    stages: Sequence[StageSummary], dependencies: Sequence[Dependency], submissions: Sequence[SubmissionSummary]
) -> Flow:
    """Put each stage one column right of the last stage it depends on. Circles do no harm.

    A dependency of which one end is not among the stages is left out: that end is on another page.
    """
    upstream: dict[int, set[int]] = {stage.id: set() for stage in stages}
    drawn = [each for each in dependencies if {each.upstream_stage_id, each.downstream_stage_id} <= upstream.keys()]
    for dependency in drawn:
        upstream[dependency.downstream_stage_id].add(dependency.upstream_stage_id)
    places = _place([stage.id for stage in stages], upstream)
    newest = {submission.id: submission for submission in submissions}
    cards = tuple(
        StageCard(stage, newest.get(stage.last_submission_id or 0), *_corner(*places[stage.id])) for stage in stages
    )
    corners = {card.stage.id: (card.x, card.y) for card in cards}
    return Flow(
        cards=cards,
        arrows=tuple(_draw(dependency, corners) for dependency in drawn),
        width=max((card.x for card in cards), default=0) + CARD_WIDTH + EDGE,
        height=max((card.y for card in cards), default=0) + CARD_HEIGHT + EDGE,
    )


def _place(stage_ids: Sequence[int], upstream: Mapping[int, set[int]]) -> dict[int, tuple[int, int]]:
    """Return column and row of each stage."""
    columns: dict[int, int] = {}
    left = list(stage_ids)
    while left:
        ready = [stage for stage in left if upstream[stage] <= columns.keys()]
        if not ready:
            # Only circles are left: cut one at its first stage.
            ready = left[:1]
        for stage in ready:
            known = [columns[above] for above in upstream[stage] if above in columns]
            columns[stage] = max(known, default=-1) + 1
        left = [stage for stage in left if stage not in columns]
    places: dict[int, tuple[int, int]] = {}
    for column in sorted(set(columns.values())):
        members = [stage for stage in stage_ids if columns[stage] == column]
        members.sort(key=lambda stage: _find_height(stage, upstream, places))
        places |= {stage: (column, row) for row, stage in enumerate(members)}
    return places


def _find_height(stage: int, upstream: Mapping[int, set[int]], places: Mapping[int, tuple[int, int]]) -> float:
    """Return the middle row of what a stage depends on, so that arrows cross little."""
    rows = [places[above][1] for above in upstream[stage] if above in places]
    return sum(rows) / len(rows) if rows else 0.0


def _corner(column: int, row: int) -> tuple[int, int]:
    return EDGE + column * (CARD_WIDTH + GAP_WIDTH), EDGE + row * (CARD_HEIGHT + GAP_HEIGHT)


def _draw(dependency: Dependency, corners: Mapping[int, tuple[int, int]]) -> Arrow:
    begin_x, begin_y = corners[dependency.upstream_stage_id]
    end_x, end_y = corners[dependency.downstream_stage_id]
    begin_x, begin_y, end_x, end_y = (
        begin_x + CARD_WIDTH,
        begin_y + CARD_HEIGHT // 2,
        end_x - 8,
        end_y + CARD_HEIGHT // 2,
    )
    bend = max(GAP_WIDTH // 2, abs(end_x - begin_x) // 2)
    return Arrow(
        path=f"M {begin_x} {begin_y} C {begin_x + bend} {begin_y}, {end_x - bend} {end_y}, {end_x} {end_y}",
        title=f"{dependency.upstream_stage} feeds {dependency.downstream_stage} with files like "
        f"{dependency.file_pattern}",
    )
