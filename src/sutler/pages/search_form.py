"""What the address of the search page asks for, and how results are sorted and paged. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import FileReference
from sutler.pages.forms import read_text

LONGEST_QUERY = 20_000
MOST_COLUMNS = 20

_FILTER = re.compile(r"\bfilter\s+[A-Za-z]")
_KEY = re.compile(r"[^\s,]{1,200}")


@dataclass(frozen=True)
class SearchForm:
    """The fields of the form, as they were typed. `sort` is a column, with a minus before it the other way round.

    `experiment` chooses the catalogue: the one that the experiment has elsewhere, or without it the built-in one.
    """

    q: str = ""
    namespace: str = ""
    columns: str = ""
    sort: str = ""
    after: str = ""
    retired: str = ""
    experiment: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The metadata keys that are shown as columns, each once."""
        return tuple(dict.fromkeys(_KEY.findall(self.columns)))

    @property
    def sort_key(self) -> str:
        """The column that the results are sorted by; empty for the order of declaration."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        """Whether the largest come first."""
        return self.sort.startswith("-")

    @property
    def needs_all(self) -> bool:
        """Whether pages can only be cut from the whole result: it is sorted, or in the order of a filter."""
        return bool(self.sort) or _FILTER.search(self.q) is not None

    def write(self, **changes: str) -> str:
        """Return the fields as they stand in addresses, with the question mark; empty when all are."""
        chosen = {name: text for name, text in {**vars(self), **changes}.items() if text}
        return f"?{urlencode(chosen)}" if chosen else ""

    def sorted_by(self, column: str) -> str:
        """Return the fields with another order: by this column, or the other way round if it is sorted by it now."""
        return self.write(sort=f"-{column}" if self.sort == column else column, after="")


def read_form(form: SearchForm) -> SearchForm:
    """Return the form without blanks around its texts. Raises InvalidInputError for what cannot be used."""
    texts = {name: read_text(name, text, longest=LONGEST_QUERY) for name, text in vars(form).items()}
    read = SearchForm(**texts)
    if len(read.keys) > MOST_COLUMNS:
        raise InvalidInputError([Problem("columns", f"are {len(read.keys)}; {MOST_COLUMNS} is the most")])
    return read


def write_rest_query(query: str, created_at: datetime, fid: str) -> str:
    """Return a query for what comes after one file, in the order of declaration. The query must be valid by itself."""
    at = created_at.isoformat()
    later = f"created_timestamp > '{at}' or (created_timestamp = '{at}' and fid > '{fid}')"
    return f"({query}\n) where {later}"


def sort_files(files: Sequence[FileReference], form: SearchForm) -> list[FileReference]:
    """Return files sorted as the form asks; those without a value come last either way."""
    key = form.sort_key
    if not key:
        return list(files)
    present = [file for file in files if _find_value(file, key) is not None]
    missing = [file for file in files if _find_value(file, key) is None]
    return sorted(present, key=lambda file: _rank(_find_value(file, key)), reverse=form.is_descending) + missing


def cut_page(files: Sequence[FileReference], after: str, count: int) -> tuple[tuple[FileReference, ...], bool]:
    """Return the page after the file with a fid, from the beginning if it is not there, and whether more follow."""
    begin = next((place for place, file in enumerate(files, start=1) if file.fid == after), 0)
    return tuple(files[begin : begin + count]), len(files) > begin + count


def _find_value(file: FileReference, key: str) -> object:
    if key == "name":
        return str(file.did)
    if key == "size":
        return file.size_bytes
    return (file.metadata or {}).get(key)


def _rank(item: object) -> tuple[int, float, str]:
    """Numbers before texts before everything else."""
    if isinstance(item, bool):
        return (2, 0.0, str(item))
    if isinstance(item, int | float):
        return (0, float(item) if abs(item) < 1e300 else float("inf"), "")
    return (1, 0.0, item) if isinstance(item, str) else (3, 0.0, str(item))
