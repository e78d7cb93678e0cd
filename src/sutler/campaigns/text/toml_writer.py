"""A campaign as a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sutler.campaigns.settings import StageSettings, encode
from sutler.campaigns.text.document import CampaignText, JobTypeText, LoginSetupText, StageText
from sutler.campaigns.text.durations import write_duration
from sutler.campaigns.text.proof import prove
from sutler.campaigns.text.toml_marks import write_key, write_value
from sutler.campaigns.text.toml_reader import DURATIONS, SETTING_KEYS, read_toml


def write_toml(campaign: CampaignText) -> str:
    """Write a campaign so that `read_toml` gives an equal one. The same campaign always gives the same text.

    Raises CampaignTextError for what cannot be written, such as two stages of one name.
    """
    tables = [
        _write_table("campaign", _list_campaign(campaign)),
        _write_table("campaign.keywords", dict(sorted(campaign.keywords.items()))),
        _write_table("defaults", _list_stage(campaign.defaults)),
        *(_write_table(_path("stages", stage.name), _list_stage(stage), always=True) for stage in campaign.stages),
        *(_write_schedule(stage) for stage in campaign.stages),
        *(
            _write_table(
                "dependencies",
                {"downstream": each.downstream, "upstream": each.upstream, "file_pattern": each.file_pattern},
                is_list=True,
            )
            for each in campaign.dependencies
        ),
        *(
            _write_table(_path("login_setups", each.name), _list_login_setup(each), always=True)
            for each in campaign.login_setups
        ),
        *(
            _write_table(_path("job_types", each.name), _list_job_type(each), always=True)
            for each in campaign.job_types
        ),
        _write_table("positions", {name: list(place) for name, place in sorted(campaign.positions.items())}),
        *(
            _write_table(_path("extras", section), dict(sorted(keys.items())), always=True)
            for section, keys in sorted(campaign.extras.items())
        ),
    ]
    return prove("\n".join(table for table in tables if table), campaign, read_toml)


def _path(*keys: str) -> str:
    return ".".join(map(write_key, keys))


def _write_table(path: str, entries: Mapping[str, Any], *, always: bool = False, is_list: bool = False) -> str:
    if not entries and not always:
        return ""
    header = f"[[{path}]]" if is_list else f"[{path}]"
    lines = [header, *(f"{write_key(key)} = {write_value(value)}" for key, value in entries.items())]
    return "\n".join(lines) + "\n"


def _list_campaign(campaign: CampaignText) -> dict[str, Any]:
    entries: dict[str, Any] = {
        "experiment": campaign.experiment,
        "name": campaign.name,
        "creator_role": campaign.creator_role,
        "data_handler": campaign.data_handler,
        "tags": list(campaign.tags),
    }
    entries = _drop_empty(entries)
    if not campaign.is_active:
        entries["is_active"] = False
    if campaign.is_test:
        entries["is_test"] = True
    return entries


def _list_stage(stage: StageText) -> dict[str, Any]:
    return _drop_empty({"job_type": stage.job_type, "login_setup": stage.login_setup}) | _list_settings(stage.settings)


def _list_settings(settings: StageSettings) -> dict[str, Any]:
    said: dict[str, Any] = encode(settings)
    return {
        key: write_duration(said[field]) if key in DURATIONS else said[field]
        for key, field in SETTING_KEYS.items()
        if field in said
    }


def _write_schedule(stage: StageText) -> str:
    if stage.schedule is None:
        return ""
    entries = {"cron": stage.schedule.cron, "time_zone": stage.schedule.time_zone, "overlap": stage.schedule.overlap}
    return _write_table(_path("schedules", stage.name), entries)


def _list_login_setup(login_setup: LoginSetupText) -> dict[str, Any]:
    return _drop_empty(
        {
            "backend": login_setup.backend,
            "host": login_setup.host,
            "account": login_setup.account,
            "setup": login_setup.setup,
        }
    )


def _list_job_type(job_type: JobTypeText) -> dict[str, Any]:
    said = {
        "output_namespace": job_type.output_namespace,
        "output_dataset": job_type.output_dataset,
        "output_rse": job_type.output_rse,
        "files_per_run": job_type.files_per_run,
        "max_attempts": job_type.max_attempts,
    }
    entries: dict[str, Any] = _drop_empty(
        {
            "launch_script": job_type.launch_script,
            "parameters": [list(pair) for pair in job_type.parameters],
            "output_file_patterns": list(job_type.output_file_patterns),
        }
    )
    entries |= {key: value for key, value in said.items() if value is not None}
    if job_type.run_timeout_seconds is not None:
        entries["run_timeout"] = write_duration(job_type.run_timeout_seconds)
    recoveries = [
        _drop_empty({"type": each.type, "parameter_overrides": [list(pair) for pair in each.parameter_overrides]})
        for each in job_type.recoveries
    ]
    return entries | _drop_empty({"recoveries": recoveries})


def _drop_empty(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value not in (None, "", [], ())}
