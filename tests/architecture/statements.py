"""All SQL of the rooms: the named statements, and the lists that the listing builder completes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from tests.architecture.rooms import SOURCE, package_of, parse, store_modules, subject_rooms

from sutler.database import load_statements

_NOISE = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
_QUALIFIED = re.compile(r"\b(?P<schema>[a-z_]+)\.(?P<name>[a-z_]+)\b")


@dataclass(frozen=True)
class RoomStatement:
    """One statement with the room it belongs to."""

    room: str
    name: str
    text: str
    is_hot: bool = False

    def __str__(self) -> str:
        return f"{self.room}.{self.name}"

    @property
    def has_plan(self) -> bool:
        """Whether the server plans it: not so for commands like ANALYZE and SET."""
        return self.text.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE"))

    def qualified_names(self, schemas: frozenset[str]) -> set[tuple[str, str]]:
        """Return what it names in these schemas: `(schema, name)` of relations, functions, types."""
        bare = _NOISE.sub(" ", self.text)
        return {(m["schema"], m["name"]) for m in _QUALIFIED.finditer(bare) if m["schema"] in schemas}


@cache
def named_statements() -> tuple[RoomStatement, ...]:
    """Return the statements of every room, those of the database room too."""
    found = [
        RoomStatement("database", statement.name, statement.text, statement.is_hot)
        for file in ("events.sql", "idempotent_calls.sql")
        for statement in load_statements("sutler.database", file)
    ]
    for room in subject_rooms():
        found += [
            RoomStatement(room, statement.name, statement.text, statement.is_hot)
            for path in store_modules(room)
            for statement in load_statements(package_of(path), path.with_suffix(".sql").name)
        ]
    return tuple(found)


@cache
def list_selections() -> tuple[RoomStatement, ...]:
    """Return the constants of `listings.py` files: whole SELECTs, to which filters and an order are added."""
    found = []
    for room in subject_rooms():
        path = SOURCE / room / "listings.py"
        for node in parse(path).body if path.exists() else []:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str() as text)):
                    found.append(RoomStatement(room, name.strip("_").lower(), text))
                case _:
                    pass
    return tuple(found)


def all_statements() -> list[RoomStatement]:
    """Return everything that can be explained."""
    return [*named_statements(), *list_selections()]
