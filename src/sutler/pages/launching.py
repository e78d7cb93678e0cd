"""Launching a stage by hand: as it is, with other data or parameters, as a test, or only shown what would happen."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import (
    ChosenData,
    ChosenProject,
    ChosenQuery,
    Launched,
    LaunchRequest,
    Rehearsal,
    StageView,
)
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import read_key
from sutler.pages.door import Door
from sutler.pages.forms import read_number
from sutler.pages.session import Visit
from sutler.pages.stages import explain_no_launch
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Rows, Typed, pad_rows, read_typed


@dataclass(frozen=True)
class LaunchPage:
    """The form of a launch with all that can be said to it. `rehearsal` is what it would do, once that was asked."""

    stage_view: StageView
    typed: Typed
    rows: Rows
    launch_key: str
    rehearsal: Rehearsal | None = None
    trouble: Trouble | None = None

    @property
    def why_not(self) -> str:
        """Why the stage needs other data than its own; empty where it has some."""
        return explain_no_launch(self.stage_view.stage)


class LaunchPages:
    """Launching stages."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(self, request: Request, stage_id: int) -> Response:
        """The form of a launch."""
        visit = await self._door.admit(request)
        return await self._show(request, visit, stage_id, Typed())

    async def launch(self, request: Request, stage_id: int) -> Response:
        """Launch, and go to the submission; the same form sent twice leads to the same one.

        A launch that has to wait leads back to the stage, which says so.
        """
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            wanted = _read_request(stage_id, typed)
            outcome = await campaigns.launch_stage(self._db, self._door.services.launcher, visit.who, request=wanted)
        except SHOWN as error:
            return await self._show(request, visit, stage_id, typed, trouble=describe_trouble(error))
        path = (
            f"/submissions/{outcome.submission_id}" if isinstance(outcome, Launched) else f"/stages/{stage_id}?queued=1"
        )
        return self._door.send_to(request, path)

    async def rehearse(self, request: Request, stage_id: int) -> Response:
        """Show what the launch would do. Nothing is launched, and no split moves."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            wanted = _read_request(stage_id, typed)
            shown = await campaigns.rehearse_launch(self._db, self._door.services.launcher, visit.who, request=wanted)
        except SHOWN as error:
            return await self._show(request, visit, stage_id, typed, trouble=describe_trouble(error))
        return await self._show(request, visit, stage_id, typed, rehearsal=shown)

    async def _show(  # noqa: PLR0917
        self,
        request: Request,
        visit: Visit,
        stage_id: int,
        typed: Typed,
        rehearsal: Rehearsal | None = None,
        trouble: Trouble | None = None,
    ) -> Response:
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        rows = pad_rows(typed.rows("override_key", "override_value"), 2)
        page = LaunchPage(view, typed, rows, str(uuid4()), rehearsal, trouble)
        return self._door.show(request, "launch.html", page, visit=visit, status=choose_status(trouble))


def _read_request(stage_id: int, typed: Typed) -> LaunchRequest:
    return LaunchRequest(
        stage_id=check_id("stage", stage_id),
        key=read_key(typed),
        is_test=typed.has("is_test"),
        data=_read_data(typed),
        parameter_overrides=typed.pairs("override"),
    )


def _read_data(typed: Typed) -> ChosenData | None:
    query, project = typed.text("query"), typed.text("project")
    if query and project:
        raise InvalidInputError([Problem("query", "and a project cannot both be given")])
    if project:
        return ChosenProject(read_number("project", project, least=1))
    return ChosenQuery(query) if query else None
