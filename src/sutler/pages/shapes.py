"""Reading the types of an OpenAPI document: what a field holds, in words that lead to the shapes they name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_FORMATS = {"date-time": "instant", "uuid": "UUID"}
_UNBOUNDED = 2**31 - 1
_LARGEST_ID = 2**63 - 1
_PAGE_FIELDS = {"items", "next_cursor"}


@dataclass(frozen=True)
class Word:
    """A piece of a type as it is read. `anchor` leads to the shape that it names; empty for plain words."""

    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Field:
    """One field of a shape, or one parameter, whose `place` is said. `default` is empty when there is none to tell."""

    name: str
    words: tuple[Word, ...]
    is_required: bool
    default: str
    note: str = ""
    place: str = ""


@dataclass(frozen=True)
class Shape:
    """An object with known fields."""

    name: str
    anchor: str
    description: str
    fields: tuple[Field, ...]


class Shapes:
    """The named types of one document."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas

    def find_shape(self, schema: Schema) -> Shape | None:
        """Return the object that a schema stands for, also when it may be left out; None for everything else."""
        name = self.find_name(schema)
        known = self._schemas.get(name, {})
        if "properties" not in known:
            return None
        required = known.get("required", ())
        fields = tuple(
            self.read_field(key, part, is_required=key in required) for key, part in known["properties"].items()
        )
        return Shape(name, _make_anchor(name), known.get("description", ""), fields)

    def find_item(self, schema: Schema) -> Schema | None:
        """Return the type of what a page of a list holds; None if the schema is no such page."""
        properties: Schema = self._schemas.get(self.find_name(schema), {}).get("properties", {})
        items: Schema | None = properties["items"].get("items") if properties.keys() == _PAGE_FIELDS else None
        return items

    def find_name(self, schema: Schema) -> str:
        """Return the name that a schema refers to, empty if it refers to none or to several."""
        choices = [choice for choice in schema.get("anyOf", (schema,)) if choice.get("type") != "null"]
        return str(choices[0].get("$ref", "")).rpartition("/")[2] if len(choices) == 1 else ""

    def follow(self, schema: Schema) -> Schema:
        """Return the schema without a reference: itself, or the type that it names."""
        if "$ref" not in schema:
            return schema
        found: Schema = self._schemas.get(str(schema["$ref"]).rpartition("/")[2], {})
        return found

    def read_field(self, name: str, schema: Schema, *, is_required: bool) -> Field:
        """Return one field. An optional one that may be null is null when it is left out."""
        default = "null" if not is_required and _may_be_null(schema) else ""
        if "default" in schema:
            default = json.dumps(schema["default"], ensure_ascii=False)
        note = " ".join(part for part in (schema.get("description", ""), _describe_bounds(schema)) if part)
        return Field(name, tuple(self.read_words(schema)), is_required, default, note)

    def read_words(self, schema: Schema) -> Iterable[Word]:
        """Return what a value of this type is, like `list of` `NewStage`."""
        if "anyOf" in schema:
            return self._join(schema["anyOf"])
        named = self.follow(schema)
        if "properties" in named and "$ref" in schema:
            name = self.find_name(schema)
            return [Word(name, _make_anchor(name))]
        if "enum" in named:
            return [Word(" | ".join(json.dumps(choice, ensure_ascii=False) for choice in named["enum"]))]
        return self._read_plain(named)

    def list_linked(self, fields: Iterable[Field]) -> list[Shape]:
        """Return every shape that these fields lead to, and those lead to, by name."""
        found: dict[str, Shape] = {}
        waiting = list(fields)
        while waiting:
            for word in waiting.pop().words:
                if word.anchor and word.text not in found:
                    shape = self.find_shape({"$ref": word.text})
                    if shape:
                        found[word.text] = shape
                        waiting += shape.fields
        return [found[name] for name in sorted(found)]

    def _join(self, choices: Iterable[Schema]) -> list[Word]:
        words: list[Word] = []
        for choice in choices:
            words += [Word(" or "), *self.read_words(choice)] if words else self.read_words(choice)
        return words

    def _read_plain(self, schema: Schema) -> list[Word]:
        kind = schema.get("type", "")
        if kind == "array" and "prefixItems" in schema:
            parts = ("".join(word.text for word in self.read_words(part)) for part in schema["prefixItems"])
            return [Word(f"[{', '.join(parts)}]")]
        if kind == "array":
            return [Word("list of "), *self.read_words(schema.get("items", {}))]
        if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
            return [Word("object of "), *self.read_words(schema["additionalProperties"])]
        return [Word(_FORMATS.get(schema.get("format", ""), kind or "anything"))]


def _make_anchor(name: str) -> str:
    return f"shape-{name}"


def _may_be_null(schema: Schema) -> bool:
    return any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))


def _describe_bounds(schema: Schema) -> str:
    """What is said of numbers and lists. What only keeps to the numbers that a database can hold tells nothing."""
    bounds = {key: part for choice in schema.get("anyOf", (schema,)) for key, part in choice.items()}
    least, most = bounds.get("minimum"), bounds.get("maximum")
    parts = []
    if least is not None and (most is None or most < _LARGEST_ID):
        parts.append(f"at least {least:g}")
    if most is not None and most < _UNBOUNDED:
        parts.append(f"at most {most:g}")
    if "maxItems" in bounds:
        parts.append(f"at most {bounds['maxItems']} items")
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
