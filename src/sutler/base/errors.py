"""The error tree. Rooms raise, doors translate.

SutlerError
├── NotAuthenticatedError   who are you?
├── NotPermittedError       you may not; names the missing permission
├── NotFoundError           no such thing; kind and key
├── InvalidInputError       what was sent cannot be used; list of (where, what)
├── ConflictError           the state does not allow it; state now, state needed
├── TooMuchError            over a limit; says how to stay under it
├── NotInstalledError       an optional part of the program is missing; which one
├── UnavailableError        not now; says when to come again
└── UpstreamError           another service refused or failed; which one and what it said

Every class has a stable `code` (`room.situation`), and its docstring is the default sentence for people.
Anything that is not a SutlerError is a defect of the program.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

Facts = dict[str, object]


class SutlerError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "base.error"

    def __init__(self, sentence: str | None = None, **facts: object) -> None:
        """Keep a sentence for people (default: the class docstring) and facts for programs."""
        self.sentence = sentence or inspect.cleandoc(type(self).__doc__ or "")
        self.facts: Facts = facts
        super().__init__(self.sentence)


class NotAuthenticatedError(SutlerError):
    """Sign in, or send a token: this needs to know who you are."""

    code = "auth.not_authenticated"


class NotPermittedError(SutlerError):
    """You do not have the permission that this needs."""

    code = "auth.not_permitted"


class NotFoundError(SutlerError):
    """There is no such thing."""

    code = "base.not_found"

    def __init__(self, kind: str, key: object, sentence: str | None = None, **facts: object) -> None:
        super().__init__(sentence or f"There is no {kind} {key}.", kind=kind, key=str(key), **facts)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: where it stands and what is the matter."""

    where: str
    what: str


class InvalidInputError(SutlerError):
    """What was sent cannot be used."""

    code = "base.invalid_input"

    def __init__(self, problems: Sequence[Problem] | str, **facts: object) -> None:
        """Take a list of problems, or one sentence that stands for itself."""
        self.problems = [Problem("", problems)] if isinstance(problems, str) else list(problems)
        sentence = " ".join(f"{p.where}: {p.what}" if p.where else p.what for p in self.problems)
        super().__init__(sentence, **facts)


class ConflictError(SutlerError):
    """The present state does not allow this."""

    code = "base.conflict"


class TooMuchError(SutlerError):
    """This is over the limit."""

    code = "base.too_much"


class NotInstalledError(SutlerError):
    """An optional part that this needs is not installed."""

    code = "base.not_installed"

    def __init__(self, part: str, extra: str) -> None:
        """Name the part, and the extra of the package that brings it."""
        super().__init__(
            f"This needs {part}, which is not installed where the server runs. Its administrator can add it with: "
            f"pip install 'sutler[{extra}]'.",
            part=part,
            extra=extra,
        )


class UnavailableError(SutlerError):
    """The service cannot answer just now. Try again in a moment."""

    code = "base.unavailable"

    def __init__(
        self, sentence: str | None = None, *, retry_after: timedelta = timedelta(seconds=2), **facts: object
    ) -> None:
        self.retry_after = retry_after
        super().__init__(sentence, **facts)


class UpstreamError(SutlerError):
    """Another service that this depends on refused or failed."""

    code = "base.upstream"

    def __init__(self, service: str, said: str, **facts: object) -> None:
        super().__init__(f"{service} answered: {said}", service=service, said=said, **facts)
