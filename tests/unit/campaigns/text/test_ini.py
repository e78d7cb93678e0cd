"""What an INI file is refused for, and how it is written."""

from __future__ import annotations

import pytest

from sutler.campaigns.settings import StageSettings
from sutler.campaigns.text import (
    CampaignText,
    CampaignTextError,
    LoginSetupText,
    ScheduleText,
    StageText,
    read_ini,
    write_ini,
)

HEAD = "[campaign]\nexperiment=demo\nname=x\n"


def refuse(text: str) -> dict[str, str]:
    """The problems of a text, by place."""
    with pytest.raises(CampaignTextError) as caught:
        read_ini(text)
    assert caught.value.code == "campaigns.text"
    return {problem.where: problem.what for problem in caught.value.problems}


@pytest.mark.row(124)
def test_all_problems_are_told_at_once_with_section_key_and_line() -> None:
    problems = refuse(
        HEAD
        + "campaign_stage_list=a, b, a\n"
        + "[campaign_defaults]\ncompletion_pct=120\noutput_ancestor_depth=two\n"
        + "[campaign_stage a]\nparam_overrides=[['x', 'y']]\ndata_dispatcher_settings={\"load_limit\": -1}\n"
        + "[campaign_stage c]\nmerge_overrides=perhaps\n"
        + "[dependencies a]\ncampaign_stage_1=c\nfile_pattern_2=%\n"
        + "[dependencies c]\ncampaign_stage_1=nobody\n"
    )
    assert set(problems) == {
        "[campaign] campaign_stage_list, line 4",
        "[campaign_defaults] completion_pct, line 6",
        "[campaign_defaults] output_ancestor_depth, line 7",
        "[campaign_stage a] param_overrides, line 9",
        "[campaign_stage a] [data_dispatcher_settings] load_limit, line 10",
        "[campaign_stage c], line 11",
        "[campaign_stage c] merge_overrides, line 12",
        "[dependencies a] file_pattern_2, line 15",
        "[dependencies c], line 16",
    }
    assert "double quotes" in problems["[campaign_stage a] param_overrides, line 9"]


@pytest.mark.row(124)
@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "", "no section [campaign]"),
        ("name=x\n", "line 1", "before the first section"),
        ("[campaign]\nexperiment=e\n", "[campaign] name, line 1", "Write the name"),
        (HEAD + "name=y\n", "[campaign] name, line 4", "line 3"),
        (HEAD + "[campaign]\n", "[campaign], line 4", "since line 1"),
        (HEAD + "[campaign_stage a]\n[campaign_layer a]\n", "[campaign_layer a], line 5", "line 4"),
        (HEAD + "[campaign_stage]\n", "[campaign_stage], line 4", "[campaign_stage NAME]"),
        (HEAD + "just words\n", "[campaign], line 4", "no key with a value"),
        (HEAD + "state=asleep\n", "[campaign] state, line 4", "Active or Inactive"),
        (HEAD + "data_handling_service=tape\n", "[campaign] data_handling_service, line 4", "data_dispatcher, sam"),
        (HEAD + "campaign_keywords=[1]\n", "[campaign] campaign_keywords, line 4", "object of JSON"),
        (HEAD + 'campaign_keywords={"a": 1, "a": 2}\n', "[campaign] campaign_keywords, line 4", "twice"),
        (HEAD + 'campaign_keywords={"a": true}\n', "[campaign] campaign_keywords, line 4", "text"),
        (HEAD + 'campaign_keywords={"a": "\\u0000"}\n', "[campaign] campaign_keywords, line 4", "cannot be kept"),
        (HEAD + f"campaign_keywords={'[' * 100_000}\n", "[campaign] campaign_keywords, line 4", "deeply"),
        (HEAD + 'name_json="y"\n', "[campaign] name, line 3", "Leave one"),
        (HEAD + "[node_positions]\nnxy0=[1, 2]\n", "[node_positions] nxy0, line 5", "a name and two numbers"),
        (HEAD + "[job_type a]\nrecoveries=[[1]]\n", "[job_type a] recoveries, line 5", "Number 1"),
        (HEAD + "[job_type a]\nparameters=[[1]]\n", "[job_type a] parameters, line 5", "no pair"),
        (HEAD + "[job_type a]\nmax_attempts=0\n", "[job_type a] max_attempts, line 5", "at least 1"),
        (HEAD + "[campaign_stage a]\nstage_type=big\n", "[campaign_stage a] stage_type, line 5", "datatransfer"),
        (
            HEAD + "[campaign_stage a]\nidle_timeout=1\nschedule_overlap=skip\n",
            "[campaign_stage a] schedule_cron, line 4",
            "0 6",
        ),
        (HEAD + "bell=\x00\n", "line 4", "number 0"),
    ],
)
def test_a_fault_is_told_where_it_is_and_what_to_do(text: str, where: str, what: str) -> None:
    problems = refuse(text)
    assert what in problems[where]


def test_a_text_with_thousands_of_faults_is_answered_shortly() -> None:
    with pytest.raises(CampaignTextError) as caught:
        read_ini(HEAD + "".join(f"word {n}\n" for n in range(30_000)))
    assert len(caught.value.problems) == 101
    assert "29900 more problems" in caught.value.problems[-1].what


def test_a_text_of_many_unknown_keys_is_read_in_time() -> None:
    read = read_ini(HEAD + "".join(f"completion_pct_{n}=1\n" for n in range(60_000)))
    assert len(read.campaign.extras["campaign"]) == 60_000
    assert len(read.warnings) == 101


def test_a_text_that_is_no_campaign_by_its_length_is_refused() -> None:
    with pytest.raises(CampaignTextError, match="2000000 characters at most"):
        read_ini(HEAD + "#" * 2_000_001)


def test_explicit_none_is_no_split_and_nothing_inherits() -> None:
    text = HEAD + "[campaign_defaults]\ncs_split_type=nfiles(5)\n[campaign_stage a]\ncs_split_type=None\n"
    text += "[campaign_stage b]\ncs_split_type=\n[campaign_stage c]\ncs_split_type=null\ntest_split_type=none\n"
    stages = read_ini(text).campaign.stages
    assert [stage.settings.split_type for stage in stages] == ["None", None, None]
    assert stages[2].settings.test_split_type == "None"


@pytest.mark.row(123, 125)
def test_settings_are_written_as_the_predecessor_spells_them() -> None:
    settings = StageSettings(
        dataset_query="files from a:b",
        idle_timeout_seconds=0,
        methodology="one_project",
        parameter_overrides=(("a", "b"),),
    )
    defaults = StageText(settings=settings, job_type="generic")
    text = write_ini(CampaignText("demo", "x", stages=(StageText("s", settings=settings),), defaults=defaults))
    assert 'data_dispatcher_settings={"dataset_query": "files from a:b", "idle_timeout": 0' in text
    assert '"stage_methodology": "1P"' in text
    assert 'param_overrides=[["a", "b"]]' in text
    assert "[data_dispatcher_defaults]\nquery=files from a:b\nidle_timeout=0\nstage_methodology=1P\n" in text


@pytest.mark.row(125)
def test_a_setup_of_many_lines_stays_as_it_is() -> None:
    plain = LoginSetupText("plain", setup="source a.sh\nexport X=1\n\nexport Y=2")
    indented = LoginSetupText("indented", setup="cat <<END\n  # in\n\tthere\nEND\n")
    campaign = CampaignText("demo", "x", login_setups=(plain, indented))
    text = write_ini(campaign)
    assert "setup=source a.sh\n    export X=1\n    \n    export Y=2\n" in text
    assert 'setup_json="cat <<END\\n  # in\\n\\tthere\\nEND\\n"' in text
    assert read_ini(text).campaign == campaign


def test_what_only_sutler_knows_is_written_too() -> None:
    stage = StageText(
        "s", schedule=ScheduleText("0 6 * * *", "Europe/Berlin", "queue"), settings=StageSettings(unit_count=7)
    )
    campaign = CampaignText("demo", "x", is_test=True, tags=("a", "b, c"), stages=(stage,))
    assert read_ini(write_ini(campaign)).campaign == campaign


@pytest.mark.parametrize("name", ["two\nlines", " blank", "", "blank "])
def test_a_name_that_no_section_can_have_is_refused(name: str) -> None:
    with pytest.raises(CampaignTextError):
        write_ini(CampaignText("demo", "x", stages=(StageText(name),)))


def test_extras_of_what_is_gone_are_left_out() -> None:
    campaign = CampaignText("demo", "x", extras={"campaign_stage gone": {"a": "b"}, "notes": {"a": "b"}})
    assert read_ini(write_ini(campaign)).campaign.extras == {"notes": {"a": "b"}}


def test_extras_that_would_mean_something_are_refused() -> None:
    with pytest.raises(CampaignTextError):
        write_ini(CampaignText("demo", "x", extras={"campaign": {"name": "y"}}))
