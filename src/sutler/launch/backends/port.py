"""What a back-end must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sutler.launch.model import JobOutput, JobStatus, LaunchPlan, Receipt


class Backend(Protocol):
    """One batch system. Keeps nothing in memory that a new process would miss; the launch key finds everything again.

    Every method may raise BackendFailedError: not now, ask again.
    """

    @property
    def name(self) -> str:
        """The name that plans and login setups use."""
        ...

    async def submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:
        """Start the plan's batch jobs under the key, or those that a submission cut short left out.

        `secrets` join the environment of the jobs and are kept nowhere else.
        Raises LaunchRefusedError when nothing was started and asking again would not help.
        """
        ...

    async def find(self, key: str) -> Receipt | None:
        """Return what was started under the key, by whomever; None for nothing. May be incomplete."""
        ...

    async def look(self, batch_job_ids: Sequence[str]) -> list[JobStatus]:
        """Return how the batch jobs are: one question for all of them."""
        ...

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        """Begin to end batch jobs and return the ids that were told now. Those told before, or over, are left out."""
        ...

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> JobOutput:
        """Return the end of what the batch job has written, to its standard output and errors.

        Raises BatchJobNotFoundError.
        """
        ...
