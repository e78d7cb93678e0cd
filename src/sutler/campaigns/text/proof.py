"""Nothing is written that would not be read again as it was."""

from __future__ import annotations

from collections.abc import Callable

from sutler.base.errors import Problem
from sutler.campaigns.text.differences import diff_text
from sutler.campaigns.text.document import CampaignText, ReadText
from sutler.campaigns.text.errors import CampaignTextError


def prove(text: str, campaign: CampaignText, read: Callable[[str], ReadText]) -> str:
    """Return the text if reading it gives the campaign. Raises CampaignTextError that names what the form cannot carry.

    That can be names with blank ends or line breaks, values out of range, or extras that are keys with a meaning.
    """
    again = read(text).campaign
    if again == campaign:
        return text
    places = [change.where for change in diff_text(campaign, again)] or ["the order of its parts"]
    raise CampaignTextError(
        [Problem(where, "This cannot be written so that it can be read again.") for where in places]
    )
