"""The page that asks before something is done, and takes what else must be known for it."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.pages.troubles import Trouble


@dataclass(frozen=True)
class Crumb:
    """A page above this one."""

    path: str
    label: str


@dataclass(frozen=True)
class Asked:
    """A field of a question: a line of text, or a box that is ticked or not (`is_box`)."""

    name: str
    label: str
    text: str = ""
    hint: str = ""
    is_box: bool = False


@dataclass(frozen=True)
class Question:
    """A question before something is done at `action`; `back` is where one goes who does not want it."""

    title: str
    sentences: tuple[str, ...]
    action: str
    button: str
    back: str
    crumbs: tuple[Crumb, ...] = ()
    asked: tuple[Asked, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    is_dangerous: bool = False
    trouble: Trouble | None = None
    room: str = ""
