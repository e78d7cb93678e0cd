"""Declaring files into a dataset: all of them or none, and none that is there already."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from sutler import catalog
from sutler.base.did import Did
from sutler.catalog import DatasetNotFoundError, InvalidFilesError, NewFile
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.failures import reply_existing, reply_invalid, show_problems_of
from sutler.compat.metacat.files import show_view
from sutler.compat.metacat.new_files import read_new_files
from sutler.compat.metacat.reading import read_dataset, read_list
from sutler.compat.metacat.replies import reply_json


async def declare_files(call: SignedCall) -> Response:
    """Declare the files of the body, put them into the dataset and reply with them; or only say whether it would do.

    The answer to a dry run is 200 as well: the clients take any other number for a failure.
    """
    dataset = read_dataset(call)
    items = await read_list(call)
    if not items:
        raise BadCallError("The list of files is empty")
    await _check_dataset(call, dataset)
    files = read_new_files(items, dataset.namespace, is_admin=call.who.is_admin)
    existing = await _list_existing(call, files)
    if existing:
        return reply_existing(existing)
    try:
        return await _declare(call, files, dataset)
    except InvalidFilesError as error:
        return reply_invalid(show_problems_of(error, [str(file.did) for file in files]))


async def _declare(call: SignedCall, files: Sequence[NewFile], dataset: Did) -> Response:
    is_trial = call.is_yes("dry_run")
    declared = await catalog.declare_files(call.db, call.who, files=files, dataset=dataset, check_only=is_trial)
    if is_trial:
        return reply_json([{"name": one.name, "namespace": one.namespace, "fid": one.fid} for one in declared])
    views = await catalog.list_files(call.db, call.who, keys=[one.fid for one in declared])
    return reply_json([show_view(view, with_metadata=True, with_provenance=False) for view in views])


async def _check_dataset(call: SignedCall, did: Did) -> None:
    """Go on if there is the dataset. In this protocol it is a mistake in the call if only the dataset is missing."""
    try:
        await catalog.get_dataset(call.db, call.who, did=did)
    except DatasetNotFoundError as error:
        await catalog.get_namespace(call.db, call.who, name=did.namespace)
        raise BadCallError(f"Dataset {did} not found") from error


async def _list_existing(call: SignedCall, files: Sequence[NewFile]) -> list[str]:
    """Return those that are declared already. Our own declaring accepts a file again that is the same, this does not.

    One that somebody else declares between this question and the answer to the call is accepted if it is the same.
    """
    named = [file.did for file in files if file.name]
    views = await catalog.list_files(call.db, call.who, keys=named, with_metadata=False)
    return [str(view.file.did) for view in views]
