"""Giving files other names: in another namespace, or in their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError, Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import FileNameTakenError
from sutler.catalog.model import CatalogEvent, File, FileKey, KnownFile, Moved, Namespace
from sutler.catalog.operations.finding import find_known_in, index_files, refuse_keys, seize_file_in
from sutler.catalog.operations.members import cut
from sutler.catalog.operations.namespaces import find_namespaces_in, get_namespace_in, permit_changing
from sutler.catalog.operations.queries import read_query
from sutler.catalog.operations.selecting import select_file_ids_in
from sutler.database import Database, Tx, replayable


@replayable
async def move_files(
    db: Database, who: Principal, *, namespace: str, keys: Sequence[FileKey] | None = None, query: str | None = None
) -> Moved:
    """Put files, named or selected by a query, into another namespace under the names that they have.

    Files that the caller may not move, that are unknown or of another experiment stay, and are told about; files that
    are there already stay as well. A query selects among the files of the experiment of the namespace.
    Raises FileNameTakenError naming every file whose name is taken there, with none moved; NamespaceNotFoundError,
    NotPermittedError for the namespace, InvalidInputError unless either keys or a query are given, MqlSyntaxError and
    its kin.
    """
    if (keys is None) == (query is None):
        raise InvalidInputError([Problem("files", "are either named or selected by a query")])
    refuse_keys(rules.check_namespace_name(namespace) + rules.check_keys(keys or ()))
    tree = None if query is None else read_query(query)
    async with db.write() as tx:
        target = await get_namespace_in(tx, name=namespace)
        permit_changing(who, target)
        if tree is None:
            known = await find_known_in(tx, keys or ())
            files = await _seize(tx, [file.id for file in known.values()])
        else:
            files = await _seize(tx, await select_file_ids_in(tx, tree=tree, experiment_id=target.experiment_id))
        problems = _list_unknown(keys or (), files)
        allowed = await _find_allowed(tx, who, files, target, problems)
        moving = [file for file in files if file.namespace in allowed and file.namespace != target.name]
        await _refuse_taken(tx, [Did(target.name, file.name) for file in moving])
        for part in cut(moving):
            await store.move_files(
                tx, file_ids=[file.id for file in part], namespace=target.name, username=who.username
            )
        await _record_move(tx, moving, target, who)
        return Moved(len(moving), tuple(problems))


@replayable
async def rename_file(db: Database, who: Principal, *, key: FileKey, name: str) -> File:
    """Give a file another name in its namespace and return it; a name that it has already changes nothing.

    Raises UnknownFileError, FileNameTakenError, NotPermittedError, InvalidInputError.
    """
    refuse_keys(rules.check_did(Did("any", name), "new"))
    async with db.write() as tx:
        file = await seize_file_in(tx, key)
        permit_changing(who, await get_namespace_in(tx, name=file.namespace))
        if file.name == name:
            return (await store.list_files_numbered(tx, file_ids=[file.id]))[0]
        new = Did(file.namespace, name)
        await _refuse_taken(tx, [new])
        changed = await store.rename_file(tx, file_id=file.id, name=name, username=who.username)
        facts: dict[str, object] = {"did": str(new), "was": str(file.did)}
        await tx.record(Event(CatalogEvent.FILE_RENAMED, "file", file.fid, file.experiment_id, facts), who)
        return changed


async def _seize(tx: Tx, ids: Sequence[int]) -> list[KnownFile]:
    return [file for part in cut(sorted(set(ids))) for file in await store.seize_files(tx, file_ids=part)]


def _list_unknown(keys: Sequence[FileKey], files: Sequence[KnownFile]) -> list[str]:
    found = index_files(keys, files)
    return [f"{key} is not in the catalogue" for key in dict.fromkeys(keys) if key not in found]


async def _find_allowed(
    tx: Tx, who: Principal, files: Sequence[KnownFile], target: Namespace, problems: list[str]
) -> set[str]:
    """Return the namespaces that files may be moved from; a problem is added for each file of another one."""
    namespaces = await find_namespaces_in(tx, {file.namespace for file in files})
    reasons = {name: _find_reason(who, namespace, target) for name, namespace in namespaces.items()}
    problems += [f"{file.did}: {reason}" for file in files if (reason := reasons[file.namespace])]
    return {name for name, reason in reasons.items() if reason is None}


def _find_reason(who: Principal, namespace: Namespace, target: Namespace) -> str | None:
    if namespace.experiment_id != target.experiment_id:
        return f"it belongs to another experiment than the namespace {target.name}"
    try:
        permit_changing(who, namespace)
    except NotPermittedError as error:
        return error.sentence
    return None


async def _refuse_taken(tx: Tx, dids: Sequence[Did]) -> None:
    """Two files of one name cannot both come either."""
    taken = [did for did, count in Counter(dids).items() if count > 1]
    known: Mapping[FileKey, KnownFile] = await find_known_in(tx, dids)
    taken += [file.did for file in known.values()]
    if taken:
        raise FileNameTakenError(sorted(set(taken)))


async def _record_move(tx: Tx, files: Sequence[KnownFile], target: Namespace, who: Principal) -> None:
    if files:
        facts: dict[str, object] = {"count": len(files), "namespaces": sorted({file.namespace for file in files})}
        event = Event(CatalogEvent.FILES_MOVED, "namespace", target.name, target.experiment_id, facts)
        await tx.record(event, who)
