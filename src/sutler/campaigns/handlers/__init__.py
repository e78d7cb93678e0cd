"""Data handlers: what serves the files of a campaign. A campaign names one; its stages are launched with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sutler.campaigns.errors import NotPossibleError
from sutler.campaigns.handlers.data_dispatcher import DataDispatcher
from sutler.campaigns.handlers.port import DataHandler, Descent, ReplicaState

CONNECTED: Final[Mapping[str, DataHandler]] = {DataDispatcher.name: DataDispatcher()}
"""The data handlers that can be launched with, by name."""


def get_handler(name: str, *, campaign: str) -> DataHandler:
    """Return the data handler that a campaign names. Raises NotPossibleError if it is not connected."""
    found = CONNECTED.get(name)
    if found is None:
        raise NotPossibleError(
            f"Campaign {campaign} names the data handler {name}, which is not connected here. "
            f"Its stages can be looked at and edited; to launch them, set the data handler {' or '.join(CONNECTED)}.",
            data_handler=name,
        )
    return found


__all__ = ["CONNECTED", "DataHandler", "Descent", "ReplicaState", "get_handler"]
