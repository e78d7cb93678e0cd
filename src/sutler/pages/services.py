"""What the pages need from the server that runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sutler.auth import Authenticator, Sealer, TokenSigner
from sutler.campaigns import Launcher
from sutler.catalog import Catalogues
from sutler.database import Database


class Services(Protocol):
    """Made once when the server starts. `storage` is the folder that pictures may be shown from."""

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def authenticator(self) -> Authenticator:
        """Tells who shows a token."""
        ...

    @property
    def signer(self) -> TokenSigner:
        """Makes tokens of sessions."""
        ...

    @property
    def sealer(self) -> Sealer:
        """Keeps what experiments sign in with at other services."""
        ...

    @property
    def catalogues(self) -> Catalogues:
        """Finds the catalogue of an experiment."""
        ...

    @property
    def launcher(self) -> Launcher:
        """Launches stages; knows the public address and the back-ends."""
        ...

    @property
    def storage(self) -> Path:
        """Root of the files that this installation keeps itself."""
        ...
