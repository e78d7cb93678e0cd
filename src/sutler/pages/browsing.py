"""The project browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from sutler import dispatch
from sutler.base.errors import InvalidInputError
from sutler.database.listing import Page
from sutler.dispatch import Project, ProjectState
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names
from sutler.pages.finding import ProjectFilters, join_conditions, list_conditions, read_filters, read_project_state
from sutler.pages.live import join_subjects
from sutler.pages.session import Visit

PROJECTS_PER_PAGE = 50

Filters = Annotated[ProjectFilters, Depends()]


@dataclass(frozen=True)
class ProjectsPage:
    """Projects that fit the filters, the newest first. `problem` and `excerpt` say what is wrong with a filter."""

    projects: Page[Project]
    filters: ProjectFilters
    names: Mapping[int, str]
    after: str | None
    problem: str = ""
    excerpt: str = ""

    @property
    def states(self) -> tuple[str, ...]:
        """The states that can be chosen."""
        return tuple(state.value for state in ProjectState)

    @property
    def experiments(self) -> tuple[str, ...]:
        """The names of the experiments that can be chosen."""
        return tuple(sorted(self.names.values()))

    @property
    def subjects(self) -> str:
        """What the live updates follow: the projects on this page that still move, as many as one stream may."""
        moving = (project for project in self.projects.items if project.state is ProjectState.ACTIVE)
        return join_subjects(f"project/{project.id}" for project in moving)

    @property
    def part(self) -> str:
        """The address of the table alone."""
        return f"/projects/part{self.filters.write(after=self.after)}"


class BrowserPages:
    """Finding projects."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def browse(self, request: Request, filters: Filters, after: str | None = None) -> Response:
        """Projects, the newest first; every filter stands in the address."""
        return await self._browse(request, filters, after, "projects.html")

    async def browse_part(self, request: Request, filters: Filters, after: str | None = None) -> Response:
        """The table alone."""
        return await self._browse(request, filters, after, "_projects.html")

    async def _browse(self, request: Request, filters: ProjectFilters, after: str | None, template: str) -> Response:
        visit = await self._door.admit(request)
        names = await list_experiment_names(self._db, visit)
        try:
            filters = read_filters(filters)
            found = await self._search(visit, filters, after)
        except InvalidInputError as error:
            excerpt = str(error.facts.get("excerpt", ""))
            view = ProjectsPage(Page((), None), filters, names, after, error.sentence, excerpt)
            return self._door.show(request, template, view, visit=visit, status=422)
        return self._door.show(request, template, ProjectsPage(found, filters, names, after), visit=visit)

    async def _search(self, visit: Visit, filters: ProjectFilters, after: str | None) -> Page[Project]:
        conditions = list_conditions(filters)
        if filters.q and conditions:
            # Alone first: a mistake is shown where it stands in what was typed, and what passes keeps its brackets.
            await self._ask(visit, filters, filters.q, None, limit=1)
        if filters.q:
            query = join_conditions([filters.q, *conditions]) if conditions else filters.q
        else:
            query = join_conditions(conditions)
        return await self._ask(visit, filters, query, after, limit=PROJECTS_PER_PAGE)

    async def _ask(
        self, visit: Visit, filters: ProjectFilters, query: str | None, after: str | None, *, limit: int
    ) -> Page[Project]:
        return await dispatch.search_projects(
            self._db,
            visit.who,
            query=query,
            experiment=filters.experiment or None,
            state=read_project_state(filters.state),
            owner=filters.owner or None,
            after=after,
            limit=limit,
        )
