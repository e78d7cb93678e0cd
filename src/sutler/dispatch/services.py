"""What everybody needs of an installation who gives files out to workers and takes them back."""

from __future__ import annotations

from typing import Protocol

from sutler.auth import Authenticator, TokenSigner
from sutler.database import Database
from sutler.dispatch.lane import Lane
from sutler.dispatch.refusal_book import RefusalBook


class WorkerServices(Protocol):
    """Made once when the server starts."""

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def authenticator(self) -> Authenticator:
        """Who shows a token."""
        ...

    @property
    def signer(self) -> TokenSigner:
        """What signs new tokens."""
        ...

    @property
    def lane(self) -> Lane:
        """What gives files out and takes them back, many callers at a time."""
        ...

    @property
    def largest_project(self) -> int:
        """How many files one project may hold at most."""
        ...

    @property
    def refusals(self) -> RefusalBook:
        """Where it is written down whom the door refused."""
        ...
