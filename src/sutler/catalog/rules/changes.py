"""Whether a file can be changed as somebody wishes, and whether keys can name files. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.catalog.model import FileChange, FileKey
from sutler.catalog.rules.files import check_contents, check_did, check_fid


def check_key(key: FileKey) -> list[Problem]:
    """Return what is wrong with what is to name a file."""
    return check_did(key, "file") if isinstance(key, Did) else check_fid(key)


def check_keys(keys: Iterable[FileKey]) -> list[Problem]:
    """Return what is wrong with what is to name files, each with its place."""
    return [
        Problem(f"files[{number}] {problem.where}", problem.what)
        for number, key in enumerate(keys)
        for problem in check_key(key)
    ]


def check_change(key: FileKey, change: FileChange) -> list[Problem]:
    """Return everything that is wrong with the change of a file, as far as the change alone tells."""
    where = str(key)
    problems = check_contents(where, size_bytes=change.size_bytes, checksums=change.checksums, metadata=change.metadata)
    for word, relatives in (("parent", change.parents or ()), ("child", change.children or ())):
        for relative in relatives:
            problems += [Problem(f"{where} {word}", problem.what) for problem in check_key(relative)]
            if relative == key:
                problems.append(Problem(where, f"cannot be its own {word}"))
    return problems
