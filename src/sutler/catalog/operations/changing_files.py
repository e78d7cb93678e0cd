"""Changing files: contents, metadata and relatives of one, metadata of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields

from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import InvalidFilesError
from sutler.catalog.model import CatalogEvent, ChangeMode, File, FileChange, FileKey, KnownFile
from sutler.catalog.operations.finding import keep_known_in, lock_file_in, lock_files_in, refuse_keys
from sutler.catalog.operations.members import cut
from sutler.catalog.operations.namespaces import find_namespaces_in, get_namespace_in, permit_changing, permit_declaring
from sutler.catalog.operations.provenance import link_files_in, refuse_circles_in
from sutler.catalog.operations.validation import check_changes_in
from sutler.database import Database, Tx, replayable

FILES_AT_ONCE = 2_000
"""How many files one statement gives new metadata: each has many entries in the index."""


@replayable
async def update_file(db: Database, who: Principal, *, key: FileKey, change: FileChange) -> File:
    """Change a file of a namespace that belongs to the caller and return it. A change of nothing leaves no trace.

    Raises UnknownFileError, NotPermittedError, InvalidInputError, and InvalidFilesError for relatives that are not in
    the catalogue of the experiment or would make the file its own ancestor, and for metadata that break a rule.
    """
    problems = rules.check_key(key) or rules.check_change(key, change)
    if problems:
        raise InvalidInputError(problems)
    given = [one.name for one in fields(change) if one.name != "mode" and getattr(change, one.name) is not None]
    async with db.write() as tx:
        file = await lock_file_in(tx, key)
        permit_changing(who, await get_namespace_in(tx, name=file.namespace))
        if not given:
            return file
        if change.metadata is not None:
            is_whole = change.mode == "replace"
            await check_changes_in(tx, files=[file], metadata=[change.metadata], is_whole=is_whole)
        changed = await store.change_file(
            tx,
            file_id=file.id,
            size_bytes=change.size_bytes,
            checksums=change.checksums,
            metadata=change.metadata,
            replaces=change.mode == "replace",
            username=who.username,
        )
        await _relate(tx, file, change)
        facts: dict[str, object] = {"fields": sorted(given), "mode": change.mode}
        await tx.record(Event(CatalogEvent.FILE_CHANGED, "file", file.fid, file.experiment_id, facts), who)
        return changed


@replayable
async def update_metadata_of(
    db: Database,
    who: Principal,
    *,
    keys: Sequence[FileKey],
    metadata: Mapping[str, object],
    mode: ChangeMode = "merge",
) -> list[File]:
    """Change the metadata of many files alike, all or none, and return them in the order given, each once.

    `merge` keeps the keys that are not given, `replace` drops them. Raises NotPermittedError, InvalidInputError for
    metadata and keys that cannot be used, and InvalidFilesError naming files that are not in the catalogue and those
    whose metadata would break a rule.
    """
    refuse_keys(rules.check_keys(keys) + rules.check_metadata(metadata, "metadata"))
    async with db.write() as tx:
        found = await lock_files_in(tx, keys)
        files = list({file.id: file for file in (found[key] for key in keys)}.values())
        for namespace in (await find_namespaces_in(tx, {file.namespace for file in files})).values():
            permit_declaring(who, namespace)
        _refuse_foreign(files)
        await check_changes_in(tx, files=files, metadata=[metadata] * len(files), is_whole=mode == "replace")
        changed: dict[int, File] = {}
        for part in cut(sorted(file.id for file in files), FILES_AT_ONCE):
            for one in await store.change_metadata_of_files(
                tx, file_ids=part, metadata=metadata, replaces=mode == "replace", username=who.username
            ):
                changed[one.id] = one
        await _record_metadata(tx, files, metadata, mode, who)
        return [changed[file.id] for file in files]


async def _relate(tx: Tx, file: File, change: FileChange) -> None:
    parents, children = await _find_relatives(tx, file, change)
    if change.mode == "replace" and parents is not None:
        await store.delete_other_parents(tx, file_id=file.id, parent_ids=parents)
    if change.mode == "replace" and children is not None:
        await store.delete_other_children(tx, file_id=file.id, child_ids=children)
    links = [(parent, file.id) for parent in parents or ()] + [(file.id, child) for child in children or ()]
    if await link_files_in(tx, links):
        await refuse_circles_in(tx, {file.id: file.did}, experiment_id=file.experiment_id)


async def _find_relatives(tx: Tx, file: File, change: FileChange) -> tuple[list[int] | None, list[int] | None]:
    """Return the numbers of parents and children that are given. Raises InvalidFilesError for those that cannot be."""
    known = await keep_known_in(tx, {*(change.parents or ()), *(change.children or ())})
    problems: list[Problem] = []
    for word, keys in (("parent", change.parents or ()), ("child", change.children or ())):
        problems += [Problem(str(file.did), what) for key in keys if (what := _refuse(word, key, known.get(key), file))]
    if problems:
        raise InvalidFilesError(problems)
    return _number(change.parents, known), _number(change.children, known)


def _refuse(word: str, key: FileKey, relative: KnownFile | None, file: File) -> str | None:
    if relative is None or relative.experiment_id != file.experiment_id:
        return f"the {word} {key} is not in the catalogue of this experiment"
    return f"cannot be its own {word}" if relative.id == file.id else None


def _number(keys: Sequence[FileKey] | None, known: Mapping[FileKey, KnownFile]) -> list[int] | None:
    return None if keys is None else sorted({known[key].id for key in keys})


def _refuse_foreign(files: Sequence[File]) -> None:
    what = "belongs to another experiment than the others of this call"
    problems = [Problem(str(file.did), what) for file in files if file.experiment_id != files[0].experiment_id]
    if problems:
        raise InvalidFilesError(problems)


async def _record_metadata(
    tx: Tx, files: Sequence[File], metadata: Mapping[str, object], mode: ChangeMode, who: Principal
) -> None:
    for namespace, count in sorted(Counter(file.namespace for file in files).items()):
        facts: dict[str, object] = {"keys": sorted(metadata), "mode": mode, "count": count}
        event = Event(CatalogEvent.METADATA_CHANGED, "namespace", namespace, files[0].experiment_id, facts)
        await tx.record(event, who)
