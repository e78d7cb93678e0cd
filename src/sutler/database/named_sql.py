"""Loads `store.sql` files: blocks of a name line, a purpose line and one statement with named parameters.

    -- name: find_user
    -- Look a user up by name.
    SELECT id, username FROM auth.users WHERE username = :username

Parameters are turned into `$1`, `$2`, … once, when the file is loaded. A line `-- hot` after the name marks a
statement whose plan is guarded by a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

_BLOCK = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\n", re.MULTILINE)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|::|:(?P<parameter>[a-z_][a-z0-9_]*)")


@dataclass(frozen=True)
class Statement:
    """One named statement, ready for the driver."""

    name: str
    purpose: str
    text: str
    parameters: tuple[str, ...]
    is_hot: bool

    def arguments(self, given: dict[str, object]) -> list[object]:
        """Put named arguments in order. A missing or unknown name is a defect of the caller: TypeError."""
        if given.keys() != set(self.parameters):
            missing = sorted(set(self.parameters) - given.keys())
            unknown = sorted(given.keys() - set(self.parameters))
            raise TypeError(f"statement {self.name}: missing {missing}, unknown {unknown}")
        return [given[name] for name in self.parameters]


class Statements:
    """The statements of one file, by name, as attributes."""

    def __init__(self, origin: str, statements: dict[str, Statement]) -> None:
        self.origin = origin
        self._statements = statements

    def __getattr__(self, name: str) -> Statement:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"{self.origin} has no statement {name}") from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())


def load_statements(package: str, file: str = "store.sql") -> Statements:
    """Read the statements that stand beside a package's modules. ValueError if the file is malformed."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    return parse_statements(text, origin=f"{package}/{file}")


def parse_statements(text: str, *, origin: str) -> Statements:
    """Split a file into statements. ValueError for a name given twice, or a block without purpose or statement."""
    marks = list(_BLOCK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    statements: dict[str, Statement] = {}
    for mark, end in zip(marks, ends, strict=True):
        statement = _parse_block(mark["name"], text[mark.end() : end], origin)
        if statement.name in statements:
            raise ValueError(f"{origin}: statement {statement.name} stands there twice")
        statements[statement.name] = statement
    return Statements(origin, statements)


def _parse_block(name: str, block: str, origin: str) -> Statement:
    head: list[str] = []
    body: list[str] = []
    for line in block.splitlines():
        (head if line.startswith("--") and not body else body).append(line)
    remarks = [line.removeprefix("--").strip() for line in head]
    purpose = " ".join(remark for remark in remarks if remark != "hot")
    statement = "\n".join(body).strip().rstrip(";")
    if not purpose or not statement:
        raise ValueError(f"{origin}: statement {name} lacks its purpose line or its text")
    text, parameters = _number_parameters(statement)
    return Statement(name, purpose, text, parameters, "hot" in remarks)


def _number_parameters(statement: str) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match["parameter"]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _TOKEN.sub(number, statement), tuple(names)
