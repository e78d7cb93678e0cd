"""What datasets hold: their files, and the datasets below them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import connect
from sutler.cli.options import DatasetName, Json
from sutler.cli.output import print_facts, print_json
from sutler.wire.convert import to_json

Files = Annotated[list[str] | None, typer.Argument(metavar="FILE…", help="Files, namespace:name or fid.")]
Query = Annotated[str | None, typer.Option(help="A query in MQL that selects the files instead.")]
Parent = Annotated[str, typer.Argument(metavar="PARENT", help="The dataset above, namespace:name.")]
Children = Annotated[list[str], typer.Argument(metavar="CHILD…", help="The datasets below, namespace:name.")]


def register(datasets: typer.Typer) -> None:
    """Add these commands to those of datasets."""
    datasets.command("files")(list_dataset_files)
    datasets.command("add-files")(add_files)
    datasets.command("remove-files")(remove_files)
    datasets.command("add-subsets")(add_subsets)
    datasets.command("remove-subsets")(remove_subsets)
    datasets.command("relatives")(show_relatives)


def list_dataset_files(
    *,
    did: DatasetName,
    with_metadata: Annotated[bool, typer.Option("--metadata", help="With --json: with their metadata.")] = False,
    include_retired: Annotated[bool, typer.Option("--retired", help="Retired files too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document a line, for programs.")] = False,
) -> None:
    """List all files of a dataset, one a line."""
    with connect() as client:
        files = client.list_dataset_files(did, with_metadata=with_metadata and as_json, include_retired=include_retired)
        for file in files:
            shown = json.dumps(to_json(file), ensure_ascii=False) if as_json else f"{file.namespace}:{file.name}"
            typer.echo(shown)


def add_files(*, did: DatasetName, files: Files = None, query: Query = None) -> None:
    """Put files into a dataset: all of them or none."""
    _check_choice(files, query)
    with connect() as client:
        count = client.add_to_dataset(did, files or (), query=query)
    typer.echo(f"{count} files were added to {did}.")


def remove_files(*, did: DatasetName, files: Files = None, query: Query = None) -> None:
    """Take files out of a dataset: all of them or none. They stay in the catalogue."""
    _check_choice(files, query)
    with connect() as client:
        count = client.remove_from_dataset(did, files or (), query=query)
    typer.echo(f"{count} files were taken out of {did}.")


def add_subsets(*, parent: Parent, children: Children) -> None:
    """Put datasets below another one."""
    with connect() as client:
        count = sum(client.add_child_dataset(parent, child) for child in children)
    typer.echo(f"{count} datasets were put below {parent}.")


def remove_subsets(*, parent: Parent, children: Children) -> None:
    """Take datasets out from below another one. They stay."""
    with connect() as client:
        count = sum(client.remove_child_dataset(parent, child) for child in children)
    typer.echo(f"{count} datasets are no longer below {parent}.")


def show_relatives(*, did: DatasetName, as_json: Json = False) -> None:
    """Show the datasets directly above and below one, and how many there are on all levels."""
    with connect() as client:
        found = client.get_dataset_relatives(did)
    if as_json:
        print_json(found)
        return
    print_facts(
        [
            ("parents", found.parent_count),
            *(("", one) for one in found.parents),
            ("children", found.child_count),
            *(("", one) for one in found.children),
            ("above on all levels", found.superset_count),
            ("below on all levels", found.subset_count),
        ]
    )


def _check_choice(files: list[str] | None, query: str | None) -> None:
    if bool(files) == (query is not None):
        raise InvalidInputError([Problem("--query", "name files or give a query, one of both")])
