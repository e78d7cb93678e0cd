"""Changing files: their contents, metadata, relatives and names, and taking them away."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import connect, read_document, read_shape
from sutler.cli.options import Json
from sutler.cli.output import print_json

FileKey = Annotated[str, typer.Argument(metavar="FILE", help="namespace:name, or a fid.")]
FileKeys = Annotated[list[str], typer.Argument(metavar="FILE...", help="namespace:name, or fids.")]
SomeFileKeys = Annotated[list[str] | None, typer.Argument(metavar="[FILE...]", help="namespace:name, or fids.")]
MetadataFile = Annotated[str, typer.Argument(metavar="METADATA.json", help="A file with one object, or -.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="What is given takes the place of what is there, instead of being added.")
]


def register(commands: typer.Typer) -> None:
    """Add these commands to those about files."""
    commands.command("update")(update_file)
    commands.command("set-metadata")(set_metadata)
    commands.command("retire")(retire_file)
    commands.command("restore")(restore_file)
    commands.command("delete")(delete_file)
    commands.command("rename")(rename_file)
    commands.command("move")(move_files)


def update_file(
    *,
    file: FileKey,
    size_bytes: Annotated[int | None, typer.Option("--size", min=0, help="Its size in bytes.")] = None,
    checksum: Annotated[list[str] | None, typer.Option(metavar="TYPE:HEX", help="A checksum; can be repeated.")] = None,
    metadata: Annotated[str | None, typer.Option(metavar="FILE.json", help="A file with its metadata, or -.")] = None,
    parent: Annotated[list[str] | None, typer.Option(help="A parent, DID or fid; can be repeated.")] = None,
    child: Annotated[list[str] | None, typer.Option(help="A child, DID or fid; can be repeated.")] = None,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Change a file: its size, checksums, metadata, parents or children."""
    from sutler.wire.files import FileChange

    change = FileChange(
        metadata=None if metadata is None else _read_metadata(metadata),
        mode="replace" if replace else "merge",
        size_bytes=size_bytes,
        checksums=_read_checksums(checksum) if checksum else None,
        parents=tuple(parent) if parent else None,
        children=tuple(child) if child else None,
    )
    with connect() as client:
        changed = client.update_file(file, change)
    _tell(changed, f"{file} is changed.", as_json=as_json)


def set_metadata(*, metadata: MetadataFile, files: FileKeys, replace: Replace = False, as_json: Json = False) -> None:
    """Give files the metadata of a JSON file, all of them or none."""
    with connect() as client:
        mode: Any = "replace" if replace else "merge"
        items = client.update_metadata_of(files, _read_metadata(metadata), mode=mode).items
    _tell(items, f"The metadata of {len(items)} files are changed.", as_json=as_json)


def retire_file(*, file: FileKey, as_json: Json = False) -> None:
    """Retire a file: queries pass it over, datasets do not count it, its name stays taken."""
    with connect() as client:
        changed = client.retire_file(file)
    _tell(changed, f"{file} is retired.", as_json=as_json)


def restore_file(*, file: FileKey, as_json: Json = False) -> None:
    """Take back that a file was retired."""
    with connect() as client:
        changed = client.retire_file(file, retire=False)
    _tell(changed, f"{file} is not retired.", as_json=as_json)


def delete_file(*, file: FileKey, is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete a file, also from its datasets and its relatives."""
    if not is_sure:
        typer.confirm(f"Delete {file} for good?", abort=True, err=True)
    with connect() as client:
        client.delete_file(file)
    typer.echo(f"{file} is deleted.")


def rename_file(
    *,
    file: FileKey,
    name: Annotated[str, typer.Argument(help="Its new name, without the namespace.")],
    as_json: Json = False,
) -> None:
    """Give a file another name in its namespace."""
    with connect() as client:
        changed = client.rename_file(file, name)
    _tell(changed, f"{file} is now {changed.namespace}:{changed.name}.", as_json=as_json)


def move_files(
    *,
    namespace: Annotated[str, typer.Argument(help="Where they are to be.")],
    files: SomeFileKeys = None,
    query: Annotated[str | None, typer.Option(help="A query in MQL that selects them instead.")] = None,
    as_json: Json = False,
) -> None:
    """Put files into another namespace. Those that you may not move stay, and are told."""
    with connect() as client:
        moved = client.move_files(namespace, files or None, query=query)
    if not as_json:
        for problem in moved.problems:
            typer.echo(problem, err=True)
    _tell(moved, f"{moved.moved_count} files are moved to {namespace}.", as_json=as_json)


def _read_metadata(name: str) -> dict[str, Any]:
    return read_shape(dict[str, Any], read_document(name), name)


def _read_checksums(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition(":") for text in texts]
    wrong = [
        Problem("--checksum", f"{whole!r} must be TYPE:HEX")
        for whole, pair in zip(texts, pairs, strict=True)
        if not pair[1]
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return {kind: digits for kind, _, digits in pairs}


def _tell(item: object, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(item)
    else:
        typer.echo(sentence)
