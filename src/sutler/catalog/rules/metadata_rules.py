"""All rules for metadata at once: the categories of an experiment and what datasets require of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sutler.base.errors import Problem
from sutler.catalog.errors import MetadataProblem
from sutler.catalog.model import CategoryRule
from sutler.catalog.rules.constraints import Check, Constraint, make_check
from sutler.catalog.rules.files import LONGEST_NAME

ROOT = "."

_MISSING = object()


def check_path(path: str) -> list[Problem]:
    """Return what is wrong with the path of a category: words with dots between them, or a dot for the root."""
    if path == ROOT or (all(path.split(".")) and path.isprintable() and len(path) <= LONGEST_NAME):
        return []
    return [Problem("path", f"{path!r} must be words with dots between them, at most {LONGEST_NAME} characters")]


def list_upper_paths(path: str) -> list[str]:
    """Return the paths above the path of a category, without the root."""
    words = path.split(".")
    return [".".join(words[:count]) for count in range(1, len(words))] if path != ROOT else []


class CategoryRules:
    """What the categories of an experiment say of metadata.

    A parameter is judged by the deepest category above it, or by the root, with the last word of its name. In a
    restricted category words that it does not define are refused; a required one wants those that are required.
    """

    def __init__(self, categories: Sequence[CategoryRule]) -> None:
        self._categories = {category.path: category for category in categories}
        self._checks: dict[str, Check | None] = {}
        self._required = list(_list_required(categories))

    def find_problems(self, metadata: Mapping[str, object], *, is_whole: bool = True) -> list[MetadataProblem]:
        """Return what is wrong with metadata; nothing that is missing unless they are whole."""
        problems = []
        checks = self._checks
        for key, item in metadata.items():
            check = checks.get(key, _MISSING)
            if check is _MISSING:
                check = checks[key] = self._choose_check(key)
            if check is not None and (reason := check(item)):  # type: ignore[operator]  # not the mark by now
                problems.append(MetadataProblem(key, reason, item))
        if is_whole:
            problems += self._find_missing(metadata)
        return problems

    def _choose_check(self, key: str) -> Check | None:
        category = self._find_category(key)
        if category is None:
            return None
        constraint = category.constraints.get(key.rpartition(".")[2])
        if constraint is not None:
            return make_check(constraint)
        return (lambda _: f"the category {category.path} does not define it") if category.restricted else None

    def _find_category(self, key: str) -> CategoryRule | None:
        path = key.rpartition(".")[0]
        while path and path not in self._categories:
            path = path.rpartition(".")[0]
        return self._categories.get(path or ROOT)

    def _find_missing(self, metadata: Mapping[str, object]) -> Iterator[MetadataProblem]:
        for path, name in self._required:
            if path != ROOT:
                is_there = f"{path}.{name}" in metadata
            else:
                is_there = any(key.rpartition(".")[2] == name and self._is_of_root(key) for key in metadata)
            if not is_there:
                yield MetadataProblem(name if path == ROOT else f"{path}.{name}", "it is required and missing")

    def _is_of_root(self, key: str) -> bool:
        category = self._find_category(key)
        return category is not None and category.path == ROOT


class RequirementRules:
    """What some datasets require of the metadata of their files, each by the whole names of parameters."""

    def __init__(self, requirements: Sequence[Mapping[str, object]]) -> None:
        self._checks = [
            (key, make_check(constraint), bool(constraint.get("required")))
            for document in requirements
            for key, constraint in document.items()
            if isinstance(constraint, Mapping)
        ]

    def find_problems(self, metadata: Mapping[str, object], *, is_whole: bool = True) -> list[MetadataProblem]:
        """Return what is wrong with metadata; nothing that is missing unless they are whole."""
        problems = []
        for key, check, is_required in self._checks:
            item = metadata.get(key, _MISSING)
            if item is _MISSING:
                if is_required and is_whole:
                    problems.append(MetadataProblem(key, "it is required and missing"))
            elif reason := check(item):
                problems.append(MetadataProblem(key, reason, item))
        return problems


def _list_required(categories: Sequence[CategoryRule]) -> Iterator[tuple[str, str]]:
    for category in categories:
        constraints: Mapping[str, Constraint] = category.constraints if category.required else {}
        for name, constraint in constraints.items():
            if constraint.get("required"):
                yield category.path, name
