"""The lines of an INI file, as Python's ConfigParser without interpolation takes them, with their numbers.

Lines that begin with `#` or `;` are comments. A line further in than the key above it goes on with its value. Keys are
not told apart by large and small letters; sections are. Nothing behind a value is a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sutler.campaigns.text.findings import Findings, refuse_unusable
from sutler.campaigns.text.values import shorten

COMMENTS: Final = ("#", ";")
_HEADER: Final = re.compile(r"\[(?P<header>.+)\]")


@dataclass
class Entry:
    """The value of a key, and the line of the key."""

    text: str
    line: int


@dataclass
class Section:
    """A section, by what stands in its brackets."""

    header: str
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Where a key stands, to begin a sentence with."""
        return f"[{self.header}] {key}, line {self.entries[key].line}"


def scan_ini(text: str, findings: Findings) -> list[Section]:
    """The sections in the order in which they begin. What is no section, key or comment is a problem.

    A section or key that comes twice is a problem, too; the first is kept. Raises CampaignTextError for a text that is
    too long or has characters that cannot be kept.
    """
    refuse_unusable(text)
    scan = _Scan(findings)
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), start=1):
        scan.take(number, line)
    return scan.finish()


class _Scan:
    """What is open while lines come: a section, a key in it, and how far in that key stands."""

    def __init__(self, findings: Findings) -> None:
        self.sections: dict[str, Section] = {}
        self._findings = findings
        self._section: Section | None = None
        self._lines: list[str] | None = None
        self._entries: list[tuple[Entry, list[str]]] = []
        self._indent = 0

    def finish(self) -> list[Section]:
        """The sections, with what all lines say."""
        for entry, lines in self._entries:
            entry.text = "\n".join(lines).rstrip()
        return list(self.sections.values())

    def take(self, number: int, line: str) -> None:
        """Look at the next line."""
        value = line.strip()
        if value.startswith(COMMENTS):
            return
        if not value:
            if self._lines is not None:
                self._lines.append("")
            return
        indent = len(line) - len(line.lstrip())
        if self._lines is not None and indent > self._indent:
            self._lines.append(value)
            return
        self._indent = indent
        header = _HEADER.match(value)
        if header:
            self._open_section(number, header["header"])
        elif self._section is None:
            self._findings.add_problem(f"line {number}", "This stands before the first section, such as [campaign].")
        else:
            self._open_key(number, value, self._section)

    def _open_section(self, number: int, header: str) -> None:
        self._lines = None
        self._section = Section(header, number)
        first = self.sections.setdefault(header, self._section)
        if first is not self._section:
            what = f"The section is there already, since line {first.line}. Put the two together."
            self._findings.add_problem(f"[{header}], line {number}", what)

    def _open_key(self, number: int, value: str, section: Section) -> None:
        end = min((place for place in (value.find("="), value.find(":")) if place >= 0), default=0)
        if not end:
            what = f"This is no key with a value: {shorten(value)}. Write key=value, or begin a comment with #."
            self._findings.add_problem(f"[{section.header}], line {number}", what)
            return
        key = value[:end].rstrip().lower()
        entry = Entry("", number)
        self._lines = [value[end + 1 :].strip()]
        self._entries.append((entry, self._lines))
        first = section.entries.setdefault(key, entry)
        if first is not entry:
            what = f"The key is there already, in line {first.line}. Leave one of them."
            self._findings.add_problem(f"[{section.header}] {key}, line {number}", what)


def survives(value: str) -> bool:
    """Whether a value comes back from an INI file as it went in."""
    lines = value.split("\n")
    return (
        value == value.rstrip()
        and "\r" not in value
        and all(line == line.strip() for line in lines)
        and not any(line.startswith(COMMENTS) for line in lines[1:])
    )


def write_entry(key: str, value: str) -> str:
    """A key with its value, further lines set in."""
    return f"{key}={value}".replace("\n", "\n    ")
