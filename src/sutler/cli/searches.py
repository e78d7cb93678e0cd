"""Searches in MQL for datasets and named queries."""

from __future__ import annotations

from typing import Annotated

import typer

from sutler.cli.asking import connect
from sutler.cli.options import Experiment, Json
from sutler.cli.output import print_json, print_table, to_line


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("datasets")(search_datasets)
    app.command("queries")(search_queries)


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
