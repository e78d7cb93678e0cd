"""Storage elements and replicas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sutler.base.errors import Problem
from sutler.cli.asking import choose_experiment, connect
from sutler.cli.failures import InputFileError
from sutler.cli.options import InExperiment, Json
from sutler.cli.output import print_facts, print_json, print_table

rses = typer.Typer(no_args_is_help=True, help="Storage elements.")
replicas = typer.Typer(no_args_is_help=True, help="Replicas: where files are.")

RseName = Annotated[str, typer.Argument(metavar="NAME", help="The storage element.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(rses, name="rse")
    app.add_typer(replicas, name="replica")


@rses.command("list")
def list_rses(*, experiment: InExperiment = None, as_json: Json = False) -> None:
    """List the storage elements of an experiment, the preferred first."""
    with connect() as client:
        items = client.list_rses(choose_experiment(client, experiment)).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "enabled", "available", "tape", "preference", "url prefix", "description"),
        [
            (one.name, one.is_enabled, one.is_available, one.is_tape, one.preference, one.url_prefix, one.description)
            for one in items
        ],
    )


@rses.command("create")
def create_rse(
    *,
    name: RseName,
    url_prefix: Annotated[str, typer.Option(help="What the addresses of its files begin with.")] = "",
    description: Annotated[str, typer.Option(help="What it is.")] = "",
    is_tape: Annotated[bool, typer.Option("--tape", help="Its files must be staged first.")] = False,
    preference: Annotated[int, typer.Option(help="Lower is preferred.")] = 0,
    experiment: InExperiment = None,
    as_json: Json = False,
) -> None:
    """Make a storage element known."""
    from sutler.wire.replicas import NewRse

    with connect() as client:
        new = NewRse(choose_experiment(client, experiment), name, description, url_prefix, is_tape, preference)
        created = client.create_rse(new)
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Storage element {created.name} is there.")


@rses.command("show")
def show_rse(*, name: RseName, experiment: InExperiment = None, as_json: Json = False) -> None:
    """Show a storage element."""
    with connect() as client:
        one = client.get_rse(choose_experiment(client, experiment), name)
    if as_json:
        print_json(one)
        return
    print_facts([(word.replace("_", " ").removeprefix("is "), value) for word, value in vars(one).items()])


@rses.command("delete")
def delete_rse(*, name: RseName, experiment: InExperiment = None) -> None:
    """Delete a storage element without replicas."""
    with connect() as client:
        client.delete_rse(choose_experiment(client, experiment), name)
    typer.echo(f"Storage element {name} is deleted.")


@rses.command("proximity")
def show_proximity(
    *,
    path: Annotated[
        Path | None, typer.Option("--set", help="A file of lines site,rse,number that replaces the map.")
    ] = None,
    experiment: InExperiment = None,
    as_json: Json = False,
) -> None:
    """List how far storage elements are from where jobs run: smaller is nearer, negative is never."""
    with connect() as client:
        chosen = choose_experiment(client, experiment)
        if path is not None:
            client.set_proximity(chosen, _read_text(path))
        items = client.list_proximity(chosen).items
    if as_json:
        print_json(items)
    else:
        print_table(("site", "storage", "distance"), [(one.site, one.rse, one.distance) for one in items])


@rses.command("up")
def mark_up(*, name: RseName, experiment: InExperiment = None, as_json: Json = False) -> None:
    """Say that a storage element can be used again."""
    _mark(name, experiment, is_available=True, as_json=as_json)


@rses.command("down")
def mark_down(*, name: RseName, experiment: InExperiment = None, as_json: Json = False) -> None:
    """Say that a storage element cannot be used for now: none of its replicas is given to workers."""
    _mark(name, experiment, is_available=False, as_json=as_json)


@replicas.command("add")
def add_replica(
    *,
    did: Annotated[str, typer.Argument(metavar="DID", help="The file, namespace:name.")],
    rse: Annotated[str, typer.Argument(metavar="RSE", help="The storage element.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the copy is.")],
    experiment: InExperiment = None,
) -> None:
    """Record where a copy of a file is."""
    from sutler.wire.replicas import NewReplica

    with connect() as client:
        count = client.add_replicas(choose_experiment(client, experiment), [NewReplica(did, rse, url)])
    typer.echo("The replica is recorded." if count else "The replica was recorded before.")


@replicas.command("list")
def list_replicas(
    *, dids: Annotated[list[str], typer.Argument(metavar="DID…", help="Files, namespace:name.")], as_json: Json = False
) -> None:
    """List the replicas of files, the preferred first."""
    with connect() as client:
        items = client.list_replicas(dids).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("file", "storage", "where", "usable"),
        [(f"{one.namespace}:{one.name}", one.rse, one.url, one.is_usable) for one in items],
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError([Problem(str(path), f"cannot be read: {error}")]) from error


def _mark(name: str, experiment: str | None, *, is_available: bool, as_json: bool) -> None:
    from sutler.wire.replicas import RseChange

    with connect() as client:
        changed = client.update_rse(choose_experiment(client, experiment), name, RseChange(is_available=is_available))
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"Storage element {changed.name} is {'up' if is_available else 'down'}.")
