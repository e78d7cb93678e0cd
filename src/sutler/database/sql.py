"""Composing SQL from parts that cannot carry an injection.

A statement is usually a named one from a `store.sql`. Two places put statements together at run time, the query
compiler of the catalogue and the listing builder; they use these objects and never strings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True)
class Fragment:
    """A piece of SQL: literal texts with values between them.

    `texts` has one element more than `values`; the value number i stands between text i and text i + 1.
    """

    texts: tuple[str, ...] = ("",)
    values: tuple[object, ...] = ()

    def __add__(self, other: Fragment) -> Fragment:
        seam = self.texts[-1] + other.texts[0]
        return Fragment((*self.texts[:-1], seam, *other.texts[1:]), self.values + other.values)

    @property
    def is_empty(self) -> bool:
        """Whether there is neither text nor value in it."""
        return not self.values and not any(self.texts)

    def render(self) -> tuple[str, list[object]]:
        """Return the statement with `$1`, `$2`, … and the list of its values."""
        parts = [self.texts[0]]
        for number, text in enumerate(self.texts[1:], start=1):
            parts += [f"${number}", text]
        return "".join(parts), list(self.values)

    @classmethod
    def join(cls, separator: LiteralString, parts: Iterable[Fragment]) -> Fragment:
        """Put a literal separator between fragments. Linear in their number."""
        texts: list[str] = [""]
        values: list[object] = []
        for index, part in enumerate(parts):
            texts[-1] += (separator if index else "") + part.texts[0]
            texts += part.texts[1:]
            values += part.values
        return cls(tuple(texts), tuple(values))


def sql(text: LiteralString) -> Fragment:
    """A literal text. The type checker refuses anything that is not written out in the source."""
    return Fragment((text,))


def value(item: object, cast: LiteralString = "") -> Fragment:
    """A value passed to the server beside the statement, never in it. `cast` names its type, like `bigint[]`."""
    return Fragment(("", f"::{cast}" if cast else ""), (item,))


def ident(*names: str) -> Fragment:
    """A possibly qualified identifier, quoted: `ident("catalog", "files")` is `"catalog"."files"`."""
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in names)
    return Fragment((quoted,))
