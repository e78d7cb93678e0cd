"""Login setups, job types, dependencies and places in the drawing, as an INI file has them."""

from __future__ import annotations

from typing import Any

from sutler.campaigns.settings import LARGEST_COUNT, LONGEST_TIMEOUT
from sutler.campaigns.text.document import (
    EVERY_FILE,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    RecoveryText,
    ScheduleText,
)
from sutler.campaigns.text.ini_keys import PATTERN_KEY, POSITION_KEY, UPSTREAM_KEY, read_as_is, read_pattern
from sutler.campaigns.text.ini_source import Source
from sutler.campaigns.text.values import (
    as_pairs,
    halve_percents,
    is_place,
    read_json,
    read_list,
    read_number,
    read_pairs,
    read_whole,
)


def read_login_setup(name: str, source: Source) -> LoginSetupText:
    """A section `[login_setup NAME]`."""
    return LoginSetupText(
        name=name,
        host=source.take_text("host", "launch_host"),
        account=source.take_text("account", "launch_account"),
        setup=source.take_text("setup", "launch_setup"),
        backend=source.take(("backend",), read_as_is),
    )


def read_job_type(name: str, source: Source) -> JobTypeText:
    """A section `[job_type NAME]`."""
    return JobTypeText(
        name=name,
        launch_script=source.take_text("launch_script"),
        parameters=source.take(("parameters", "definition_parameters"), read_pairs) or (),
        output_file_patterns=source.take(("output_file_patterns",), _read_patterns) or (),
        recoveries=source.take(("recoveries",), _read_recoveries) or (),
        output_namespace=source.take(("output_namespace",), read_as_is),
        output_dataset=source.take(("output_dataset",), read_as_is),
        output_rse=source.take(("output_rse",), read_as_is),
        files_per_run=source.take(("files_per_run",), _read_count),
        max_attempts=source.take(("max_attempts",), _read_count),
        run_timeout_seconds=source.take(("run_timeout_seconds",), _read_timeout),
    )


def read_schedule(source: Source) -> ScheduleText | None:
    """The three keys of a stage that say when it is launched by itself."""
    cron = source.take(("schedule_cron",), read_as_is)
    time_zone = source.take_text("schedule_time_zone")
    overlap = source.take_text("schedule_overlap")
    if cron is None:
        if time_zone or overlap:
            source.complain("schedule_cron", "Write when the stage is launched, such as 0 6 * * *, or nothing of it.")
        return None
    return ScheduleText(cron, time_zone or "UTC", overlap or "skip")


def read_dependencies(downstream: str, source: Source) -> list[DependencyText]:
    """A section `[dependencies NAME]`: what the stage of that name is fed by, in the order of the numbers."""
    keys = {int(found[1]): key for key in source.section.entries if (found := UPSTREAM_KEY.fullmatch(_plain(key)))}
    dependencies = []
    for number, key in sorted(keys.items()):
        upstream = source.take_text(_plain(key))
        pattern = source.take((f"file_pattern_{number}",), read_pattern)
        if upstream:
            dependencies.append(DependencyText(downstream, upstream, pattern or EVERY_FILE))
        elif pattern:
            source.complain(key, "Write the name of the stage whose outputs these are.")
    for key in source.list_unused():
        found = PATTERN_KEY.fullmatch(_plain(key))
        if found and int(found[1]) not in keys:
            source.complain(key, f"Write campaign_stage_{int(found[1])}, too: the stage whose outputs these are.")
    return dependencies


def read_positions(source: Source) -> dict[str, tuple[float, float]]:
    """The section `[node_positions]`, whose keys are only numbered."""
    positions: dict[str, tuple[float, float]] = {}
    for key in source.section.entries:
        if not POSITION_KEY.fullmatch(key):
            continue
        position = source.take((key,), _read_position)
        if position is None:
            continue
        if position[0] in positions:
            source.warn(key, f"{position[0]} has a place already; this one holds.")
        positions[position[0]] = position[1:]
    return positions


def _plain(key: str) -> str:
    return key.removesuffix("_json")


def _read_position(text: str) -> tuple[str, float, float]:
    value = read_json(text)
    match value:
        case [str(name), int() | float() as x, int() | float() as y] if is_place(x) and is_place(y):
            return name, float(x), float(y)
    raise ValueError('Write a name and two numbers, such as ["reco", 120, 40].')


def _read_patterns(text: str) -> tuple[str, ...]:
    return tuple(halve_percents(each) for each in read_list(text))


def _read_count(text: str) -> int:
    count = read_whole(text)
    if not 1 <= count <= LARGEST_COUNT:
        raise ValueError(f"Write a number of at least 1, not {count}.")
    return count


def _read_timeout(text: str) -> float:
    seconds = read_number(text)
    if not 0 <= seconds <= LONGEST_TIMEOUT:
        raise ValueError("Write a number of seconds; 0 is never.")
    return seconds


def _read_recoveries(text: str) -> tuple[RecoveryText, ...]:
    value = read_json(text)
    if not isinstance(value, list):
        raise ValueError('Write a list such as [["state_failed", [["--memory=", "4000"]]]].')  # noqa: TRY004
    return tuple(_as_recovery(each, number) for number, each in enumerate(value, start=1))


def _as_recovery(value: Any, number: int) -> RecoveryText:  # noqa: ANN401 whatever JSON says
    match value:
        case [str(kind)] | str(kind):
            return RecoveryText(kind)
        case [str(kind), None]:
            return RecoveryText(kind)
        case [str(kind), pairs]:
            return RecoveryText(kind, as_pairs(pairs))
    raise ValueError(f'Number {number} of the list is no recovery, such as ["state_failed", [["--memory=", "4000"]]].')
