"""Pure decisions of the room: substitution, parameters, plans, statuses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns.errors import CampaignShapeError, StageWithoutDataError, UnknownVariableError
from sutler.campaigns.model import (
    BatchStatus,
    Dependency,
    JobType,
    NewCampaign,
    NewDependency,
    NewStage,
    Parameters,
    Stage,
    StageType,
    SubmissionStatus,
)
from sutler.catalog.model import Undeclared
from sutler.dispatch.model import Counts
from sutler.launch.model import Launch, LaunchState

_VARIABLE = re.compile(r"%(?:%|\((?P<name>[^)]*)\)s)")
_HARMLESS = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")

FIRST_RETRY_PAUSE = timedelta(seconds=5)
LONGEST_RETRY_PAUSE = timedelta(minutes=10)


def substitute(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Replace `%(name)s` by values and `%%` by `%`; every other percent sign stays.

    Raises UnknownVariableError, naming the place, the variable and what there is.
    """

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return "%"
        if name not in variables:
            known = ", ".join(sorted(variables))
            raise UnknownVariableError(
                [Problem(where, f"%({name})s has no value; there are {known}")], variable=name, known=sorted(variables)
            )
        return variables[name]

    return _VARIABLE.sub(replace, text)


def substitute_in_shell(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Do what `substitute` does in a text that a shell will run: the text is its author's, the values are anybody's.

    Raises UnknownVariableError; InvalidInputError for a value in which a shell could see more than part of a word:
    no quoting is right both inside and outside the quotes that the author may have put around it.
    """
    used = {match["name"] for match in _VARIABLE.finditer(text)} & variables.keys()
    problems = [
        Problem(where, f"%({name})s is {variables[name]!r}; a shell takes letters, digits and _@%+=:,./- there only")
        for name in sorted(used)
        if not _HARMLESS.fullmatch(variables[name])
    ]
    if problems:
        raise InvalidInputError(problems)
    return substitute(text, variables, where=where)


def merge_parameters(*sources: Parameters) -> Parameters:
    """Put ordered parameters over each other: a later value replaces in place, a new key comes last."""
    merged: dict[str, str] = {}
    for source in sources:
        merged.update(source)
    return tuple(merged.items())


def build_arguments(launch_script: str, parameters: Parameters, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Make the argument list of a run: the script's words, then key and value of each parameter as one word.

    A key that ends in a blank is an option whose value is a word of its own, as in `("--seed ", "7")`. Variables are
    replaced after the text was split into words, so a value with blanks or quotes stays one word.
    Raises UnknownVariableError; CampaignShapeError when the script has an open quote or no word.
    """
    words = split_script(launch_script)
    for key, text in parameters:
        words += [key.rstrip(), text] if key.endswith(" ") else [key + text]
    return tuple(substitute(word, variables, where="launch_script") for word in words if word)


def split_script(launch_script: str) -> list[str]:
    """Split a launch script into words. Raises CampaignShapeError when it has an open quote or no word."""
    try:
        words = shlex.split(launch_script)
    except ValueError as error:
        raise CampaignShapeError([Problem("launch_script", f"{error} in {launch_script!r}")]) from error
    if not words:
        raise CampaignShapeError([Problem("launch_script", "is empty: name the program that a job runs for each file")])
    return words


def list_variables(
    *,
    keywords: Mapping[str, str],
    campaign: str,
    stage: str,
    version: str,
    experiment: str,
    launcher: str,
    dataset: str,
) -> dict[str, str]:
    """Return what `%(name)s` may name. The built-in names win over keywords of the campaign."""
    built_in = {
        "campaign": campaign,
        "stage": stage,
        "version": version,
        "experiment": experiment,
        "group": experiment,
        "experimenter": launcher,
        "dataset": dataset,
        "parameter": dataset,
    }
    return {**keywords, **built_in}


def name_output_dataset(pattern: str, variables: Mapping[str, str], *, submission_id: int) -> tuple[str, str | None]:
    """Return the name of a submission's output dataset, and of the stage's dataset above it if there is one.

    A pattern without `%(submission)s` names one dataset for all submissions. With it, what is left when the last part
    is taken away is the dataset of the stage. Blanks become underscores.
    """
    full = substitute(pattern, {**variables, "submission": str(submission_id)}, where="output_dataset")
    name = full.replace(" ", "_")
    if "%(submission)s" not in pattern:
        return name, None
    parent = name.removesuffix(f".{submission_id}")
    return name, None if parent == name else parent


def build_environment(
    stage: Stage, job_type: JobType, *, submission_id: int, project_id: int, share_id: int, names: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a batch job: what the worker reads, and the names that launch scripts know.

    `names` has campaign, campaign_id, experiment, launcher, dataset, output_dataset, output_namespace, output_url,
    server_url.
    """
    return {
        "SUTLER_URL": names["server_url"],
        "SUTLER_PROJECT_ID": str(project_id),
        "SUTLER_SHARE_ID": str(share_id),
        "SUTLER_SUBMISSION_ID": str(submission_id),
        "SUTLER_FILES_PER_RUN": str(job_type.files_per_run),
        "SUTLER_OUTPUT_PATTERNS": "\n".join(job_type.output_file_patterns),
        "SUTLER_OUTPUT_NAMESPACE": names["output_namespace"],
        "SUTLER_OUTPUT_DATASET": names["output_dataset"],
        "SUTLER_OUTPUT_RSE": job_type.output_rse,
        "SUTLER_OUTPUT_URL": names["output_url"],
        "SUTLER_RUN_TIMEOUT_SECONDS": "" if job_type.run_timeout is None else str(job_type.run_timeout.total_seconds()),
        "POMS4_CAMPAIGN_ID": names["campaign_id"],
        "POMS4_CAMPAIGN_NAME": names["campaign"],
        "POMS4_CAMPAIGN_STAGE_ID": str(stage.id),
        "POMS4_CAMPAIGN_STAGE_NAME": stage.name,
        "POMS4_CAMPAIGN_STAGE_TYPE": stage.stage_type.value,
        "POMS4_SUBMISSION_ID": str(submission_id),
        "POMS_CAMPAIGN_ID": str(stage.id),
        "POMS_CAMPAIGN_NAME": f"{names['campaign']}__{stage.name}".replace(" ", "_"),
        "POMS_TASK_ID": str(submission_id),
        "POMS_LAUNCHER": names["launcher"],
        "POMS_DATA_DISPATCHER_TASK_ID": str(submission_id),
        "POMS_DATA_DISPATCHER_PROJECT_ID": str(project_id),
        "POMS_DATA_DISPATCHER_DATASET_QUERY": names["dataset"],
        "GROUP": names["experiment"],
    }


def check_stage_has_data(stage: NewStage, upstream: Iterable[str]) -> None:
    """Raise StageWithoutDataError unless something feeds the stage: a query, an upstream stage, or unit numbers."""
    if stage.stage_type is StageType.GENERATOR:
        if not stage.unit_count:
            raise StageWithoutDataError(
                [Problem(f"stage {stage.name}", "a generator needs unit_count, the number of units it makes")]
            )
        if stage.dataset_query:
            raise StageWithoutDataError([Problem(f"stage {stage.name}", "a generator has no dataset_query")])
    elif not stage.dataset_query and not any(upstream):
        raise StageWithoutDataError(
            [
                Problem(
                    f"stage {stage.name}",
                    "has no data: give it a dataset_query, or a dependency on the stage whose outputs it reads",
                )
            ]
        )


def check_campaign(campaign: NewCampaign) -> None:
    """Raise CampaignShapeError or StageWithoutDataError unless names are unique and dependencies name stages."""
    names = [stage.name for stage in campaign.stages]
    problems = [Problem(f"stage {name}", "is there twice") for name in sorted({n for n in names if names.count(n) > 1})]
    check_dependencies(campaign.dependencies, names, problems=problems)
    for stage in campaign.stages:
        check_stage_has_data(
            stage, [d.upstream_stage for d in campaign.dependencies if d.downstream_stage == stage.name]
        )


def check_dependencies(
    dependencies: Sequence[NewDependency],
    names: Collection[str],
    *,
    present: Iterable[Dependency] = (),
    problems: Sequence[Problem] = (),
) -> None:
    """Raise CampaignShapeError unless new dependencies name stages and go round in no circle with those present.

    A circle would launch submissions for ever. `problems` are those found before, to be said together.
    """
    found = [*problems]
    order: TopologicalSorter[str] = TopologicalSorter()
    for dependency in dependencies:
        found += _check_dependency(dependency, names)
        order.add(dependency.downstream_stage, dependency.upstream_stage)
    if found:
        raise CampaignShapeError(found)
    for old in present:
        order.add(old.downstream_stage, old.upstream_stage)
    try:
        order.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise CampaignShapeError([Problem("dependencies", f"go round in a circle: {circle}")]) from error


def _check_dependency(dependency: NewDependency, names: Collection[str]) -> list[Problem]:
    where = f"dependency {dependency.upstream_stage} → {dependency.downstream_stage}"
    problems = [
        Problem(where, f"there is no stage {name}")
        for name in (dependency.upstream_stage, dependency.downstream_stage)
        if name not in names
    ]
    if dependency.upstream_stage == dependency.downstream_stage:
        problems.append(Problem(where, "a stage cannot feed itself"))
    return problems


def list_units(count: int, *, prefix: str) -> list[tuple[str, dict[str, object]]]:
    """Return name and attributes of a generator's units: `PREFIX.000001` with its index from 0."""
    return [(f"{prefix}.{index + 1:06d}", {"index": index, "unit_count": count}) for index in range(count)]


def decide_completion(counts: Counts, *, jobs_are_over: bool) -> SubmissionStatus | None:
    """Say how a submission ended, or None while it goes on.

    It ends when every owned file is final, or when no job is left that could process one; then it is `Completed` only
    if every file is done.
    """
    if not counts.is_final and not jobs_are_over:
        return None
    is_clean = counts.done_count == counts.total_count
    return SubmissionStatus.COMPLETED if is_clean else SubmissionStatus.COMPLETED_WITH_FAILURES


def may_feed_dependants(counts: Counts, *, completion_pct: float) -> bool:
    """Whether enough files are done for dependants to start. Only done files count."""
    return counts.total_count > 0 and 100 * counts.done_count >= completion_pct * counts.total_count


def explain_undeclared(undeclared: Undeclared) -> str:
    """Say in one sentence how many outputs are not declared where they should be, why, and what helps."""
    parts = []
    if undeclared.pending_count:
        why = undeclared.reason.rstrip(".") or "they are on their way"
        parts.append(f"{undeclared.pending_count} outputs are not yet declared to {undeclared.place}: {why}.")
    if undeclared.refused_count:
        parts.append(
            f"{undeclared.place} refused {undeclared.refused_count} outputs: {undeclared.refusal.rstrip('.')}. "
            "When the cause is repaired, retry the declarations of the experiment."
        )
    return " ".join(parts)


def decide_retry_pause(tries: int) -> timedelta:
    """How long to leave what was tried in vain so often: twice as long each time, up to ten minutes."""
    return min(FIRST_RETRY_PAUSE * (1 << min(tries, 10)), LONGEST_RETRY_PAUSE)


def name_dependant(*, submission_id: int, dependency_id: int) -> str:
    """Return the launch key of a dependant. No key that a caller sends looks like it: those begin with a number."""
    return f"submission/{submission_id}/dependency/{dependency_id}"


def explain_cancellation(username: str, reason: str) -> str:
    """Say who cancelled, and why if that was said."""
    return f"cancelled by {username}" + (f": {reason}" if reason else "")


def decide_batch_status(launch: Launch, *, is_cancelled: bool) -> BatchStatus:
    """Say in one word how the batch side of a submission is."""
    if launch.state is LaunchState.FAILED:
        return BatchStatus.LAUNCH_FAILED
    if launch.state is LaunchState.ENDED:
        if is_cancelled:
            return BatchStatus.CANCELLED
        return BatchStatus.FAILED if launch.failed_count else BatchStatus.COMPLETED
    if launch.state is LaunchState.INTENDED:
        return BatchStatus.NEW
    if launch.running_count:
        return BatchStatus.RUNNING
    return BatchStatus.HELD if launch.held_count else BatchStatus.IDLE


def check_output_namespace(job_type: JobType, fallback: str) -> str:
    """Return the namespace that outputs go to: the job type's own, else the experiment's name."""
    return Did.parse(f"{job_type.output_namespace or fallback}:x").namespace


def describe_launch(launch: Launch, trouble: str = "") -> str:
    """Say in one sentence what the batch side of an open submission does. `trouble` is why it was not handed over."""
    if launch.state is LaunchState.INTENDED:
        why = trouble or launch.failure
        return f"The launch has not reached the batch system yet{': ' + why if why else '.'}"
    parts = [
        f"{count} {word}"
        for count, word in (
            (launch.running_count, "running"),
            (launch.waiting_count, "waiting in the queue"),
            (launch.held_count, "held"),
            (launch.ended_count, "ended"),
        )
        if count
    ]
    return f"Jobs: {', '.join(parts)}." if parts else "No job has been seen yet."
