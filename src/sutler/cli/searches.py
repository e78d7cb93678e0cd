"""Searches in MQL for datasets and named queries, and files of a query as a table."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sutler.base.errors import Problem
from sutler.cli.asking import connect
from sutler.cli.failures import InputFileError
from sutler.cli.options import Experiment, Json
from sutler.cli.output import print_json, print_table, show_size, to_line


class TableFormat(StrEnum):
    """How a table is written."""

    PARQUET = "parquet"
    ARROW = "arrow"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("datasets")(search_datasets)
    app.command("queries")(search_queries)
    app.command("export")(export_files)


def search_datasets(
    *,
    query: Annotated[str, typer.Argument(help="A search in MQL, such as: datasets matching demo:*")],
    experiment: Experiment = None,
    with_relatives: Annotated[
        bool, typer.Option("--relatives", help="With the datasets directly above and below each.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As lines of JSON.")] = False,
) -> None:
    """List the datasets that a search finds."""
    with connect() as client:
        found = client.stream_datasets(query, experiment=experiment, with_relatives=with_relatives)
        if as_json:
            for one in found:
                typer.echo(to_line(one))
            return
        columns = ("dataset", "files", "frozen", "description", *(("above", "below") if with_relatives else ()))
        rows = []
        for one in found:
            relatives = (", ".join(one.parents or ()), ", ".join(one.children or ())) if with_relatives else ()
            rows.append((f"{one.namespace}:{one.name}", one.file_count, one.frozen, one.description, *relatives))
        print_table(columns, rows)


def search_queries(
    *,
    query: Annotated[str, typer.Argument(help="A search in MQL, such as: queries matching demo:*")] = "queries",
    experiment: Experiment = None,
    as_json: Json = False,
) -> None:
    """List the named queries that a search finds."""
    with connect() as client:
        items = client.search_queries(query, experiment=experiment).items
    if as_json:
        print_json(items)
    else:
        print_table(("query", "text"), [(f"{one.namespace}:{one.name}", one.source) for one in items])


def export_files(
    *,
    query: Annotated[str, typer.Argument(help="A query in MQL, such as: files from demo:events")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to, or - for standard output.")],
    columns: Annotated[str, typer.Option(help="Metadata keys, with types if need be: core.run:int64,core.events")] = "",
    table_format: Annotated[TableFormat, typer.Option("--format", help="How to write it.")] = TableFormat.PARQUET,
    experiment: Experiment = None,
    namespace: Annotated[str | None, typer.Option(help="Of which names without a namespace are.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="With files that were retired.")] = False,
) -> None:
    """Write all files of a query into a table, with metadata keys as columns; without any, all metadata as JSON.

    A key without a type gets the narrowest one that fits the first files. Values that do not fit are left out; the
    metadata of the table, `sutler.misfits`, count them.
    """
    with connect() as client:
        parts = client.stream_table(
            query,
            columns=columns,
            table_format=table_format.value,
            experiment=experiment,
            namespace=namespace,
            include_retired=retired,
        )
        if output == "-":
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        size_bytes = _keep(parts, Path(output))
    typer.echo(f"{output} holds {show_size(size_bytes)}.", err=True)


def _keep(parts: Iterable[bytes], path: Path) -> int:
    """Write a file and return its size. It appears when it is whole, and not at all if it does not come to that."""
    unfinished = path.with_name(f".{path.name}.part")
    size_bytes = 0
    try:
        with unfinished.open("wb") as file:
            for part in parts:
                size_bytes += file.write(part)
        unfinished.replace(path)
    except OSError as error:
        raise InputFileError([Problem(str(path), f"cannot be written: {error.strerror}")]) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return size_bytes
