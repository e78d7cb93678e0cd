"""Pure decisions of the room: what may be saved, how a launch is put together, what its end means."""

from sutler.campaigns.model.inheritance import merge_parameters
from sutler.campaigns.rules.commands import (
    build_arguments,
    check_output_namespace,
    list_units,
    name_output_dataset,
    split_script,
)
from sutler.campaigns.rules.environment import Surface, build_environment, list_job_attributes, name_campaign_stage
from sutler.campaigns.rules.progress import (
    FIRST_RETRY_PAUSE,
    LONGEST_RETRY_PAUSE,
    decide_completion,
    decide_retry_pause,
    describe_launch,
    explain_cancellation,
    explain_undeclared,
    name_dependant,
)
from sutler.campaigns.rules.resources import split_requests
from sutler.campaigns.rules.shapes import check_campaign, check_dependencies, check_stage_has_data
from sutler.campaigns.rules.substitution import list_variables, substitute, substitute_in_shell

__all__ = [
    "FIRST_RETRY_PAUSE",
    "LONGEST_RETRY_PAUSE",
    "Surface",
    "build_arguments",
    "build_environment",
    "check_campaign",
    "check_dependencies",
    "check_output_namespace",
    "check_stage_has_data",
    "decide_completion",
    "decide_retry_pause",
    "describe_launch",
    "explain_cancellation",
    "explain_undeclared",
    "list_job_attributes",
    "list_units",
    "list_variables",
    "merge_parameters",
    "name_campaign_stage",
    "name_dependant",
    "name_output_dataset",
    "split_requests",
    "split_script",
    "substitute",
    "substitute_in_shell",
]
