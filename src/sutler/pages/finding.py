"""The filters of the project browser: from the address to one search of projects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from sutler.base.errors import InvalidInputError, Problem
from sutler.dispatch import ProjectState
from sutler.pages.forms import read_text

LARGEST_ID = 2**63 - 1

_FIELDS = {
    "owner", "state", "id", "query", "created", "created_timestamp", "ended", "ended_timestamp", "worker_timeout",
    "idle_timeout",
}  # fmt: skip
_KEYWORDS = {"and", "or", "in", "not", "present"}
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BARE = re.compile(r"-?[0-9]+(\.[0-9]+)?|true|false", re.IGNORECASE)


@dataclass(frozen=True)
class ProjectFilters:
    """What the address asks for, as it was typed. `q` is a search in the query language, whole by itself."""

    id: str = ""
    owner: str = ""
    state: str = ""
    experiment: str = ""
    attribute: str = ""
    text: str = ""
    q: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether every project is asked for."""
        return not any(vars(self).values())

    @property
    def has_details(self) -> bool:
        """Whether one of the filters is used that are out of sight otherwise."""
        return bool(self.id or self.owner or self.experiment or self.attribute or self.text)

    def write(self, **changes: str | None) -> str:
        """Return the filters as they stand in addresses, with the question mark; empty when there is none."""
        chosen = {name: wish for name, wish in {**vars(self), **changes}.items() if wish}
        return f"?{urlencode(chosen)}" if chosen else ""

    def with_state(self, state: str) -> str:
        """Return the same filters with another choice of the state."""
        return self.write(state=state)


def read_filters(filters: ProjectFilters) -> ProjectFilters:
    """Return the filters without blanks around them. Raises InvalidInputError for what no database could hold."""
    longest = {"q": 20_000}
    return ProjectFilters(
        **{name: read_text(name, text, longest=longest.get(name, 1_000)) for name, text in vars(filters).items()}
    )


def read_project_state(text: str) -> ProjectState | None:
    """Return the state that an address chooses, None for all. Raises InvalidInputError."""
    if not text:
        return None
    try:
        return ProjectState(text)
    except ValueError:
        known = ", ".join(ProjectState)
        raise InvalidInputError([Problem("state", f"{text!r} is not one of {known}")]) from None


def list_conditions(filters: ProjectFilters) -> list[str]:
    """Return conditions in the query language for the filters that the search has no argument for, without `q`.

    Raises InvalidInputError.
    """
    conditions = []
    if filters.id:
        if not re.fullmatch(r"[0-9]{1,19}", filters.id) or int(filters.id) > LARGEST_ID:
            raise InvalidInputError([Problem("id", f"{filters.id[:40]!r} is no number of a project")])
        conditions.append(f"id = {int(filters.id)}")
    if filters.attribute:
        conditions.append(_require_attribute(filters.attribute))
    if filters.text:
        conditions.append(f"{_quote('text', filters.text)} in query")
    return conditions


def join_conditions(conditions: list[str]) -> str | None:
    """Return one search that asks for all of them. Each must be a whole search, or the brackets tear it apart."""
    return " and ".join(f"({condition})" for condition in conditions) or None


def _require_attribute(text: str) -> str:
    """`key=value` asks for a text or what is written like it, a key alone for any value."""
    key, equals, wanted = (part.strip() for part in text.partition("="))
    if not _KEY.fullmatch(key) or key in _KEYWORDS:
        raise InvalidInputError([Problem("attribute", f"{text[:80]!r} is not written like version=1.2")])
    if key in _FIELDS:
        raise InvalidInputError([Problem("attribute", f"{key} is a field of every project: ask for it in the query")])
    if not equals:
        return f"{key} present"
    condition = f"{key} = {_quote('attribute', wanted)}"
    return f"{condition} or {key} = {wanted}" if _BARE.fullmatch(wanted) else condition


def _quote(where: str, text: str) -> str:
    for mark in ('"', "'"):
        if mark not in text:
            return f"{mark}{text}{mark}"
    raise InvalidInputError([Problem(where, "cannot hold both kinds of quotation marks")])
