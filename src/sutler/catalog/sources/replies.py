"""Reading what a MetaCat server says: JSON, sequences of it, files, and refusals in their several forms."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import httpx
import msgspec

from sutler.catalog.errors import RemoteCatalogRefusedError
from sutler.catalog.sources.port import SourceFile
from sutler.catalog.sources.wire import Answer, read_parts, read_whole

ITEMS_AT_ONCE = 2_000
LONGEST_LINE_BYTES = 32 * 1024 * 1024
LONGEST_SAYING = 300

_BREAK = re.compile(rb"[\r\n\x1e]+")
_SEQUENCES = ("json-seq", "ndjson", "jsonl")

Item = Mapping[str, object]


async def read_items(url: str, response: httpx.Response) -> AsyncIterator[list[Item]]:
    """Yield the objects of an answer, some at a time: a sequence line by line, one plain JSON list at once.

    Raises RemoteCatalogRefusedError for what is no JSON, RemoteCatalogUnavailableError if the answer breaks off.
    """
    kind = response.headers.get("content-type", "")
    if not any(word in kind for word in _SEQUENCES):
        found = _read_all(url, (await read_whole(response)).content)
        for start in range(0, len(found), ITEMS_AT_ONCE):
            yield [_read_object(url, item) for item in found[start : start + ITEMS_AT_ONCE]]
        return
    items: list[Item] = []
    rest = b""
    async for part in read_parts(response):
        *lines, rest = _BREAK.split(rest + part)
        if len(rest) > LONGEST_LINE_BYTES:
            raise RemoteCatalogRefusedError(url, f"a line of more than {LONGEST_LINE_BYTES} bytes")
        items += [_read_object(url, _decode(url, line)) for line in lines if line.strip()]
        if len(items) >= ITEMS_AT_ONCE:
            yield items
            items = []
    if rest.strip():
        items.append(_read_object(url, _decode(url, rest)))
    if items:
        yield items


def read_json(answer: Answer) -> object:
    """Return the JSON value of an answer. Raises RemoteCatalogRefusedError for what is none, or is an error."""
    return _unwrap(answer.url, _decode(answer.url, answer.content))


def read_object(answer: Answer) -> Item:
    """Return the JSON object of an answer. Raises RemoteCatalogRefusedError for anything else."""
    return _read_object(answer.url, read_json(answer))


def read_list(answer: Answer) -> list[Item]:
    """Return the objects of an answer that is a list or a sequence. Raises RemoteCatalogRefusedError."""
    return [_read_object(answer.url, item) for item in _read_all(answer.url, answer.content)]


def read_file(url: str, item: Item) -> SourceFile:
    """Return a file from its description. Raises RemoteCatalogRefusedError for one without fid, namespace or name."""
    fid, namespace, name = (item.get(key) for key in ("fid", "namespace", "name"))
    if not (isinstance(fid, str) and isinstance(namespace, str) and isinstance(name, str)):
        raise RemoteCatalogRefusedError(url, f"a file without fid, namespace or name: {shorten(str(item))}")
    size = item.get("size")
    return SourceFile(
        fid,
        namespace,
        name,
        size if isinstance(size, int) and not isinstance(size, bool) else None,
        {kind: str(value) for kind, value in _read_mapping(item.get("checksums")).items()},
        _read_mapping(item.get("metadata")),
        _read_instant(item.get("created_timestamp")),
        _read_fids(item.get("parents")),
        _read_fids(item.get("children")),
        is_retired=item.get("retired") is True,
        created_by=str(item.get("creator") or ""),
    )


def find_saying(answer: Answer, *, hidden: Sequence[str] = ()) -> str:
    """Return the words of a refusal, short and on one line, without the secrets that were shown."""
    said = answer.text
    try:
        body = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        body = None
    if isinstance(body, dict):
        said = next((str(body[key]) for key in ("message", "error", "detail") if body.get(key)), said)
    if not said.strip() and "location" in answer.headers:
        said = f"go to {answer.headers['location'].partition('?')[0]} (if that is right, set that address)"
    for secret in hidden:
        said = said.replace(secret, "…") if secret else said
    return shorten(said) or "nothing"


def read_file_problems(answer: Answer) -> tuple[str, dict[int, str], dict[str, str]]:
    """Return what is wrong with metadata: in general, by the place of the file in what was sent, and by its fid."""
    try:
        body = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        return find_saying(answer), {}, {}
    places: dict[int, list[str]] = {}
    fids: dict[str, list[str]] = {}
    others: list[str] = []
    for item in _read_sequence(body.get("metadata_errors")):
        sentence = _describe_problem(item)
        index, fid = (item.get("index"), item.get("fid")) if isinstance(item, dict) else (None, None)
        if isinstance(index, int):
            places.setdefault(index, []).append(sentence)
        elif isinstance(fid, str):
            fids.setdefault(fid, []).append(sentence)
        else:
            others.append(sentence)
    general = shorten("; ".join([str(body.get("message") or "Invalid metadata"), *others]))
    return general, {k: "; ".join(v) for k, v in places.items()}, {k: "; ".join(v) for k, v in fids.items()}


def shorten(text: str) -> str:
    """Return a text on one line, at most some hundred characters."""
    start = text[: 4 * LONGEST_SAYING]
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in start).split())
    return plain if len(plain) <= LONGEST_SAYING else f"{plain[:LONGEST_SAYING]}…"


def _describe_problem(item: object) -> str:
    if not isinstance(item, dict):
        return shorten(str(item))
    message = item.get("message")
    if message is None:
        message = f"{item['name']}: {item['reason']}" if "name" in item and "reason" in item else str(item)
    inner = [_describe_problem(one) for one in _read_sequence(item.get("metadata_errors"))]
    return shorten(f"{message}: {', '.join(inner)}" if inner else str(message))


def _read_all(url: str, content: bytes) -> list[object]:
    """All items of an answer that calls itself plain JSON; some servers send a sequence all the same."""
    if not content.strip(b"\x1e \t\r\n"):
        return []
    try:
        found = _unwrap(url, _decode(url, content.strip(b"\x1e \t\r\n")))
    except RemoteCatalogRefusedError:
        lines = [line for line in _BREAK.split(content) if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith(b"{") for line in lines):
            raise
        return [_decode(url, line) for line in lines]
    return found if isinstance(found, list) else [found]


def _read_object(url: str, item: object) -> Item:
    found = _unwrap(url, item)
    if not isinstance(found, dict):
        raise RemoteCatalogRefusedError(url, f"something else than was asked for: {shorten(str(found))}")
    return found


def _unwrap(url: str, found: object) -> object:
    """In this protocol `results` stands for the whole object, and `error` is one whatever the status says."""
    if isinstance(found, dict):
        if found.get("error"):
            raise RemoteCatalogRefusedError(url, shorten(str(found["error"])))
        if "results" in found:
            return found["results"]
    return found


def _decode(url: str, content: bytes) -> object:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        pass
    try:
        # Servers in Python write NaN and Infinity, which are no JSON.
        found: object = json.loads(content, parse_constant=_read_constant)
    except (ValueError, RecursionError) as error:
        said = shorten(content[: 4 * LONGEST_SAYING].decode("utf-8", "replace"))
        raise RemoteCatalogRefusedError(url, f"something that is not JSON: {said}") from error
    return found


def _read_constant(_text: str) -> None:
    return None


def _read_mapping(given: object) -> Mapping[str, object]:
    return given if isinstance(given, dict) else {}


def _read_sequence(given: object) -> Sequence[object]:
    return given if isinstance(given, list) else ()


def _read_fids(given: object) -> tuple[str, ...]:
    fids = (item.get("fid") if isinstance(item, dict) else item for item in _read_sequence(given))
    return tuple(fid for fid in fids if isinstance(fid, str))


def _read_instant(given: object) -> datetime | None:
    if not isinstance(given, int | float) or isinstance(given, bool):
        return None
    try:
        return datetime.fromtimestamp(given, UTC)
    except (OverflowError, ValueError, OSError):
        return None
