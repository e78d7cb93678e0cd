"""Datasets."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli import dataset_files
from sutler.cli.asking import connect, read_document, take
from sutler.cli.failures import InputFileError
from sutler.cli.options import DatasetName, Experiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table

datasets = typer.Typer(no_args_is_help=True, help="Datasets: named sets of files.")

Query = Annotated[str | None, typer.Option(help="A query in MQL for files that go into it.")]
MetadataFile = Annotated[
    str | None, typer.Option("--metadata", metavar="FILE.json", help="Its metadata, an object; - is standard input.")
]
RequirementsFile = Annotated[
    str | None,
    typer.Option(
        "--requirements", metavar="FILE.json", help="What the metadata of its files must be like, by parameter."
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    dataset_files.register(datasets)
    app.add_typer(datasets, name="dataset")


@datasets.command("list")
def list_datasets(
    *,
    namespace: Annotated[str | None, typer.Option(help="Only in this namespace.")] = None,
    experiment: Experiment = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List datasets."""
    with connect() as client:
        items = take(client, client.list_datasets, limit, namespace=namespace, experiment=experiment)
    if as_json:
        print_json(items)
        return
    print_table(
        ("dataset", "files", "frozen", "created", "by", "description"),
        [
            (f"{one.namespace}:{one.name}", one.file_count, one.frozen, one.created_at, one.created_by, one.description)
            for one in items
        ],
    )


@datasets.command("create")
def create_dataset(
    *,
    did: DatasetName,
    description: Annotated[str, typer.Option(help="What it is.")] = "",
    query: Query = None,
    subsets: Annotated[str | None, typer.Option(help="A query for datasets that go below it.")] = None,
    metadata: MetadataFile = None,
    requirements: RequirementsFile = None,
    frozen: Annotated[bool, typer.Option("--frozen", help="No more files may come in.")] = False,
    monotonic: Annotated[bool, typer.Option("--monotonic", help="No files may go.")] = False,
    as_json: Json = False,
) -> None:
    """Make a dataset, empty or of what queries select."""
    from sutler.wire.catalog import NewDataset

    new = NewDataset(
        did,
        description,
        metadata=read_object(metadata) or {},
        frozen=frozen,
        monotonic=monotonic,
        requirements=read_object(requirements) or {},
        files_query=query,
        subsets_query=subsets,
    )
    with connect() as client:
        created = client.create_dataset(new)
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Dataset {did} is there, with {created.file_count} files.")


@datasets.command("update")
def update_dataset(
    *,
    did: DatasetName,
    description: Annotated[str | None, typer.Option(help="What it is.")] = None,
    frozen: Annotated[
        bool | None, typer.Option("--frozen/--not-frozen", help="Whether its files cannot change.")
    ] = None,
    monotonic: Annotated[
        bool | None, typer.Option("--monotonic/--not-monotonic", help="Whether no files may go.")
    ] = None,
    metadata: MetadataFile = None,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the metadata that are not given.")] = False,
    requirements: RequirementsFile = None,
    as_json: Json = False,
) -> None:
    """Change the description, flags, metadata or requirements of a dataset."""
    from sutler.wire.datasets import DatasetChange

    change = DatasetChange(
        description=description,
        frozen=frozen,
        monotonic=monotonic,
        metadata=read_object(metadata),
        mode="replace" if replace else "merge",
        requirements=read_object(requirements),
    )
    with connect() as client:
        changed = client.update_dataset(check_did(did), change)
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"Dataset {did} is changed.")


@datasets.command("remove")
def remove_dataset(*, did: DatasetName) -> None:
    """Remove a dataset. Its files and subsets stay."""
    with connect() as client:
        client.remove_dataset(check_did(did))
    typer.echo(f"Dataset {did} is removed; its files stay.")


@datasets.command("show")
def show_dataset(*, did: DatasetName, as_json: Json = False) -> None:
    """Show a dataset."""
    with connect() as client:
        one = client.get_dataset(check_did(did))
    if as_json:
        print_json(one)
        return
    print_facts(
        [
            ("dataset", f"{one.namespace}:{one.name}"),
            ("experiment", one.experiment),
            ("description", one.description),
            ("files", one.file_count),
            ("frozen", one.frozen),
            ("monotonic", one.monotonic),
            ("created", f"{one.created_at:%Y-%m-%d %H:%M:%S}Z by {one.created_by}"),
            ("changed", f"{one.updated_at:%Y-%m-%d %H:%M:%S}Z by {one.updated_by}" if one.updated_at else None),
        ]
    )
    if one.metadata:
        typer.echo()
        print_table(("metadata", "value"), sorted(one.metadata.items()))
    if one.requirements:
        typer.echo()
        print_table(("required of files", "how"), sorted(one.requirements.items()))


def check_did(did: str) -> str:
    """Return the name of a dataset if it is one with a namespace. Raises InvalidInputError."""
    if ":" not in did:
        raise InvalidInputError([Problem(did, "a dataset is written namespace:name")])
    return did


def read_object(name: str | None) -> dict[str, Any] | None:
    """Return the object that a JSON file holds; None without a file. Raises InputFileError."""
    document = None if name is None else read_document(name)
    if name is not None and not isinstance(document, dict):
        raise InputFileError([Problem(name, "holds no JSON object")])
    return document
