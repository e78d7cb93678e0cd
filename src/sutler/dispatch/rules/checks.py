"""What may come in: new projects, wishes of workers, reports."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.dispatch.errors import EmptyProjectError, InvalidProjectError, InvalidReportError, InvalidWishError
from sutler.dispatch.model import NewHandle, NewProject, Outcome, ProjectHeader, Report, Wish

LARGEST_WISH = 1000
LONGEST_NAME = 1024
SHOWN_PROBLEMS = 20


def check_project(project: NewProject) -> list[NewHandle]:
    """Return the handles of a new project, each file once: the first of several stands.

    Raises EmptyProjectError; InvalidProjectError naming what is wrong with the project or with which file.
    """
    if not project.handles:
        raise EmptyProjectError
    problems = _check_limits(project)
    unique: dict[tuple[str, str], NewHandle] = {}
    for number, handle in enumerate(project.handles, start=1):
        if len(problems) < SHOWN_PROBLEMS and (what := _find_fault(handle)):
            problems.append(Problem(f"file {number}", what))
        unique.setdefault((handle.namespace, handle.name), handle)
    if problems:
        raise InvalidProjectError(problems)
    return list(unique.values())


def check_wish(wish: Wish) -> None:
    """Raise InvalidWishError unless the worker asks for something that can be given."""
    problems = []
    if not 1 <= wish.count <= LARGEST_WISH:
        problems.append(Problem("count", f"must be between 1 and {LARGEST_WISH}, not {wish.count}"))
    if not wish.worker_id:
        problems.append(Problem("worker_id", "must not be empty"))
    if wish.lease_for is not None and wish.lease_for.total_seconds() <= 0:
        problems.append(Problem("lease_for", "must be longer than nothing"))
    if problems:
        raise InvalidWishError(problems)


def check_report(report: Report) -> None:
    """Raise InvalidReportError unless the report says done or failed about leases, each once."""
    problems = []
    if not report.attempt_ids or len(set(report.attempt_ids)) < len(report.attempt_ids):
        problems.append(Problem("attempt_ids", "must name at least one attempt, and each only once"))
    if report.outcome not in (Outcome.DONE, Outcome.FAILED):
        problems.append(Problem("outcome", f"must be done or failed, not {report.outcome}"))
    if report.outputs and report.outcome is not Outcome.DONE:
        problems.append(Problem("outputs", "belong to a run that is done"))
    if problems:
        raise InvalidReportError(problems)


def check_same_project(headers: Sequence[ProjectHeader]) -> None:
    """Raise InvalidReportError if the attempts of a report belong to several projects."""
    projects = sorted({header.project_id for header in headers})
    if len(projects) > 1:
        names = " and ".join(str(project_id) for project_id in projects)
        raise InvalidReportError([Problem("attempt_ids", f"belong to projects {names}: report each by itself")])


def _check_limits(project: NewProject) -> list[Problem]:
    problems = []
    if project.max_attempts is not None and project.max_attempts < 1:
        problems.append(Problem("max_attempts", f"must be at least 1, not {project.max_attempts}"))
    for where in ("worker_timeout", "idle_timeout"):
        limit = getattr(project, where)
        if limit is not None and limit.total_seconds() <= 0:
            problems.append(Problem(where, "must be longer than nothing; leave it out for no limit"))
    return problems


def _find_fault(handle: NewHandle) -> str | None:
    for what, text in (("namespace", handle.namespace), ("name", handle.name)):
        if not text or len(text) > LONGEST_NAME or "\0" in text:
            return f"{Did(handle.namespace, handle.name)}: the {what} must have 1 to {LONGEST_NAME} characters, no NUL"
    if handle.size_bytes is not None and handle.size_bytes < 0:
        return f"{Did(handle.namespace, handle.name)}: the size is negative"
    return None
