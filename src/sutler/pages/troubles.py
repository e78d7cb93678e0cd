"""What a room says against a form, shown beside it with everything that was typed."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, Problem, SutlerError, UpstreamError

SHOWN = (InvalidInputError, ConflictError, NotFoundError, UpstreamError)
"""Errors that belong beside the form; others are pages of their own."""


@dataclass(frozen=True)
class Trouble:
    """Why nothing was done. `problems` say where; without them the sentence says all."""

    sentence: str
    status: int
    problems: tuple[Problem, ...] = ()
    excerpt: str = ""

    def find_problem(self, field: str) -> str:
        """What is wrong with one field; empty if nothing is."""
        return " ".join(problem.what for problem in self.problems if problem.where == field)


def describe_trouble(error: SutlerError) -> Trouble:
    """Return what a form shows of an error."""
    excerpt = str(error.facts.get("excerpt", ""))
    if isinstance(error, InvalidInputError):
        problems = tuple(error.problems)
        if len(problems) == 1 and not problems[0].where:
            return Trouble(problems[0].what, 422, excerpt=excerpt)
        return Trouble("Nothing was changed:", 422, problems, excerpt)
    if isinstance(error, UpstreamError):
        return Trouble(error.sentence, 502)
    return Trouble(error.sentence, 422 if isinstance(error, NotFoundError) else 409, excerpt=excerpt)


def choose_status(trouble: Trouble | None) -> int:
    """Return the status that a page has with or without trouble."""
    return 200 if trouble is None else trouble.status
