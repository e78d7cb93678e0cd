"""Requests as they would be typed: one `curl` command for each operation of an OpenAPI document."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from sutler.pages.shapes import Schema, Shapes

_BEARER = '-H "Authorization: Bearer $SUTLER_TOKEN"'
_JSON = "-H 'Content-Type: application/json'"
_LINE = 44
_DEEPEST = 5
_SPOKEN = {
    "q": "files from NAMESPACE:NAME",
    "query": "files from NAMESPACE:NAME",
    "url": "https://HOST/PATH",
    **dict.fromkeys(("did", "dids", "dataset", "files", "parents"), "NAMESPACE:NAME"),
}
"""Texts that have a form of their own. Every other is the name of its field in capitals."""


def write_request(shapes: Shapes, method: str, url: str, operation: Mapping[str, Any]) -> str:
    """Return the command, over several lines. `url` still has the parameters of the path in braces.

    What is to be filled in stands in capitals, in the path numbers too: a command sent as it is must find nothing.
    """
    queries = []
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            url = url.replace("{" + name + "}", name.upper())
        elif parameter["in"] == "query" and parameter.get("required"):
            queries.append(f"--data-urlencode {shlex.quote(f'{name}={_choose_text(name)}')}")
    lines = _begin(method, url, has_queries=bool(queries))
    if operation.get("security"):
        lines.append(_BEARER)
    lines += queries
    body = find_body(operation)
    if body is not None:
        text = json.dumps(_make_example(shapes, "", body), indent=2, ensure_ascii=False)
        lines += [_JSON, f"-d {shlex.quote(text)}"]
    return " \\\n  ".join(lines)


def _begin(method: str, url: str, *, has_queries: bool) -> list[str]:
    """Return the first lines: a long address stands in a line of its own, where it is not broken so soon."""
    command = "curl" if method == "get" else f"curl -X {method.upper()}"
    command += " --get" if has_queries else ""
    address = shlex.quote(url)
    return [f"{command} {address}"] if len(command) + len(address) < _LINE else [command, address]


def find_body(operation: Mapping[str, Any]) -> Schema | None:
    """Return the schema of the JSON that an operation takes, None if it takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    schema: Schema | None = content.get("application/json", {}).get("schema")
    return schema


def _choose_text(name: str) -> str:
    return _SPOKEN.get(name, name.upper())


def _make_example(shapes: Shapes, name: str, schema: Schema, depth: int = 0) -> object:
    """Return a value with the fields that must be there, or with the first one if none must."""
    choices = schema.get("anyOf")
    named = shapes.follow(choices[0] if choices else schema)
    if "properties" in named:
        keys = named.get("required") or list(named["properties"])[:1]
        parts = named["properties"]
        return {key: _make_example(shapes, key, parts[key], depth + 1) for key in keys} if depth < _DEEPEST else {}
    if named.get("type") == "array":
        return [_make_example(shapes, name.removesuffix("s"), named.get("items", {}), depth + 1)]
    return named["enum"][0] if "enum" in named else _make_plain_example(name, named)


def _make_plain_example(name: str, schema: Schema) -> object:
    plain: Mapping[str, object] = {
        "string": _choose_text(name),
        "integer": max(1, int(schema.get("minimum", 1))),
        "number": max(1, schema.get("minimum", 1)),
        "boolean": schema.get("default", False),
    }
    return plain.get(schema.get("type", ""), {})
