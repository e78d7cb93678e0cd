"""What filters are made of: the files they are given, and the arguments that are read for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from sutler.catalog.mql.errors import MqlMeaningError, shorten
from sutler.catalog.mql.terms import Constant, Number
from sutler.catalog.mql.tree import Filtered


class Candidate(NamedTuple):
    """A file as a filter sees it: its number and its file id."""

    id: int
    fid: str


class Filter(Protocol):
    """A filter with its arguments."""

    def apply(self, inputs: Sequence[Sequence[Candidate]]) -> Iterable[Candidate]:
        """Say which files of the sets stay, in their new order."""
        ...


class Arguments:
    """The arguments of one filter, taken one after the other: by place first, else by name."""

    def __init__(self, node: Filtered) -> None:
        self.name = node.name
        self.count = len(node.sources)
        self._by_place = list(node.positional)
        self._by_name = dict(node.keywords)
        if len(self._by_name) != len(node.keywords):
            raise MqlMeaningError(f"the filter '{self.name}' has an argument given twice.")

    def take_one_set(self) -> None:
        """Raise `MqlMeaningError` unless there is exactly one set to filter."""
        if self.count != 1:
            raise MqlMeaningError(f"the filter '{self.name}' takes one set of files, not {self.count}.")

    def take(self, name: str, default: float | None = None) -> int | float:
        """The next number. Raises `MqlMeaningError` when there is none and no default, or when it is no number."""
        if self._by_place:
            if name in self._by_name:
                raise MqlMeaningError(f"the argument '{name}' of the filter '{self.name}' is given twice.")
            return self._number(name, self._by_place.pop(0))
        if name in self._by_name:
            return self._number(name, self._by_name.pop(name))
        if default is None:
            raise MqlMeaningError(f"the filter '{self.name}' needs the argument '{name}', a number.")
        return default

    def take_whole(self, name: str, *, least: int, most: int | None = None, default: int | None = None) -> int:
        """The next number, which must be a whole one within bounds."""
        found = self.take(name, default)
        if isinstance(found, float) or found < least or (most is not None and found > most):
            bounds = f"of at least {least}" if most is None else f"between {least} and {shorten(repr(most))}"
            raise MqlMeaningError(
                f"the argument '{name}' of the filter '{self.name}' must be a whole number {bounds},"
                f" not {shorten(repr(found))}."
            )
        return found

    def take_rest(self, name: str) -> list[int | float]:
        """All numbers that are left; `name` says what each is."""
        taken, self._by_place = self._by_place, []
        return [self._number(name, constant) for constant in taken]

    def finish(self) -> None:
        """Raise `MqlMeaningError` if anything was not taken."""
        if self._by_place:
            raise MqlMeaningError(f"the filter '{self.name}' has too many arguments.")
        if self._by_name:
            raise MqlMeaningError(f"the filter '{self.name}' has no argument '{shorten(next(iter(self._by_name)))}'.")

    def _number(self, name: str, constant: Constant) -> int | float:
        if not isinstance(constant, Number):
            raise MqlMeaningError(f"the argument '{name}' of the filter '{self.name}' must be a number.")
        return constant.number
