"""Regular expressions for values of metadata, matched in a time that grows with the length of the value only.

The engine of the standard library tries one way after the other, which for an expression like `(a+)+b` are more than
anybody can wait for. RE2 takes one step for each character, whatever the expression says. What it cannot do
(references to groups, looking ahead or behind) is refused when the expression is stored.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LONGEST_PATTERN = 500
MOST_MEMORY_BYTES = 1 << 20
"""Enough for what people write; an expression that counts to a thousand within another such count is refused."""


class PatternError(ValueError):
    """The expression cannot be used; says why."""


class Pattern:
    """An expression that is matched from the beginning of a text, but need not reach to its end."""

    def __init__(self, compiled: Any) -> None:  # noqa: ANN401 - untyped library
        self._compiled = compiled

    def matches(self, text: str) -> bool:
        """Whether the text, or a beginning of it, is what the expression describes."""
        return self._compiled.match(text) is not None


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """Return the pattern that an expression describes. Raises PatternError."""
    if len(text) > LONGEST_PATTERN:
        raise PatternError(f"it is {len(text)} characters long; {LONGEST_PATTERN} is the most")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY_BYTES
    try:
        return Pattern(re2.compile(text, options=options))
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise PatternError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None
    except UnicodeEncodeError:
        raise PatternError("it holds characters that cannot be stored") from None
