"""Changing files: their contents, metadata, relatives and names, and taking them away."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import connect, read_document, read_shape
from sutler.cli.failures import InputFileError
from sutler.cli.options import Json
from sutler.cli.output import print_json

FileKey = Annotated[str, typer.Argument(metavar="FILE", help="namespace:name, or a fid.")]
Key = Annotated[
    str | None, typer.Option(metavar="KEY", help="Made up by you: the same call with it again is not made twice.")
]
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
    commands.command("update-metadata")(update_metadata)
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
    tell(changed, f"{file} is changed.", as_json=as_json)


def set_metadata(*, metadata: MetadataFile, files: FileKeys, replace: Replace = False, as_json: Json = False) -> None:
    """Give files the metadata of a JSON file, all of them or none."""
    with connect() as client:
        mode: Any = "replace" if replace else "merge"
        items = client.update_metadata_of(files, _read_metadata(metadata), mode=mode).items
    tell(items, f"The metadata of {len(items)} files are changed.", as_json=as_json)


def update_metadata(
    *,
    lines: Annotated[str, typer.Option("--from", metavar="FILE.ndjson", help="Any number of lines; - for input.")],
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Give each of any number of files its own metadata, all of them or none.

    A line is an object with the `did` or the `fid` of a file, its `metadata`, and `mode`, `merge` or `replace`; without
    it they are merged. What is wrong with one is told by its line.
    """
    with connect() as client:
        told = client.update_streamed_metadata(read_lines(lines), key=key)
    tell(told, f"The metadata of {told.changed_count} files are changed.", as_json=as_json)


def retire_file(*, file: FileKey, as_json: Json = False) -> None:
    """Retire a file: queries pass it over, datasets do not count it, its name stays taken."""
    with connect() as client:
        changed = client.retire_file(file)
    tell(changed, f"{file} is retired.", as_json=as_json)


def restore_file(*, file: FileKey, as_json: Json = False) -> None:
    """Take back that a file was retired."""
    with connect() as client:
        changed = client.retire_file(file, retire=False)
    tell(changed, f"{file} is not retired.", as_json=as_json)


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
    tell(changed, f"{file} is now {changed.namespace}:{changed.name}.", as_json=as_json)


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
    tell(moved, f"{moved.moved_count} files are moved to {namespace}.", as_json=as_json)


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


def read_lines(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file that has one a line; `-` is standard input. Raises InputFileError."""
    try:
        with nullcontext(sys.stdin) if name == "-" else Path(name).open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield _read_line(line, f"{name}, line {number}")
    except OSError as error:
        raise InputFileError([Problem(name, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise InputFileError([Problem(name, f"is not UTF-8: {error.reason}")]) from error


def _read_line(line: str, where: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise InputFileError([Problem(where, f"is not JSON: {error}")]) from error
    if not isinstance(document, dict):
        raise InputFileError([Problem(where, "is no object")])
    return document


def tell(item: object, sentence: str, *, as_json: bool) -> None:
    """Print what came of a command: a sentence, or all of it as JSON."""
    if as_json:
        print_json(item)
    else:
        typer.echo(sentence)
