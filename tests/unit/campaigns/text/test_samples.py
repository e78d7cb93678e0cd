"""The samples are campaigns that could be saved as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sutler.base.errors import NotFoundError
from sutler.campaigns.samples import Sample, get_sample, list_samples
from sutler.campaigns.splits import parse_split_type
from sutler.campaigns.text import CampaignText, check_text, list_references, read_ini, read_text, write_ini
from sutler.catalog.mql import parse

SAMPLES = list_samples()


def read(name: str) -> CampaignText:
    """The campaign of a sample."""
    return read_text(get_sample(name).text).campaign


@pytest.mark.row(130)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_a_campaign_without_fault_that_brings_all_it_needs(sample: Sample) -> None:
    read_sample = read_text(sample.text, f"{sample.name}.toml")
    campaign = replace(read_sample.campaign, experiment="demo")
    assert read_sample.warnings == ()
    assert campaign.name == f"sample_{sample.name}"
    assert check_text(campaign) == []
    references = list_references(campaign)
    assert (references.job_types, references.login_setups) == ((), ())
    assert read_ini(write_ini(campaign)).campaign == campaign
    assert sample.title
    assert sample.description


@pytest.mark.row(130)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_queries_and_split_types_of_samples_can_be_read(sample: Sample) -> None:
    for stage in read(sample.name).stages:
        for split_type in filter(None, (stage.settings.split_type, stage.settings.test_split_type)):
            assert str(parse_split_type(split_type))
        if stage.settings.dataset_query:
            parse(stage.settings.dataset_query)


@pytest.mark.row(130)
def test_there_are_the_five_samples() -> None:
    assert [stage.name for stage in read("monte_carlo").stages] == ["gen", "g4", "detsim", "reco", "anatree"]
    assert read("reconstruction").stages[0].settings.split_type == "nfiles(10000)"
    merging = read("split_and_merge").dependencies
    assert len({each.file_pattern for each in merging}) == len(merging) == 6
    assert read("analysis_generator").stages[0].settings.stage_type == "generator"
    assert read("analysis_processor").creator_role == "analysis"
    assert len(SAMPLES) == 5


def test_there_is_no_other_sample() -> None:
    with pytest.raises(NotFoundError, match="monte_carlo"):
        get_sample("../settings")
