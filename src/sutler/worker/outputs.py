"""What a run made: find it, read the metadata beside it, checksum it, store it, and say it in the server's words."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sutler.worker.messages import Document
from sutler.worker.settings import OutputSettings
from sutler.worker.storage import Checksums, read_checksums, store_copy

_METADATA_SUFFIX = ".metadata.json"


class OutputError(Exception):
    """The outputs of a run cannot be declared; the text is the reason for its failure."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """One file to declare; `url` is None where the worker does not copy."""

    namespace: str
    name: str
    checksums: Checksums
    metadata: Document
    dataset: str | None
    rse: str | None
    url: str | None

    def to_document(self) -> Document:
        """As `done` declares it."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "size_bytes": self.checksums.size_bytes,
            "checksums": {"adler32": self.checksums.adler32, "sha256": self.checksums.sha256},
            "metadata": self.metadata,
            "dataset": self.dataset,
            "rse": self.rse,
            "url": self.url,
            "media_type": mimetypes.guess_type(self.name)[0],
        }


def collect_outputs(directory: Path, settings: OutputSettings) -> list[Output]:
    """Every file below `directory` that matches a pattern, by name, stored if a place is set.

    All metadata are read before the first copy, so that a bad run leaves nothing behind. Raises OutputError.
    """
    paths = find_outputs(directory, settings.patterns)
    metadata = [_read_metadata(path) for path in paths]
    return [_store(path, facts, settings) for path, facts in zip(paths, metadata, strict=True)]


def find_outputs(directory: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The matching files, sorted by name. Raises OutputError where a pattern has no match or a name is used twice."""
    found: dict[str, Path] = {}
    for pattern in patterns:
        matches = [path for path in directory.glob(pattern) if path.is_file() and not _is_metadata(path)]
        if not matches:
            raise OutputError(f"produced no output that matches '{pattern}'")
        for path in matches:
            if found.setdefault(path.name, path) != path:
                raise OutputError(f"produced two outputs with the name {path.name}")
    return [found[name] for name in sorted(found)]


def _is_metadata(path: Path) -> bool:
    return path.name.endswith(_METADATA_SUFFIX) and path.with_name(path.name.removesuffix(_METADATA_SUFFIX)).is_file()


def _read_metadata(path: Path) -> Document:
    beside = path.with_name(path.name + _METADATA_SUFFIX)
    try:
        metadata = json.loads(beside.read_bytes(), parse_constant=_refuse_constant)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutputError(f"output {path.name}: its metadata file cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise OutputError(f"output {path.name}: its metadata file is not a JSON object: {error}") from error
    if not isinstance(metadata, dict):
        kind = _json_kind(metadata)
        raise OutputError(f"output {path.name}: its metadata file is not a JSON object: it holds {kind}")
    return metadata


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _json_kind(value: object) -> str:
    kinds: dict[type, str] = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _store(path: Path, metadata: Document, settings: OutputSettings) -> Output:
    try:
        checksums = read_checksums(path)
    except OSError as error:
        raise OutputError(f"output {path.name} cannot be read: {error.strerror}") from error
    return Output(
        namespace=settings.namespace,
        name=path.name,
        checksums=checksums,
        metadata=metadata,
        dataset=settings.dataset,
        rse=settings.rse,
        url=_copy(path, checksums, settings),
    )


def _copy(path: Path, checksums: Checksums, settings: OutputSettings) -> str | None:
    if settings.base is None:
        return None
    try:
        stored = store_copy(path, base=settings.base, namespace=settings.namespace, checksums=checksums)
    except OSError as error:
        raise OutputError(f"output {path.name} could not be copied to {settings.base}: {error.strerror}") from error
    return stored.as_uri()
