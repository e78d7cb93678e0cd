"""Keeping a query under a name, or the files that it finds as a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.pages.door import Door
from sutler.pages.formats import make_dataset_path
from sutler.pages.forms import read_text

Text = Annotated[str, Form()]


@dataclass(frozen=True)
class NewSavedQuery:
    """The form: a query, and the name it is to be kept under. With `kind=dataset` the files are kept instead."""

    q: Text = ""
    namespace: Text = ""
    name: Text = ""
    description: Text = ""
    kind: Text = "query"
    replaces: Text = ""


class SavedQueryPages:
    """Changing what is kept. Who may is decided by the catalogue: the owners of the namespace."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def save(self, request: Request, new: Annotated[NewSavedQuery, Depends()]) -> Response:
        """Keep a query, or the files that it finds now as a dataset, and lead to what was made."""
        visit = await self._door.admit(request)
        did = _read_did(new.namespace, new.name)
        query = read_text("query", new.q, longest=20_000)
        if new.kind == "dataset":
            await catalog.create_dataset(
                self._db, visit.who, did=did, description=new.description.strip(), files_query=query
            )
            return self._door.send_to(request, make_dataset_path(did))
        await catalog.save_query(
            self._db,
            visit.who,
            namespace=did.namespace,
            name=did.name,
            source=query,
            description=new.description.strip() or None,
            replace=bool(new.replaces),
        )
        return self._door.send_to(request, "/search?" + urlencode({"q": query, "namespace": did.namespace}))

    async def forget(self, request: Request, namespace: Text = "", name: Text = "") -> Response:
        """Forget a saved query."""
        visit = await self._door.admit(request)
        did = _read_did(namespace, name)
        await catalog.remove_named_query(self._db, visit.who, namespace=did.namespace, name=did.name)
        return self._door.send_to(request, "/search")


def _read_did(namespace: str, name: str) -> Did:
    texts = {"namespace": read_text("namespace", namespace), "name": read_text("name", name)}
    missing = [Problem(where, "must be given") for where, text in texts.items() if not text]
    if missing:
        raise InvalidInputError(missing)
    return Did(**texts)
