"""What may come in: new projects, wishes of workers, reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.dispatch.errors import EmptyProjectError, InvalidProjectError, InvalidReportError, InvalidWishError
from sutler.dispatch.model import NewHandle, NewProject, Outcome, ProjectHeader, Report, Settings, Wish

LARGEST_WISH = 1000
LONGEST_NAME = 1024
LONGEST_WORKER_ID = 256
LONGEST_REASON = 4_000
LONGEST_LOG_TAIL = 65_536
LONGEST_TIMEOUT = timedelta(days=3_660)
SHOWN_PROBLEMS = 20


def check_project(project: NewProject) -> list[NewHandle]:
    """Return the handles of a new project, each file once: the first of several stands.

    Raises EmptyProjectError; InvalidProjectError naming what is wrong with the project or with which file.
    """
    if not project.handles:
        raise EmptyProjectError
    found, unique = _check_handles(project.handles)
    problems = (_check_limits(project) + found)[:SHOWN_PROBLEMS]
    if problems:
        raise InvalidProjectError(problems)
    return list(unique.values())


def check_wish(wish: Wish) -> None:
    """Raise InvalidWishError unless the worker asks for something that can be given."""
    problems = []
    if not 1 <= wish.count <= LARGEST_WISH:
        problems.append(Problem("count", f"must be between 1 and {LARGEST_WISH}, not {wish.count}"))
    if not _is_storable(wish.worker_id, LONGEST_WORKER_ID):
        problems.append(Problem("worker_id", f"must have 1 to {LONGEST_WORKER_ID} characters, no NUL"))
    if wish.lease_for is not None and not _is_sensible(wish.lease_for):
        problems.append(Problem("lease_for", f"must be longer than nothing and at most {LONGEST_TIMEOUT.days} days"))
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
    if not _is_storable_json(report.measures):
        problems.append(Problem("measures", "cannot be written as JSON"))
    if problems:
        raise InvalidReportError(problems)


def check_outcome(outcome: Outcome) -> None:
    """Raise InvalidReportError unless a release says done or failed."""
    if outcome not in (Outcome.DONE, Outcome.FAILED):
        raise InvalidReportError([Problem("outcome", f"must be done or failed, not {outcome}")])


def check_same_project(headers: Sequence[ProjectHeader]) -> None:
    """Raise InvalidReportError if the attempts of a report belong to several projects."""
    projects = sorted({header.project_id for header in headers})
    if len(projects) > 1:
        names = " and ".join(str(project_id) for project_id in projects)
        raise InvalidReportError([Problem("attempt_ids", f"belong to projects {names}: report each by itself")])


def clean_text(text: str) -> str:
    """Return a text of a worker with what the database cannot hold replaced by a mark: NUL and halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def cut_log_tail(text: str) -> str:
    """Return the end of a log that is kept."""
    return clean_text(text[-LONGEST_LOG_TAIL:])


def check_settings(project: NewProject | Settings) -> None:
    """Raise InvalidProjectError if a project cannot be changed to this."""
    problems = _check_limits(project)
    if problems:
        raise InvalidProjectError(problems)


def check_change(add: Sequence[NewHandle], remove: Sequence[Did]) -> list[NewHandle]:
    """Return the handles that are to be added, each file once.

    Raises InvalidProjectError naming what is wrong with which file, or what is added and removed at once.
    """
    problems, unique = _check_handles(add)
    both = sorted(str(did) for did in set(remove) if (did.namespace, did.name) in unique)
    problems += [Problem(text, "cannot be added and removed at once") for text in both]
    if problems:
        raise InvalidProjectError(problems[:SHOWN_PROBLEMS])
    return list(unique.values())


def check_attributes(attributes: Mapping[str, object], where: str) -> None:
    """Raise InvalidProjectError if the database could not hold them."""
    if not _is_storable_json(attributes):
        raise InvalidProjectError([Problem(where, "cannot be written as JSON")])


def _check_handles(handles: Sequence[NewHandle]) -> tuple[list[Problem], dict[tuple[str, str], NewHandle]]:
    problems: list[Problem] = []
    unique: dict[tuple[str, str], NewHandle] = {}
    for number, handle in enumerate(handles, start=1):
        if len(problems) < SHOWN_PROBLEMS and (what := _find_fault(handle)):
            problems.append(Problem(f"file {number}", what))
        unique.setdefault((handle.namespace, handle.name), handle)
    return problems, unique


def _check_limits(project: NewProject | Settings) -> list[Problem]:
    problems = []
    if project.max_attempts is not None and project.max_attempts < 1:
        problems.append(Problem("max_attempts", f"must be at least 1, not {project.max_attempts}"))
    for where in ("worker_timeout", "idle_timeout", "retry_pause"):
        limit = getattr(project, where)
        if limit is not None and not _is_sensible(limit):
            what = f"must be longer than nothing and at most {LONGEST_TIMEOUT.days} days; leave it out for no limit"
            problems.append(Problem(where, what))
    if not _is_storable_json(project.attributes):
        problems.append(Problem("attributes", "cannot be written as JSON"))
    return problems


def _find_fault(handle: NewHandle) -> str | None:
    for what, text in (("namespace", handle.namespace), ("name", handle.name)):
        if not _is_storable(text, LONGEST_NAME):
            return f"{Did(handle.namespace, handle.name)}: the {what} must have 1 to {LONGEST_NAME} characters, no NUL"
    if handle.size_bytes is not None and handle.size_bytes < 0:
        return f"{Did(handle.namespace, handle.name)}: the size is negative"
    if handle.attributes and not _is_storable_json(handle.attributes):
        return f"{Did(handle.namespace, handle.name)}: the attributes cannot be written as JSON"
    return None


def _is_sensible(duration: timedelta) -> bool:
    return timedelta(0) < duration <= LONGEST_TIMEOUT


def _is_storable(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and clean_text(text) == text


def _is_storable_json(item: Mapping[str, object]) -> bool:
    """Whether the database can hold it: no NaN, no objects of Python, no text that it has no characters for."""
    try:
        text = json.dumps(dict(item), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return "\\u0000" not in text and clean_text(text) == text
