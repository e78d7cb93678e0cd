"""`list`: data sets that are written down one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import COUNT, NUMBER
from sutler.campaigns.splits.cut import (
    Cut,
    Ended,
    Facts,
    JobData,
    Position,
    QueriedFiles,
    Source,
    WhenEmpty,
    WholeProject,
)
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.literals import is_plain_text, read_list, split_at_commas
from sutler.campaigns.splits.parameters import Parameter

_PREFIXED = re.compile(r"(project_id|param)\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Listed(SplitType):
    """One entry of a list per slice. Entries that are empty, or whose query has no file, are passed over."""

    name: ClassVar[str] = "list"
    help: ClassVar[str] = (
        "One entry of a list per slice: a query, a project as project_id: 42, or a text for the jobs as param: text. "
        "Entries that are empty or without files are passed over."
    )
    example: ClassVar[str] = "list"
    uses_ledger: ClassVar[bool] = False
    base_help: ClassVar[str] = (
        'A list such as ["files from prod:raw", "project_id: 42", "param: muons"], or the entries with commas between.'
    )
    position_parameter: ClassVar[Parameter | None] = Parameter("index", NUMBER, "How many entries are behind.")

    def cut(self, base: str, position: Position, facts: Facts) -> Cut | Ended:  # noqa: ARG002 - nothing of the world
        """The next entry that is not empty."""
        entries = _read_entries(base)
        begin = self.read_position(position) or 0
        index = next((i for i in range(begin, len(entries)) if entries[i]), None)
        if index is None:
            return Ended(f"all {len(entries)} entries of the list were given out")
        skipped = "".join(f", after entry {i + 1}, which is empty" for i in range(begin, index))
        return Cut(
            _read_entry(entries[index], index),
            uses_ledger=False,
            then={"index": index + 1},
            note=f"entry {index + 1} of {len(entries)}{skipped}",
            when_empty=WhenEmpty.STEP,
            when_empty_reason=f"entry {index + 1} of the list has no file",
        )

    def check_base(self, base: str) -> None:
        """Refuse what is no list, and a list without an entry."""
        _read_sources(base)

    def list_queries(self, base: str) -> tuple[str, ...]:
        """The entries that are queries."""
        return tuple(source.query for source in _read_sources(base) if isinstance(source, QueriedFiles))

    def describe_place(self, where: int) -> str:
        """How many entries are behind."""
        return f"{where} entries of the list are behind"


def _read_sources(base: str) -> Sequence[Source]:
    sources = [_read_entry(entry, index) for index, entry in enumerate(_read_entries(base)) if entry]
    if not sources:
        raise SplitTypeError("list needs entries in place of a query, and there are none.")
    return sources


def _read_entries(base: str) -> list[str]:
    if not base.strip().startswith("["):
        return split_at_commas(base)
    entries = []
    for index, entry in enumerate(read_list(base)):
        if not is_plain_text(entry):
            raise SplitTypeError(f"Entry {index + 1} of the list is not a text in quotes.")
        entries.append(entry.strip())
    return entries


def _read_entry(entry: str, index: int) -> Source:
    match = _PREFIXED.fullmatch(entry)
    if match is None:
        return QueriedFiles(entry)
    kind, text = match.groups()
    if kind == "param" and text:
        return JobData(text, is_query=False)
    if kind == "param":
        raise SplitTypeError(f"Entry {index + 1} of the list has no text after param:.")
    try:
        return WholeProject(COUNT.read(text))
    except ValueError as error:
        raise SplitTypeError(f"Entry {index + 1} of the list needs the number of a project, not {text!r}.") from error
