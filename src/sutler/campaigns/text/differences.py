"""What is different between two campaigns, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from sutler.campaigns.settings import encode
from sutler.campaigns.text.document import CampaignText, JobTypeText, StageText

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Change:
    """One difference. `where` is a path such as `stages.reco.completion_pct`; values are as in JSON.

    What is only in one of the two, a stage or a keyword, is a single change with everything it says.
    """

    kind: Kind
    where: str
    before: object
    after: object


def diff_text(old: CampaignText, new: CampaignText) -> tuple[Change, ...]:
    """What has to change in `old` to make it `new`; nothing when they are equal."""
    return tuple(_diff("", describe_text(old), describe_text(new)))


def describe_text(campaign: CampaignText) -> dict[str, Any]:
    """A campaign as an object of JSON: what can be different, by name, and nothing that is not said."""
    return {
        "experiment": campaign.experiment,
        "name": campaign.name,
        "creator_role": campaign.creator_role,
        "data_handler": campaign.data_handler,
        "is_active": campaign.is_active,
        "is_test": campaign.is_test,
        "tags": list(campaign.tags),
        "keywords": dict(campaign.keywords),
        "defaults": _describe_stage(campaign.defaults),
        "order_of_stages": [stage.name for stage in campaign.stages],
        "stages": {stage.name: _describe_stage(stage) for stage in campaign.stages},
        "dependencies": _describe_dependencies(campaign),
        "login_setups": {each.name: _describe_fields(each) for each in campaign.login_setups},
        "job_types": {each.name: _describe_job_type(each) for each in campaign.job_types},
        "positions": {name: list(place) for name, place in campaign.positions.items()},
        "extras": {section: dict(keys) for section, keys in campaign.extras.items()},
    }


def _describe_stage(stage: StageText) -> dict[str, Any]:
    schedule = {} if stage.schedule is None else {"schedule": _describe_fields(stage.schedule)}
    named = {"job_type": stage.job_type, "login_setup": stage.login_setup}
    return {key: value for key, value in named.items() if value is not None} | schedule | encode(stage.settings)


def _describe_job_type(job_type: JobTypeText) -> dict[str, Any]:
    said = _describe_fields(job_type)
    said["parameters"] = [list(pair) for pair in job_type.parameters]
    said["output_file_patterns"] = list(job_type.output_file_patterns)
    said["recoveries"] = [
        {"type": each.type, "parameter_overrides": [list(pair) for pair in each.parameter_overrides]}
        for each in job_type.recoveries
    ]
    return said


def _describe_dependencies(campaign: CampaignText) -> dict[str, Any]:
    """Dependencies by what they join. The same one twice is told apart by a number."""
    described: dict[str, Any] = {}
    for each in campaign.dependencies:
        path = f"{each.downstream} after {each.upstream} with {each.file_pattern}"
        count = sum(other == path or other.startswith(f"{path} (") for other in described)
        described[f"{path} ({count + 1})" if count else path] = _describe_fields(each)
    return described


def _describe_fields(thing: Any) -> dict[str, Any]:  # noqa: ANN401 any of the dataclasses of the document
    said = {each.name: getattr(thing, each.name) for each in fields(thing)}
    return {name: value for name, value in said.items() if value is not None and name != "name"}


def _diff(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in [*old, *(key for key in new if key not in old)]:
        where = f"{path}.{key}" if path else key
        if key not in new:
            yield Change("removed", where, old[key], None)
        elif key not in old:
            yield Change("added", where, None, new[key])
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            yield from _diff(where, old[key], new[key])
        elif old[key] != new[key]:
            yield Change("changed", where, old[key], new[key])
