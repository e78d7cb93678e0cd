"""Launch: how jobs reach a batch system and come back as states and counts.

Owns launches, each under a key its maker chose, their batch jobs and the way to their output. Knows no submission and
asks no permission: campaigns does.

A launch is *intended* (`intend_in`, in the transaction that decided it), then *submitted* or *failed*
(`submit_launch`, which may be repeated and never starts a job twice), perhaps *stopping* (`stop_launch`), and *ended*
when all its batch jobs are (`poll_launches`). `list_unsubmitted` names the launches whose submission a crash cut off.
Back-ends (`backends/`) are the batch systems, all behind one protocol; `LocalBackend` runs jobs on this machine.
"""

from sutler.launch.backends.local import LocalBackend
from sutler.launch.backends.port import Backend
from sutler.launch.errors import (
    BackendFailedError,
    BatchJobNotFoundError,
    InvalidPlanError,
    LaunchNotFoundError,
    LaunchRefusedError,
    UnknownBackendError,
)
from sutler.launch.model import (
    BatchJob,
    JobCounts,
    JobOutput,
    JobState,
    JobStatus,
    Launch,
    LaunchEvent,
    LaunchPlan,
    LaunchState,
    Receipt,
)
from sutler.launch.operations import (
    get_backend,
    get_launch_in,
    intend_in,
    list_jobs_in,
    list_unsubmitted,
    poll_launches,
    read_output,
    stop_launch,
    submit_launch,
)

__all__ = [
    "Backend",
    "BackendFailedError",
    "BatchJob",
    "BatchJobNotFoundError",
    "InvalidPlanError",
    "JobCounts",
    "JobOutput",
    "JobState",
    "JobStatus",
    "Launch",
    "LaunchEvent",
    "LaunchNotFoundError",
    "LaunchPlan",
    "LaunchRefusedError",
    "LaunchState",
    "LocalBackend",
    "Receipt",
    "UnknownBackendError",
    "get_backend",
    "get_launch_in",
    "intend_in",
    "list_jobs_in",
    "list_unsubmitted",
    "poll_launches",
    "read_output",
    "stop_launch",
    "submit_launch",
]
