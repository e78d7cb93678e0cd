"""What a call says of files that are to be declared. Every file is looked at before any mistake is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from sutler.base.did import Did, InvalidNameError
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import FileProblem, InvalidFilesError, NewFile
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.reading import (
    Document,
    read_checksums,
    read_did,
    read_keys,
    read_mapping,
    read_name,
    read_size,
)
from sutler.compat.reading import read_text


def read_new_files(items: Sequence[object], namespace: str, *, is_admin: bool) -> list[NewFile]:
    """Return the files of a list; those without a namespace are of the one given.

    What only administrators may say, who made a file and when, is passed over for others. Raises InvalidFilesError
    telling what is wrong with which file, and InvalidNameError for a name that nothing can have.
    """
    files: list[NewFile] = []
    problems: list[FileProblem] = []
    for index, item in enumerate(items):
        try:
            files.append(_read_file(item, namespace, is_admin=is_admin))
        except InvalidNameError:
            raise
        except InvalidInputError as error:
            problems.append(FileProblem(index, None, error.sentence, _find_fid(item)))
    if problems:
        raise InvalidFilesError([Problem(f"files[{one.index}]", one.message) for one in problems], problems)
    return files


def _read_file(item: object, default_namespace: str, *, is_admin: bool) -> NewFile:
    if not isinstance(item, dict):
        raise BadCallError("A file must be described by an object")
    namespace, name, pattern = _read_names(item, default_namespace)
    parents = read_keys(item.get("parents") or [], "parents")
    size_bytes = read_size(item.get("size"), "size")
    if size_bytes is None:
        raise BadCallError("Missing size")
    return NewFile(
        namespace,
        name,
        size_bytes,
        read_checksums(item.get("checksums"), "checksums") or {},
        read_mapping(item.get("metadata"), "metadata") or {},
        tuple(key for key in parents if isinstance(key, Did)),
        read_name(item["fid"], "fid") if item.get("fid") else None,
        auto_name=pattern,
        parent_fids=tuple(key for key in parents if isinstance(key, str)),
        created_at=_read_instant(item.get("created_timestamp")) if is_admin else None,
        created_by=(read_text(item.get("creator"), "creator") or None) if is_admin else None,
    )


def _read_names(item: Document, default_namespace: str) -> tuple[str, str, str | None]:
    """Return namespace, name and the pattern that a name is made from; one of the last two is there."""
    if item.get("did"):
        did = read_did(item["did"], "did")
        return did.namespace, did.name, None
    namespace = read_name(item.get("namespace") or default_namespace, "namespace")
    if item.get("name"):
        return namespace, read_name(item["name"], "name"), None
    pattern = read_text(item.get("auto_name"), "auto_name")
    if not pattern:
        raise BadCallError("Missing name and auto_name")
    return namespace, "", pattern


def _read_instant(given: object) -> datetime | None:
    if given is None:
        return None
    if isinstance(given, int | float) and not isinstance(given, bool):
        # Not every number is an instant.
        with suppress(OverflowError, ValueError, OSError):
            return datetime.fromtimestamp(given, UTC)
    raise BadCallError(f"created_timestamp must be seconds since 1970, not {str(given)[:40]!r}")


def _find_fid(item: object) -> str | None:
    fid = item.get("fid") if isinstance(item, dict) else None
    return fid if isinstance(fid, str) else None
