"""Files of the predecessor, of several ages, are read for what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from sutler.campaigns.settings import StageSettings
from sutler.campaigns.text import (
    DependencyText,
    JobTypeText,
    LoginSetupText,
    ReadText,
    RecoveryText,
    check_text,
    list_references,
    read_ini,
    read_text,
    read_toml,
    write_ini,
    write_toml,
)

FILES = Path(__file__).parents[3] / "data" / "campaigns"
NAMES = sorted(path.name for path in FILES.glob("*.ini"))


def read(name: str) -> ReadText:
    """Read one of the files."""
    return read_ini((FILES / name).read_text(encoding="utf-8"))


def settings_of(read_file: ReadText, name: str) -> StageSettings:
    """The settings of a stage."""
    return next(stage.settings for stage in read_file.campaign.stages if stage.name == name)


@pytest.mark.row(123, 125, 126)
@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_read_and_written_in_both_forms_without_loss(name: str) -> None:
    campaign = read(name).campaign
    assert read_text(write_ini(campaign)).campaign == campaign
    assert read_text(write_toml(campaign)).campaign == campaign


def test_there_are_files_to_read() -> None:
    assert len(NAMES) >= 8


@pytest.mark.row(125, 126)
def test_sections_of_defaults_and_places_are_not_ignored() -> None:
    file = read("monte_carlo_today.ini")
    campaign = file.campaign
    assert file.warnings == ()
    assert (campaign.experiment, campaign.name, campaign.creator_role) == ("dune", "mc_nd_2026a", "production")
    assert (campaign.data_handler, campaign.is_active) == ("data_dispatcher", True)
    assert campaign.keywords == {"era": "2026A", "geometry": "nd_hall_v3"}
    assert (campaign.defaults.login_setup, campaign.defaults.job_type) == ("generic_dune", "larsoft_chain")
    assert campaign.defaults.settings == StageSettings(
        vo_role="Production",
        software_version="v09_75_03d00",
        split_type="None",
        test_split_type="limitn(2)",
        clears_schedule=True,
        completion_type="complete",
        completion_pct=95.0,
        parameter_overrides=(),
        test_parameter_overrides=(("-Oglobal.nevents=", "5"),),
        merges_overrides=False,
        stage_type="regular",
        output_ancestor_depth=1,
        idle_timeout_seconds=259_200.0,
        is_virtual=False,
        recovery_mode="standard",
        methodology="standard",
    )
    assert campaign.positions["campaign mc_nd_2026a"] == (-310.0, -40.5)
    assert list(campaign.positions)[1:] == ["gen", "g4", "detsim"]
    assert check_text(campaign) == []
    assert list_references(campaign).job_types == ()


@pytest.mark.row(126)
def test_null_in_the_object_of_settings_inherits_and_zero_is_never() -> None:
    detsim = settings_of(read("monte_carlo_today.ini"), "detsim")
    assert (detsim.idle_timeout_seconds, detsim.worker_timeout_seconds) == (0.0, 14_400.0)
    assert (detsim.project_id, detsim.dataset_query) == (None, None)
    assert (detsim.methodology, detsim.recovery_mode) == ("one_project", "aggressive")
    assert (detsim.load_limit, detsim.is_virtual, detsim.completion_pct) == (500, False, 80.5)


@pytest.mark.row(126)
def test_the_oldest_spellings_are_read() -> None:
    file = read("old_sections.ini")
    campaign = file.campaign
    assert [stage.name for stage in campaign.stages] == ["raw2root", "reco"]
    assert (campaign.is_active, campaign.data_handler) == (False, "sam")
    assert any("data_handling_service" in warning for warning in file.warnings)
    assert settings_of(file, "raw2root").stage_type == "datatransfer"
    assert settings_of(file, "raw2root").sam_dataset == "fd_raw_keepup_not_yet_done"
    assert settings_of(file, "reco").clears_schedule is False
    assert campaign.defaults.settings.sam_dataset is None
    assert campaign.login_setups == (
        LoginSetupText(
            "novapro_setup",
            host="novagpvm02.fnal.gov",
            account="novapro",
            setup="source /grid/fermiapp/nova/setup_nova.sh\nsetup_nova -r %(version)s\nexport LEVEL=prod",
        ),
    )
    assert campaign.job_types == (
        JobTypeText(
            "keepup",
            launch_script="submit_nova_art.py",
            parameters=(("--dest ", "/pnfs/nova/%%(user)s"), ("--njobs ", "250")),
            output_file_patterns=("%.artdaq.root", "%.pid.root"),
            recoveries=(RecoveryText("consumed_status"), RecoveryText("added_files", (("--memory ", "3900"),))),
        ),
    )


@pytest.mark.row(126)
@pytest.mark.parametrize(("written", "meant"), [("%.root", "%.root"), ("%%.root", "%.root"), ("a%%%%b", "a%%b")])
def test_doubled_percents_are_single_ones_in_patterns(written: str, meant: str) -> None:
    text = f"[campaign]\nname=x\n[campaign_stage a]\n[dependencies a]\ncampaign_stage_1=a\nfile_pattern_1={written}\n"
    text += f"[job_type j]\nlaunch_script=echo %%(a)s\noutput_file_patterns={written}\n"
    campaign = read_ini(text).campaign
    assert campaign.dependencies == (DependencyText("a", "a", meant),)
    assert campaign.job_types[0].output_file_patterns == (meant,)
    assert campaign.job_types[0].launch_script == "echo %%(a)s"


@pytest.mark.row(126)
def test_single_keys_of_the_documentation_are_read() -> None:
    file = read("documented_keys.ini")
    assert file.campaign.defaults.settings.dataset_query == ("files from mu2e:mix.1BB where core.file_format = art")
    assert file.campaign.defaults.settings.project_id is None
    assert file.campaign.keywords == {"mix": "1BB"}
    assert settings_of(file, "fit") == StageSettings(project_id=48_213)
    assert settings_of(file, "ntuple") == StageSettings(split_type="nfiles(500)", test_split_type="limitn(5)")


@pytest.mark.row(126)
def test_of_two_places_the_right_one_holds_and_the_other_is_warned_of() -> None:
    file = read("one_setting_twice.ini")
    campaign = file.campaign
    assert (campaign.data_handler, campaign.is_active, campaign.keywords) == (
        "data_dispatcher",
        True,
        {"stream": "bnb"},
    )
    assert campaign.defaults.settings == StageSettings(dataset_query="files from icarus:default", load_limit=0)
    reco = settings_of(file, "reco")
    assert (reco.dataset_query, reco.project_id) == ("files from icarus:of_the_object", 0)
    assert reco.idle_timeout_seconds is None
    lines = sorted(int(warning.partition("line ")[2].partition(":")[0]) for warning in file.warnings)
    assert lines == [10, 11, 12, 13, 21, 22]


@pytest.mark.row(126)
def test_sections_and_keys_may_come_in_any_order_and_case() -> None:
    campaign = read("unusual_order.ini").campaign
    assert campaign.name == "back to front"
    assert [stage.name for stage in campaign.stages] == ["split_bnb", "split_numi", "split_cosmics", "merge"]
    assert campaign.dependencies == (
        DependencyText("merge", "split_bnb", "data_stream = 'bnb' and file_size > 1000"),
        DependencyText("merge", "split_cosmics", "%_cosmics.root"),
        DependencyText("merge", "split_numi", "%_numi.root"),
    )
    assert campaign.stages[0].settings.sam_dataset == '[["raw_a", "raw_b"], ["x"]]'
    assert campaign.stages[0].settings.dataset_query == "files from sbnd:raw_bnb where name like '%.root'"
    assert list_references(campaign).login_setups == ("generic",)


@pytest.mark.row(125, 126)
def test_names_of_all_alphabets_with_signs_in_them_are_kept() -> None:
    campaign = read("latin_names.ini").campaign
    assert campaign.keywords == {"Ort": "Genève", "Menge": "3"}
    assert [stage.name for stage in campaign.stages] == ["vor-lauf", "réco ñ #2"]
    assert campaign.job_types[0].name == campaign.stages[0].job_type == "größer=besser"
    assert campaign.job_types[0].launch_script == 'lauf --titel "Ä; b # c"'
    assert check_text(campaign) == []


@pytest.mark.row(125)
def test_what_is_unknown_is_kept_and_named_and_written_again() -> None:
    file = read("remarks_and_strangers.ini")
    assert file.campaign.extras == {
        "campaign": {"favourite_colour": "green\nand blue"},
        "campaign_defaults": {"cs_last_split": "4"},
        "campaign_stage only": {
            "stage_typo": "regular",
            "data_dispatcher_settings": '{"priority": {"of": "us"}}',
        },
        "site notes": {"owner": "Ann: shift phone 5"},
    }
    for word in (
        "favourite_colour, line 7",
        "Did you mean 'stage_type'?",
        "priority, line 20",
        "[site notes], line 22",
    ):
        assert any(word in warning for warning in file.warnings), word
    written = write_ini(file.campaign)
    assert "remark" not in written
    assert 'data_dispatcher_settings={"load_limit": 10, "priority": {"of": "us"}}' in written
    assert read_toml(write_toml(file.campaign)).campaign.extras == file.campaign.extras


@pytest.mark.row(126)
def test_a_file_without_a_list_has_its_stages_in_the_order_of_its_sections() -> None:
    file = read("single_stage_no_list.ini")
    assert [stage.name for stage in file.campaign.stages] == ["human gate", "copy"]
    assert settings_of(file, "human gate") == StageSettings(stage_type="approval")
    assert settings_of(file, "copy") == StageSettings(
        stage_type="datatransfer",
        methodology="one_project",
        idle_timeout_seconds=0.0,
        worker_timeout_seconds=3_600.0,
        is_virtual=True,
        recovery_mode="aggressive",
        load_limit=25,
    )


def test_a_stage_of_sam_has_its_data_in_its_own_settings() -> None:
    file = read("analysis_sam.ini")
    assert file.campaign.data_handler == "sam"
    assert file.campaign.defaults.settings.sam_dataset == "smith_selected_events"
    assert settings_of(file, "ana").sam_dataset == "smith_selected_%(era)s"
    assert check_text(file.campaign) == []
