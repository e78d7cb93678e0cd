"""DIDs: the `namespace:name` of a file or dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sutler.base.errors import InvalidInputError, Problem

_NAME = re.compile(r"[A-Za-z0-9_./-]+")


class InvalidNameError(InvalidInputError):
    """A name may hold letters, digits and the characters _ . / - only."""

    code = "base.invalid_name"


@dataclass(frozen=True, order=True)
class Did:
    """The name of a file or dataset within its namespace."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Did:
        """Split at the first colon. Raises InvalidNameError for anything that is not `namespace:name`."""
        namespace, colon, name = text.partition(":")
        if not colon:
            raise InvalidNameError([Problem(text, "a DID is written namespace:name")])
        return cls(check_name(namespace, "namespace"), check_name(name, "name"))


def check_name(text: str, where: str) -> str:
    """Return the text if it may name a namespace, dataset or file. Raises InvalidNameError."""
    if not _NAME.fullmatch(text):
        raise InvalidNameError(
            [Problem(where, f"{text!r} may hold letters, digits and the characters _ . / - only, and is never empty")]
        )
    return text
