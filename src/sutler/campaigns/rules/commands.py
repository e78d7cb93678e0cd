"""What a job is started with: its arguments, its environment, where its outputs go."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.campaigns.errors import CampaignShapeError
from sutler.campaigns.model import JobType, Parameters
from sutler.campaigns.rules.substitution import substitute


def build_arguments(launch_script: str, parameters: Parameters, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Make the argument list of a run: the script's words, then key and value of each parameter as one word.

    A key that ends in a blank is an option whose value is a word of its own, as in `("--seed ", "7")`. Variables are
    replaced after the text was split into words, so a value with blanks or quotes stays one word.
    Raises UnknownVariableError; CampaignShapeError when the script has an open quote or no word.
    """
    words = split_script(launch_script)
    for key, text in parameters:
        words += [key.rstrip(), text] if key.endswith(" ") else [key + text] if key + text else []
    return tuple(substitute(word, variables, where="launch_script") for word in words)


def split_script(launch_script: str) -> list[str]:
    """Split a launch script into words. Raises CampaignShapeError when it has an open quote or no word."""
    try:
        words = shlex.split(launch_script)
    except ValueError as error:
        raise CampaignShapeError([Problem("launch_script", f"{error} in {launch_script!r}")]) from error
    if not words:
        raise CampaignShapeError([Problem("launch_script", "is empty: name the program that a job runs for each file")])
    return words


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


def list_units(count: int, *, prefix: str) -> list[tuple[str, dict[str, object]]]:
    """Return name and attributes of a generator's units: `PREFIX.000001` with its index from 0."""
    return [(f"{prefix}.{index + 1:06d}", {"index": index, "unit_count": count}) for index in range(count)]


def check_output_namespace(job_type: JobType, fallback: str) -> str:
    """Return the namespace that outputs go to: the job type's own, else the experiment's name."""
    return Did.parse(f"{job_type.output_namespace or fallback}:x").namespace
