"""Files: asking for them in MQL, showing and declaring them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutler.cli.asking import connect, read_document, read_shape
from sutler.cli.options import Experiment, File, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_size

if TYPE_CHECKING:
    from sutler.wire.catalog import FileReference, FileView

commands = typer.Typer(no_args_is_help=True, help="One file: showing, declaring.")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("files")(query_files)
    app.add_typer(commands, name="file")


def query_files(
    *,
    query: Annotated[str, typer.Argument(help="A query in MQL, such as: files from demo:events")],
    experiment: Experiment = None,
    limit: Limit = 1000,
    only_count: Annotated[bool, typer.Option("--count", help="Say only how many there are.")] = False,
    with_metadata: Annotated[bool, typer.Option("--metadata", help="With their metadata.")] = False,
    as_json: Json = False,
) -> None:
    """List the files of a query."""
    with connect() as client:
        if only_count:
            typer.echo(client.count_files(query, experiment=experiment))
            return
        items = client.query_files(query, experiment=experiment, limit=limit, with_metadata=with_metadata).items
    if as_json:
        print_json(items)
    else:
        _print_references(items, with_metadata=with_metadata)


@commands.command("show")
def show_file(
    *, did: Annotated[str, typer.Argument(metavar="DID", help="namespace:name, or a fid.")], as_json: Json = False
) -> None:
    """Show a file with its metadata, parents, children, datasets and replicas."""
    with connect() as client:
        view = client.get_file(did) if ":" in did else client.get_file_by_fid(did)
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
    file: File,
    dataset: Annotated[str | None, typer.Option(help="A dataset, namespace:name, that is to hold them.")] = None,
    as_json: Json = False,
) -> None:
    """Declare the files that a JSON file lists, all or none: a list, or an object with `files`."""
    from sutler.wire.catalog import NewFile

    document = read_document(file)
    listed = document["files"] if isinstance(document, dict) and document.keys() == {"files"} else document
    shape: Any = tuple[NewFile, ...]
    files = read_shape(shape, listed, file)
    with connect() as client:
        items = client.declare_files(files, dataset=dataset).items
    if as_json:
        print_json(items)
    else:
        typer.echo(f"{len(items)} files are declared{f' and in {dataset}' if dataset else ''}.")


def _print_references(items: tuple[FileReference, ...], *, with_metadata: bool) -> None:
    columns = ("file", "size", "fid", *(("metadata",) if with_metadata else ()))
    rows = [
        (f"{one.namespace}:{one.name}", show_size(one.size_bytes), one.fid, *((one.metadata,) if with_metadata else ()))
        for one in items
    ]
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
