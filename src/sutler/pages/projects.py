"""Pages of projects and of single handles."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sutler import dispatch
from sutler.base.errors import NotFoundError
from sutler.dispatch import HandleState, HandleView, Project
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.handles import HANDLES_PER_PAGE, HandleList, Tile, count_states, make_tiles, read_state
from sutler.pages.live import join_subjects


@dataclass(frozen=True)
class ProjectPage:
    """A project with one page of its handles."""

    project: Project
    files: HandleList
    subjects: str

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The counts, in the order of a file's life."""
        return make_tiles(self.project.counts)


@dataclass(frozen=True)
class HandlePage:
    """A handle with its attempts, and the submission that the project was made for."""

    handle_view: HandleView
    project: Project
    submission_id: int | None
    subjects: str

    @property
    def waits(self) -> bool:
        """Whether it may still be tried."""
        return self.handle_view.handle.state in (HandleState.INITIAL, HandleState.RESERVED)


class ProjectPages:
    """Projects and handles: looking."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(
        self, request: Request, project_id: int, state: str | None = None, after: str | None = None
    ) -> Response:
        """A project; `state` and `after` choose which of its handles are listed."""
        return await self._show(request, project_id, state, after, "project.html")

    async def show_files(
        self, request: Request, project_id: int, state: str | None = None, after: str | None = None
    ) -> Response:
        """The list of handles alone."""
        return await self._show(request, project_id, state, after, "_files.html")

    async def show_part(self, request: Request, project_id: int) -> Response:
        """The part of the page that changes, without the list."""
        return await self._show(request, project_id, None, None, "_project.html")

    async def show_handle(self, request: Request, project_id: int, position: int) -> Response:
        """A handle: every attempt, with its reason and the end of its log."""
        return await self._show_handle(request, project_id, position, "handle.html")

    async def show_handle_part(self, request: Request, project_id: int, position: int) -> Response:
        """The part of a handle's page that changes."""
        return await self._show_handle(request, project_id, position, "_handle.html")

    async def _show(
        self, request: Request, project_id: int, state: str | None, after: str | None, template: str
    ) -> Response:
        visit = await self._door.admit(request)
        chosen = read_state(state)
        project = await dispatch.get_project(self._db, visit.who, project_id=check_id("project", project_id))
        handles = await dispatch.list_handles(
            self._db, visit.who, project_id=project_id, state=chosen, after=after, limit=HANDLES_PER_PAGE
        )
        base = f"/projects/{project_id}"
        files = HandleList(handles, chosen, after, base, f"{base}/files", count_states(project.counts))
        page = ProjectPage(project, files, join_subjects([f"project/{project_id}"]))
        return self._door.show(request, template, page, visit=visit)

    async def _show_handle(self, request: Request, project_id: int, position: int, template: str) -> Response:
        visit = await self._door.admit(request)
        if position > 2**31 - 1:
            raise NotFoundError("handle", position)
        view = await dispatch.get_handle(
            self._db, visit.who, project_id=check_id("project", project_id), position=check_id("handle", position)
        )
        project = await dispatch.get_project(self._db, visit.who, project_id=project_id)
        submission_id = project.attributes.get("submission_id")
        page = HandlePage(
            view,
            project,
            submission_id if isinstance(submission_id, int) else None,
            join_subjects([f"project/{project_id}"]),
        )
        return self._door.show(request, template, page, visit=visit)
