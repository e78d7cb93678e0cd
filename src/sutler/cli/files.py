"""Files: asking for them in MQL, showing and declaring them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli import file_changes
from sutler.cli.asking import connect, read_document, read_shape
from sutler.cli.file_changes import Key, read_lines, tell
from sutler.cli.options import Experiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_size, to_line

if TYPE_CHECKING:
    from sutler.client import Client
    from sutler.wire.catalog import FileReference, FileView, NewFile


MaybeFile = Annotated[str | None, typer.Argument(metavar="[FILE.json]", help="A file, or - for standard input.")]
CatalogueOf = Annotated[
    str | None,
    typer.Option("--experiment", "-e", envvar="SUTLER_EXPERIMENT", help="Whose catalogue is asked."),
]


class Tell(StrEnum):
    """What can be told about the files of a query."""

    FILES = "files"
    ALL = "all"
    COUNT = "count"
    SIZE = "size"
    KEYS = "keys"
    PLAN = "plan"


commands = typer.Typer(no_args_is_help=True, help="One file or some: showing, declaring, changing, moving.")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("files")(query_files)
    file_changes.register(commands)
    app.add_typer(commands, name="file")


def query_files(
    *,
    query: Annotated[str, typer.Argument(help="A query in MQL, such as: files from demo:events")],
    experiment: Experiment = None,
    namespace: Annotated[str | None, typer.Option(help="Of which names without a namespace are.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="With files that were retired.")] = False,
    limit: Limit = 1000,
    tell: Annotated[Tell, typer.Option(help="What to tell of them.")] = Tell.FILES,
    only_count: Annotated[bool, typer.Option("--count", help="Say only how many there are.")] = False,
    with_metadata: Annotated[bool, typer.Option("--metadata", help="With their metadata.")] = False,
    with_provenance: Annotated[bool, typer.Option("--provenance", help="With the fids of their relatives.")] = False,
    as_json: Json = False,
) -> None:
    """List the files of a query, all of them as lines of JSON, or tell something about them."""
    asked: dict[str, Any] = {"experiment": experiment, "namespace": namespace, "include_retired": retired}
    told = Tell.COUNT if only_count else tell
    with connect() as client:
        if told is not Tell.FILES:
            _TELLERS[told](client, query, asked, as_json=as_json)
            return
        items = client.query_files(
            query, limit=limit, with_metadata=with_metadata, with_provenance=with_provenance, **asked
        ).items
    if as_json:
        print_json(items)
    else:
        _print_references(items, with_metadata=with_metadata, with_provenance=with_provenance)


def _tell_count(client: Client, query: str, asked: Mapping[str, Any], *, as_json: bool) -> None:
    summary = client.summarize_files(query, **asked)
    if as_json:
        print_json(summary)
    else:
        typer.echo(summary.count)


def _tell_size(client: Client, query: str, asked: Mapping[str, Any], *, as_json: bool) -> None:
    summary = client.summarize_files(query, **asked)
    if as_json:
        print_json(summary)
    else:
        typer.echo(f"{summary.count} files, {show_size(summary.size_bytes)}")


def _tell_keys(client: Client, query: str, asked: Mapping[str, Any], *, as_json: bool) -> None:
    keys = client.list_metadata_keys(query, **asked)
    if as_json:
        print_json(keys)
    else:
        typer.echo("\n".join(keys))


def _tell_plan(client: Client, query: str, asked: Mapping[str, Any], *, as_json: bool) -> None:
    found = client.explain_query(query, **asked)
    if as_json:
        print_json(found)
        return
    typer.echo(found.outline)
    for one in found.statements:
        typer.echo(f"\n{one.purpose}, about {one.estimated_rows} rows:\n{one.statement}")
        for number, parameter in enumerate(one.parameters, start=1):
            typer.echo(f"  ${number} = {parameter}")


def _tell_all(client: Client, query: str, asked: Mapping[str, Any], *, as_json: bool) -> None:
    for file in client.stream_files(query, with_metadata=as_json, with_provenance=as_json, **asked):
        typer.echo(to_line(file) if as_json else f"{file.namespace}:{file.name}")


_TELLERS = {
    Tell.COUNT: _tell_count,
    Tell.SIZE: _tell_size,
    Tell.KEYS: _tell_keys,
    Tell.PLAN: _tell_plan,
    Tell.ALL: _tell_all,
}


@commands.command("show")
def show_file(
    *,
    did: Annotated[str, typer.Argument(metavar="DID", help="namespace:name, or a fid.")],
    experiment: CatalogueOf = None,
    as_json: Json = False,
) -> None:
    """Show a file with its metadata, parents, children, datasets and replicas.

    With --experiment the catalogue of the experiment is asked, also one that is elsewhere.
    """
    with connect() as client:
        get = client.get_file if ":" in did else client.get_file_by_fid
        view = get(did, experiment=experiment)
        replicas = client.list_replicas([f"{view.file.namespace}:{view.file.name}"]).items
    if as_json:
        print_json({"file": view, "replicas": replicas})
        return
    _print_view(view)
    if replicas:
        typer.echo()
        print_table(("storage", "where", "usable"), [(one.rse, one.url, one.is_usable) for one in replicas])


@commands.command("declare")
def declare_files(
    *,
    file: MaybeFile = None,
    lines: Annotated[
        str | None, typer.Option("--from", metavar="FILE.ndjson", help="Any number of files, one a line; - for input.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="A dataset, namespace:name, that is to hold them.")] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Only see whether it would do.")] = False,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Declare the files that a JSON file lists, all or none: a list, or an object with `files`.

    With --from they are lines, one file each, however many; what is wrong with one is told by its line.
    """
    if (file is None) == (lines is None):
        raise InvalidInputError([Problem("FILE.json", "or --from: one of the two is needed")])
    verb, where = "could be" if check_only else "are", f" and in {dataset}" if dataset else ""
    if lines is not None:
        with connect() as client:
            told = client.declare_streamed_files(read_lines(lines), dataset=dataset, check_only=check_only, key=key)
        count = told.declared_count + told.known_count
        tell(told, f"{count} files {verb} declared{where}, {told.known_count} of them known before.", as_json=as_json)
        return
    with connect() as client:
        items = client.declare_files(_read_files(file or "-"), dataset=dataset, check_only=check_only, key=key).items
    tell(items, f"{len(items)} files {verb} declared{where}.", as_json=as_json)


def _read_files(name: str) -> tuple[NewFile, ...]:
    from sutler.wire.catalog import NewFile

    document = read_document(name)
    listed = document["files"] if isinstance(document, dict) and document.keys() == {"files"} else document
    shape: Any = tuple[NewFile, ...]
    files: tuple[NewFile, ...] = read_shape(shape, listed, name)
    return files


def _print_references(items: tuple[FileReference, ...], *, with_metadata: bool, with_provenance: bool = False) -> None:
    columns = ["file", "size", "fid"]
    columns += ["metadata"] if with_metadata else []
    columns += ["parents", "children"] if with_provenance else []
    rows = []
    for one in items:
        row: list[object] = [f"{one.namespace}:{one.name}", show_size(one.size_bytes), one.fid]
        row += [one.metadata] if with_metadata else []
        row += [", ".join(one.parents or ()), ", ".join(one.children or ())] if with_provenance else []
        rows.append(row)
    print_table(columns, rows)


def _print_view(view: FileView) -> None:
    file = view.file
    print_facts(
        [
            ("file", f"{file.namespace}:{file.name}"),
            ("fid", file.fid),
            ("experiment", file.experiment),
            ("size", show_size(file.size_bytes)),
            *((f"checksum {name}", value) for name, value in sorted(file.checksums.items())),
            ("created", f"{file.created_at:%Y-%m-%d %H:%M:%S}Z by {file.created_by}"),
            ("retired", file.retired_at),
            ("datasets", ", ".join(view.datasets)),
            ("parents", view.parent_count or None),
            *(("", f"{one.namespace}:{one.name}") for one in view.parents),
            ("children", view.child_count or None),
            *(("", f"{one.namespace}:{one.name}") for one in view.children),
        ]
    )
    if file.metadata:
        typer.echo()
        print_table(("metadata", "value"), sorted(file.metadata.items()))
