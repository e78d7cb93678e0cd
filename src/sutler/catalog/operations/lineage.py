"""The provenance around a file, bounded so that it can be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.catalog import store
from sutler.catalog.errors import UnknownFileError
from sutler.catalog.model import FileReference
from sutler.catalog.operations.namespaces import find_visible_in
from sutler.catalog.pictures import Generation, Lineage
from sutler.database import Database, Tx

GENERATIONS = 3
FILES_A_GENERATION = 20
MOST_LINKS = 1_000
"""How many links of one file are followed, at most."""


async def get_lineage(db: Database, who: Principal, *, did: Did) -> Lineage:
    """Return a file with three generations above and below it, of each the first 20 files that the caller may see.

    A file stands in the nearest generation only, and more than 20 are followed no further. Raises UnknownFileError,
    NotPermittedError.
    """
    async with db.read() as tx:
        file = await store.find_file_named(tx, did=did)
        if file is None:
            raise UnknownFileError(did)
        permit(who, Action.VIEW, Thing("file", file.experiment_id))
        own = Generation(0, (FileReference(file.id, file.fid, file.namespace, file.name, file.size_bytes),))
        visible = await find_visible_in(tx, who, experiment=None)
        above = await _walk(tx, own, (), visible, step=-1)
        below = await _walk(tx, own, above, visible, step=1)
        generations = (*reversed(above), own, *below)
        links = await store.list_links_among(tx, file_ids=_list_ids(generations))
        return Lineage(generations, tuple(links))


async def _walk(
    tx: Tx, own: Generation, drawn: Sequence[Generation], visible: Sequence[int] | None, *, step: int
) -> list[Generation]:
    list_next = store.list_generation_above if step < 0 else store.list_generation_below
    found: list[Generation] = []
    last = own
    for distance in range(1, GENERATIONS + 1):
        files, total = await list_next(
            tx,
            file_ids=_list_ids([last]),
            drawn_ids=_list_ids([own, *drawn, *found]),
            experiment_ids=visible,
            most=MOST_LINKS,
            count=FILES_A_GENERATION,
        )
        if not files:
            break
        last = Generation(step * distance, tuple(files), total - len(files), total < MOST_LINKS)
        found.append(last)
    return found


def _list_ids(generations: Iterable[Generation]) -> list[int]:
    return [file.id for generation in generations for file in generation.files]
