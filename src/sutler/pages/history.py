"""What happened to a project, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sutler.base.events import RecordedEvent
from sutler.pages.formats import format_count

MOST_NAMED = 3


def describe_event(event: RecordedEvent) -> str:
    """Return what happened as a phrase; a kind that is not known here as its own name."""
    describe = _PHRASES.get(event.kind.removeprefix("dispatch."))
    return describe(event.facts) if describe else event.kind.partition(".")[2].replace("_", " ")


def _describe_creation(facts: Mapping[str, object]) -> str:
    source = f" as a copy of project {facts['source']}" if facts.get("source") else ""
    return f"made with {_count_files(facts.get('count'))}{source}"


def _describe_cancellation(facts: Mapping[str, object]) -> str:
    return f"cancelled: {facts['reason']}" if facts.get("reason") else "cancelled"


def _describe_alteration(facts: Mapping[str, object]) -> str:
    parts = []
    changed = facts.get("changed")
    if isinstance(changed, list) and changed:
        parts.append("changed " + ", ".join(str(name).replace("_", " ") for name in changed))
    parts += [f"{word} {_count_files(facts[word])}" for word in ("added", "removed") if facts.get(word)]
    return "; ".join(parts) or "looked at, nothing changed"


def _describe_taking(facts: Mapping[str, object]) -> str:
    return f"{_name_workers(facts)} took {_count_files(_count(facts.get('attempts')))}"


def _describe_release(facts: Mapping[str, object]) -> str:
    outcome = str(facts.get("outcome", "ended")).replace("_", " ")
    back = ", put back" if facts.get("state") == "initial" else ""
    return f"{_count_files(_count(facts.get('attempts')))} of {_name_workers(facts)}: {outcome}{back}"


def _name_workers(facts: Mapping[str, object]) -> str:
    """Name the workers of one batch; those of older events, which had one each, stand under another name."""
    named = facts.get("workers", [facts.get("worker", "?")])
    workers = [str(worker) for worker in named] if isinstance(named, list) else ["?"]
    if len(workers) == 1:
        return f"worker {workers[0]}"
    more = len(workers) - MOST_NAMED
    return f"workers {', '.join(workers[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _count(item: object) -> object:
    return len(item) if isinstance(item, list) else item


def _count_files(item: object) -> str:
    if not isinstance(item, int):
        return "files"
    return "1 file" if item == 1 else f"{format_count(item)} files"


_PHRASES: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "project_created": _describe_creation,
    "project_ended": lambda facts: f"ended: {facts.get('state', 'over')}",
    "project_cancelled": _describe_cancellation,
    "project_activated": lambda facts: f"opened again after it was {facts.get('state', 'over')}",
    "project_abandoned": lambda facts: "abandoned: nothing happened for its idle time-out",  # noqa: ARG005 - one shape
    "project_altered": _describe_alteration,
    "handles_reserved": _describe_taking,
    "handles_released": _describe_release,
    "handles_located": lambda facts: f"replicas turned up for {_count_files(facts.get('count'))}",
    "handles_restarted": lambda facts: f"{_count_files(facts.get('count'))} put back by hand",
    "handles_rested": lambda facts: f"{_count_files(facts.get('count'))} have paused for long enough",
    "share_finished": lambda facts: "every file of the submission is final",  # noqa: ARG005 - one shape
}
