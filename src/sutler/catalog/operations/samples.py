"""One dataset as its page shows it: files in pages, what happened to it, and what the metadata of its files are."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import RecordedEvent
from sutler.catalog import store
from sutler.catalog.model import Dataset, File
from sutler.catalog.operations.dataset_tree import get_dataset_in
from sutler.catalog.pictures import DatasetSample
from sutler.database import Database, Tx, list_history
from sutler.database.listing import DEFAULT_LIMIT, LARGEST_LIMIT, Page

SAMPLED_FILES = 10_000
FILES_FOR_KEYS = 1_000
MOST_KEYS = 500
MOST_CHOSEN = 12
USUAL_CHOICE = 6
MOST_VALUES = 12
BINS = 24
SHOWN_EVENTS = 100


async def page_dataset_files(
    db: Database, who: Principal, *, did: Did, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[File]:
    """Return a page of the files of a dataset that are not retired, in the order in which they were declared.

    Raises DatasetNotFoundError, NotPermittedError, InvalidInputError for a limit or a cursor that cannot be used.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_LIMIT}, not {limit}")])
    last = _read_cursor(after)
    async with db.read() as tx:
        dataset = await _get_visible(tx, who, did)
        files = await store.list_live_members(tx, dataset_id=dataset.id, after=last, count=limit + 1)
    return Page(tuple(files[:limit]), str(files[limit - 1].id) if len(files) > limit else None)


async def list_dataset_history(db: Database, who: Principal, *, did: Did) -> list[RecordedEvent]:
    """Return the newest 100 events of a dataset, newest first. Raises DatasetNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        await _get_visible(tx, who, did)
        return await list_history(tx, subject_kind="dataset", subject_id=did, count=SHOWN_EVENTS)


async def sample_dataset(db: Database, who: Principal, *, did: Did, keys: Sequence[str] = ()) -> DatasetSample:
    """Return what values of some metadata keys the first 10,000 files of a dataset have.

    Without `keys` the six most frequent are taken. Keys are looked for in the first 1,000 files. Raises
    DatasetNotFoundError, NotPermittedError, QueryTooSlowError, and InvalidInputError for more than 12 keys.
    """
    if len(keys) > MOST_CHOSEN:
        raise InvalidInputError([Problem("keys", f"are {len(keys)}; {MOST_CHOSEN} is the most")])
    async with db.read() as tx:
        dataset = await _get_visible(tx, who, did)
        await store.begin_query(tx)
        known = await store.list_sample_keys(tx, dataset_id=dataset.id, count=FILES_FOR_KEYS, most=MOST_KEYS)
        chosen = list(dict.fromkeys(keys)) or known[:USUAL_CHOICE]
        found = await store.list_value_counts(
            tx, dataset_id=dataset.id, keys=chosen, count=SAMPLED_FILES, most_values=MOST_VALUES, bin_count=BINS
        )
    distributions = tuple(found[key] for key in chosen if key in found)
    return DatasetSample(min(SAMPLED_FILES, dataset.file_count), tuple(known), distributions)


async def _get_visible(tx: Tx, who: Principal, did: Did) -> Dataset:
    dataset = await get_dataset_in(tx, did)
    permit(who, Action.VIEW, Thing("dataset", dataset.experiment_id))
    return dataset


def _read_cursor(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        raise InvalidInputError([Problem("after", "is no place in this list")])
    return int(after)
