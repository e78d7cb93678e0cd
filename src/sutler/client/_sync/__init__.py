# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""The client."""

from __future__ import annotations

from sutler.client._sync.auth import AuthCalls
from sutler.client._sync.campaign_texts import CampaignTextCalls
from sutler.client._sync.campaigns import CampaignCalls
from sutler.client._sync.catalog import CatalogCalls
from sutler.client._sync.categories import CategoryCalls
from sutler.client._sync.dispatch import DispatchCalls
from sutler.client._sync.files import FileCalls
from sutler.client._sync.holds import HoldCalls
from sutler.client._sync.indexed_keys import KeyIndexCalls
from sutler.client._sync.recoveries import RecoveryCalls
from sutler.client._sync.replicas import ReplicaCalls
from sutler.client._sync.schedules import ScheduleCalls
from sutler.client._sync.services import ServiceCalls
from sutler.client._sync.splits import SplitCalls
from sutler.client._sync.stages import StageCalls
from sutler.client._sync.submissions import SubmissionCalls
from sutler.client._sync.tables import TableCalls
from sutler.client._sync.templates import TemplateCalls


class Client(
    AuthCalls,
    ServiceCalls,
    CatalogCalls,
    FileCalls,
    TableCalls,
    CategoryCalls,
    KeyIndexCalls,
    ReplicaCalls,
    DispatchCalls,
    TemplateCalls,
    CampaignCalls,
    CampaignTextCalls,
    StageCalls,
    SplitCalls,
    ScheduleCalls,
    HoldCalls,
    SubmissionCalls,
    RecoveryCalls,
):
    """All calls of the API. Use it as a context, or `close` it."""


__all__ = ["AsyncClient"]
