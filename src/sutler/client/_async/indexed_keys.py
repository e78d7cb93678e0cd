"""Indexes on metadata keys, for administrators."""

from __future__ import annotations

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import indexes as wire
from sutler.wire.page import Page


class AsyncKeyIndexCalls(AsyncCaller):
    """Calls about indexes on metadata keys."""

    async def list_key_indexes(self) -> Page[wire.KeyIndex]:
        """List the keys for which an index was asked, by key."""
        return await self.get(Page[wire.KeyIndex], path_of("key_indexes"))

    async def index_key(self, name: str, kind: wire.KeyKind, *, key: str | None = None) -> wire.KeyIndex:
        """Ask for an index on the metadata key of this name, for ranges of numbers or for beginnings of texts."""
        return await self.send(wire.KeyIndex, "POST", path_of("key_indexes"), wire.NewKeyIndex(name, kind), key=key)

    async def drop_key_index(self, name: str, kind: wire.KeyKind) -> wire.KeyIndex:
        """Give up an index; it is not used from now on, and gone soon."""
        return await self.send(wire.KeyIndex, "DELETE", path_of("key_indexes", name, kind))
