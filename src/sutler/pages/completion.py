"""Words that could come next in a query that is being typed, or in the list of columns beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sutler import catalog
from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, NotFoundError
from sutler.catalog import QueryTooSlowError
from sutler.pages.door import Door
from sutler.pages.forms import read_text

MOST_WORDS = 12
FILES_FOR_KEYS = 1_000
"""Keys are those of so many files: of the dataset that the query names, else of any."""

ATTRIBUTES = ("name", "namespace", "creator", "size", "created_timestamp", "updated_timestamp", "checksums", "fid")
AFTER_SET = ("where", "limit", "skip", "ordered", "with subsets", "with subsets recursively", "having")
AFTER_FILES = ("from", "where", "limit", "selected by")
BEGINNINGS = ("files from", "files", "datasets matching", "parents(", "children(", "union(", "join(", "fids", "queries")

Kind = Literal["word", "namespace", "dataset", "key"]

_TYPED_COLUMN = re.compile(r"[^\s,]*\Z")
_TYPED = re.compile(r"[A-Za-z0-9_./:-]*\Z")
_KEYWORD = re.compile(r"\b(files?|datasets?|from|matching|by|where|having|and|or|not|in|parents|children|union|join)\b")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_DATASET = re.compile(r"\bfrom\s+(?:datasets\s+)?([A-Za-z0-9_./-]+:[A-Za-z0-9_./-]+)(?=[\s,)]|\Z)")


@dataclass(frozen=True)
class Wish:
    """The beginning of a word of some kind that somebody is typing. `words` are those that need no look-up."""

    kind: Kind
    typed: str
    words: tuple[str, ...] = ()
    dataset: str = ""


def read_wish(text: str) -> Wish:
    """Return what the end of a query asks for; `text` is what stands before the caret."""
    bare = _STRING.sub("``", text)
    if "'" in bare or '"' in bare:  # within a text: nothing is known of what it says
        return Wish("word", "")
    found = _TYPED.search(bare)
    typed = found.group() if found else ""
    before = bare[: len(bare) - len(typed)]
    words = _KEYWORD.findall(before)
    last = words[-1] if words else ""
    is_after_word = before.rstrip().endswith(last) if last else False
    if last in ("where", "having", "and", "or", "not"):
        datasets = _DATASET.findall(text)
        return Wish("key", typed, ATTRIBUTES, datasets[-1] if datasets else "")
    if last in ("from", "matching", "by", "dataset", "datasets") and (is_after_word or before.rstrip().endswith(",")):
        return Wish("dataset" if ":" in typed else "namespace", typed)
    if last in ("file", "files") and is_after_word:
        return Wish("word", typed, AFTER_FILES)
    return Wish(
        "word", typed, AFTER_SET if words and last not in ("parents", "children", "union", "join") else BEGINNINGS
    )


def read_column_wish(text: str, query: str) -> Wish:
    """Return what the end of a list of columns asks for: a key of the files of the query."""
    found = _TYPED_COLUMN.search(text)
    datasets = _DATASET.findall(query)
    return Wish("key", found.group() if found else "", (), datasets[-1] if datasets else "")


class CompletionPages:
    """Looking up words; everybody gets those only that they may see."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def complete(self, request: Request, text: str = "", q: str = "", field: str = "query") -> Response:
        """The words that fit the end of `text`, as JSON: what is typed of them, and up to 12 with their kind.

        With `field=columns` the text is a list of columns, for the query `q`.
        """
        visit = await self._door.admit(request)
        end = text[-4_000:]
        is_of_columns = field == "columns"
        wish = read_column_wish(end, q[-4_000:]) if is_of_columns else read_wish(end)
        try:
            for where, given in (("text", text), ("q", q)):
                read_text(where, given, longest=20_000)
            words = await self._look_up(visit.who, wish)
        except (InvalidInputError, NotFoundError, QueryTooSlowError):
            words = []
        if is_of_columns:
            chosen = set(re.split(r"[\s,]+", end.removesuffix(wish.typed)))
            words = [word for word in words if word not in chosen]
        fitting = [word for word in dict.fromkeys(words) if word.startswith(wish.typed) and word != wish.typed]
        items = [{"text": word, "kind": wish.kind} for word in fitting[:MOST_WORDS]]
        return JSONResponse({"typed": wish.typed, "items": items})

    async def _look_up(self, who: Principal, wish: Wish) -> list[str]:
        if wish.kind == "namespace":
            return [f"{one.name}:" for one in await catalog.list_namespaces(self._db, who)]
        if wish.kind == "dataset":
            return await self._list_datasets(who, wish.typed)
        if wish.kind == "key":
            found = (
                f"files from {wish.dataset} limit {FILES_FOR_KEYS}" if wish.dataset else f"files limit {FILES_FOR_KEYS}"
            )
            keys = await catalog.list_metadata_keys(self._db, who, query=found, experiment=None)
            return [*keys, *wish.words]
        return list(wish.words)

    async def _list_datasets(self, who: Principal, typed: str) -> list[str]:
        """Of a pattern the underscore is a wildcard: what does not begin as typed is left out by the caller."""
        namespace, _, name = typed.partition(":")
        if not namespace or ":" in name:
            return []
        pattern = f"datasets matching {namespace}:{name}*"
        async for part in catalog.stream_datasets(self._db, who, query=pattern, experiment=None):
            return [str(dataset.did) for dataset in part]
        return []
