"""What waits in a lane: somebody who asks for handles, or reports about them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.dispatch.model import Answer, AttemptPlace, EndedLease, Ending, Handle, HeldPlace, Report, Wish
from sutler.dispatch.operations.reports import accept


class Call:
    """Somebody who waits for an answer. An answer of None leaves the call to the ordinary operation."""

    def __init__(self, who: Principal, handle_count: int) -> None:
        self.who = who
        self.handle_count = handle_count
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def project_id(self) -> int | None:
        """The project that the call is about, as far as it is known."""
        raise NotImplementedError

    def finish(self, answer: object) -> None:
        """Answer, unless the caller has gone."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Let the caller have an error, unless it has gone."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Claim(Call):
    """A worker's wish for handles of a project."""

    def __init__(self, who: Principal, project_id: int, wish: Wish) -> None:
        super().__init__(who, wish.count)
        self._project_id = project_id
        self.wish = wish

    @property
    def project_id(self) -> int:
        """The project that the call is about."""
        return self._project_id


class End(Call):
    """A report about attempts, or about a file of a project when the attempts are not known to the caller."""

    def __init__(
        self, who: Principal, said: Report, *, worker_id: str | None, file: tuple[int, Did] | None = None
    ) -> None:
        super().__init__(who, len(said.attempt_ids) or 1)
        self.said = said
        self.worker_id = worker_id
        self.file = file
        self.held: HeldPlace | None = None
        self.places: list[AttemptPlace] = []
        self.endings: list[Ending] = []

    @property
    def project_id(self) -> int | None:
        """The project that the call is about, once its attempts were looked up."""
        return self.places[0].project_id if self.places else None

    def is_torn(self, ended: Mapping[int, EndedLease]) -> bool:
        """Whether some of its leases ended and others did not."""
        return 0 < sum(ending.attempt_id in ended for ending in self.endings) < len(self.endings)

    def make_answer(self, ended: Mapping[int, EndedLease]) -> Handle | list[Answer] | None:
        """Return what the caller is told; None if its leases had ended before."""
        if not self.endings or self.endings[0].attempt_id not in ended:
            return None
        if self.held is not None:
            [ending] = self.endings
            return dataclasses.replace(self.held.handle, state=ending.state, worker_id=None, reason=ending.reason)
        answers = [accept(ended[ending.attempt_id]) for ending in self.endings]
        return sorted(answers, key=lambda answer: answer.attempt_id)
