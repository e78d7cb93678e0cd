"""One file: everything about it, and its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import UnknownFileError
from sutler.catalog.model import CatalogEvent, File, FileView
from sutler.catalog.operations.namespaces import get_namespace_in, permit_declaring
from sutler.catalog.operations.validation import check_changes_in
from sutler.database import Database, Tx, replayable

SHOWN_RELATIVES = 500


async def get_file(db: Database, who: Principal, *, did: Did | None = None, fid: str | None = None) -> FileView:
    """Return a file by its name or by its fid, retired ones too, with the first 500 of its relatives of each kind.

    Raises UnknownFileError, NotPermittedError, and InvalidInputError unless exactly one of both is given.
    """
    async with db.read() as tx:
        file = await _get(tx, did, fid)
        permit(who, Action.VIEW, Thing("file", file.experiment_id))
        counts = await store.count_relatives(tx, file_id=file.id)
        return FileView(
            file=file,
            parents=tuple(await store.list_parents(tx, file_id=file.id, count=SHOWN_RELATIVES)),
            children=tuple(await store.list_children(tx, file_id=file.id, count=SHOWN_RELATIVES)),
            datasets=tuple(await store.list_datasets_of(tx, file_id=file.id, count=SHOWN_RELATIVES)),
            **counts,
        )


@replayable
async def update_metadata(
    db: Database,
    who: Principal,
    *,
    did: Did,
    metadata: Mapping[str, object],
    mode: Literal["merge", "replace"] = "merge",
) -> File:
    """Change the metadata of a file and return it. `merge` keeps the keys that are not given, `replace` drops them.

    Raises UnknownFileError, NotPermittedError, InvalidInputError listing the keys that cannot be used, and
    InvalidFilesError for values that break a rule.
    """
    problems = rules.check_metadata(metadata, str(did))
    if problems:
        raise InvalidInputError(problems)
    async with db.write() as tx:
        file = await _get(tx, did, None)
        permit_declaring(who, await get_namespace_in(tx, name=did.namespace))
        await check_changes_in(tx, files=[file], metadata=[metadata], is_whole=mode == "replace")
        changed = await store.change_metadata(
            tx, file_id=file.id, metadata=metadata, replaces=mode == "replace", username=who.username
        )
        facts: dict[str, object] = {"keys": sorted(metadata), "mode": mode}
        await tx.record(Event(CatalogEvent.METADATA_CHANGED, "file", file.fid, file.experiment_id, facts), who)
        return changed


async def _get(tx: Tx, did: Did | None, fid: str | None) -> File:
    if did is not None and fid is None:
        problems, found = rules.check_did(did, "file"), None
        if not problems:
            found = await store.find_file_named(tx, did=did)
    elif fid is not None and did is None:
        problems, found = rules.check_fid(fid), None
        if not problems:
            found = await store.find_file(tx, fid=fid)
    else:
        raise InvalidInputError([Problem("file", "is named either by its DID or by its fid")])
    if problems:
        raise InvalidInputError(problems)
    if found is None:
        raise UnknownFileError(did or fid)
    return found
