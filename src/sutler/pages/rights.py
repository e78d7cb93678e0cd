"""What the visitor may do with a project, for buttons: the operation itself asks once more."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.auth import Action, Principal, Role, Thing, permit
from sutler.base.errors import NotPermittedError
from sutler.dispatch import Project, ProjectState


@dataclass(frozen=True)
class Button:
    """One thing that can be done, or why not: the visitor may not, or the project is not in a state for it."""

    name: str
    label: str
    forbidden: str = ""
    not_now: str = ""
    is_dangerous: bool = False

    @property
    def is_forbidden(self) -> bool:
        """Whether it is the visitor who may not."""
        return bool(self.forbidden)

    @property
    def why_not(self) -> str:
        """The reason why it cannot be done; empty if it can."""
        return self.forbidden or self.not_now


def list_buttons(who: Principal, project: Project) -> tuple[Button, ...]:
    """Return what can be done with a project, the everyday things first."""
    may_launch = explain_right(who, Action.LAUNCH, name_project(project))
    may_edit = explain_right(who, Action.EDIT, name_project(project))
    may_create = explain_right(who, Action.CREATE, Thing("project", project.experiment_id))
    return (
        Button("restart", "Put files back…", may_launch, _find_nothing_to_put_back(project)),
        Button("alter", "Settings…", may_edit),
        Button("copy", "Copy…", may_create),
        Button("activate", "Open again…", may_launch, _find_no_way_to_open(project)),
        Button("cancel", "Cancel…", may_launch, _find_no_way_to_cancel(project), is_dangerous=True),
        Button("delete", "Delete…", may_launch, is_dangerous=True),
    )


def explain_right(who: Principal, action: Action, thing: Thing) -> str:
    """Return why somebody may not do this to the thing; empty if they may."""
    try:
        permit(who, action, thing)
    except NotPermittedError as error:
        return error.sentence
    return ""


def name_project(project: Project) -> Thing:
    """Return a project as permission sees it."""
    return Thing(
        "project",
        project.experiment_id,
        owner_id=project.owner_id,
        owner_role=Role(project.owner_role),
        project_id=project.id,
    )


def _find_nothing_to_put_back(project: Project) -> str:
    counts = project.counts
    return "" if counts.submitted_count + counts.resting_count else "No file has been given out yet."


def _find_no_way_to_open(project: Project) -> str:
    if project.state is ProjectState.ACTIVE:
        return "It is open."
    return "Every file is done or failed: put some back, and it opens by itself." if project.counts.is_final else ""


def _find_no_way_to_cancel(project: Project) -> str:
    return "" if project.state is ProjectState.ACTIVE else f"It is {project.state.value} already."
