"""The one error of this folder."""

from __future__ import annotations

from sutler.base.errors import InvalidInputError


class CampaignTextError(InvalidInputError):
    """The text of the campaign cannot be used."""

    code = "campaigns.text"
