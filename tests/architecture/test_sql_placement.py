"""SQL stands in the database room, in stores, in listings and in the query compiler, and nowhere else."""

from __future__ import annotations

import re

from tests.architecture.rooms import SOURCE, label, parse, python_files, strings_without_docstrings

_SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.+\bSET\b|\bDELETE FROM\b|\b(CREATE|ALTER|DROP) (TABLE|SCHEMA)\b",
    re.DOTALL,
)


def may_hold_sql(path: str) -> bool:
    """Whether a file, named below `src/sutler`, is a place for SQL."""
    is_store = path.endswith(("/store.py", "/listings.py")) or "/store/" in path
    return is_store or path.startswith(("database/", "catalog/mql/"))


def test_sql_stands_only_where_it_belongs() -> None:
    elsewhere = [
        f"{label(path)}:{text.lineno}"
        for path in python_files()
        if not may_hold_sql(path.relative_to(SOURCE).as_posix())
        for text in strings_without_docstrings(parse(path))
        if _SQL.search(str(text.value))
    ]
    assert elsewhere == []


def test_the_search_would_find_sql() -> None:
    found = [
        path
        for path in python_files()
        for text in strings_without_docstrings(parse(path))
        if _SQL.search(str(text.value))
    ]
    assert SOURCE / "database" / "migrate.py" in found
