"""A table of a TOML file, from which values are taken by key. Values of another kind and unknown keys are problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sutler.base.errors import InvalidInputError
from sutler.campaigns.settings import LARGEST_COUNT, LONGEST_TIMEOUT, Pairs, decode
from sutler.campaigns.text.durations import read_duration
from sutler.campaigns.text.findings import Findings
from sutler.campaigns.text.toml_marks import write_key
from sutler.campaigns.text.values import as_pairs, is_place, shorten

Value = TypeVar("Value")


class Table:
    """Gives values and remembers which keys were asked for. `path` is what the table is called in the file."""

    def __init__(self, path: str, value: object, findings: Findings) -> None:
        self.path = path
        self._findings = findings
        self._asked: set[str] = set()
        self._values: Mapping[str, object] = {}
        if isinstance(value, dict):
            self._values = value
        elif value is not None:
            findings.add_problem(path, "This must be a table.")

    def take(self, key: str, read: Callable[[Any], Value]) -> Value | None:
        """What stands under the key, None if nothing does or `read` raises ValueError, which becomes a problem."""
        self._asked.add(key)
        if key not in self._values:
            return None
        try:
            return read(self._values[key])
        except ValueError as error:
            self.complain(key, str(error))
            return None

    def open(self, key: str) -> Table:
        """The table under the key; without entries if there is none."""
        self._asked.add(key)
        return Table(self._name(key), self._values.get(key), self._findings)

    def open_all(self) -> list[tuple[str, Table]]:
        """All entries, which must be tables, by name."""
        return [(key, self.open(key)) for key in self._values]

    def open_list(self, key: str) -> list[Table]:
        """The tables of an array under the key."""
        self._asked.add(key)
        value = self._values.get(key, [])
        if not isinstance(value, list):
            self.complain(key, f"This must be a list of tables: [[{self._name(key)}]].")
            return []
        return [Table(f"{self._name(key)} number {n}", each, self._findings) for n, each in enumerate(value, start=1)]

    def take_all(self, read: Callable[[Any], Value]) -> dict[str, Value]:
        """All entries, read alike, by key."""
        read_all = {key: self.take(key, read) for key in self._values}
        return {key: value for key, value in read_all.items() if value is not None}

    def complain(self, key: str, what: str) -> None:
        """Enter a problem with a key."""
        self._findings.add_problem(self._name(key), what)

    def refuse_others(self) -> None:
        """Make problems of the keys that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                hint = self._findings.suggest(key, self._asked)
                self.complain(key, f"There is no such key.{hint}")

    def _name(self, key: str) -> str:
        return f"{self.path}.{write_key(key)}" if self.path else write_key(key)


def as_string(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"Write a text in quotes, not {shorten(str(value))}.")  # noqa: TRY004 one kind for all
    return value


def as_truth(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("Write true or false.")  # noqa: TRY004
    return value


def as_strings(value: object) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list):
        raise ValueError('Write a list of texts, such as ["a", "b"].')  # noqa: TRY004
    return tuple(as_string(each) for each in value)


def as_seconds(value: object) -> float:
    """A duration: a text such as 72h, or a number of seconds."""
    seconds = read_duration(value) if isinstance(value, str) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("Write a duration such as 72h, 1h30m, 90s or never, or a number of seconds.")  # noqa: TRY004
    if not 0 <= seconds <= LONGEST_TIMEOUT:
        raise ValueError("Write at most ten years, or never.")
    return float(seconds)


def as_count(value: object) -> int:
    """A whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_COUNT:
        raise ValueError("Write a whole number of at least 1.")
    return value


def as_place(value: object) -> tuple[float, float]:
    """Two numbers."""
    match value:
        case [int() | float() as x, int() | float() as y] if is_place(x) and is_place(y):
            return float(x), float(y)
    raise ValueError("Write two numbers, such as [120, 40].")


def as_list_of_pairs(value: object) -> Pairs:
    """Pairs of key and value, such as `[["--key=", "value"]]`."""
    return as_pairs(value)


def as_setting(name: str) -> Callable[[object], Any]:
    """What reads the setting of that name, ranges not looked at."""

    def read(value: object) -> Any:  # noqa: ANN401 of what type is said by the name
        try:
            return getattr(decode({name: value}), name)
        except InvalidInputError as error:
            raise ValueError(error.problems[0].what) from None

    return read
