"""A section of an INI file, or an object of JSON in it, from which values are taken by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sutler.campaigns.text.findings import Findings
from sutler.campaigns.text.ini_keys import JSON_SUFFIX, TEXT_READERS, read_as_is
from sutler.campaigns.text.ini_lines import Entry, Section
from sutler.campaigns.text.values import as_text, is_blank, read_json, read_object, write_json

Value = TypeVar("Value")

UNKNOWN: Final = "This is not known here. It is kept, and means nothing."


class Source:
    """Gives values and remembers which keys were asked for. What cannot be read becomes a problem, and is not said."""

    def __init__(self, section: Section, findings: Findings) -> None:
        self.section = section
        self._findings = findings
        self._used: set[str] = set()
        self._left: dict[str, str] = {}

    def take(self, names: Sequence[str], read: Callable[[str], Value], *, none_word: bool = False) -> Value | None:
        """The value of the first of the names that says something, None if none does.

        `none_word`: the word None is a value there. It is a warning when a further name says otherwise.
        """
        found: list[tuple[str, Value]] = []
        for name in names:
            value = self._take_one(name, read, none_word=none_word)
            if value is not None:
                found.append((name, value))
        for name, value in found[1:]:
            if value != found[0][1]:
                self.warn(name, f"{found[0][0]} says otherwise, and holds.")
        return found[0][1] if found else None

    def take_text(self, *names: str) -> str:
        """A text, empty if nothing is said."""
        return self.take(names, read_as_is) or ""

    def open_object(self, name: str) -> Source | None:
        """The object of JSON that stands under a key, as a source of its own; null and what is blank says nothing."""
        members = self.take((name,), read_object)
        if members is None:
            return None
        line = self.section.entries[name].line
        entries = {key: Entry("" if value is None else as_text(value), line) for key, value in members.items()}
        return Source(Section(f"{self.section.header}] [{name}", line, entries), self._findings)

    def keep_rest_of(self, name: str, inner: Source) -> None:
        """Let those keys of an object that nobody asked for be left over under the key of the object."""
        entries = inner.list_unused()
        if entries:
            for key in entries:
                inner.warn(key, UNKNOWN)
            members = read_object(self.section.entries[name].text)
            self._left[name] = write_json({key: members[key] for key in entries})

    def has_told(self, key: str) -> bool:
        """Whether what is left over under a key was warned of already."""
        return key in self._left

    def list_unused(self) -> dict[str, str]:
        """Keys that nobody asked for, with their texts."""
        unused = {key: entry.text for key, entry in self.section.entries.items() if key not in self._used}
        return unused | self._left

    def place(self, name: str) -> str:
        """Where a key stands, in whichever of its two ways it is spelled here."""
        for spelled in (name, name + JSON_SUFFIX):
            if spelled in self.section.entries:
                return self.section.place(spelled)
        return f"[{self.section.header}] {name}, line {self.section.line}"

    def complain(self, name: str, what: str) -> None:
        """Enter a problem with a key."""
        self._findings.add_problem(self.place(name), what)

    def warn(self, name: str, what: str) -> None:
        """Enter a warning about a key."""
        self._findings.add_warning(f"{self.place(name)}: {what}")

    def _take_one(self, name: str, read: Callable[[str], Any], *, none_word: bool) -> Any:  # noqa: ANN401
        entry = self.section.entries.get(name)
        exact = self.section.entries.get(name + JSON_SUFFIX) if read in TEXT_READERS else None
        self._used |= {name} if exact is None else {name, name + JSON_SUFFIX}
        try:
            if exact is not None:
                return self._take_exact(name, exact, is_alone=entry is None)
            if entry is None or (is_blank(entry.text) and not (none_word and entry.text.lower() == "none")):
                return None
            return "None" if none_word and entry.text.lower() == "none" else read(entry.text)
        except ValueError as error:
            self.complain(name, str(error))
            return None

    def _take_exact(self, name: str, entry: Entry, *, is_alone: bool) -> str:
        value = read_json(entry.text)
        if not is_alone:
            raise ValueError(f"There is {name}{JSON_SUFFIX}, too. Leave one of them.")
        if not isinstance(value, str):
            raise ValueError(f"{name}{JSON_SUFFIX} takes one text in double quotes.")  # noqa: TRY004
        return value
