"""A campaign from an INI file, of ours or of the predecessor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sutler.campaigns.model.words import DATA_HANDLERS
from sutler.campaigns.text.document import (
    CampaignText,
    DependencyText,
    ReadText,
    StageText,
)
from sutler.campaigns.text.findings import Findings
from sutler.campaigns.text.ini_keys import (
    DD_KEYS,
    DD_OBJECT,
    DD_SECTION,
    DEPENDENCIES,
    GROUPS,
    JOB_TYPE,
    JSON_SUFFIX,
    KEYS,
    LOGIN_SETUP,
    NAMED_SECTIONS,
    SAM_KEYS,
    SAM_SECTION,
    SINGLE_SECTIONS,
    STAGE,
    read_as_is,
)
from sutler.campaigns.text.ini_lines import Section, scan_ini
from sutler.campaigns.text.ini_parts import (
    read_dependencies,
    read_job_type,
    read_login_setup,
    read_positions,
    read_schedule,
)
from sutler.campaigns.text.ini_settings import read_settings
from sutler.campaigns.text.ini_source import UNKNOWN, Source
from sutler.campaigns.text.values import is_blank, read_list, read_texts_by_key, shorten

Part = TypeVar("Part")
Value = TypeVar("Value")

_KNOWN_KEYS: Final = (
    *(name for key in KEYS for name in key.names),
    *(name for _, _, keys in GROUPS for grouped in keys for name in grouped.alone),
    *(name for name, _, _ in GROUPS),
    *("experiment", "poms_role", "name", "state", "data_handling_service", "campaign_keywords", "campaign_stage_list"),
    *("campaign_type", "tags", "job_type", "login_setup", "schedule_cron", "schedule_time_zone", "schedule_overlap"),
    *("host", "account", "setup", "backend", "launch_script", "parameters", "output_file_patterns", "recoveries"),
    *("output_namespace", "output_dataset", "output_rse", "files_per_run", "max_attempts", "run_timeout_seconds"),
    *("campaign_stage_1", "file_pattern_1", *(name for key in DD_KEYS for name in key.in_section)),
)


def read_ini(text: str) -> ReadText:
    """Read a campaign; keys are read in their present and older spellings, and what is unknown is kept and warned of.

    Raises CampaignTextError with everything that is wrong, each with its section, key and line. Comments are lost.
    """
    findings = Findings()
    reading = _Reading(scan_ini(text, findings), findings)
    campaign = reading.read()
    findings.raise_problems()
    return ReadText(campaign, findings.list_warnings())


class _Reading:
    """One reading of one file: its sections by kind and name, and what was found."""

    def __init__(self, sections: Sequence[Section], findings: Findings) -> None:
        self._findings = findings
        self._single: dict[str, Source] = {}
        self._named: dict[str, dict[str, Source]] = {kind: {} for kind in NAMED_SECTIONS.values()}
        self._unknown: list[Section] = []
        for section in sections:
            self._place(section)

    def read(self) -> CampaignText:
        """The campaign; where there were problems it is not whole."""
        is_there = "campaign" in self._single
        if not is_there:
            self._findings.add_problem(
                "", "There is no section [campaign]. Begin with it, and with the campaign's name."
            )
        campaign = self._single.setdefault("campaign", Source(Section("campaign", 1), Findings()))
        defaults = self._single.setdefault("campaign_defaults", Source(Section("campaign_defaults", 1), Findings()))
        name = campaign.take_text("name")
        if not name and is_there and f"name{JSON_SUFFIX}" not in campaign.section.entries:
            campaign.complain("name", "Write the name of the campaign.")
        stages = self._read_named(STAGE, self._read_stage)
        dependencies = self._read_named(DEPENDENCIES, read_dependencies)
        positions = self._single.get("node_positions")
        read = CampaignText(
            experiment=campaign.take_text("experiment"),
            name=name,
            creator_role=campaign.take_text("poms_role").lower(),
            data_handler=self._read_data_handler(campaign, defaults),
            is_active=self._take_from_both(("state",), _read_state) is not False,
            is_test=campaign.take(("campaign_type",), _read_type) is True,
            keywords=self._take_from_both(("campaign_keywords",), read_texts_by_key) or {},
            tags=campaign.take(("tags",), read_list) or (),
            defaults=self._read_defaults(defaults),
            stages=self._put_in_order(stages, campaign),
            dependencies=tuple(each for several in dependencies for each in several),
            login_setups=tuple(self._read_named(LOGIN_SETUP, read_login_setup)),
            job_types=tuple(self._read_named(JOB_TYPE, read_job_type)),
            positions={} if positions is None else read_positions(positions),
        )
        self._check_dependencies(read.dependencies)
        return replace(read, extras=self._list_extras())

    def _place(self, section: Section) -> None:
        words = section.header.split(maxsplit=1)
        kind, name = words[0] if words else "", words[1].strip() if len(words) > 1 else ""
        if kind in SINGLE_SECTIONS and not name:
            self._add_source(self._single, kind, section)
        elif kind not in NAMED_SECTIONS:
            self._unknown.append(section)
        elif name:
            self._add_source(self._named[NAMED_SECTIONS[kind]], name, section)
        else:
            self._findings.add_problem(f"[{section.header}], line {section.line}", f"Write [{kind} NAME].")

    def _add_source(self, sources: dict[str, Source], name: str, section: Section) -> None:
        first = sources.setdefault(name, Source(section, self._findings)).section
        if first is not section:
            what = f"[{first.header}] in line {first.line} is the same. Put the two together."
            self._findings.add_problem(f"[{section.header}], line {section.line}", what)

    def _read_named(self, kind: str, read: Callable[[str, Source], Part]) -> list[Part]:
        return [read(name, source) for name, source in self._named[kind].items()]

    def _read_stage(self, name: str, source: Source) -> StageText:
        return StageText(
            name=name,
            job_type=source.take(("job_type", "campaign_definition"), read_as_is),
            login_setup=source.take(("login_setup", "launch_template"), read_as_is),
            schedule=read_schedule(source),
            settings=read_settings(source, {}),
        )

    def _read_defaults(self, source: Source) -> StageText:
        return StageText(
            job_type=source.take(("job_type", "campaign_definition"), read_as_is),
            login_setup=source.take(("login_setup", "launch_template"), read_as_is),
            settings=read_settings(source, self._single),
        )

    def _take_from_both(self, names: Sequence[str], read: Callable[[str], Value]) -> Value | None:
        """What `[campaign]` says, else what `[campaign_defaults]` says."""
        campaign, defaults = self._single["campaign"], self._single["campaign_defaults"]
        first, second = campaign.take(names, read), defaults.take(names, read)
        if first is not None and second is not None and first != second:
            defaults.warn(names[0], f"{campaign.place(names[0])}, says otherwise, and holds.")
        return second if first is None else first

    def _read_data_handler(self, campaign: Source, defaults: Source) -> str:
        handler = self._take_from_both(("data_handling_service",), _read_data_handler)
        if handler is not None:
            return handler
        said = {key for source in (defaults, *self._named[STAGE].values()) for key in source.section.entries}
        has_dd = DD_SECTION in self._single or DD_OBJECT in said or any(said & set(key.alone) for key in DD_KEYS)
        has_sam = SAM_SECTION in self._single or any(said & {"sam_settings", *key.alone} for key in SAM_KEYS)
        handler = "sam" if has_sam and not has_dd else "data_dispatcher"
        if has_sam or has_dd:
            campaign.warn("data_handling_service", f"This is not said; by the other keys it is {handler}.")
        return handler

    def _put_in_order(self, stages: Sequence[StageText], campaign: Source) -> tuple[StageText, ...]:
        """Stages in the order of the list, or of their sections where there is no list."""
        names = campaign.take(("campaign_stage_list", "campaign_layer_list"), read_list)
        if names is None:
            return tuple(stages)
        by_name, listed = {stage.name: stage for stage in stages}, Counter(names)
        for name in [name for name, count in listed.items() if count > 1]:
            campaign.complain("campaign_stage_list", f"{shorten(name)} is in the list more than once. Leave one.")
        for name in listed:
            if name not in by_name:
                hint = self._findings.suggest(name, by_name)
                what = f"There is no section [campaign_stage {name}]. Write it, or take it out of the list.{hint}"
                campaign.complain("campaign_stage_list", what)
        for name in [name for name in by_name if name not in listed]:
            section = self._named[STAGE][name].section
            what = f"The stage is not in campaign_stage_list of [campaign]. Add {shorten(name)} there."
            self._findings.add_problem(f"[{section.header}], line {section.line}", what)
        return tuple(by_name[name] for name in listed if name in by_name)

    def _check_dependencies(self, dependencies: Iterable[DependencyText]) -> None:
        stages = self._named[STAGE]
        for each in dependencies:
            section = self._named[DEPENDENCIES][each.downstream].section
            for name in {each.downstream, each.upstream} - stages.keys():
                hint = self._findings.suggest(name, stages)
                what = f"There is no stage {shorten(name)} in this file.{hint}"
                self._findings.add_problem(f"[{section.header}], line {section.line}", what)

    def _list_extras(self) -> dict[str, dict[str, str]]:
        """What nobody asked for, by section and key."""
        extras: dict[str, dict[str, str]] = {}
        for section in self._unknown:
            hint = self._findings.suggest(section.header.partition(" ")[0], (*SINGLE_SECTIONS, *NAMED_SECTIONS))
            sentence = (
                f"[{section.header}], line {section.line}: This section is not known. It is kept, and means nothing"
            )
            self._findings.add_warning(f"{sentence}.{hint}")
            extras[section.header] = {key: entry.text for key, entry in section.entries.items()}
        for header, source in self._list_known():
            unused = source.list_unused()
            for key in unused:
                self._warn_of_unused(source, key)
            if unused:
                extras[header] = unused
        return extras

    def _list_known(self) -> Iterable[tuple[str, Source]]:
        yield from self._single.items()
        for kind, sources in self._named.items():
            yield from ((f"{kind} {name}", source) for name, source in sources.items())

    def _warn_of_unused(self, source: Source, key: str) -> None:
        if source.has_told(key) or is_blank(source.section.entries[key].text):
            return
        hint = self._findings.suggest(key, _KNOWN_KEYS)
        source.warn(key, UNKNOWN + hint)


def _read_state(text: str) -> bool:
    words: Mapping[str, bool] = {"active": True, "true": True, "inactive": False, "false": False}
    if text.lower() not in words:
        raise ValueError(f"Write Active or Inactive, not {shorten(text)}.")
    return words[text.lower()]


def _read_type(text: str) -> bool:
    if text.lower() not in ("test", "regular"):
        raise ValueError(f"Write test, or nothing, not {shorten(text)}.")
    return text.lower() == "test"


def _read_data_handler(text: str) -> str:
    if text.lower() not in DATA_HANDLERS:
        raise ValueError(f"Write one of {', '.join(DATA_HANDLERS)}, not {shorten(text)}.")
    return text.lower()
