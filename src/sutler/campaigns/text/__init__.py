"""A campaign as text: an INI file as the predecessor had it, or a TOML file in the words of the API.

Both forms carry the whole of a campaign, with its login setups, job types and dependencies, and are read into one
`CampaignText`. What is written is read again as it was. Nothing here knows the database.
"""

from __future__ import annotations

from sutler.campaigns.text.checks import References, check_text, list_references
from sutler.campaigns.text.differences import Change, describe_text, diff_text
from sutler.campaigns.text.document import (
    CampaignText,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    ReadText,
    RecoveryText,
    ScheduleText,
    StageText,
)
from sutler.campaigns.text.errors import CampaignTextError
from sutler.campaigns.text.ini_reader import read_ini
from sutler.campaigns.text.ini_writer import write_ini
from sutler.campaigns.text.reading import is_toml, read_text
from sutler.campaigns.text.toml_reader import read_toml
from sutler.campaigns.text.toml_writer import write_toml

__all__ = [
    "CampaignText",
    "CampaignTextError",
    "Change",
    "DependencyText",
    "JobTypeText",
    "LoginSetupText",
    "ReadText",
    "RecoveryText",
    "References",
    "ScheduleText",
    "StageText",
    "check_text",
    "describe_text",
    "diff_text",
    "is_toml",
    "list_references",
    "read_ini",
    "read_text",
    "read_toml",
    "write_ini",
    "write_toml",
]
