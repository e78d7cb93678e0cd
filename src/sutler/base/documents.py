"""How a document of JSON is made of what is known of a thing: its keys, in order, and what stands at each.

A shape says what a document looks like without saying who writes it, so that a door can leave the writing to where
the things are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Form(Enum):
    """How something is written: as it is, an instant as text or as seconds since 1970, whether it is there at all."""

    PLAIN = "plain"
    INSTANT = "instant"
    SECONDS = "seconds"
    PRESENCE = "presence"


@dataclass(frozen=True)
class Entry:
    """A key of a document, and the fact that stands there: null where there is none, as with `fact` None.

    One that may be left out is not there where it would be null.
    """

    key: str
    fact: str | None
    form: Form = Form.PLAIN
    may_be_left_out: bool = False


@dataclass(frozen=True)
class Shape:
    """The entries of a document; the first is always there. `experiments` are names by id, where a name is written."""

    entries: tuple[Entry, ...]
    experiments: Mapping[int, str] = field(default_factory=dict)
