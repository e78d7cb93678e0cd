"""What commands print: tables for people, JSON for programs.

On a terminal tables have frames and fold long texts. Elsewhere they are plain columns, one line for each row, and
nothing is ever cut off.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import typer

from sutler.wire.convert import to_json

Cell = object


class Counted(Protocol):
    """What knows how many of its files are in which state."""

    @property
    def total_count(self) -> int: ...
    @property
    def initial_count(self) -> int: ...
    @property
    def unlocated_count(self) -> int: ...
    @property
    def reserved_count(self) -> int: ...
    @property
    def done_count(self) -> int: ...
    @property
    def failed_count(self) -> int: ...


def to_line(item: object) -> str:
    """Return a shape of the wire as JSON on one line."""
    return json.dumps(to_json(item), ensure_ascii=False)


def print_json(item: object) -> None:
    """Print dataclasses, or lists of them, as JSON."""
    typer.echo(json.dumps(to_json(item), indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table with a heading; of no rows say that there are none."""
    texts = [[show_cell(cell) for cell in row] for row in rows]
    if not texts:
        typer.echo("Nothing to show.", err=True)
    elif sys.stdout.isatty():
        _print_framed(columns, texts)
    else:
        _print_plain(columns, texts)


def print_facts(pairs: Iterable[tuple[str, Cell]]) -> None:
    """Print names and values, one pair a line; those without a value are left out."""
    shown = [(name, text) for name, text in ((name, show_cell(cell)) for name, cell in pairs) if text]
    width = max((len(name) for name, _ in shown), default=0)
    for name, text in shown:
        typer.echo(f"{name:<{width}}  {text}")


def show_cell(cell: Cell) -> str:
    """Return a value as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}Z"
    if isinstance(cell, dict | list | tuple):
        return json.dumps(to_json(cell), ensure_ascii=False) if cell else ""
    return str(cell)


def show_size(size_bytes: int | None) -> str:
    """Return a size with its unit, to three digits."""
    if size_bytes is None:
        return ""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} PB"


def show_counts(one: Counted) -> str:
    """Return how many files there are, and how many in each state that any is in."""
    lost = f" ({one.unlocated_count} without a usable replica)" if one.unlocated_count else ""
    states = (
        (one.initial_count, f"not submitted{lost}"),
        (one.reserved_count, "reserved"),
        (one.done_count, "done"),
        (one.failed_count, "failed"),
    )
    words = ", ".join(f"{count} {word}" for count, word in states if count)
    return f"{one.total_count} in all{f': {words}' if words else ''}"


def show_duration(span: timedelta) -> str:
    """Return a time span with its two largest units: `2 h 5 min`, or tenths of seconds if it is short."""
    seconds = span.total_seconds()
    if seconds < 10:
        return f"{seconds:.1f} s"
    rest = round(seconds)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def show_parameters(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the parameters of a job type as they stand in the command."""
    return " ".join(f"{name}{text}" for name, text in pairs)


def _print_framed(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in texts:
        table.add_row(*map(Text, row))
    Console().print(table)


def _print_plain(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    lines = [[column.upper() for column in columns], *([" ".join(text.split()) for text in row] for row in texts)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
