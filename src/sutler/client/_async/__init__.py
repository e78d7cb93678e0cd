"""The client for asyncio."""

from __future__ import annotations

from sutler.client._async.auth import AsyncAuthCalls
from sutler.client._async.campaign_texts import AsyncCampaignTextCalls
from sutler.client._async.campaigns import AsyncCampaignCalls
from sutler.client._async.catalog import AsyncCatalogCalls
from sutler.client._async.categories import AsyncCategoryCalls
from sutler.client._async.dispatch import AsyncDispatchCalls
from sutler.client._async.files import AsyncFileCalls
from sutler.client._async.holds import AsyncHoldCalls
from sutler.client._async.indexed_keys import AsyncKeyIndexCalls
from sutler.client._async.recoveries import AsyncRecoveryCalls
from sutler.client._async.replicas import AsyncReplicaCalls
from sutler.client._async.schedules import AsyncScheduleCalls
from sutler.client._async.services import AsyncServiceCalls
from sutler.client._async.splits import AsyncSplitCalls
from sutler.client._async.stages import AsyncStageCalls
from sutler.client._async.submissions import AsyncSubmissionCalls
from sutler.client._async.tables import AsyncTableCalls
from sutler.client._async.templates import AsyncTemplateCalls


class AsyncClient(
    AsyncAuthCalls,
    AsyncServiceCalls,
    AsyncCatalogCalls,
    AsyncFileCalls,
    AsyncTableCalls,
    AsyncCategoryCalls,
    AsyncKeyIndexCalls,
    AsyncReplicaCalls,
    AsyncDispatchCalls,
    AsyncTemplateCalls,
    AsyncCampaignCalls,
    AsyncCampaignTextCalls,
    AsyncStageCalls,
    AsyncSplitCalls,
    AsyncScheduleCalls,
    AsyncHoldCalls,
    AsyncSubmissionCalls,
    AsyncRecoveryCalls,
):
    """All calls of the API. Use it as a context, or `aclose` it."""


__all__ = ["AsyncClient"]
