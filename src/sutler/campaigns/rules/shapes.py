"""What may be saved: campaigns whose parts fit together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sutler.base.errors import Problem
from sutler.campaigns.errors import CampaignShapeError, StageWithoutDataError
from sutler.campaigns.model import NewCampaign, NewDependency, NewStage, StageType
from sutler.campaigns.settings import StageSettings, overlay

SplitTypes = tuple[str | None, str | None]
"""The split type of a stage and the one of its test launches, which is the same when it says none."""

_ENDLESS = ("", "None", "draining", "limitn")
"""Split types that never come to an end: a stage that feeds itself would be launched for ever."""


def check_stage_has_data(stage: NewStage, upstream: Iterable[str], *, defaults: StageSettings) -> None:
    """Raise StageWithoutDataError unless something feeds the stage.

    That is a query, a project, the data set of an old data handler, an upstream stage, or nothing where nothing is
    needed: generators make units of their own, approval and transfer stages pass on what comes in.
    """
    said = overlay(defaults, stage.settings)
    where = f"stage {stage.name}"
    stage_type = StageType(said.stage_type or StageType.REGULAR)
    if stage_type is StageType.GENERATOR:
        if said.dataset_query and not (said.split_type or "").startswith(("multiparam", "list")):
            raise StageWithoutDataError([Problem(where, "a generator has no dataset_query")])
        return
    if said.dataset_query or said.project_id or said.sam_dataset or stage_type.passes_inputs_on:
        return
    if not any(upstream):
        advice = (
            "has no data: give it a dataset_query, a project_id, or a dependency on the stage whose outputs it reads"
        )
        raise StageWithoutDataError([Problem(where, advice)])


def check_campaign(campaign: NewCampaign) -> None:
    """Raise CampaignShapeError or StageWithoutDataError unless names are unique and the stages fit together."""
    names = [stage.name for stage in campaign.stages]
    problems = [Problem(f"stage {name}", "is there twice") for name in sorted({n for n in names if names.count(n) > 1})]
    said = {stage.name: overlay(campaign.defaults, stage.settings) for stage in campaign.stages}
    splits = {name: (settings.split_type, settings.test_split_type) for name, settings in said.items()}
    check_dependencies(campaign.dependencies, splits, problems=problems)
    for stage in campaign.stages:
        fed_by = [one.upstream_stage for one in campaign.dependencies if one.downstream_stage == stage.name]
        check_stage_has_data(stage, [name for name in fed_by if name != stage.name], defaults=campaign.defaults)


def check_dependencies(
    dependencies: Sequence[NewDependency],
    splits: Mapping[str, SplitTypes],
    *,
    problems: Sequence[Problem] = (),
) -> None:
    """Raise CampaignShapeError unless dependencies name stages, once each; `splits` are the split types of every stage.

    Stages may go round in a circle: the flow begins again then. A stage may feed itself if its split comes to an end.
    `problems` are those found before, to be said together.
    """
    found = [*problems]
    seen: set[NewDependency] = set()
    for dependency in dependencies:
        found += _check_dependency(dependency, splits)
        if dependency in seen:
            found.append(Problem(_name(dependency), f"with the pattern {dependency.file_pattern!r} is there twice"))
        seen.add(dependency)
    if found:
        raise CampaignShapeError(found)


def _check_dependency(dependency: NewDependency, splits: Mapping[str, SplitTypes]) -> list[Problem]:
    where = _name(dependency)
    problems = [
        Problem(where, f"there is no stage {name}")
        for name in dict.fromkeys((dependency.upstream_stage, dependency.downstream_stage))
        if name not in splits
    ]
    if not dependency.file_pattern.strip():
        problems.append(Problem(where, "has an empty file pattern; % stands for all files"))
    split, test_split = splits.get(dependency.upstream_stage, (None, None))
    endless = _is_endless(split) or (bool(test_split) and _is_endless(test_split))
    if dependency.upstream_stage == dependency.downstream_stage and endless:
        advice = "a stage feeds itself only with split types that come to an end, such as drainingn(100), in tests too"
        problems.append(Problem(where, advice))
    return problems


def _is_endless(split: str | None) -> bool:
    return (split or "").split("(")[0].split("_")[0].strip() in _ENDLESS


def _name(dependency: NewDependency) -> str:
    return f"dependency {dependency.upstream_stage} → {dependency.downstream_stage}"
