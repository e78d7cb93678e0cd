"""Pairs of texts, described in the words that every reader of schemas knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any


@dataclass(frozen=True)
class TwoTexts:
    """Says of a pair that it is a list of two texts. Describers that look for their own method find it here."""

    def __get_pydantic_json_schema__(
        self,
        schema: object,
        build: Callable[[object], dict[str, Any]],
    ) -> dict[str, Any]:
        """Describe the pair without saying the same of each place of it."""
        return {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}


Pair = Annotated[tuple[str, str], TwoTexts()]
"""A name and its value."""
