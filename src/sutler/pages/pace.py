"""How fast a project moves: points for the plot, and a sentence. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from sutler.dispatch import Counts, Throughput
from sutler.pages.formats import format_count, format_duration

LATELY = timedelta(minutes=30)


def make_points(intervals: Sequence[Throughput], sentence: str) -> dict[str, object]:
    """Return what the script of the plot takes: columns, instants in epoch seconds."""
    return {
        "minutes": int(intervals[0].span.total_seconds()) // 60 if intervals else 1,
        "at": [int(interval.at.timestamp()) for interval in intervals],
        "done": [interval.done_count for interval in intervals],
        "failed": [interval.failed_count for interval in intervals],
        "returned": [interval.returned_count for interval in intervals],
        "sentence": sentence,
    }


def describe_pace(intervals: Sequence[Throughput], counts: Counts, now: datetime) -> str:
    """Say how many files end in an hour lately, and how long the rest takes like that; empty if nothing moves."""
    recent = [interval for interval in intervals if interval.at + interval.span > now - LATELY]
    ended = sum(interval.done_count + interval.failed_count for interval in recent)
    if not ended:
        return ""
    seconds = max((now - recent[0].at).total_seconds(), 60.0)
    per_second = ended / seconds
    rest = counts.initial_count + counts.reserved_count
    pace = f"Lately {_write_rate(per_second * 3600)} files an hour"
    if not rest:
        return f"{pace}."
    took = timedelta(seconds=math.ceil(rest / per_second))
    return f"{pace}: like that, the remaining {format_count(rest)} take about {_write_rough(took)}."


def _write_rate(rate: float) -> str:
    digits = max(0, math.floor(math.log10(rate)) - 1)
    return format_count(round(rate / 10**digits) * 10**digits) if rate >= 1 else "less than 1"


def _write_rough(span: timedelta) -> str:
    """A time span that nobody knows exactly: minutes, and above a day hours."""
    unit = 3600 if span >= timedelta(days=1) else 60
    return format_duration(max(math.ceil(span.total_seconds() / unit), 1) * unit)
