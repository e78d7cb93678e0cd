"""What calls of this protocol say: arguments, lists of files, DIDs. What cannot be read is a BadCallError."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from sutler.base.did import Did, InvalidNameError, check_name
from sutler.base.errors import Problem
from sutler.catalog import FileKey
from sutler.compat.call import LARGEST_LIST_BYTES, MANY_BYTES, Call, read_query
from sutler.compat.errors import BadCallError

Document = Mapping[str, object]
Mode = Literal["merge", "replace"]

MODES: Mapping[object, Mode] = {"update": "merge", "add-update": "merge", "replace": "replace"}

_TRIMMED_QUERY = re.compile(r"(?:^|&)trimquery=")


def read_arguments(raw: str) -> dict[str, str]:
    """Return the arguments of an address. A plus is a blank: names hold none here, and old clients write blanks so.

    The beginning of a query that old clients add for logs ends them: it stands there as it is, with whatever it holds.
    """
    return read_query(_TRIMMED_QUERY.split(raw, maxsplit=1)[0], plus_is_blank=True)


def read_rest(call: Call) -> str:
    """Return what follows the name of the method in the address, with every slash."""
    rest: str = call.request.path_params["path"].lstrip("/")
    for _ in range(2 if call.experiment is None else 3):
        rest = rest.partition("/")[2].lstrip("/")
    return rest


async def read_json(call: Call) -> object:
    """Return the JSON of the body, whatever its type. Raises BadCallError, BodyTooLargeError."""
    body = await call.read_body(limit_bytes=LARGEST_LIST_BYTES)
    return await asyncio.to_thread(_decode, body) if len(body) > MANY_BYTES else _decode(body)


async def read_json_if_any(call: Call) -> object:
    """Return the JSON of the body, None where there is no body. Raises BadCallError, BodyTooLargeError."""
    body = await call.read_body(limit_bytes=LARGEST_LIST_BYTES)
    return _decode(body) if body.strip() else None


async def read_object(call: Call) -> dict[str, object]:
    """Return the JSON object of the body. Raises BadCallError, BodyTooLargeError."""
    document = await read_json(call)
    if not isinstance(document, dict):
        raise BadCallError("The body of the call must be a JSON object")
    return document


async def read_list(call: Call) -> list[object]:
    """Return the JSON list of the body. Raises BadCallError, BodyTooLargeError."""
    document = await read_json(call)
    if not isinstance(document, list):
        raise BadCallError("The body of the call must be a JSON list")
    return document


def read_name(given: object, where: str) -> str:
    """Return a name. Raises InvalidNameError for anything that cannot be one, BadCallError where there is none."""
    if given is None or given == "":
        raise BadCallError(f"{where} must be specified")
    if not isinstance(given, str):
        raise InvalidNameError([Problem(where, f"Invalid value for {where}: {str(given)[:200]}")])
    return check_name(given, where)


def read_did(given: object, where: str) -> Did:
    """Return what `namespace:name` names. Raises InvalidNameError, BadCallError where there is none."""
    if not isinstance(given, str) or not given:
        raise BadCallError(f"{where} must be specified as namespace:name")
    return Did.parse(given)


def read_dataset(call: Call, argument: str = "dataset") -> Did:
    """Return the dataset of an argument, else of the rest of the address. Raises what `read_did` raises."""
    return read_did(call.query.get(argument) or read_rest(call), argument)


def read_key(item: object, default_namespace: str | None, where: str) -> FileKey:
    """Return which file is meant: a DID or fid as a text, or an object with `fid`, `did`, or namespace and name."""
    if isinstance(item, str) and item:
        return Did.parse(item) if ":" in item else check_name(item, "fid")
    if not isinstance(item, dict):
        raise BadCallError(f"{where}: a file is named by an object with fid, did, or namespace and name")
    if item.get("fid"):
        return read_name(item["fid"], "fid")
    if item.get("did"):
        return read_did(item["did"], "did")
    namespace = item.get("namespace") or default_namespace
    if not namespace or not item.get("name"):
        raise BadCallError(f"{where}: either fid, did, or namespace and name must be specified")
    return Did(read_name(namespace, "namespace"), read_name(item["name"], "name"))


def read_keys(given: object, where: str, default_namespace: str | None = None) -> list[FileKey]:
    """Return which files are meant, each once, in the order given."""
    if not isinstance(given, list):
        raise BadCallError(f"{where} must be a list of files")
    read = (read_key(item, default_namespace, f"{where}[{number}]") for number, item in enumerate(given))
    return list(dict.fromkeys(read))


def read_mapping(given: object, where: str) -> dict[str, object] | None:
    """Return an object or None."""
    if given is not None and not isinstance(given, dict):
        raise BadCallError(f"{where} must be an object, not {str(given)[:40]!r}")
    return given


def read_checksums(given: object, where: str) -> dict[str, str] | None:
    """Return checksums by type or None."""
    checksums = read_mapping(given, where)
    if checksums is None:
        return None
    return {kind: text if isinstance(text, str) else str(text) for kind, text in checksums.items()}


def read_size(given: object, where: str) -> int | None:
    """Return a number of bytes or None."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 0):
        raise BadCallError(f"{where} must be a non-negative integer, not {str(given)[:40]!r}")
    return given


def read_switch(given: object, where: str) -> bool | None:
    """Return a truth or None. Old clients send JSON, so a word is a mistake."""
    if given is not None and not isinstance(given, bool):
        raise BadCallError(f"{where} must be true or false, not {str(given)[:40]!r}")
    return given


def read_mode(given: object) -> Mode:
    """Return whether what is given is added to what is there or takes its place. Missing means added."""
    if given is None:
        return "merge"
    if not isinstance(given, str) or given not in MODES:
        raise BadCallError(f"mode must be update or replace, not {str(given)[:40]!r}")
    return MODES[given]


def read_query_text(given: object) -> str:
    """Return the text of a query. Raises BadCallError where there is none."""
    if not isinstance(given, str) or not given.strip():
        raise BadCallError("query must be a text")
    return given


def _decode(body: bytearray) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadCallError(f"The body of the call is not JSON: {error}") from error
