"""What is wrong with a campaign as a whole, and what it needs to find on the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sutler.base.errors import Problem
from sutler.campaigns.model.words import DATA_HANDLERS
from sutler.campaigns.settings import LARGEST_COUNT, LONGEST_TIMEOUT, StageSettings, check, overlay
from sutler.campaigns.text.document import OVERLAPS, CampaignText, JobTypeText, StageText
from sutler.campaigns.text.values import shorten

ENDLESS_SPLITS: Final = frozenset({"", "None", "draining"})
"""Split types that never end: a stage that feeds itself would be launched for ever."""

NEEDS_NO_DATA: Final = frozenset({"generator", "approval", "datatransfer"})


@dataclass(frozen=True)
class References:
    """Names of job types and login setups that stages use and the text does not define."""

    job_types: tuple[str, ...]
    login_setups: tuple[str, ...]


def check_text(campaign: CampaignText) -> list[Problem]:
    """Everything that is wrong with a campaign, by place; nothing if it can be saved as far as its text tells."""
    return [
        *_check_campaign(campaign),
        *_check_names(campaign),
        *check(campaign.defaults.settings, "defaults"),
        *(problem for stage in campaign.stages for problem in _check_stage(stage, campaign)),
        *_check_dependencies(campaign),
        *(problem for job_type in campaign.job_types for problem in _check_job_type(job_type)),
    ]


def list_references(campaign: CampaignText) -> References:
    """What has to be on the server, in the order of its use."""
    users = (campaign.defaults, *campaign.stages)
    job_types = {each.name for each in campaign.job_types}
    login_setups = {each.name for each in campaign.login_setups}
    return References(
        job_types=_list_missing((user.job_type for user in users), job_types),
        login_setups=_list_missing((user.login_setup for user in users), login_setups),
    )


def _list_missing(names: Iterable[str | None], defined: set[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name and name not in defined))


def _check_campaign(campaign: CampaignText) -> Iterator[Problem]:
    if not campaign.experiment:
        yield Problem("campaign experiment", "Say whose campaign this is.")
    if not campaign.name:
        yield Problem("campaign name", "Give the campaign a name.")
    if campaign.data_handler not in DATA_HANDLERS:
        yield Problem("campaign data_handler", f"This must be one of {', '.join(DATA_HANDLERS)}.")
    if campaign.defaults.schedule is not None:
        yield Problem("defaults", "Only a stage has a schedule. Move it to the stages that it is for.")


def _check_names(campaign: CampaignText) -> Iterator[Problem]:
    things = {
        "tag": campaign.tags,
        "stage": [each.name for each in campaign.stages],
        "login setup": [each.name for each in campaign.login_setups],
        "job type": [each.name for each in campaign.job_types],
    }
    for kind, names in things.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield Problem(f"{kind} {name}", "There is more than one of this name.")
            if not name or name != name.strip() or not name.isprintable():
                yield Problem(
                    f"{kind} {name}".strip(), "A name is not empty, has no line breaks, and no blanks around it."
                )


def _check_stage(stage: StageText, campaign: CampaignText) -> Iterator[Problem]:
    where = f"stage {stage.name}"
    yield from check(stage.settings, where)
    settings = overlay(campaign.defaults.settings, stage.settings)
    is_fed = any(each.downstream == stage.name != each.upstream for each in campaign.dependencies)
    if not (is_fed or settings.stage_type in NEEDS_NO_DATA or _has_data(settings, campaign.data_handler)):
        yield Problem(where, "The stage needs a query or a project id, or another stage that feeds it.")
    if stage.schedule is not None and stage.schedule.overlap not in OVERLAPS:
        yield Problem(f"{where} schedule overlap", f"This must be one of {', '.join(OVERLAPS)}.")
    if stage.schedule is not None and not stage.schedule.cron.strip():
        yield Problem(f"{where} schedule cron", "Say when the stage is launched, such as 0 6 * * *.")


def _has_data(settings: StageSettings, data_handler: str) -> bool:
    return bool(settings.dataset_query or settings.project_id or (data_handler == "sam" and settings.sam_dataset))


def _check_dependencies(campaign: CampaignText) -> Iterator[Problem]:
    stages = {stage.name: stage for stage in campaign.stages}
    for dependency, count in Counter(campaign.dependencies).items():
        where = f"dependency of {dependency.downstream} on {dependency.upstream}"
        if count > 1:
            yield Problem(where, f"It is there {count} times with the same pattern. Leave one.")
        for name in dict.fromkeys((dependency.downstream, dependency.upstream)):
            if name not in stages:
                yield Problem(where, f"There is no stage {shorten(name)}.")
        if dependency.downstream == dependency.upstream and dependency.downstream in stages:
            settings = overlay(campaign.defaults.settings, stages[dependency.downstream].settings)
            if (settings.split_type or "").partition("(")[0].strip() in ENDLESS_SPLITS:
                yield Problem(where, "A stage can feed itself only with a split type that ends, not None or draining.")


def _check_job_type(job_type: JobTypeText) -> Iterator[Problem]:
    where = f"job type {job_type.name}"
    if not job_type.launch_script.strip():
        yield Problem(f"{where} launch_script", "Say what is run.")
    for name, count in (("files_per_run", job_type.files_per_run), ("max_attempts", job_type.max_attempts)):
        if count is not None and not 1 <= count <= LARGEST_COUNT:
            yield Problem(f"{where} {name}", f"This must be at least 1 and at most {LARGEST_COUNT}, not {count}.")
    if job_type.run_timeout_seconds is not None and not 0 <= job_type.run_timeout_seconds <= LONGEST_TIMEOUT:
        yield Problem(f"{where} run_timeout", f"This must be at least 0 and at most {LONGEST_TIMEOUT} seconds.")
