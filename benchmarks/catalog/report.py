"""The tables that are printed, in Markdown, so that they can be pasted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.catalog.asking import Asked, Streamed
from benchmarks.catalog.declaring import Declared
from benchmarks.dispatching.report import Aim, format_table


def format_asked(asked: Iterable[Asked]) -> str:
    """Queries, beside what another server took for the same ones at 1,000,000 files."""
    titles = ["case", "rows", "p50, ms", "p95, ms", "calls", "reference, ms", "query"]
    return format_table(titles, ([*_format_asked(one), f"`{one.case.query}`"] for one in asked))


def _format_asked(one: Asked) -> list[str]:
    reference = "" if one.case.reference_ms is None else f"{one.case.reference_ms:,.0f}"
    name = one.case.name if one.case.kind == "files" else f"{one.case.name} ({one.case.kind})"
    return [name, f"{one.rows:,}", f"{one.p50_ms:.1f}", f"{one.p95_ms:.1f}", str(one.calls), reference]


def format_streams(streams: Iterable[Streamed]) -> str:
    """Streams of many files."""
    titles = ["stream", "rows", "rows/s", "first rows after, ms", "memory before, MB", "at most, MB"]
    return format_table(
        titles,
        (
            [
                one.what,
                f"{one.rows:,}",
                f"{one.per_second:,.0f}",
                f"{one.first_ms:.0f}",
                f"{one.before_mb:.0f}",
                f"{one.most_mb:.0f}",
            ]
            for one in streams
        ),
    )


def format_declared(declared: Iterable[tuple[str, Declared]]) -> str:
    """Declarations, with the processor time that each file took."""
    titles = [
        "declared",
        "files per call",
        "calls",
        "files/s",
        "call p50, ms",
        "slowest, ms",
        "server, µs",
        "PostgreSQL, µs",
    ]
    return format_table(
        titles,
        (
            [
                what,
                f"{one.files_per_call:,}",
                str(one.calls),
                f"{one.per_second:,.0f}",
                f"{one.p50_ms:.1f}",
                f"{one.slowest_ms:.1f}",
                f"{one.server_us:,.0f}",
                f"{one.database_us:,.0f}",
            ]
            for what, one in declared
        ),
    )


def list_query_aims(asked: Sequence[Asked]) -> list[Aim]:
    """Return what is wanted of single queries; limits are for the 95th of a hundred calls."""
    return [
        Aim(f"{one.case.name}: p95, ms", "<", one.case.wanted_ms, one.p95_ms)
        for one in asked
        if one.case.wanted_ms is not None
    ]
