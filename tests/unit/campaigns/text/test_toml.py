"""The form of our own: what it says, what it is refused for, how it is written."""

from __future__ import annotations

import pytest

from sutler.campaigns.settings import StageSettings
from sutler.campaigns.text import (
    CampaignText,
    CampaignTextError,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    RecoveryText,
    ScheduleText,
    StageText,
    is_toml,
    read_text,
    read_toml,
    write_toml,
)

HEAD = '[campaign]\nname = "x"\n'

FILE = """\
[campaign]
experiment = "demo"
name = "zmumu"
is_test = true
tags = ["physics"]

[campaign.keywords]
era = "2026A"

[defaults]
login_setup = "here"
completion_pct = 90
idle_timeout = "1h30m"
worker_timeout = "never"

[stages.generate]
stage_type = "generator"
unit_count = 40

[stages."step 2"]
job_type = "reconstruct"
idle_timeout = 90
parameter_overrides = [["--memory=", "4000"]]

[schedules.generate]
cron = "0 6 * * 1"
time_zone = "Europe/Berlin"

[[dependencies]]
downstream = "step 2"
upstream = "generate"

[login_setups.here]
setup = '''
line one
  line two
'''

[job_types.reconstruct]
launch_script = "reco.sh"
parameters = [["--n=", 3]]
run_timeout = "2d"
recoveries = [{ type = "state_failed" }]

[positions]
generate = [0, 1.5]
"""


def refuse(text: str) -> dict[str, str]:
    """The problems of a text, by place."""
    with pytest.raises(CampaignTextError) as caught:
        read_toml(text)
    return {problem.where: problem.what for problem in caught.value.problems}


@pytest.mark.row(125)
def test_a_file_is_read_for_what_it_says() -> None:
    assert read_toml(FILE).campaign == CampaignText(
        experiment="demo",
        name="zmumu",
        is_test=True,
        tags=("physics",),
        keywords={"era": "2026A"},
        defaults=StageText(
            login_setup="here",
            settings=StageSettings(completion_pct=90, idle_timeout_seconds=5_400, worker_timeout_seconds=0),
        ),
        stages=(
            StageText(
                "generate",
                schedule=ScheduleText("0 6 * * 1", "Europe/Berlin", "skip"),
                settings=StageSettings(stage_type="generator", unit_count=40),
            ),
            StageText(
                "step 2",
                job_type="reconstruct",
                settings=StageSettings(idle_timeout_seconds=90, parameter_overrides=(("--memory=", "4000"),)),
            ),
        ),
        dependencies=(DependencyText("step 2", "generate", "%"),),
        login_setups=(LoginSetupText("here", setup="line one\n  line two\n"),),
        job_types=(
            JobTypeText(
                "reconstruct",
                launch_script="reco.sh",
                parameters=(("--n=", "3"),),
                run_timeout_seconds=172_800,
                recoveries=(RecoveryText("state_failed"),),
            ),
        ),
        positions={"generate": (0.0, 1.5)},
    )


def test_what_is_written_can_be_read_by_people() -> None:
    text = write_toml(read_toml(FILE).campaign)
    assert 'idle_timeout = "90m"\nworker_timeout = "never"\n' in text
    assert 'setup = """\nline one\n  line two\n"""\n' in text
    assert '[stages."step 2"]\njob_type = "reconstruct"\n' in text
    assert text.index("[stages.generate]") < text.index('[stages."step 2"]')


@pytest.mark.row(124)
def test_unknown_keys_are_problems_with_the_nearest_known_one() -> None:
    problems = refuse(HEAD + "[stages.reco]\ncompletion_pc = 3\n[stages.b.c]\nd = 1\n[stage.x]\n")
    assert problems == {
        "stages.reco.completion_pc": "There is no such key. Did you mean 'completion_pct'?",
        "stages.b.c": "There is no such key.",
        "stage": "There is no such key. Did you mean 'stages'?",
    }


@pytest.mark.row(124)
@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[campaign]\n", "campaign.name", "Write the name"),
        ("a = \n", "", "at line 1, column 5"),
        (HEAD + f"a = {'[' * 100_000}\n", "", "nested too deeply"),
        (HEAD + f"a = {'9' * 10_000}\n", "", "too long"),
        (HEAD + 'tags = "a"\n', "campaign.tags", "list of texts"),
        (HEAD + "tags = [1]\n", "campaign.tags", "text in quotes"),
        (HEAD + "is_active = 1\n", "campaign.is_active", "true or false"),
        (HEAD + 'data_handler = "tape"\n', "campaign.data_handler", "data_dispatcher, sam"),
        (HEAD + 'experiment = "a\\u0000"\n', "", "number 0"),
        (HEAD + "stages = 3\n", "campaign.stages", "no such key"),
        ("stages = 3\n" + HEAD, "stages", "must be a table"),
        (HEAD + "[stages]\na = 1\n", "stages.a", "must be a table"),
        (HEAD + "[stages.a]\nidle_timeout = true\n", "stages.a.idle_timeout", "72h"),
        (HEAD + '[stages.a]\nidle_timeout = "soon"\n', "stages.a.idle_timeout", "72h"),
        (HEAD + '[stages.a]\nidle_timeout = "9999w"\n', "stages.a.idle_timeout", "ten years"),
        (HEAD + "[stages.a]\nidle_timeout = nan\n", "stages.a.idle_timeout", "ten years"),
        (HEAD + "[stages.a]\njob_count = 0\n", "stages.a.job_count", "at least 1"),
        (HEAD + '[stages.a]\njob_count = "2"\n', "stages.a.job_count", "a whole number"),
        (HEAD + '[stages.a]\nstage_type = "big"\n', "stages.a.stage_type", "approval"),
        (HEAD + '[schedules.a]\ncron = "0 6 * * *"\n', "schedules.a", "no stage of this name"),
        (HEAD + "[stages.a]\n[schedules.a]\n", "schedules.a.cron", "0 6"),
        (HEAD + "[[dependencies]]\n", "dependencies number 1.upstream", "name of a stage"),
        (HEAD + "[dependencies]\n", "dependencies", "[[dependencies]]"),
        (HEAD + "[job_types.a]\nmax_attempts = 0\n", "job_types.a.max_attempts", "at least 1"),
        (HEAD + "[job_types.a]\nparameters = {}\n", "job_types.a.parameters", "list of pairs"),
        (HEAD + "[job_types.a]\nrecoveries = [{}]\n", "job_types.a.recoveries number 1.type", "state_failed"),
        (HEAD + "[positions]\na = [true, 1]\n", "positions.a", "two numbers"),
    ],
)
def test_a_fault_is_told_where_it_is_and_what_to_do(text: str, where: str, what: str) -> None:
    problems = refuse(text)
    assert what in problems[where]


def test_a_campaign_with_two_stages_of_one_name_cannot_be_written() -> None:
    with pytest.raises(CampaignTextError):
        write_toml(CampaignText("demo", "x", stages=(StageText("a"), StageText("a"))))


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (HEAD, None, True),
        ("[campaign]\nname = x\n", None, False),
        ("[campaign]\nname = 5\n[campaign_defaults]\n", None, False),
        ("[campaign]\nname = \n[stages.a]\n", None, True),
        ("[campaign]\nname = \n[campaign_stage a]\n", None, False),
        ("[campaign]\nname = x\n[[dependencies]]\n", None, True),
        (HEAD, "old.INI", False),
        ("[campaign_stage a]\n", "new.toml", True),
        (HEAD, "no-ending", True),
    ],
)
def test_the_form_is_known_by_the_name_or_by_the_look(text: str, name: str | None, expected: bool) -> None:
    assert is_toml(text, name) == expected


def test_a_text_that_came_from_windows_is_read() -> None:
    assert read_text("\ufeff" + FILE.replace("\n", "\r\n"), "zmumu.toml").campaign == read_toml(FILE).campaign
