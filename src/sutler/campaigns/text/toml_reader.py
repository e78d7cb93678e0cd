"""A campaign from a TOML file: the form of our own, in the words of the API."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sutler.base.errors import Problem
from sutler.campaigns.model.words import DATA_HANDLERS
from sutler.campaigns.settings import FIELDS, StageSettings, check
from sutler.campaigns.text.document import (
    EVERY_FILE,
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
from sutler.campaigns.text.findings import Findings, refuse_unusable
from sutler.campaigns.text.toml_table import (
    Table,
    as_count,
    as_list_of_pairs,
    as_place,
    as_seconds,
    as_setting,
    as_string,
    as_strings,
    as_truth,
)
from sutler.campaigns.text.values import has_storable_texts

DURATIONS: Final[Mapping[str, str]] = {
    "idle_timeout": "idle_timeout_seconds",
    "worker_timeout": "worker_timeout_seconds",
}
"""Keys of settings that are durations here, and seconds in the API."""

SETTING_KEYS: Final[Mapping[str, str]] = {name.removesuffix("_seconds"): name for name in FIELDS}
"""Settings by their keys."""


def read_toml(text: str) -> ReadText:
    """Read a campaign. Unknown keys are refused, with the known one that is nearest.

    Raises CampaignTextError with everything that is wrong, each with its table and key. Comments are lost.
    """
    refuse_unusable(text)
    findings = Findings()
    campaign = _read_file(Table("", _parse(text), findings))
    findings.raise_problems()
    return ReadText(campaign, findings.list_warnings())


def _parse(text: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
        is_fine = has_storable_texts(document)
    except tomllib.TOMLDecodeError as error:
        raise CampaignTextError([Problem("", f"This is not TOML: {error}.")]) from None
    except (ValueError, RecursionError):
        raise CampaignTextError("This TOML has a number that is too long, or is nested too deeply.") from None
    if not is_fine:
        raise CampaignTextError("A text in this TOML has the character with the number 0, which cannot be kept.")
    return document


def _read_file(file: Table) -> CampaignText:
    campaign = file.open("campaign")
    handler = campaign.take("data_handler", as_string) or DATA_HANDLERS[0]
    if handler not in DATA_HANDLERS:
        campaign.complain("data_handler", f"Write one of {', '.join(DATA_HANDLERS)}.")
    if not campaign.take("name", as_string):
        campaign.complain("name", "Write the name of the campaign.")
    read = CampaignText(
        experiment=campaign.take("experiment", as_string) or "",
        name=campaign.take("name", as_string) or "",
        creator_role=campaign.take("creator_role", as_string) or "",
        data_handler=handler,
        is_active=campaign.take("is_active", as_truth) is not False,
        is_test=campaign.take("is_test", as_truth) is True,
        keywords=campaign.open("keywords").take_all(as_string),
        tags=campaign.take("tags", as_strings) or (),
        defaults=_read_stage("", file.open("defaults")),
        stages=_read_stages(file),
        dependencies=tuple(_read_dependency(each) for each in file.open_list("dependencies")),
        login_setups=tuple(_read_login_setup(name, each) for name, each in file.open("login_setups").open_all()),
        job_types=tuple(_read_job_type(name, each) for name, each in file.open("job_types").open_all()),
        positions=file.open("positions").take_all(as_place),
        extras={section: each.take_all(as_string) for section, each in file.open("extras").open_all()},
    )
    campaign.refuse_others()
    file.refuse_others()
    return read


def _read_stages(file: Table) -> tuple[StageText, ...]:
    stages = {name: _read_stage(name, each) for name, each in file.open("stages").open_all()}
    schedules = file.open("schedules")
    for name, table in schedules.open_all():
        schedule = _read_schedule(table)
        if name in stages:
            stages[name] = replace(stages[name], schedule=schedule)
        else:
            schedules.complain(name, "There is no stage of this name in this file.")
    return tuple(stages.values())


def _read_stage(name: str, table: Table) -> StageText:
    stage = StageText(
        name=name,
        job_type=table.take("job_type", as_string) or None,
        login_setup=table.take("login_setup", as_string) or None,
        settings=_read_settings(table),
    )
    table.refuse_others()
    return stage


def _read_settings(table: Table) -> StageSettings:
    said = {}
    for key, field in SETTING_KEYS.items():
        value = table.take(key, as_seconds if key in DURATIONS else as_setting(field))
        if value is None:
            continue
        problems = check(StageSettings(**{field: value}), "")
        for problem in problems:
            table.complain(key, problem.what)
        if not problems:
            said[field] = value
    return StageSettings(**said)


def _read_schedule(table: Table) -> ScheduleText:
    schedule = ScheduleText(
        cron=table.take("cron", as_string) or "",
        time_zone=table.take("time_zone", as_string) or "UTC",
        overlap=table.take("overlap", as_string) or "skip",
    )
    if not schedule.cron:
        table.complain("cron", "Write when the stage is launched, such as 0 6 * * *.")
    table.refuse_others()
    return schedule


def _read_dependency(table: Table) -> DependencyText:
    names = {key: table.take(key, as_string) or "" for key in ("downstream", "upstream")}
    for key, name in names.items():
        if not name:
            table.complain(key, "Write the name of a stage.")
    pattern = table.take("file_pattern", as_string) or EVERY_FILE
    table.refuse_others()
    return DependencyText(**names, file_pattern=pattern)


def _read_login_setup(name: str, table: Table) -> LoginSetupText:
    login_setup = LoginSetupText(
        name=name,
        host=table.take("host", as_string) or "",
        account=table.take("account", as_string) or "",
        setup=table.take("setup", as_string) or "",
        backend=table.take("backend", as_string) or None,
    )
    table.refuse_others()
    return login_setup


def _read_job_type(name: str, table: Table) -> JobTypeText:
    job_type = JobTypeText(
        name=name,
        launch_script=table.take("launch_script", as_string) or "",
        parameters=table.take("parameters", as_list_of_pairs) or (),
        output_file_patterns=table.take("output_file_patterns", as_strings) or (),
        recoveries=tuple(_read_recovery(each) for each in table.open_list("recoveries")),
        output_namespace=table.take("output_namespace", as_string),
        output_dataset=table.take("output_dataset", as_string),
        output_rse=table.take("output_rse", as_string),
        files_per_run=table.take("files_per_run", as_count),
        max_attempts=table.take("max_attempts", as_count),
        run_timeout_seconds=table.take("run_timeout", as_seconds),
    )
    table.refuse_others()
    return job_type


def _read_recovery(table: Table) -> RecoveryText:
    recovery = RecoveryText(
        type=table.take("type", as_string) or "",
        parameter_overrides=table.take("parameter_overrides", as_list_of_pairs) or (),
    )
    if not recovery.type:
        table.complain("type", "Write what is recovered, such as state_failed.")
    table.refuse_others()
    return recovery
