"""A campaign as an INI file, in the spellings that the predecessor reads wherever it knows the thing at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sutler.campaigns.settings import StageSettings, list_said
from sutler.campaigns.text.document import (
    CampaignText,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    ScheduleText,
    StageText,
)
from sutler.campaigns.text.ini_keys import (
    DEPENDENCIES,
    GROUPS,
    JOB_TYPE,
    JSON_SUFFIX,
    KEYS,
    LOGIN_SETUP,
    NAMED_SECTIONS,
    SINGLE_SECTIONS,
    SPLIT_TYPES,
    STAGE,
    GroupedKey,
)
from sutler.campaigns.text.ini_lines import survives, write_entry
from sutler.campaigns.text.ini_reader import read_ini
from sutler.campaigns.text.proof import prove
from sutler.campaigns.text.values import (
    as_text,
    double_percents,
    is_blank,
    read_object,
    write_json,
    write_list,
    write_number,
)

_OBJECTS: Final = tuple(name for name, _, _ in GROUPS)


def write_ini(campaign: CampaignText) -> str:
    """Write a campaign so that `read_ini` gives an equal one. The same campaign always gives the same text.

    Extras of stages, job types and so on that are no longer there are left out. Raises CampaignTextError for what an
    INI file cannot carry: names that begin or end with a blank or have line breaks.
    """
    campaign = _drop_orphans(campaign)
    sheet = _Sheet()
    _write_campaign(sheet.open("campaign"), campaign)
    _write_defaults(sheet, campaign.defaults)
    positions = sorted(campaign.positions.items())
    if positions:
        section = sheet.open("node_positions")
        for number, (name, (x, y)) in enumerate(positions):
            section.put(f"nxy{number}", write_json([name, _plain(x), _plain(y)]))
    for stage in campaign.stages:
        _write_stage(sheet.open(f"{STAGE} {stage.name}"), stage)
    _write_dependencies(sheet, campaign)
    for login_setup in campaign.login_setups:
        _write_login_setup(sheet.open(f"{LOGIN_SETUP} {login_setup.name}"), login_setup)
    for job_type in campaign.job_types:
        _write_job_type(sheet.open(f"{JOB_TYPE} {job_type.name}"), job_type)
    for header, keys in sorted(campaign.extras.items()):
        sheet.find_or_open(header).put_extras(keys)
    return prove(sheet.write(), campaign, read_ini)


class _Section:
    """Keys and texts of one section, in order."""

    def __init__(self, header: str) -> None:
        self._header = header
        self._entries: list[tuple[str, str]] = []

    def put(self, key: str, value: str) -> None:
        self._entries.append((key, value))

    def put_text(self, key: str, text: str | None, *, none_word: bool = False) -> None:
        """A text that may be anything; nothing if it is empty. As JSON where it would not come back by itself."""
        if not text:
            return
        is_mute = is_blank(text) and not (none_word and text == "None")
        if is_mute or not survives(text):
            self.put(key + JSON_SUFFIX, write_json(text))
        else:
            self.put(key, text)

    def put_said(self, key: str, text: str | None) -> None:
        """A text that may be empty and is said then, too; nothing for None."""
        if text == "":
            self.put(key + JSON_SUFFIX, write_json(text))
        self.put_text(key, text)

    def put_extras(self, keys: Any) -> None:  # noqa: ANN401 a mapping of texts
        for key, text in sorted(keys.items()):
            index = next((index for index, entry in enumerate(self._entries) if entry[0] == key), None)
            if index is not None and key in _OBJECTS:
                both = read_object(self._entries[index][1]) | read_object(text)
                self._entries[index] = (key, write_json(both))
            else:
                self.put(key, text)

    def write(self) -> str:
        return "\n".join([f"[{self._header}]", *(write_entry(key, value) for key, value in self._entries), ""])


class _Sheet:
    """The sections, in order."""

    def __init__(self) -> None:
        self._sections: list[tuple[str, _Section]] = []

    def open(self, header: str) -> _Section:
        section = _Section(header)
        self._sections.append((header, section))
        return section

    def find_or_open(self, header: str) -> _Section:
        return next((section for name, section in self._sections if name == header), None) or self.open(header)

    def write(self) -> str:
        return "\n".join(section.write() for _, section in self._sections)


def _write_campaign(section: _Section, campaign: CampaignText) -> None:
    section.put_text("experiment", campaign.experiment)
    section.put_text("poms_role", campaign.creator_role)
    section.put_text("name", campaign.name)
    section.put("data_handling_service", campaign.data_handler)
    section.put("state", "Active" if campaign.is_active else "Inactive")
    if campaign.is_test:
        section.put("campaign_type", "test")
    section.put("campaign_keywords", write_json(dict(sorted(campaign.keywords.items()))))
    if campaign.tags:
        section.put("tags", write_list(campaign.tags))
    section.put("campaign_stage_list", write_list([stage.name for stage in campaign.stages]))


def _write_defaults(sheet: _Sheet, defaults: StageText) -> None:
    section = sheet.open("campaign_defaults")
    section.put_text("login_setup", defaults.login_setup)
    section.put_text("job_type", defaults.job_type)
    _write_single_keys(section, defaults.settings)
    for _, name, keys in reversed(GROUPS):
        said = list(_list_grouped(defaults.settings, keys))
        if said:
            grouped = sheet.open(name)
            for key, value in said:
                grouped.put_text(key.in_section[0], str(value) if isinstance(value, bool) else as_text(value))


def _write_stage(section: _Section, stage: StageText) -> None:
    section.put_text("login_setup", stage.login_setup)
    section.put_text("job_type", stage.job_type)
    _write_single_keys(section, stage.settings)
    for name, _, keys in GROUPS:
        members = {}
        for key, value in _list_grouped(stage.settings, keys):
            if isinstance(value, str) and is_blank(value):
                section.put_text(key.alone[0], value)
            else:
                members[key.in_object[0]] = value
        if members:
            section.put(name, write_json(members))
    if stage.schedule:
        _write_schedule(section, stage.schedule)


def _write_single_keys(section: _Section, settings: StageSettings) -> None:
    said = dict(list_said(settings))
    for key in KEYS:
        if key.field in said:
            section.put_text(key.names[0], key.write(said[key.field]), none_word=key.field in SPLIT_TYPES)


def _list_grouped(settings: StageSettings, keys: tuple[GroupedKey, ...]) -> Iterator[tuple[GroupedKey, object]]:
    said = dict(list_said(settings))
    for key in keys:
        if key.field in said:
            yield key, key.write(said[key.field])


def _write_schedule(section: _Section, schedule: ScheduleText) -> None:
    section.put_text("schedule_cron", schedule.cron)
    section.put_text("schedule_time_zone", schedule.time_zone)
    section.put_text("schedule_overlap", schedule.overlap)


def _write_dependencies(sheet: _Sheet, campaign: CampaignText) -> None:
    by_stage: dict[str, list[DependencyText]] = {}
    for dependency in campaign.dependencies:
        by_stage.setdefault(dependency.downstream, []).append(dependency)
    for name, dependencies in by_stage.items():
        section = sheet.open(f"{DEPENDENCIES} {name}")
        for number, dependency in enumerate(dependencies, start=1):
            section.put_text(f"campaign_stage_{number}", dependency.upstream)
            _put_pattern(section, f"file_pattern_{number}", dependency.file_pattern)


def _put_pattern(section: _Section, key: str, pattern: str) -> None:
    doubled = double_percents(pattern)
    if is_blank(doubled) or not survives(doubled):
        section.put_text(key, pattern)
    else:
        section.put(key, doubled)


def _write_login_setup(section: _Section, login_setup: LoginSetupText) -> None:
    section.put_text("host", login_setup.host)
    section.put_text("account", login_setup.account)
    section.put_text("setup", login_setup.setup)
    section.put_text("backend", login_setup.backend)


def _write_job_type(section: _Section, job_type: JobTypeText) -> None:
    section.put_text("launch_script", job_type.launch_script)
    section.put("parameters", write_json([list(pair) for pair in job_type.parameters]))
    if job_type.output_file_patterns:
        section.put(
            "output_file_patterns", write_list([double_percents(each) for each in job_type.output_file_patterns])
        )
    recoveries = [[each.type, [list(pair) for pair in each.parameter_overrides]] for each in job_type.recoveries]
    section.put("recoveries", write_json(recoveries))
    section.put_said("output_namespace", job_type.output_namespace)
    section.put_said("output_dataset", job_type.output_dataset)
    section.put_said("output_rse", job_type.output_rse)
    for key, count in (("files_per_run", job_type.files_per_run), ("max_attempts", job_type.max_attempts)):
        if count is not None:
            section.put(key, str(count))
    if job_type.run_timeout_seconds is not None:
        section.put("run_timeout_seconds", write_number(job_type.run_timeout_seconds))


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _drop_orphans(campaign: CampaignText) -> CampaignText:
    names = {
        STAGE: {stage.name for stage in campaign.stages},
        DEPENDENCIES: {each.downstream for each in campaign.dependencies},
        LOGIN_SETUP: {each.name for each in campaign.login_setups},
        JOB_TYPE: {each.name for each in campaign.job_types},
    }
    kept = {}
    for header, keys in campaign.extras.items():
        kind, _, name = header.partition(" ")
        is_known = kind in NAMED_SECTIONS or kind in SINGLE_SECTIONS
        if (keys or not is_known) and (kind not in NAMED_SECTIONS or name in names[NAMED_SECTIONS[kind]]):
            kept[header] = keys
    return replace(campaign, extras=kept)
