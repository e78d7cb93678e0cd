"""What a request has to be exact about. Validators that look for their own hooks on a class find them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

_EXACT_KINDS = frozenset({"int", "float", "bool"})


class Exact:
    """A request whose numbers are numbers and whose flags are true or false: nothing is read out of texts."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, build: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
        """Have the validators of numbers and flags take nothing else."""
        schema = build(source)
        resolve: Callable[[dict[str, Any]], dict[str, Any]] = build.resolve_ref_schema  # type: ignore[attr-defined]
        _make_exact(resolve(schema))
        return schema


class Strict(Exact):
    """A request whose fields are all known, so that a misspelt one is not silently dropped."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


def _make_exact(part: object) -> None:
    if isinstance(part, dict):
        if part.get("type") in _EXACT_KINDS:
            part["strict"] = True
        for inner in part.values():
            _make_exact(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            _make_exact(inner)
