"""Changing projects: each change is asked about on a page of its own, and done by its form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import dispatch
from sutler.base.errors import ConflictError, InvalidInputError, NotPermittedError, Problem
from sutler.dispatch import Project
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.forms import (
    list_problems,
    read_duration,
    read_names,
    read_object,
    read_optional_number,
    read_text,
    write_duration,
)
from sutler.pages.handles import count_states, read_state
from sutler.pages.rights import list_buttons
from sutler.pages.session import Visit

LONGEST_REASON = 500
QUESTIONS = ("cancel", "activate", "restart", "copy", "delete")

Value = TypeVar("Value")


@dataclass(frozen=True)
class QuestionPage:
    """The question before a project is changed. `verb` is the last word of the address."""

    project: Project
    verb: str

    @property
    def restartable(self) -> dict[str, int]:
        """How many handles could be put back, by state; of the initial ones those that pause."""
        counts = self.project.counts
        return {**count_states(counts), "initial": counts.resting_count}


@dataclass(frozen=True)
class Settings:
    """The settings of a project as they stand in the fields of the form."""

    worker_timeout: Annotated[str, Form()] = ""
    idle_timeout: Annotated[str, Form()] = ""
    max_attempts: Annotated[str, Form()] = ""
    retry_pause: Annotated[str, Form()] = ""
    retry_on_timeout: Annotated[str, Form()] = ""
    users: Annotated[str, Form()] = ""
    groups: Annotated[str, Form()] = ""
    attributes: Annotated[str, Form()] = ""


@dataclass(frozen=True)
class SettingsPage:
    """The form of the settings. `problems` say why they could not be stored."""

    project: Project
    settings: Settings
    problems: tuple[Problem, ...] = ()

    def find_problem(self, field: str) -> str:
        """What is wrong with one field; empty if nothing is."""
        return " ".join(problem.what for problem in self.problems if problem.where == field)


class ProjectChanges:
    """Projects: asking and changing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def ask(self, request: Request, project_id: int) -> Response:
        """Ask before a change, which the address names. Raises NotPermittedError, ConflictError."""
        visit = await self._door.admit(request)
        verb = request.url.path.rpartition("/")[2]
        project = await self._get_project(visit, project_id)
        _require(visit, project, verb)
        return self._door.show(request, "project_question.html", QuestionPage(project, verb), visit=visit)

    async def ask_settings(self, request: Request, project_id: int) -> Response:
        """Show the form of the settings. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        project = await self._get_project(visit, project_id)
        _require(visit, project, "alter")
        page = SettingsPage(project, _write_settings(project))
        return self._door.show(request, "project_settings.html", page, visit=visit)

    async def alter(self, request: Request, project_id: int, settings: Annotated[Settings, Depends()]) -> Response:
        """Store the settings, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        project = await self._get_project(visit, project_id)
        try:
            await self._alter(visit, project, settings)
        except InvalidInputError as error:
            page = SettingsPage(project, settings, tuple(error.problems))
            return self._door.show(request, "project_settings.html", page, visit=visit, status=422)
        return self._door.send_to(request, f"/projects/{project_id}")

    async def cancel(self, request: Request, project_id: int, reason: Annotated[str, Form()] = "") -> Response:
        """Give out nothing more."""
        visit = await self._door.admit(request)
        wanted = read_text("reason", reason, longest=LONGEST_REASON)
        number = check_id("project", project_id)
        await dispatch.cancel_project(self._db, visit.who, project_id=number, reason=wanted)
        return self._door.send_to(request, f"/projects/{project_id}")

    async def activate(self, request: Request, project_id: int) -> Response:
        """Open it again."""
        visit = await self._door.admit(request)
        await dispatch.activate_project(self._db, visit.who, project_id=check_id("project", project_id))
        return self._door.send_to(request, f"/projects/{project_id}")

    async def restart(
        self,
        request: Request,
        project_id: int,
        state: Annotated[list[str], Form()] = [],  # noqa: B006 - the framework copies it
    ) -> Response:
        """Put back the handles in the chosen states. Raises InvalidChoiceError when none is chosen."""
        visit = await self._door.admit(request)
        states = [chosen for text in state if (chosen := read_state(text)) is not None]
        await dispatch.restart_handles(self._db, visit.who, project_id=check_id("project", project_id), states=states)
        return self._door.send_to(request, f"/projects/{project_id}")

    async def copy(self, request: Request, project_id: int) -> Response:
        """Make a project of the same files, and go to it."""
        visit = await self._door.admit(request)
        copied = await dispatch.copy_project(self._db, visit.who, project_id=check_id("project", project_id))
        return self._door.send_to(request, f"/projects/{copied.id}")

    async def delete(self, request: Request, project_id: int) -> Response:
        """Delete it, and go to the projects that are left."""
        visit = await self._door.admit(request)
        await dispatch.delete_project(self._db, visit.who, project_id=check_id("project", project_id))
        return self._door.send_to(request, "/projects")

    async def _get_project(self, visit: Visit, project_id: int) -> Project:
        return await dispatch.get_project(self._db, visit.who, project_id=check_id("project", project_id))

    async def _alter(self, visit: Visit, project: Project, settings: Settings) -> None:
        errors: list[InvalidInputError] = []
        worker_timeout = _keep(errors, lambda: read_duration("worker_timeout", settings.worker_timeout))
        idle_timeout = _keep(errors, lambda: read_duration("idle_timeout", settings.idle_timeout))
        max_attempts = _keep(errors, lambda: read_optional_number("max_attempts", settings.max_attempts, least=1))
        retry_pause = _keep(errors, lambda: read_duration("retry_pause", settings.retry_pause))
        users = _keep(errors, lambda: read_names("users", settings.users))
        groups = _keep(errors, lambda: read_names("groups", settings.groups))
        attributes = _keep(errors, lambda: read_object("attributes", settings.attributes))
        if errors:
            raise InvalidInputError(list_problems(errors))
        await dispatch.alter_project(
            self._db,
            visit.who,
            project_id=project.id,
            attributes=attributes,
            replaces_attributes=True,
            worker_timeout=worker_timeout,
            idle_timeout=idle_timeout,
            max_attempts=max_attempts,
            retry_pause=retry_pause,
            retry_on_timeout=bool(settings.retry_on_timeout),
            users=users,
            groups=groups,
        )


def _keep(errors: list[InvalidInputError], read: Callable[[], Value]) -> Value | None:
    """Return what is read; if it cannot be, note why and go on with the other fields."""
    try:
        return read()
    except InvalidInputError as error:
        errors.append(error)
        return None


def _require(visit: Visit, project: Project, verb: str) -> None:
    button = next(button for button in list_buttons(visit.who, project) if button.name == verb)
    if button.is_forbidden:
        raise NotPermittedError(button.why_not)
    if button.why_not:
        raise ConflictError(f"Project {project.id}: {button.why_not}")


def _write_settings(project: Project) -> Settings:
    return Settings(
        worker_timeout=write_duration(project.worker_timeout),
        idle_timeout=write_duration(project.idle_timeout),
        max_attempts="" if project.max_attempts is None else str(project.max_attempts),
        retry_pause=write_duration(project.retry_pause),
        retry_on_timeout="yes" if project.retry_on_timeout else "",
        users=", ".join(project.users),
        groups=", ".join(project.groups),
        attributes=json.dumps(dict(project.attributes), indent=2, ensure_ascii=False) if project.attributes else "",
    )
