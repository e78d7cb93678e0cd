"""ROOT files that come out byte for byte the same whenever and wherever they are written, and metadata beside them."""

import json
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import uproot
from numpy.typing import NDArray

TREE = "events"

_WRITTEN_AT = datetime(2000, 1, 1, tzinfo=UTC)
_UUID_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://root.cern/reproducible")

# uproot has no error of its own for a damaged file: what it raises depends on the byte that is wrong.
_READING_ERRORS = (
    uproot.DeserializationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class RootFileError(Exception):
    """A ROOT file cannot be read; the message is a whole sentence for the person who named it."""


@contextmanager
def reproducible_root_file(path: Path, *, name_for_uuid: str) -> Iterator[Any]:
    """A new ROOT file, open for writing with uproot, whose bytes depend on the file's name and contents alone.

    ROOT files carry identifiers and times. The identifiers are derived from `name_for_uuid` instead of the clock
    and the network card, and every time is the same. A file whose writing failed is removed.
    """
    try:
        with _one_time(), uproot.recreate(path, uuid_function=_uuids(name_for_uuid)) as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _uuids(name: str) -> Callable[[], uuid.UUID]:
    numbers = iter(range(1_000_000))
    return lambda: uuid.uuid5(_UUID_NAMESPACE, f"{name}/{next(numbers)}")


@contextmanager
def _one_time() -> Iterator[None]:
    """Let every time that uproot writes be the same.

    uproot asks the clock in many places and has no option against it, but each time it writes (of file, directory
    and key alike) passes through this one function; nothing else of uproot is touched.
    """
    encode = uproot._util.datetime_to_code  # noqa: SLF001
    code = encode(_WRITTEN_AT)
    uproot._util.datetime_to_code = lambda _: code  # noqa: SLF001
    try:
        yield
    finally:
        uproot._util.datetime_to_code = encode  # noqa: SLF001


def write_tree(path: Path, columns: Mapping[str, NDArray[Any]], *, name_for_uuid: str) -> None:
    """Write a ROOT file with the columns as branches of the tree "events"."""
    with reproducible_root_file(path, name_for_uuid=name_for_uuid) as file:
        tree = file.mktree(TREE, {name: column.dtype for name, column in columns.items()})
        tree.extend(dict(columns))


def read_tree(path: Path, branches: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The named branches of the tree "events" of a ROOT file.

    Raises:
        RootFileError: the file is missing, damaged, no ROOT file, or has not this tree with these branches.
    """
    try:
        path.open("rb").close()
    except OSError as problem:
        raise RootFileError(f"The file {path} cannot be opened: {problem.strerror}.") from problem
    try:
        with uproot.open(path) as file:
            tree = file.get(TREE)
            columns = {name: tree[name].array(library="np") for name in branches if tree is not None and name in tree}
    except _READING_ERRORS as problem:
        raise RootFileError(f"The file {path} is damaged or no ROOT file.") from problem
    missing = [name for name in branches if name not in columns]
    if missing:
        raise RootFileError(f'The file {path} has no tree "{TREE}" with the branches {", ".join(missing)}.')
    if len({len(column) for column in columns.values()}) > 1 or any(c.dtype == np.object_ for c in columns.values()):
        raise RootFileError(f'The file {path} is damaged: the branches of its tree "{TREE}" do not fit together.')
    return columns


def write_metadata(path: Path, metadata: Mapping[str, int | float | str]) -> None:
    """Write the metadata of an output file beside it, as `NAME.metadata.json`."""
    beside = path.with_name(f"{path.name}.metadata.json")
    beside.write_text(json.dumps(dict(metadata), indent=2, sort_keys=True) + "\n", encoding="utf-8")
