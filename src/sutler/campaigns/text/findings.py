"""What a reader finds wrong or strange on its way, told all at once at the end."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from sutler.base.errors import Problem
from sutler.campaigns.text.errors import CampaignTextError

MOST_TOLD = 100
"""More problems, or more warnings, are counted and not told: nobody reads them, and the text may be no campaign."""
LONGEST_TEXT = 2_000_000
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


class Findings:
    """Problems, which make the text unusable, and warnings, which do not."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._warnings: list[str] = []
        self._problem_count = 0
        self._warning_count = 0
        self._suggestion_count = 0

    def add_problem(self, where: str, what: str) -> None:
        """Something that must be put right, and how."""
        self._problem_count += 1
        if self._problem_count <= MOST_TOLD:
            self._problems.append(Problem(where, what))

    def add_warning(self, sentence: str) -> None:
        """Something that is as its author may not expect."""
        self._warning_count += 1
        if self._warning_count <= MOST_TOLD:
            self._warnings.append(sentence)

    def suggest(self, word: str, known: Iterable[str]) -> str:
        """` Did you mean 'word'?` or nothing. After many of them only nothing, for it takes time."""
        self._suggestion_count += 1
        if self._suggestion_count > MOST_TOLD:
            return ""
        near = difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.7)
        return f" Did you mean '{near[0]}'?" if near else ""

    def raise_problems(self) -> None:
        """Raise CampaignTextError if there was any problem."""
        if not self._problem_count:
            return
        more = self._problem_count - len(self._problems)
        if more:
            self._problems.append(Problem("", f"There are {more} more problems."))
        raise CampaignTextError(self._problems)

    def list_warnings(self) -> tuple[str, ...]:
        """The warnings in the order in which they were found."""
        more = self._warning_count - len(self._warnings)
        return (*self._warnings, *([f"There are {more} more warnings."] if more else []))


def refuse_unusable(text: str) -> None:
    """Raise CampaignTextError if the text is too long, or has characters that cannot be kept."""
    if len(text) > LONGEST_TEXT:
        raise CampaignTextError(f"A campaign may have {LONGEST_TEXT} characters at most; this text has {len(text)}.")
    found = _UNUSABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        what = f"The character with the number {ord(found[0])} cannot be kept. Take it out."
        raise CampaignTextError([Problem(f"line {line}", what)])


def is_storable(text: str) -> bool:
    """Whether the database can keep the text: no character 0, and no half of a pair of UTF-16."""
    return not _UNUSABLE.search(text)
