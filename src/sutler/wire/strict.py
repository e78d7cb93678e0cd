"""What makes a request refuse fields that it does not know, so that a misspelt one is not silently dropped."""

from __future__ import annotations

from typing import ClassVar


class Strict:
    """A request whose fields are all known. Validators that understand the setting refuse any other."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
