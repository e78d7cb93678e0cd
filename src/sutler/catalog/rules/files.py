"""What names, checksums and metadata may be, and whether a file that is declared again is the same. Pure."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from sutler.base.did import Did, InvalidNameError, check_name
from sutler.base.errors import Problem
from sutler.catalog.errors import MetadataProblem
from sutler.catalog.model import KnownFile, NewFile

LONGEST_NAME = 1000
LARGEST_SIZE_BYTES = 2**63 - 1
LARGEST_NUMBER = 10**300
DEEPEST_METADATA = 64
KEPT_WORDS = 2_000
"""So many keys and namespaces are remembered as good, each at most as long as a name."""
FID_LENGTH = 16

_FID_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_EVEN_BYTES = 256 // len(_FID_LETTERS) * len(_FID_LETTERS)
_BYTE_TO_LETTER = bytes(_FID_LETTERS[byte % len(_FID_LETTERS)] for byte in range(256))
_UNEVEN_BYTES = bytes(range(_EVEN_BYTES, 256))
_CHECKSUM_LENGTHS = {"adler32": 8, "md5": 32, "sha256": 64}
_CHECKSUM_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_HEX = re.compile(r"[0-9a-f]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def make_fids(count: int) -> list[str]:
    """Make random fids of 16 letters and digits each."""
    needed = count * FID_LENGTH
    letters = bytearray()
    while len(letters) < needed:
        # Bytes above the last multiple of 62 are left out, so that every letter is equally likely.
        letters += secrets.token_bytes(needed - len(letters) + FID_LENGTH).translate(_BYTE_TO_LETTER, _UNEVEN_BYTES)
    text = letters.decode("ascii")
    return [text[start : start + FID_LENGTH] for start in range(0, needed, FID_LENGTH)]


def check_files(files: Sequence[NewFile]) -> list[Problem]:
    """Return everything that is wrong with files that are to be declared, each with the file it is about."""
    problems = [
        problem for number, file in enumerate(files) if not _is_plain(file) for problem in _check_file(file, number)
    ]
    if len({(file.namespace, file.name) for file in files}) < len(files):
        problems += _find_repeated("is given twice", (str(file.did) for file in files))
    problems += _find_repeated("is given as fid twice", (file.fid for file in files if file.fid is not None))
    return problems


def check_did(did: Did, where: str) -> list[Problem]:
    """Return what is wrong with a DID that may have been put together without parsing."""
    return [*_check_word(did.namespace, f"{where} namespace"), *_check_word(did.name, f"{where} name")]


def check_namespace_name(name: str) -> list[Problem]:
    """Return what is wrong with the name of a namespace."""
    return list(_check_word(name, "name"))


def check_metadata(metadata: Mapping[str, object], where: str) -> list[Problem]:
    """Return what is wrong with metadata: keys are `category.name`, values are JSON."""
    return [Problem(where, f"metadata {one.key!r}: {one.reason}") for one in find_unusable_metadata(metadata)]


def find_unusable_metadata(metadata: Mapping[str, object]) -> list[MetadataProblem]:
    """Return which metadata cannot be stored, whatever the rules of an experiment say."""
    return [
        MetadataProblem(key, reason, item)
        for key, item in metadata.items()
        if (reason := _check_key(key) or _check_value(item))
    ]


def check_contents(
    where: str,
    *,
    size_bytes: int | None,
    checksums: Mapping[str, str] | None,
    metadata: Mapping[str, object] | None,
) -> list[Problem]:
    """Return what is wrong with the size, checksums and metadata of a file; None is nothing wrong."""
    problems: list[Problem] = []
    if size_bytes is not None and not 0 <= size_bytes <= LARGEST_SIZE_BYTES:
        problems.append(Problem(where, f"a size of {size_bytes} bytes is not possible"))
    return problems + list(_check_checksums(checksums or {}, where)) + check_metadata(metadata or {}, where)


def check_fid(fid: str) -> list[Problem]:
    """Return what is wrong with a fid."""
    return list(_check_word(fid, "fid"))


def check_text(text: str, where: str) -> list[Problem]:
    """Return what is wrong with a free text."""
    return [Problem(where, "holds characters that cannot be stored")] if _UNSTORABLE.search(text) else []


def find_difference(file: NewFile, known: KnownFile) -> str | None:
    """Say in which respect a file differs from the one that was declared under its name before. None if it does not.

    Metadata may differ: they change in the life of a file, its contents do not.
    """
    if known.is_retired:
        return "was retired; its name stays taken"
    if file.fid is not None and file.fid != known.fid:
        return f"is declared already with the fid {known.fid}"
    if file.size_bytes != known.size_bytes:
        return f"is declared already with a size of {_say(known.size_bytes)}, not {_say(file.size_bytes)} bytes"
    if dict(file.checksums) != dict(known.checksums):
        return "is declared already with other checksums"
    return None


def _say(size_bytes: int | None) -> str:
    return "unknown" if size_bytes is None else str(size_bytes)


def _is_plain(file: NewFile) -> bool:
    """Whether a quick look finds nothing that could be wrong. Of a million files that is all that is done."""
    return (
        file.fid is None
        and file.auto_name is None
        and file.created_at is None
        and file.created_by is None
        and not file.parent_fids
        and (file.size_bytes is None or 0 <= file.size_bytes <= LARGEST_SIZE_BYTES)
        and _is_namespace(file.namespace)
        and _is_name(file.name)
        and (not file.checksums or not any(_check_checksums(file.checksums, "")))
        and all(map(_is_key, file.metadata))
        and all(map(_is_plain_value, file.metadata.values()))
        and (not file.parents or _has_plain_parents(file))
    )


def _has_plain_parents(file: NewFile) -> bool:
    return all(
        _is_namespace(parent.namespace)
        and _is_name(parent.name)
        and not (parent.name == file.name and parent.namespace == file.namespace)
        for parent in file.parents
    )


def _is_name(text: str) -> bool:
    return not any(_check_word(text, "name"))


_is_namespace = lru_cache(maxsize=KEPT_WORDS)(_is_name)


@lru_cache(maxsize=KEPT_WORDS)
def _is_key(key: str) -> bool:
    return _check_key(key) is None


def _is_plain_value(item: object) -> bool:
    if isinstance(item, str):
        return "\0" not in item if item.isascii() else not _UNSTORABLE.search(item)
    if isinstance(item, int):
        return -LARGEST_NUMBER < item < LARGEST_NUMBER
    if isinstance(item, float):
        return math.isfinite(item)
    if isinstance(item, list):
        return all(not isinstance(part, list) and _is_plain_value(part) for part in item)
    return item is None


def _check_file(file: NewFile, number: int) -> Iterator[Problem]:
    place = f"files[{number}]"
    named = [*check_did(file.did, place)]
    yield from named
    where = place if named else str(file.did)
    if file.fid is not None:
        yield from _check_word(file.fid, f"{where} fid")
    if file.auto_name is not None:
        yield Problem(where, "has a name and a pattern for one; either is enough")
    yield from check_contents(where, size_bytes=file.size_bytes, checksums=file.checksums, metadata=file.metadata)
    yield from _check_origin(file, where)
    for parent in file.parents:
        yield from check_did(parent, f"{where} parent")
    for fid in file.parent_fids:
        yield from _check_word(fid, f"{where} parent fid")
    if file.did in file.parents or file.fid in file.parent_fids:
        yield Problem(where, "cannot be its own parent")


def _check_origin(file: NewFile, where: str) -> Iterator[Problem]:
    if file.created_at is not None and file.created_at.tzinfo is None:
        yield Problem(where, "the time at which it was created has no time zone")
    if file.created_by is not None and not (file.created_by.isprintable() and 0 < len(file.created_by) <= LONGEST_NAME):
        yield Problem(where, f"who created it is a name of 1 to {LONGEST_NAME} printable characters")


def _check_word(text: str, where: str) -> Iterator[Problem]:
    try:
        check_name(text, where)
    except InvalidNameError as error:
        yield from error.problems
    if len(text) > LONGEST_NAME:
        yield Problem(where, f"is {len(text)} characters long; {LONGEST_NAME} is the most")


def _check_checksums(checksums: Mapping[str, str], where: str) -> Iterator[Problem]:
    for kind, text in checksums.items():
        length = _CHECKSUM_LENGTHS.get(kind)
        if not _CHECKSUM_TYPE.fullmatch(kind):
            yield Problem(where, f"checksum type {kind!r} is not a word")
        elif not _HEX.fullmatch(text):
            yield Problem(where, f"checksum {kind} must be lower-case hexadecimal, not {text!r}")
        elif length is not None and len(text) != length:
            yield Problem(where, f"checksum {kind} must have {length} digits, not {len(text)}")


def _check_key(key: str) -> str | None:
    if not all(key.split(".")) or "." not in key:
        return "a key is written category.name, with a dot"
    if not key.isprintable() or len(key) > LONGEST_NAME:
        return f"a key holds printable characters only, at most {LONGEST_NAME}"
    return None


def _check_value(item: object) -> str | None:
    waiting: list[tuple[int, object]] = [(1, item)]
    while waiting:
        depth, part = waiting.pop()
        if depth > DEEPEST_METADATA:
            return f"the value is nested more than {DEEPEST_METADATA} deep"
        if isinstance(part, Mapping):
            waiting += [(depth + 1, inner) for pair in part.items() for inner in pair]
            reason = None if all(isinstance(key, str) for key in part) else "the keys of an object must be texts"
        elif isinstance(part, list | tuple):
            waiting += [(depth + 1, inner) for inner in part]
            reason = None
        else:
            reason = _check_scalar(part)
        if reason:
            return reason
    return None


def _check_scalar(part: object) -> str | None:
    match part:
        case str():
            return "the text holds characters that cannot be stored" if _UNSTORABLE.search(part) else None
        case float():
            return None if math.isfinite(part) else f"{part} is not a number that JSON knows"
        case int():
            return None if abs(part) < LARGEST_NUMBER else "the number is too large"
        case None:
            return None
        case _:
            return f"a value of type {type(part).__name__} is not JSON"


def _find_repeated(what: str, names: Iterable[str]) -> list[Problem]:
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    for name in names:
        if name in seen:
            repeated[name] = None
        seen.add(name)
    return [Problem(name, what) for name in repeated]
