"""Namespaces and datasets."""

from __future__ import annotations

from typing import Annotated

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import choose_experiment, connect, take
from sutler.cli.experiments import RoleWord, to_role
from sutler.cli.options import Experiment, InExperiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table

datasets = typer.Typer(no_args_is_help=True, help="Datasets: named sets of files.")
namespaces = typer.Typer(no_args_is_help=True, help="Namespaces: sets of names with an owner.")

DatasetName = Annotated[str, typer.Argument(metavar="DID", help="The dataset, namespace:name.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(datasets, name="dataset")
    app.add_typer(namespaces, name="namespace")


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
    as_json: Json = False,
) -> None:
    """Make an empty dataset."""
    from sutler.wire.catalog import NewDataset

    with connect() as client:
        created = client.create_dataset(NewDataset(did, description))
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Dataset {did} is there.")


@datasets.command("show")
def show_dataset(*, did: DatasetName, as_json: Json = False) -> None:
    """Show a dataset."""
    if ":" not in did:
        raise InvalidInputError([Problem(did, "a dataset is written namespace:name")])
    with connect() as client:
        one = client.get_dataset(did)
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
            ("created", f"{one.created_at:%Y-%m-%d %H:%M:%S}Z by {one.created_by}"),
        ]
    )
    if one.metadata:
        typer.echo()
        print_table(("metadata", "value"), sorted(one.metadata.items()))


@namespaces.command("list")
def list_namespaces(*, experiment: Experiment = None, as_json: Json = False) -> None:
    """List namespaces."""
    with connect() as client:
        items = client.list_namespaces(experiment=experiment).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "experiment", "owner role", "created by", "description"),
        [(one.name, one.experiment, one.owner_role, one.created_by, one.description) for one in items],
    )


@namespaces.command("create")
def create_namespace(
    *,
    name: Annotated[str, typer.Argument(help="Its name, unique in the whole installation.")],
    experiment: InExperiment = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    owner_role: Annotated[RoleWord, typer.Option(help="The role that owns it; none: you do.")] = RoleWord.NONE,
    as_json: Json = False,
) -> None:
    """Make a namespace."""
    from sutler.wire.catalog import NewNamespace

    with connect() as client:
        new = NewNamespace(choose_experiment(client, experiment), name, description, to_role(owner_role))
        created = client.create_namespace(new)
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Namespace {created.name} is there.")
