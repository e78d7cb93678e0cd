"""What was typed into forms with many fields, rows and boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import Parameters

LONGEST_FIELD = 100_000
MOST_CHOSEN = 1_000
SPARE_ROWS = 2
"""How many empty rows a form of pairs ends with."""

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Typed:
    """The fields of a form by name, in the order in which they were sent. Kept to show the form again as it was."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What stands in a field without the blanks around it; empty where there is no such field."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """What stands in a field as it was typed, with the line ends of this side."""
        found = self.fields.get(name, ())
        return found[0].replace("\r\n", "\n") if found else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """What stands in all fields of one name."""
        return tuple(self.fields.get(name, ()))

    def has(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def numbers(self, name: str) -> list[int]:
        """The numbers of the boxes that are ticked. Raises InvalidInputError."""
        found = self.texts(name)
        wrong = [text for text in found if not (text.isascii() and text.isdecimal() and len(text) < 19)]
        if wrong or len(found) > MOST_CHOSEN:
            what = f"{wrong[0][:40]!r} is no number" if wrong else f"may be {MOST_CHOSEN} at once"
            raise InvalidInputError([Problem(name, what)])
        return [int(text) for text in found]

    def rows(self, *names: str) -> Rows:
        """Fields that stand side by side in rows, without the rows in which nothing stands."""
        columns = [self.texts(name) for name in names]
        count = max((len(column) for column in columns), default=0)
        rows = (tuple(column[at] if at < len(column) else "" for column in columns) for at in range(count))
        return tuple(row for row in rows if any(text.strip() for text in row))

    def pairs(self, name: str) -> Parameters:
        """Parameters that were typed in two fields per row. Blanks count: a key may end with one."""
        return tuple((key, text) for key, text in self.rows(f"{name}_key", f"{name}_value"))


async def read_typed(request: Request) -> Typed:
    """Return what a form brings; files are left out. Raises InvalidInputError for what cannot be stored."""
    fields: dict[str, list[str]] = {}
    for name, item in (await request.form()).multi_items():
        if isinstance(item, UploadFile):
            continue
        if "\0" in item or (not item.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in item)):
            raise InvalidInputError([Problem(name, "holds a character that cannot be kept")])
        fields.setdefault(name, []).append(item)
    return Typed(fields)


async def read_upload(request: Request, name: str) -> tuple[str, str]:
    """Return name and text of a file that was sent with a form; both empty if none was. Raises InvalidInputError."""
    item = (await request.form()).get(name)
    if not isinstance(item, UploadFile) or not item.filename:
        return "", ""
    try:
        return item.filename, (await item.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError([Problem(name, f"{item.filename[:80]} is no text in UTF-8")]) from None


def pad_rows(rows: Sequence[Sequence[str]], width: int, spare: int = SPARE_ROWS) -> Rows:
    """Add the empty rows that a form offers."""
    return (*(tuple(row) for row in rows), *([("",) * width] * spare))
