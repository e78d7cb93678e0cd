"""Linking files with their parents: the steps that several operations share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.catalog import store
from sutler.catalog.errors import InvalidFilesError
from sutler.catalog.operations.members import cut
from sutler.database import Tx


async def link_files_in(tx: Tx, links: Iterable[tuple[int, int]]) -> set[int]:
    """Link parents with children, pair by pair, and return the children of links that were not there."""
    linked: set[int] = set()
    for part in cut(sorted(set(links))):
        children = await store.insert_provenance(
            tx, parent_ids=[parent for parent, _ in part], child_ids=[child for _, child in part]
        )
        linked.update(children)
    return linked


async def refuse_circles_in(tx: Tx, doubtful: Mapping[int, Did], *, experiment_id: int) -> None:
    """Go on if none of the files is its own ancestor. Raises InvalidFilesError naming those that are.

    Of two transactions whose links close a circle together the second one sees it: one looks after the other.
    """
    if not doubtful:
        return
    await store.lock_provenance(tx, experiment_id=experiment_id)
    circular = await store.list_own_ancestors(tx, file_ids=sorted(doubtful))
    if circular:
        raise InvalidFilesError([Problem(str(doubtful[number]), "would be its own ancestor") for number in circular])
