"""What is written is read again as it was, whatever names and values look like."""

from __future__ import annotations

import configparser
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.campaigns_text.campaigns import NASTIER, NASTY, campaigns

from sutler.campaigns.text import (
    CampaignText,
    CampaignTextError,
    check_text,
    diff_text,
    is_toml,
    list_references,
    read_ini,
    read_text,
    read_toml,
    write_ini,
    write_toml,
)
from sutler.campaigns.text.findings import Findings
from sutler.campaigns.text.ini_lines import scan_ini

SLOW = settings(
    max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)
SCRAPS = st.sampled_from(
    (
        *("[campaign]\n", "[campaign_stage a]\n", "[stages.a]\n", "[[dependencies]]\n", "[dependencies a]\n"),
        *("name = x\n", 'name = "x"\n', "experiment=e\n", "campaign_stage_1 = a\n", "completion_pct=1e999\n"),
        *("data_dispatcher_settings={}\n", 'data_dispatcher_settings={"query": [1, {"a": null}]}\n', "nxy0=[]\n"),
        *("[node_positions]\n", 'nxy1=["a", 1, true]\n', "recoveries=[[1]]\n", "[job_type a]\n", "parameters=[[]]\n"),
        *(
            "=\n",
            "[\n",
            "]]\n",
            "  x\n",
            "[ ]\n",
            'a = "\\u0000"\n',
            "x = inf\n",
            "tags_json = 1\n",
            "[stages]\n",
            "a = 1\n",
        ),
        *("[campaign.keywords]\n", "[positions]\n", "a = [true, 1]\n", "[job_types.a]\n", "recoveries = [1]\n"),
    )
)
TEXTS = st.lists(SCRAPS | st.sampled_from(NASTY + NASTIER) | st.text(max_size=10), max_size=12).map("".join)


@pytest.mark.row(123, 125)
@SLOW
@given(campaigns())
def test_an_ini_file_gives_back_the_campaign_it_was_written_from(campaign: CampaignText) -> None:
    text = write_ini(campaign)
    read = read_ini(text)
    assert read.campaign == campaign
    assert write_ini(read.campaign) == text
    assert not is_toml(text)


@pytest.mark.row(125)
@SLOW
@given(campaigns())
def test_a_toml_file_gives_back_the_campaign_it_was_written_from(campaign: CampaignText) -> None:
    text = write_toml(campaign)
    assert read_toml(text).campaign == campaign
    assert write_toml(read_toml(text).campaign) == text
    assert is_toml(text)


@SLOW
@given(campaigns(), campaigns())
def test_campaigns_differ_where_they_are_not_equal_and_nowhere_else(one: CampaignText, other: CampaignText) -> None:
    assert diff_text(one, one) == ()
    assert bool(diff_text(one, other)) == (one != other)
    check_text(one)
    list_references(one)


@pytest.mark.row(124)
@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for read in (read_ini, read_toml, read_text):
        with contextlib.suppress(CampaignTextError):
            campaign = read(text).campaign
            check_text(campaign)
            assert read_toml(write_toml(campaign)).campaign == campaign
            assert read_ini(write_ini(campaign)).campaign.stages == campaign.stages


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_lines_are_taken_as_the_parser_of_python_takes_them(text: str) -> None:
    parser = configparser.RawConfigParser(default_section="no such section\n")
    text = text.replace("\r\n", "\n").removeprefix("\ufeff").replace("\x00", "")
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    findings = Findings()
    sections = scan_ini(text, findings)
    findings.raise_problems()
    assert {section.header: {key: each.text for key, each in section.entries.items()} for section in sections} == {
        header: dict(parser.items(header)) for header in parser.sections()
    }
