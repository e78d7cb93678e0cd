"""Pages of projects: looking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from sutler import dispatch
from sutler.base.events import RecordedEvent
from sutler.database.listing import Page
from sutler.dispatch import Project, Refusal
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.experiments import name_experiment
from sutler.pages.handles import Tile, make_tiles
from sutler.pages.history import describe_event
from sutler.pages.live import join_subjects
from sutler.pages.pace import describe_pace, make_points
from sutler.pages.project_handles import HANDLES_PER_PAGE, ProjectHandles, read_handle_filters
from sutler.pages.rights import Button, list_buttons
from sutler.pages.session import Visit

EVENTS_SHOWN = 5
EVENTS_PER_PAGE = 100
REFUSALS_SHOWN = 50
PLOT_INTERVALS = 120

States = Annotated[list[str], Query()]


@dataclass(frozen=True)
class Happening:
    """An event in words."""

    event: RecordedEvent
    words: str


@dataclass(frozen=True)
class ProjectStanding:
    """The part of the page that moves, without the list of handles."""

    project: Project
    why: str
    refusals: tuple[Refusal, ...]
    happenings: tuple[Happening, ...]

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The counts, in the order of a file's life."""
        return make_tiles(self.project.counts)

    @property
    def refused_times(self) -> int:
        """How often the workers that are named were refused."""
        return sum(refusal.times for refusal in self.refusals)

    @property
    def spoken(self) -> str:
        """What a screen reader is told, changing only every ten percent."""
        return f"{self.project.state.value}, {self.project.counts.percent_completed // 10 * 10} percent completed"


@dataclass(frozen=True)
class ProjectPage(ProjectStanding):
    """A project with one page of its handles and what the visitor may do."""

    experiment: str
    files: ProjectHandles
    buttons: tuple[Button, ...]

    @property
    def refusals_of_rights(self) -> tuple[str, ...]:
        """Why this visitor may not do some of the things that can be done, each reason once."""
        return tuple(dict.fromkeys(button.forbidden for button in self.buttons if button.forbidden))

    @property
    def submission_id(self) -> int | None:
        """The submission that it was made for, if it was."""
        return find_submission(self.project)

    @property
    def subjects(self) -> str:
        """What the live updates follow."""
        return join_subjects([f"project/{self.project.id}"])


@dataclass(frozen=True)
class HandlesPart:
    """The list of handles alone."""

    files: ProjectHandles


@dataclass(frozen=True)
class HistoryPage:
    """What happened to a project, the newest first."""

    project: Project
    happenings: tuple[Happening, ...]
    after: str | None
    next_cursor: str | None


class ProjectPages:
    """Projects: looking."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(
        self,
        request: Request,
        project_id: int,
        *,
        state: States = [],  # noqa: B006 - the framework copies it
        namespace: str = "",
        name: str = "",
        after: str | None = None,
    ) -> Response:
        """A project; the rest of the address chooses which of its handles are listed."""
        visit = await self._door.admit(request)
        standing = await self._stand(visit, project_id)
        page = ProjectPage(
            **vars(standing),
            experiment=await name_experiment(self._db, visit, standing.project.experiment_id),
            files=await self._list_handles(visit, standing.project, state, namespace, name, after=after),
            buttons=list_buttons(visit.who, standing.project),
        )
        return self._door.show(request, "project.html", page, visit=visit)

    async def show_files(
        self,
        request: Request,
        project_id: int,
        *,
        state: States = [],  # noqa: B006 - the framework copies it
        namespace: str = "",
        name: str = "",
        after: str | None = None,
    ) -> Response:
        """The list of handles alone."""
        visit = await self._door.admit(request)
        project = await self._get_project(visit, project_id)
        part = HandlesPart(await self._list_handles(visit, project, state, namespace, name, after=after))
        return self._door.show(request, "_handles.html", part, visit=visit)

    async def show_part(self, request: Request, project_id: int) -> Response:
        """The part of the page that changes, without the list."""
        visit = await self._door.admit(request)
        return self._door.show(request, "_project.html", await self._stand(visit, project_id), visit=visit)

    async def show_throughput(self, request: Request, project_id: int) -> Response:
        """The points of the plot as JSON."""
        visit = await self._door.admit(request)
        project = await self._get_project(visit, project_id)
        intervals = await dispatch.list_throughput(self._db, visit.who, project_id=project_id, buckets=PLOT_INTERVALS)
        sentence = describe_pace(intervals, project.counts, self._db.clock.now())
        return Response(json.dumps(make_points(intervals, sentence)), media_type="application/json")

    async def show_history(self, request: Request, project_id: int, after: str | None = None) -> Response:
        """Everything that happened to a project."""
        visit = await self._door.admit(request)
        project = await self._get_project(visit, project_id)
        events = await self._list_history(visit, project_id, after, EVENTS_PER_PAGE)
        page = HistoryPage(project, _describe(events), after, events.next_cursor)
        return self._door.show(request, "project_history.html", page, visit=visit)

    async def _get_project(self, visit: Visit, project_id: int) -> Project:
        return await dispatch.get_project(self._db, visit.who, project_id=check_id("project", project_id))

    async def _stand(self, visit: Visit, project_id: int) -> ProjectStanding:
        project = await self._get_project(visit, project_id)
        events = await self._list_history(visit, project_id, None, EVENTS_SHOWN)
        return ProjectStanding(
            project=project,
            why=await dispatch.explain_project(self._db, visit.who, project_id=project_id),
            refusals=tuple(
                await dispatch.list_refusals(self._db, visit.who, project_id=project_id, limit=REFUSALS_SHOWN)
            ),
            happenings=_describe(events),
        )

    async def _list_history(self, visit: Visit, project_id: int, after: str | None, limit: int) -> Page[RecordedEvent]:
        return await dispatch.list_project_history(self._db, visit.who, project_id=project_id, after=after, limit=limit)

    async def _list_handles(
        self, visit: Visit, project: Project, states: list[str], namespace: str, name: str, *, after: str | None
    ) -> ProjectHandles:
        filters = read_handle_filters(states, namespace, name)
        handles = await dispatch.look_through_handles(
            self._db,
            visit.who,
            project_id=project.id,
            states=filters.states,
            namespace=filters.namespace or None,
            name=filters.name or None,
            after=after or None,
            limit=HANDLES_PER_PAGE,
        )
        return ProjectHandles(project.id, handles, filters, after or None, project.counts)


def find_submission(project: Project) -> int | None:
    """Return the submission that a project was made for, if it was."""
    submission_id = project.attributes.get("submission_id")
    return submission_id if isinstance(submission_id, int) and not isinstance(submission_id, bool) else None


def _describe(events: Page[RecordedEvent]) -> tuple[Happening, ...]:
    return tuple(Happening(event, describe_event(event)) for event in events.items)
