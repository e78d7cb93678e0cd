"""Datasets: reading and counting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response

from sutler import catalog
from sutler.catalog import Dataset
from sutler.compat.call import SignedCall
from sutler.compat.metacat.reading import read_dataset
from sutler.compat.metacat.replies import reply_json, reply_list
from sutler.compat.metacat.shapes import show_dataset

PAGE = 1000


async def list_datasets(call: SignedCall) -> Response:
    """Reply with all datasets that the caller may see; clients choose among them by pattern."""
    return await reply_list(_stream_datasets(call), show_dataset)


async def get_dataset(call: SignedCall) -> Response:
    """Reply with one dataset. Its count is exact, asked for or not."""
    return reply_json(show_dataset(await catalog.get_dataset(call.db, call.who, did=read_dataset(call))))


async def count_files(call: SignedCall) -> Response:
    """Reply with the number of files of a dataset."""
    dataset = await catalog.get_dataset(call.db, call.who, did=read_dataset(call))
    return reply_json({"file_count": dataset.file_count})


async def count_relatives(call: SignedCall) -> Response:
    """Reply with the numbers of files and of datasets above and below a dataset: direct ones, and on all levels."""
    did = read_dataset(call)
    dataset = await catalog.get_dataset(call.db, call.who, did=did)
    relatives = await catalog.get_dataset_relatives(call.db, call.who, did=did)
    return reply_json(
        {
            "dataset": str(did),
            "file_count": dataset.file_count,
            "parent_count": relatives.parent_count,
            "child_count": relatives.child_count,
            "superset_count": relatives.superset_count,
            "subset_count": relatives.subset_count,
        }
    )


async def _stream_datasets(call: SignedCall) -> AsyncIterator[Sequence[Dataset]]:
    after: str | None = None
    while True:
        page = await catalog.list_datasets(call.db, call.who, experiment=call.experiment, after=after, limit=PAGE)
        yield page.items
        after = page.next_cursor
        if after is None:
            return
