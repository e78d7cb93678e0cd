"""What happened to a dataset, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sutler.base.events import RecordedEvent
from sutler.pages.formats import format_count

MOST_NAMED = 3


def describe_dataset_event(event: RecordedEvent) -> str:
    """Return what happened as a phrase; a kind that is not known here as its own name."""
    describe = _PHRASES.get(event.kind.removeprefix("catalog."))
    return describe(event.facts) if describe else event.kind.partition(".")[2].replace("_", " ")


def _describe_change(facts: Mapping[str, object]) -> str:
    return f"changed {_list_names(facts.get('fields'))}"


def _describe_declaration(facts: Mapping[str, object]) -> str:
    added = facts.get("added")
    known = facts.get("known")
    text = f"{_count_files(facts.get('count'))} declared into it"
    if isinstance(known, int) and known:
        text += f", {_count_files(known)} known before"
    return f"{text}; {_count_files(added)} came in" if isinstance(added, int) else text


def _list_names(item: object) -> str:
    names = [str(name).replace("_", " ") for name in item] if isinstance(item, list) else []
    more = len(names) - MOST_NAMED
    return f"{', '.join(names[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}" or "nothing"


def _list_datasets(item: object) -> str:
    names = [str(name) for name in item] if isinstance(item, list) else []
    more = len(names) - MOST_NAMED
    return f"{', '.join(names[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}" or "datasets"


def _count_files(item: object) -> str:
    if not isinstance(item, int):
        return "files"
    return "1 file" if item == 1 else f"{format_count(item)} files"


_PHRASES: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "dataset_created": lambda facts: "made",  # noqa: ARG005 - one shape
    "dataset_changed": _describe_change,
    "dataset_removed": lambda facts: f"removed with {_count_files(facts.get('count'))} in it",
    "subsets_added": lambda facts: f"put below it: {_list_datasets(facts.get('children'))}",
    "subset_removed": lambda facts: f"taken out from below it: {facts.get('child', 'a dataset')}",
    "files_declared": _describe_declaration,
    "files_added": lambda facts: f"{_count_files(facts.get('count'))} added",
    "files_removed": lambda facts: f"{_count_files(facts.get('count'))} taken out",
}
