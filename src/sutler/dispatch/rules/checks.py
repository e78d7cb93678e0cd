"""What may come in: new projects, wishes of workers, reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import cast

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.dispatch.errors import EmptyProjectError, InvalidProjectError, InvalidReportError, InvalidWishError
from sutler.dispatch.model import AttemptPlace, NewHandle, NewProject, Outcome, Report, Settings, Wish

LARGEST_WISH = 1000
LONGEST_NAME = 1024
"""In bytes of UTF-8: namespace and name stand together in one entry of an index, which holds 2,700 bytes."""

LONGEST_WORKER_ID = 256
LONGEST_REASON = 4_000
LONGEST_LOG_TAIL = 65_536
LONGEST_TIMEOUT = timedelta(days=3_660)
DEEPEST_NESTING = 100
SHOWN_PROBLEMS = 20

_NO_JSON = "cannot be written as JSON"
_TOO_DEEP = f"are nested more than {DEEPEST_NESTING} levels deep"


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


def call_file(number: int) -> str:
    """Return how a file of a list is called, counted from 1."""
    return f"file {number}"


def check_files(handles: Sequence[NewHandle], *, first: int, most: int, call: Callable[[int], str] = call_file) -> None:
    """Raise InvalidProjectError if a project cannot hold these files, the first of which has the number `first`."""
    if first + len(handles) - 1 > most:
        raise InvalidProjectError([Problem("files", f"are more than the {most} that one project may hold")])
    problems = _find_faults(handles, first, call)
    if problems:
        raise InvalidProjectError(problems)


def check_wish(wish: Wish) -> None:
    """Raise InvalidWishError unless the worker asks for something that can be given."""
    problems = []
    if not 1 <= wish.count <= LARGEST_WISH:
        problems.append(Problem("count", f"must be between 1 and {LARGEST_WISH}, not {wish.count}"))
    if not _is_storable(wish.worker_id, LONGEST_WORKER_ID):
        problems.append(Problem("worker_id", f"must have 1 to {LONGEST_WORKER_ID} characters, no NUL"))
    for what, text in (("site", wish.site), ("batch_job_id", wish.batch_job_id)):
        if text and not _is_storable(text, LONGEST_WORKER_ID):
            problems.append(Problem(what, f"must have at most {LONGEST_WORKER_ID} characters, no NUL"))
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
    fault = _find_json_fault(report.measures)
    if fault is not None:
        problems.append(Problem("measures", fault))
    if problems:
        raise InvalidReportError(problems)


def check_outcome(outcome: Outcome) -> None:
    """Raise InvalidReportError unless a release says done or failed."""
    if outcome not in (Outcome.DONE, Outcome.FAILED):
        raise InvalidReportError([Problem("outcome", f"must be done or failed, not {outcome}")])


def check_same_project(places: Sequence[AttemptPlace]) -> None:
    """Raise InvalidReportError if the attempts of a report belong to several projects."""
    projects = sorted({place.project_id for place in places})
    if len(projects) > 1:
        names = " and ".join(str(project_id) for project_id in projects)
        raise InvalidReportError([Problem("attempt_ids", f"belong to projects {names}: report each by itself")])


def clean_text(text: str) -> str:
    """Return a text of a worker with what the database cannot hold replaced by a mark: NUL and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
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
    fault = _find_json_fault(attributes)
    if fault is not None:
        raise InvalidProjectError([Problem(where, fault)])


def _check_handles(handles: Sequence[NewHandle]) -> tuple[list[Problem], dict[tuple[str, str], NewHandle]]:
    unique: dict[tuple[str, str], NewHandle] = {}
    for handle in handles:
        unique.setdefault((handle.namespace, handle.name), handle)
    return _find_faults(handles, 1, call_file), unique


def _find_faults(handles: Sequence[NewHandle], first: int, call: Callable[[int], str]) -> list[Problem]:
    """Return what is wrong with the first files that cannot be held. Most lists need no second look."""
    if _are_plain(handles):
        return []
    faults = ((number, _find_fault(handle)) for number, handle in enumerate(handles, start=first))
    found = (Problem(call(number), what) for number, what in faults if what is not None)
    return list(islice(found, SHOWN_PROBLEMS))


def _are_plain(handles: Sequence[NewHandle]) -> bool:
    """Whether nothing is wrong with files, all of them at a glance. False says that one of them may be odd."""
    texts = [handle.name for handle in handles] + list({handle.namespace for handle in handles})
    whole = "".join(texts) + "".join(handle.fid for handle in handles if handle.fid is not None)
    return (
        whole.isascii()
        and "\0" not in whole
        and all(map(LONGEST_NAME.__ge__, map(len, texts)))
        and all(texts)
        and not any(handle.attributes or (handle.size_bytes or 0) < 0 for handle in handles)
    )


def _check_limits(project: NewProject | Settings) -> list[Problem]:
    problems = []
    if project.max_attempts is not None and project.max_attempts < 1:
        problems.append(Problem("max_attempts", f"must be at least 1, not {project.max_attempts}"))
    for where in ("worker_timeout", "idle_timeout", "retry_pause"):
        limit = getattr(project, where)
        if limit is not None and not _is_sensible(limit):
            what = f"must be longer than nothing and at most {LONGEST_TIMEOUT.days} days; leave it out for no limit"
            problems.append(Problem(where, what))
    fault = _find_json_fault(project.attributes)
    if fault is not None:
        problems.append(Problem("attributes", fault))
    return problems


def _find_fault(handle: NewHandle) -> str | None:
    did = Did(handle.namespace, handle.name)
    for what, text in (("namespace", handle.namespace), ("name", handle.name)):
        if not _is_storable(text, LONGEST_NAME) or len(text.encode()) > LONGEST_NAME:
            return f"{did}: the {what} must have 1 to {LONGEST_NAME} characters (bytes in UTF-8), no NUL"
    if handle.fid is not None and not _can_be_stored(handle.fid):
        return f"{did}: the fid holds characters that cannot be stored"
    if handle.size_bytes is not None and handle.size_bytes < 0:
        return f"{did}: the size is negative"
    fault = _find_json_fault(handle.attributes)
    return None if fault is None else f"{did}: the attributes {fault}"


def _is_sensible(duration: timedelta) -> bool:
    return timedelta(0) < duration <= LONGEST_TIMEOUT


def _is_storable(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and _can_be_stored(text)


def _can_be_stored(text: str) -> bool:
    return clean_text(text) == text


def _find_json_fault(item: Mapping[str, object] | None) -> str | None:
    """Return why the database cannot hold it: NaN, objects of Python, text that it has no characters for, too deep."""
    if not item:
        return None
    try:
        text = json.dumps(dict(item), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        return _TOO_DEEP
    except (TypeError, ValueError):
        return _NO_JSON
    if "\\u0000" in text or clean_text(text) != text:
        return _NO_JSON
    return _TOO_DEEP if _is_too_deep(text, item) else None


def _is_too_deep(text: str, item: Mapping[str, object]) -> bool:
    """Only what has that many brackets can be nested that deeply."""
    if text.count("[") + text.count("{") <= DEEPEST_NESTING:
        return False
    level: list[object] = [dict(item)]
    for _ in range(DEEPEST_NESTING):
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else cast("Sequence[object]", whole))
            if isinstance(part, dict | list | tuple)
        ]
    return bool(level)
