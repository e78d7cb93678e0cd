"""Reading a campaign from a text of either form."""

from __future__ import annotations

import re
import tomllib
from typing import Final

from sutler.campaigns.text.document import ReadText
from sutler.campaigns.text.ini_reader import read_ini
from sutler.campaigns.text.toml_reader import read_toml

_HEADER: Final = re.compile(r"^[ \t]*(\[{1,2})[ \t]*([A-Za-z_]+)(?=([ \t]+[^ \t\]]|[.\]]|[ \t]*\]))", re.MULTILINE)
_INI_WORDS: Final = frozenset({"campaign_defaults", "sam_defaults", "data_dispatcher_defaults", "node_positions"})
_TOML_WORDS: Final = frozenset(
    {"defaults", "stages", "dependencies", "login_setups", "job_types", "schedules", "positions", "extras"}
)


def read_text(text: str, name: str | None = None) -> ReadText:
    """Read a campaign from INI or TOML: as the ending of the file's name says, else as the text looks.

    Raises CampaignTextError.
    """
    return read_toml(text) if is_toml(text, name) else read_ini(text)


def is_toml(text: str, name: str | None = None) -> bool:
    """Whether a text is in the TOML form, by the ending of its name or by its first header that only one form has."""
    ending = (name or "").lower().rpartition(".")[2]
    if ending in ("toml", "ini", "cfg"):
        return ending == "toml"
    for header in _HEADER.finditer(text):
        brackets, word, behind = header[1], header[2], header[3]
        if behind.startswith((" ", "\t")) and behind.strip() != "]":
            return False
        if word in _INI_WORDS:
            return False
        if len(brackets) == 2 or behind.startswith(".") or word in _TOML_WORDS:
            return True
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
