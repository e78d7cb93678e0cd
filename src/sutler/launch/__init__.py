"""Launch: how jobs reach a batch system and come back as states and counts.

Owns launches, each under a key its maker chose, their batch jobs and the way to their output. Knows no submission and
asks no permission: campaigns does.

A launch is *intended* (`intend_in`, in the transaction that decided it), then *submitted* or *failed*
(`submit_launch`, which may be repeated and never starts a job twice), perhaps *stopping* (`stop_launch`), and *ended*
when all its batch jobs are (`poll_launches`). A failed one may be intended again (`retry_in`). `claim_unsubmitted`
takes the launches whose submission a crash cut off, and `intend_stop_in` notes a stop in the caller's transaction.
Back-ends (`backends/`) are the batch systems, all behind one protocol; `LocalBackend` runs jobs on this machine.
"""

from sutler.launch.backends.local import LocalBackend
from sutler.launch.backends.port import Backend
from sutler.launch.errors import (
    BackendFailedError,
    BatchJobNotFoundError,
    InvalidPlanError,
    LaunchNotFailedError,
    LaunchNotFoundError,
    LaunchRefusedError,
    UnknownBackendError,
)
from sutler.launch.model import (
    BatchJob,
    JobCause,
    JobCounts,
    JobOutput,
    JobState,
    JobStatus,
    Launch,
    LaunchEvent,
    LaunchPlan,
    LaunchState,
    Receipt,
    ResourceRequest,
)
from sutler.launch.operations import (
    claim_unsubmitted,
    get_backend,
    get_launch_in,
    intend_in,
    intend_stop_in,
    list_jobs_in,
    poll_launches,
    read_output,
    retry_in,
    stop_launch,
    submit_launch,
)

__all__ = [
    "Backend",
    "BackendFailedError",
    "BatchJob",
    "BatchJobNotFoundError",
    "InvalidPlanError",
    "JobCause",
    "JobCounts",
    "JobOutput",
    "JobState",
    "JobStatus",
    "Launch",
    "LaunchEvent",
    "LaunchNotFailedError",
    "LaunchNotFoundError",
    "LaunchPlan",
    "LaunchRefusedError",
    "LaunchState",
    "LocalBackend",
    "Receipt",
    "ResourceRequest",
    "UnknownBackendError",
    "claim_unsubmitted",
    "get_backend",
    "get_launch_in",
    "intend_in",
    "intend_stop_in",
    "list_jobs_in",
    "poll_launches",
    "read_output",
    "retry_in",
    "stop_launch",
    "submit_launch",
]
