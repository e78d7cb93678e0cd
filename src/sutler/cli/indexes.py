"""Indexes on metadata keys, for administrators."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect
from sutler.cli.options import Json
from sutler.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sutler.wire.indexes import KeyIndex

commands = typer.Typer(no_args_is_help=True, help="Indexes on metadata keys, which make queries for them quick.")


class Kind(StrEnum):
    """What an index is for."""

    NUMBER = "number"
    TEXT = "text"


Key = Annotated[str, typer.Argument(metavar="KEY", help="The metadata key, such as core.run.")]
KindOption = Annotated[
    Kind, typer.Option(help="For ranges of numbers and times, or for ranges and beginnings of texts.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="index")


@commands.command("list")
def list_indexes(*, as_json: Json = False) -> None:
    """List the indexes with their states. Only those that are ready are used."""
    with connect() as client:
        items = client.list_key_indexes().items
    if as_json:
        print_json(items)
    else:
        _print(items)


@commands.command("add")
def add_index(*, key: Key, kind: KindOption = Kind.NUMBER, as_json: Json = False) -> None:
    """Ask for an index. It is built soon, while work goes on; one that failed is tried again."""
    with connect() as client:
        asked = client.index_key(key, kind.value)
    if as_json:
        print_json(asked)
    else:
        _print((asked,))


@commands.command("drop")
def drop_index(*, key: Key, kind: KindOption = Kind.NUMBER, as_json: Json = False) -> None:
    """Give up an index. Queries find the same files without it."""
    with connect() as client:
        given_up = client.drop_key_index(key, kind.value)
    if as_json:
        print_json(given_up)
    else:
        _print((given_up,))


def _print(items: tuple[KeyIndex, ...]) -> None:
    print_table(
        ("key", "for", "state", "since", "asked by", "reason"),
        [(one.key, f"{one.kind}s", one.state, one.changed_at, one.created_by, one.reason) for one in items],
    )
