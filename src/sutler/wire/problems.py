"""What a request that failed is answered with: a problem document of RFC 9457."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: where it stands and what is the matter."""

    where: str
    what: str


@dataclass(frozen=True)
class ProblemDocument:
    """Why a request failed.

    `code` is stable and for programs, `detail` is a sentence for people, `facts` say what it was about. `problems` is
    there for inputs, `incident` for defects of the server: it leads the administrator to the log.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    facts: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    incident: str | None = None
