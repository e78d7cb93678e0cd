"""One transaction: named statements, composed statements, events and notices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from sutler.base.events import Event
from sutler.database.errors import TooManyValuesError
from sutler.database.named_sql import Statement, load_statements
from sutler.database.sql import Fragment

Row: TypeAlias = Mapping[str, Any]
"""A row of a result: columns by name."""

MOST_VALUES = 32_767
"""How many values the protocol of the database lets a statement have."""

_SQL = load_statements("sutler.database", "events.sql")


class Actor(Protocol):
    """Who does something: the name that is written beside an event."""

    @property
    def username(self) -> str:
        """The name of the user or service."""
        ...


class Tx:
    """A running transaction. Statements of stores go through it; only `Database` begins and ends one.

    `now` is the instant at which it began, by the clock of the installation: rules and statements take time from
    here, so that everything one operation writes carries the same instant. `recorded` are its events so far.
    """

    def __init__(self, connection: Any, now: datetime) -> None:  # noqa: ANN401 - the driver has no types
        self._connection = connection
        self.now = now
        self.notices: set[str] = set()
        self.recorded: list[Event] = []

    async def rows(self, statement: Statement, **given: object) -> list[Row]:
        """Run a named statement and return its rows."""
        return list(await self._connection.fetch(statement.text, *statement.arguments(given)))

    async def row(self, statement: Statement, **given: object) -> Row | None:
        """Run a named statement and return its first row, or None."""
        found: Row | None = await self._connection.fetchrow(statement.text, *statement.arguments(given))
        return found

    async def value(self, statement: Statement, **given: object) -> Any:  # noqa: ANN401 - what the statement says
        """Run a named statement and return the first column of its first row, or None."""
        return await self._connection.fetchval(statement.text, *statement.arguments(given))

    async def run(self, statement: Statement, **given: object) -> int:
        """Run a named statement and return how many rows it touched."""
        status = await self._connection.execute(statement.text, *statement.arguments(given))
        return int(status.rpartition(" ")[2] or 0)

    async def composed(self, fragment: Fragment) -> list[Row]:
        """Run a composed statement and return its rows. Raises TooManyValuesError."""
        text, values = fragment.render()
        if len(values) > MOST_VALUES:
            raise TooManyValuesError(
                f"This needs {len(values)} values in one statement, which may have {MOST_VALUES}. Ask for it in parts.",
                values=len(values),
                limit=MOST_VALUES,
            )
        return list(await self._connection.fetch(text, *values))

    async def record(self, event: Event, actor: Actor) -> None:
        """Append an event in this transaction and wake those who follow its subject once it is committed."""
        await self._connection.execute(
            _SQL.append_event.text,
            *_SQL.append_event.arguments(
                {
                    "at": self.now,
                    "experiment_id": event.experiment_id,
                    "actor": actor.username,
                    "kind": event.kind.value,
                    "subject_kind": event.subject_kind,
                    "subject_id": event.subject_id,
                    "facts": event.facts,
                }
            ),
        )
        self.recorded.append(event)
        self.notify(event.subject_kind, event.subject_id)

    def notify(self, subject_kind: str, subject_id: object) -> None:
        """Wake the followers of a subject once this transaction is committed, without an event of its own.

        For statements that append their event themselves.
        """
        self.notices.add(f"{subject_kind}/{subject_id}")


def encode_json(item: object) -> str:
    """Write a value for a jsonb column."""
    return json.dumps(item, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def decode_json(text: str) -> Any:  # noqa: ANN401 - whatever was stored
    """Read the value of a jsonb column; most of them are empty objects."""
    return {} if text == "{}" else json.loads(text)
