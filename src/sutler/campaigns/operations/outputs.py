"""What came from the files of a submission and its recoveries: what dependants get, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sutler import catalog, dispatch
from sutler.campaigns.model import StageType, SubmissionRow
from sutler.campaigns.operations.moving import get_completion_pct, read_setting
from sutler.campaigns.rules import patterns
from sutler.campaigns.store import outputs as store
from sutler.database import Tx
from sutler.dispatch import HandleState, NewHandle, ShareFile

FIDS_AT_ONCE: Final = 20_000
Item = TypeVar("Item")

_BEST_FIRST: Final = (HandleState.DONE, HandleState.RESERVED, HandleState.INITIAL, HandleState.FAILED)


@dataclass(frozen=True)
class FamilyFile:
    """A file of a submission with its recoveries: as it turned out best, and everywhere it is."""

    file: ShareFile
    places: tuple[ShareFile, ...]

    @property
    def state(self) -> HandleState:
        """The best that became of it."""
        return self.file.state

    def make_handle(self) -> NewHandle:
        """Return it as a new project holds it."""
        one = self.file
        return NewHandle(one.namespace, one.name, one.fid, one.size_bytes, one.attributes)


@dataclass(frozen=True)
class Located:
    """How many files of a submission have outputs that are there, of how many that should."""

    count: int
    of_count: int
    what: str
    completion_pct: float

    @property
    def is_enough(self) -> bool:
        """Whether it is as many as the stage asks for."""
        return 100 * self.count >= self.completion_pct * self.of_count


def list_shares(family: Sequence[SubmissionRow]) -> list[int]:
    """Return the shares of submissions that have one."""
    return [row.share_id for row in family if row.share_id is not None]


async def list_family_files_in(
    tx: Tx, family: Sequence[SubmissionRow], *, states: Sequence[HandleState] | None = None
) -> list[FamilyFile]:
    """Return the files of a submission with its recoveries, each once, in one of some states or in any."""
    share_ids = list_shares(family)
    is_one_project = len({row.project_id for row in family if row.project_id is not None}) <= 1
    found = await dispatch.list_share_files_in(tx, share_ids=share_ids, states=states if is_one_project else None)
    merged: dict[tuple[str, str], list[ShareFile]] = {}
    for file in found:
        merged.setdefault((file.namespace, file.name), []).append(file)
    files = [FamilyFile(min(places, key=_rank), tuple(places)) for places in merged.values()]
    return [file for file in files if states is None or file.state in states]


def _rank(file: ShareFile) -> int:
    return _BEST_FIRST.index(file.state)


async def find_orphans_in(tx: Tx, original: SubmissionRow, family: Sequence[SubmissionRow]) -> list[FamilyFile]:
    """Return the files that are done or failed and have no output of the names that the job type puts out."""
    files = await list_family_files_in(tx, family, states=[HandleState.DONE, HandleState.FAILED])
    found = await _list_with_outputs(tx, original, family, [p for f in files for p in f.places], since=None)
    return [file for file in files if not any((place.project_id, place.position) in found for place in file.places)]


async def count_located_in(tx: Tx, original: SubmissionRow, family: Sequence[SubmissionRow]) -> Located:
    """Return how many done files have an output that is there.

    Where the catalogue is elsewhere, how many outputs are declared there.
    """
    completion_pct = get_completion_pct(original)
    if await catalog.is_remote_in(tx, experiment_id=original.experiment_id):
        outputs = [file for share in list_shares(family) for file in await dispatch.list_outputs_in(tx, share_id=share)]
        missing = await catalog.list_undeclared_in(tx, file_ids=[file.file_id for file in outputs])
        return Located(len(outputs) - len(missing), len(outputs), "outputs are declared", completion_pct)
    done = [file.file for file in await list_family_files_in(tx, family, states=[HandleState.DONE])]
    found = await _list_with_outputs(tx, original, family, done, since=original.created_at, needs_copy=True)
    return Located(len(found), len(done), "done files have outputs that are there", completion_pct)


async def find_outputs_in(
    tx: Tx, *, original: SubmissionRow, family: Sequence[SubmissionRow], pattern: str
) -> tuple[list[NewHandle], int]:
    """Return what dependants get, each file once, and how many files they do not get as their declaration was refused.

    An approval or data transfer stage passes on what came in and is done. Raises MqlError for a condition that cannot
    be read.
    """
    is_condition = patterns.is_condition(pattern)
    name_like = "%" if is_condition else pattern
    if StageType(str(read_setting(original, "stage_type", StageType.REGULAR))).passes_inputs_on:
        done = await list_family_files_in(tx, family, states=[HandleState.DONE])
        found = [file.make_handle() for file in done if patterns.matches_like(file.file.name, name_like)]
        refused_count = 0
    else:
        files = await _list_outputs(tx, original, family, name_like)
        refused = await catalog.list_undeclared_in(tx, file_ids=[file.file_id for file in files])
        found = [
            NewHandle(one.namespace, one.name, one.fid, one.size_bytes) for one in files if one.file_id not in refused
        ]
        refused_count = len(refused)
    if is_condition:
        found = await _keep_fulfilling(tx, found, experiment_id=original.experiment_id, condition=pattern)
    return found, refused_count


def get_depth(row: SubmissionRow) -> int:
    """Return how many generations below its files the outputs of a submission are."""
    found = read_setting(row, "output_ancestor_depth", 1)
    return found if isinstance(found, int) else 1


async def _list_outputs(
    tx: Tx, original: SubmissionRow, family: Sequence[SubmissionRow], name_like: str
) -> list[store.FoundOutput]:
    fids = await _list_fids(tx, family)
    share_ids = list_shares(family)
    found: dict[int, store.FoundOutput] = {}
    for part in _cut(fids or [""], FIDS_AT_ONCE):
        rows = await store.list_outputs(
            tx,
            share_ids=share_ids,
            fids=part,
            depth=get_depth(original),
            since=original.created_at,
            name_like=name_like,
        )
        found.update((row.file_id, row) for row in rows)
    return sorted(found.values(), key=lambda file: (file.namespace, file.name))


async def _list_fids(tx: Tx, family: Sequence[SubmissionRow]) -> list[str]:
    files = await dispatch.list_share_files_in(tx, share_ids=list_shares(family))
    return list(dict.fromkeys(file.fid for file in files if file.fid is not None))


async def _list_with_outputs(
    tx: Tx,
    original: SubmissionRow,
    family: Sequence[SubmissionRow],
    files: Sequence[ShareFile],
    *,
    since: datetime | None,
    needs_copy: bool = False,
) -> set[tuple[int, int]]:
    """Return project and place of those of the files that have outputs."""
    found: set[tuple[int, int]] = set()
    for part in _cut(files, FIDS_AT_ONCE):
        rows = await store.list_files_with_outputs(
            tx,
            files=part,
            share_ids=list_shares(family),
            depth=get_depth(original),
            since=since,
            name_patterns=[patterns.read_glob(glob) for glob in _list_output_patterns(original)],
            needs_copy=needs_copy,
        )
        found.update((file.project_id, file.position) for file in rows)
    return found


def _list_output_patterns(row: SubmissionRow) -> list[str]:
    job_type = row.config.get("job_type")
    found = job_type.get("output_file_patterns") if isinstance(job_type, dict) else None
    return [str(pattern) for pattern in found or ()]


async def _keep_fulfilling(
    tx: Tx, files: Iterable[NewHandle], *, experiment_id: int, condition: str
) -> list[NewHandle]:
    """Return those of the files whose metadata fulfil a condition, as it stands behind `where` in a query."""
    of_fid = {file.fid: file for file in files if file.fid is not None}
    fulfilling = await catalog.list_fulfilling_in(
        tx, experiment_id=experiment_id, fids=list(of_fid), condition=condition
    )
    return [file for fid, file in of_fid.items() if fid in fulfilling]


def _cut(items: Sequence[Item], count: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), count):
        yield items[start : start + count]
