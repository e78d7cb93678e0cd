"""The environment of batch jobs: what the worker reads, and the names that launch scripts of the predecessor know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sutler import __version__
from sutler.campaigns.model import Campaign, JobType, Stage


@dataclass(frozen=True)
class Surface:
    """What is known of a submission when its jobs are planned.

    `project_id` and `share_id` are None when the jobs are handed `data` as it is. `parent_id` is the submission that a
    recovery belongs to.
    """

    submission_id: int
    launcher: str
    server_url: str
    data: str
    is_query: bool
    project_id: int | None = None
    share_id: int | None = None
    parent_id: int | None = None
    is_test: bool = False
    output_namespace: str = ""
    output_dataset: str = ""
    output_url: str = ""


def build_environment(campaign: Campaign, stage: Stage, job_type: JobType, surface: Surface) -> dict[str, str]:
    """Return every variable that jobs are given, beside their token. What does not apply is empty."""
    return {**_build_own(job_type, surface), **_build_inherited(campaign, stage, job_type, surface)}


def name_campaign_stage(campaign: str, stage: str) -> str:
    """Return the name that scripts know both by: `campaign__stage`, or the stage's if it begins with the campaign's."""
    campaign, stage = campaign.replace(" ", "_"), stage.replace(" ", "_")
    return stage if stage.startswith(campaign) else f"{campaign}__{stage}"


def _build_own(job_type: JobType, surface: Surface) -> dict[str, str]:
    return {
        "SUTLER_URL": surface.server_url,
        "SUTLER_PROJECT_ID": _write(surface.project_id),
        "SUTLER_SHARE_ID": _write(surface.share_id),
        "SUTLER_SUBMISSION_ID": str(surface.submission_id),
        "SUTLER_FILES_PER_RUN": str(job_type.files_per_run),
        "SUTLER_OUTPUT_PATTERNS": "\n".join(job_type.output_file_patterns),
        "SUTLER_OUTPUT_NAMESPACE": surface.output_namespace,
        "SUTLER_OUTPUT_DATASET": surface.output_dataset,
        "SUTLER_OUTPUT_RSE": job_type.output_rse,
        "SUTLER_OUTPUT_URL": surface.output_url,
        "SUTLER_RUN_TIMEOUT_SECONDS": "" if job_type.run_timeout is None else str(job_type.run_timeout.total_seconds()),
    }


def _build_inherited(campaign: Campaign, stage: Stage, job_type: JobType, surface: Surface) -> dict[str, str]:
    return {
        "POMS4_CAMPAIGN_ID": str(campaign.id),
        "POMS4_CAMPAIGN_NAME": campaign.name,
        "POMS4_CAMPAIGN_STAGE_ID": str(stage.id),
        "POMS4_CAMPAIGN_STAGE_NAME": stage.name,
        "POMS4_CAMPAIGN_STAGE_TYPE": stage.stage_type.value,
        "POMS4_SUBMISSION_ID": str(surface.submission_id),
        "POMS4_TEST_LAUNCH": str(surface.is_test or campaign.is_test),
        "POMS4_HOST": surface.server_url,
        "POMS_ENV": "sutler",
        "POMS_INST": __version__,
        "POMS_CAMPAIGN_ID": str(stage.id),
        "POMS_CAMPAIGN_NAME": name_campaign_stage(campaign.name, stage.name),
        "POMS_TASK_ID": str(surface.submission_id),
        "POMS_PARENT_TASK_ID": _write(surface.parent_id),
        "POMS_TASK_DEFINITION_ID": str(job_type.id),
        "POMS_LAUNCHER": surface.launcher,
        "POMS_TEST": "",
        "POMS_DATA_DISPATCHER_TASK_ID": str(surface.submission_id),
        "POMS_DATA_DISPATCHER_PROJECT_ID": _write(surface.project_id),
        # A blank where there is none: submit commands list the name in any case.
        "POMS_DATA_DISPATCHER_DATASET_QUERY": (surface.data if surface.is_query else "") or " ",
        "POMS_DATA_DISPATCHER_PARAMETER": "" if surface.is_query else surface.data,
        "POMS_DATA_DISPATCHER_PROJECT_VIRTUAL": str(stage.is_virtual),
        "POMS_DATA_DISPATCHER_LOAD_LIMIT": str(stage.load_limit or 0),
        "JOBSUB_GROUP": campaign.experiment,
        "GROUP": campaign.experiment,
    }


def _write(number: int | None) -> str:
    return "" if number is None else str(number)


def list_job_attributes(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part that batch systems keep as attributes of jobs, so that jobs are found by submission or stage."""
    return {name: text for name, text in environment.items() if name.startswith("POMS4_")}
