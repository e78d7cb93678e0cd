"""The reference of campaign files has all keys, and examples that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sutler.campaigns.text import read_ini, read_toml
from sutler.campaigns.text.ini_keys import GROUPS, KEYS, NAMED_SECTIONS, SINGLE_SECTIONS
from sutler.campaigns.text.toml_reader import SETTING_KEYS

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "campaign-file.md").read_text(encoding="utf-8")
INI_KEYS = [
    *(name for name, _, _ in GROUPS),
    *(name for key in KEYS for name in key.names[:1]),
    *(name for _, _, keys in GROUPS for key in keys for name in (key.in_object[0], key.in_section[0], key.alone[0])),
]


@pytest.mark.parametrize("key", sorted({*INI_KEYS, *SETTING_KEYS}))
def test_every_key_is_on_the_page(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("section", [*SINGLE_SECTIONS, *(f"{kind} NAME" for kind in NAMED_SECTIONS)])
def test_every_section_is_on_the_page(section: str) -> None:
    assert f"`[{section}]`" in PAGE


def test_the_two_examples_say_the_same() -> None:
    toml, ini = (re.findall(rf"```{form}\n(.*?)```", PAGE, re.DOTALL)[0] for form in ("toml", "ini"))
    assert read_toml(toml).campaign == read_ini(ini).campaign
    assert read_ini(ini).warnings
