"""What came from the files of a submission and its recoveries: what dependants get, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sutler import catalog
from sutler.campaigns.handlers import Descent
from sutler.campaigns.model import StageType, SubmissionRow
from sutler.campaigns.operations.loading import get_handler_of
from sutler.campaigns.operations.moving import get_completion_pct, read_setting
from sutler.campaigns.rules import patterns
from sutler.database import Tx
from sutler.dispatch import HandleState, NewHandle, ShareFile

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
    if not share_ids:
        return []
    handler = get_handler_of(family[0])
    found = await handler.list_handles_in(tx, share_ids=share_ids, states=states if is_one_project else None)
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
    places = [place for file in files for place in file.places]
    found = await get_handler_of(original).find_with_children_in(tx, _descend(original, family), files=places)
    return [file for file in files if not any((place.project_id, place.position) in found for place in file.places)]


async def count_located_in(tx: Tx, original: SubmissionRow, family: Sequence[SubmissionRow]) -> Located:
    """Return how many done files have an output that is there.

    Where the catalogue is elsewhere, how many outputs are declared there.
    """
    done = [file.file for file in await list_family_files_in(tx, family, states=[HandleState.DONE])]
    descent = _descend(original, family, since=original.created_at)
    found = await get_handler_of(original).get_replica_state_in(tx, descent, files=done)
    return Located(found.count, found.of_count, found.what, get_completion_pct(original))


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
        handler, descent = get_handler_of(original), _descend(original, family, since=original.created_at)
        inputs = await handler.list_handles_in(tx, share_ids=descent.share_ids)
        files = await handler.list_children_in(tx, descent, files=inputs, name_like=name_like)
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


def _descend(original: SubmissionRow, family: Sequence[SubmissionRow], *, since: datetime | None = None) -> Descent:
    return Descent(
        experiment_id=original.experiment_id,
        share_ids=tuple(list_shares(family)),
        depth=get_depth(original),
        since=since,
        name_patterns=tuple(_list_output_patterns(original)),
    )


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
