"""The page of indexes on metadata keys, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import IndexedKey, KeyIndexState, KeyKind
from sutler.pages.door import Door
from sutler.pages.forms import read_text
from sutler.pages.session import Visit

ADDRESS = "/catalog/indexes"
MEANINGS = {
    KeyKind.NUMBER: "ranges of numbers and times",
    KeyKind.TEXT: "ranges and beginnings of texts",
}

Text = Annotated[str, Form()]


@dataclass(frozen=True)
class KeyIndexesPage:
    """All indexes, and the form for one more as it was filled in. `problem` says why that one cannot be."""

    indexes: tuple[IndexedKey, ...]
    key: str = ""
    kind: str = KeyKind.NUMBER.value
    problem: str = ""

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """What an index can be for."""
        return tuple((kind.value, meaning) for kind, meaning in MEANINGS.items())

    @property
    def meanings(self) -> dict[str, str]:
        """What an index is for, by its kind."""
        return dict(self.kinds)

    @property
    def is_moving(self) -> bool:
        """Whether something is being built or dropped."""
        moving = (KeyIndexState.BUILDING, KeyIndexState.DROPPING)
        return any(one.state in moving for one in self.indexes)


class KeyIndexPages:
    """Looking at indexes, asking for one, giving one up. The catalogue refuses whoever is no administrator."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_indexes(self, request: Request) -> Response:
        """All indexes with how far they are."""
        visit = await self._door.admit(request)
        return await self._show(request, visit)

    async def add(self, request: Request, key: Text = "", kind: Text = "") -> Response:
        """Ask for an index; what is wrong with the wish comes back with the form."""
        visit = await self._door.admit(request)
        try:
            await catalog.index_key(self._db, visit.who, key=read_text("key", key), kind=_read_kind(kind))
        except InvalidInputError as error:
            return await self._show(request, visit, key=key, kind=kind, problem=error.sentence)
        return self._door.send_to(request, ADDRESS)

    async def drop(self, request: Request, key: Text = "", kind: Text = "") -> Response:
        """Give up an index."""
        visit = await self._door.admit(request)
        await catalog.drop_key_index(self._db, visit.who, key=read_text("key", key), kind=_read_kind(kind))
        return self._door.send_to(request, ADDRESS)

    async def _show(self, request: Request, visit: Visit, **form: str) -> Response:
        page = KeyIndexesPage(tuple(await catalog.list_indexed_keys(self._db, visit.who)), **form)
        return self._door.show(request, "key_indexes.html", page, visit=visit, status=422 if page.problem else 200)


def _read_kind(text: str) -> KeyKind:
    try:
        return KeyKind(text)
    except ValueError:
        raise InvalidInputError([Problem("kind", f"{text[:40]!r} is not one of {', '.join(KeyKind)}")]) from None
