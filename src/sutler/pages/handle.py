"""The page of one handle: every attempt, and the copies of its file."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sutler import dispatch, replicas
from sutler.auth import Action, permit
from sutler.base.errors import ConflictError, NotFoundError
from sutler.dispatch import HandleState, HandleView, Project, ProjectState
from sutler.pages.addresses import check_id
from sutler.pages.copies import Copy, judge_copies
from sutler.pages.door import Door
from sutler.pages.experiments import name_experiment
from sutler.pages.live import join_subjects
from sutler.pages.projects import find_submission
from sutler.pages.rights import explain_right, name_project
from sutler.pages.session import Visit


@dataclass(frozen=True)
class HandlePage:
    """A handle with its attempts, the copies of its file, and the submission that the project was made for.

    `why_not_restart` is why the visitor cannot put it back.
    """

    handle_view: HandleView
    project: Project
    experiment: str
    copies: tuple[Copy, ...]
    why_not_restart: str

    @property
    def submission_id(self) -> int | None:
        """The submission that the project was made for, if it was."""
        return find_submission(self.project)

    @property
    def subjects(self) -> str:
        """What the live updates follow."""
        return join_subjects([f"project/{self.project.id}"])

    @property
    def waits(self) -> bool:
        """Whether it may still be tried."""
        return self.handle_view.handle.state in (HandleState.INITIAL, HandleState.RESERVED)

    @property
    def waiting_for(self) -> str:
        """What a handle waits for that nobody has and that is not final; empty for any other."""
        if self.handle_view.handle.state is not HandleState.INITIAL:
            return ""
        if self.project.state is not ProjectState.ACTIVE:
            return f"It is not given out any more: the project is {self.project.state.value}."
        if not self.project.is_virtual and not self.usable_count:
            return "Waits for a replica that can be read."
        return "Waits for a worker."

    @property
    def usable_count(self) -> int:
        """How many copies can be read now."""
        return sum(copy.replica.is_usable for copy in self.copies)


@dataclass(frozen=True)
class HandleQuestionPage:
    """The question before a handle is put back."""

    handle_view: HandleView


class HandlePages:
    """Single handles: looking, putting back."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(self, request: Request, project_id: int, position: int) -> Response:
        """A handle: every attempt, with its reason and the end of its log."""
        return await self._show(request, project_id, position, "handle.html")

    async def show_part(self, request: Request, project_id: int, position: int) -> Response:
        """The part of a handle's page that changes."""
        return await self._show(request, project_id, position, "_handle.html")

    async def ask_restart(self, request: Request, project_id: int, position: int) -> Response:
        """Ask before the handle is put back. Raises NotPermittedError, ConflictError."""
        visit = await self._door.admit(request)
        view = await self._get_handle(visit, project_id, position)
        project = await dispatch.get_project(self._db, visit.who, project_id=project_id)
        permit(visit.who, Action.LAUNCH, name_project(project))
        if why_not := _find_nothing_to_put_back(view):
            raise ConflictError(why_not)
        return self._door.show(request, "handle_question.html", HandleQuestionPage(view), visit=visit)

    async def restart(self, request: Request, project_id: int, position: int) -> Response:
        """Put the handle back, and show it again."""
        visit = await self._door.admit(request)
        view = await self._get_handle(visit, project_id, position)
        await dispatch.restart_handles(self._db, visit.who, project_id=project_id, dids=[view.handle.did])
        return self._door.send_to(request, f"/projects/{project_id}/handles/{position}")

    async def _get_handle(self, visit: Visit, project_id: int, position: int) -> HandleView:
        if position > 2**31 - 1:
            raise NotFoundError("handle", position)
        return await dispatch.get_handle(
            self._db, visit.who, project_id=check_id("project", project_id), position=check_id("handle", position)
        )

    async def _show(self, request: Request, project_id: int, position: int, template: str) -> Response:
        visit = await self._door.admit(request)
        view = await self._get_handle(visit, project_id, position)
        project = await dispatch.get_project(self._db, visit.who, project_id=project_id)
        experiment = await name_experiment(self._db, visit, project.experiment_id)
        page = HandlePage(
            view,
            project,
            experiment,
            await self._list_copies(visit, view, project, experiment),
            explain_right(visit.who, Action.LAUNCH, name_project(project)) or _find_nothing_to_put_back(view),
        )
        return self._door.show(request, template, page, visit=visit)

    async def _list_copies(self, visit: Visit, view: HandleView, project: Project, experiment: str) -> tuple[Copy, ...]:
        """Return the copies in the project's experiment; none for somebody to whom only the project is open."""
        if project.is_virtual:
            return ()
        found = await replicas.list_replicas(self._db, visit.who, dids=[view.handle.did])
        found = [replica for replica in found if replica.experiment_id == project.experiment_id]
        # Whoever sees a replica sees the experiment, and with it its storage elements.
        rses = await replicas.list_rses(self._db, visit.who, experiment=experiment) if found else []
        return judge_copies(found, rses)


def _find_nothing_to_put_back(view: HandleView) -> str:
    waits = view.handle.state is HandleState.INITIAL
    return "It waits to be given out." if waits and not view.attempts else ""
