"""Namespaces and named queries."""

from __future__ import annotations

from typing import Annotated

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import choose_experiment, connect, take
from sutler.cli.experiments import RoleWord, to_role
from sutler.cli.options import Experiment, InExperiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table

namespaces = typer.Typer(no_args_is_help=True, help="Namespaces: sets of names with an owner.")
queries = typer.Typer(no_args_is_help=True, help="Named queries: queries that are kept.")

QueryName = Annotated[str, typer.Argument(metavar="NAME", help="The named query, namespace:name.")]
NamespaceName = Annotated[str, typer.Argument(metavar="NAME", help="The namespace.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(namespaces, name="namespace")
    app.add_typer(queries, name="query")


@namespaces.command("list")
def list_namespaces(
    *,
    experiment: Experiment = None,
    owner: Annotated[str | None, typer.Option(help="Only what this user owns, also by a role or in a group.")] = None,
    owner_group: Annotated[str | None, typer.Option(help="Only what this group owns.")] = None,
    as_json: Json = False,
) -> None:
    """List namespaces."""
    with connect() as client:
        items = client.list_namespaces(experiment=experiment, owner=owner, owner_group=owner_group).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "experiment", "owner", "created by", "description"),
        [
            (
                one.name,
                one.experiment,
                one.owner_username or one.owner_role or one.owner_group,
                one.created_by,
                one.description,
            )
            for one in items
        ],
    )


@namespaces.command("create")
def create_namespace(
    *,
    name: Annotated[str, typer.Argument(help="Its name, unique in the whole installation.")],
    experiment: InExperiment = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    owner_role: Annotated[RoleWord, typer.Option(help="The role that owns it; none: you do.")] = RoleWord.NONE,
    owner_group: Annotated[str | None, typer.Option(help="The group that owns it.")] = None,
    as_json: Json = False,
) -> None:
    """Make a namespace."""
    from sutler.wire.catalog import NewNamespace

    with connect() as client:
        new = NewNamespace(choose_experiment(client, experiment), name, description, to_role(owner_role), owner_group)
        created = client.create_namespace(new)
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Namespace {created.name} is there.")


@namespaces.command("show")
def show_namespace(*, name: NamespaceName, as_json: Json = False) -> None:
    """Show a namespace and how much it holds."""
    with connect() as client:
        view = client.get_namespace(name)
    if as_json:
        print_json(view)
        return
    one = view.namespace
    print_facts(
        [
            ("name", one.name),
            ("experiment", one.experiment),
            ("description", one.description),
            ("owner", one.owner_username),
            ("owner role", one.owner_role),
            ("owner group", one.owner_group),
            ("created", f"{one.created_at:%Y-%m-%d %H:%M:%S}Z by {one.created_by}"),
            ("files", view.file_count),
            ("datasets", view.dataset_count),
            ("named queries", view.query_count),
        ]
    )


@queries.command("list")
def list_named_queries(
    *,
    namespace: Annotated[str | None, typer.Option(help="Only in this namespace.")] = None,
    experiment: Experiment = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List named queries."""
    with connect() as client:
        items = take(client, client.list_named_queries, limit, namespace=namespace, experiment=experiment)
    if as_json:
        print_json(items)
    else:
        print_table(
            ("name", "by", "query", "description"),
            [(f"{one.namespace}:{one.name}", one.created_by, one.source, one.description) for one in items],
        )


@queries.command("save")
def save_query(
    *,
    name: QueryName,
    source: Annotated[str, typer.Argument(metavar="QUERY", help="A query in MQL.")],
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Another one of that name may be there.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a query under a name, to be used as: files selected by namespace:name."""
    from sutler.wire.datasets import NewNamedQuery

    namespace, _, word = _check_name(name).partition(":")
    with connect() as client:
        saved = client.save_query(NewNamedQuery(namespace, word, source, description, replace=replace))
    if as_json:
        print_json(saved)
    else:
        typer.echo(f"Query {name} is kept.")


@queries.command("show")
def show_query(*, name: QueryName, as_json: Json = False) -> None:
    """Print the text of a named query."""
    with connect() as client:
        found = client.get_named_query(_check_name(name))
    if as_json:
        print_json(found)
    else:
        typer.echo(found.source)


@queries.command("remove")
def remove_query(*, name: QueryName) -> None:
    """Forget a named query."""
    with connect() as client:
        client.remove_named_query(_check_name(name))
    typer.echo(f"Query {name} is forgotten.")


def _check_name(name: str) -> str:
    if ":" not in name:
        raise InvalidInputError([Problem(name, "a named query is written namespace:name")])
    return name
