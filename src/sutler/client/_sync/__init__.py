# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""The client."""

from __future__ import annotations

from sutler.client._sync.auth import AuthCalls
from sutler.client._sync.campaigns import CampaignCalls
from sutler.client._sync.catalog import CatalogCalls
from sutler.client._sync.categories import CategoryCalls
from sutler.client._sync.dispatch import DispatchCalls
from sutler.client._sync.files import FileCalls
from sutler.client._sync.replicas import ReplicaCalls
from sutler.client._sync.submissions import SubmissionCalls


class Client(
    AuthCalls,
    CatalogCalls,
    FileCalls,
    CategoryCalls,
    ReplicaCalls,
    DispatchCalls,
    CampaignCalls,
    SubmissionCalls,
):
    """All calls of the API. Use it as a context, or `close` it."""


__all__ = ["AsyncClient"]
