"""Prints which tests show each row of the checklist of features. Ends with 1 if a row that needs one has none.

python scripts/checklist.py [ROW …]
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "tests" / "checklist" / "rows.toml"
NEEDED = ("core", "expected")


@dataclass(frozen=True)
class Row:
    """What one row says; `later` names the piece of work that it is left to."""

    number: int
    says: str
    priority: str
    later: str = ""


def read_rows(path: Path = ROWS) -> list[Row]:
    """Read the rows in the order of their numbers."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return sorted((Row(int(number), **row) for number, row in found.items()), key=lambda row: row.number)


def find_tests(folder: Path = ROOT / "tests") -> dict[int, list[str]]:
    """Find the tests that carry the number of a row as a marker, as `file::test`, by number."""
    tests: dict[int, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        everything = _list_module_rows(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                name = f"{path.relative_to(folder.parent)}::{node.name}"
                for number in {*everything, *_list_rows(node.decorator_list)}:
                    tests.setdefault(number, []).append(name)
    return tests


def find_missing(rows: list[Row], tests: dict[int, list[str]]) -> list[Row]:
    """Return the rows that need a test and have none."""
    return [row for row in rows if row.priority in NEEDED and not row.later and row.number not in tests]


def _list_module_rows(tree: ast.Module) -> list[int]:
    """The rows that `pytestmark = pytest.mark.row(…)` names for a whole file."""
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
    ]
    parts = [part for value in values for part in (value.elts if isinstance(value, ast.List) else [value])]
    return list(_list_rows(parts))


def _list_rows(decorators: list[ast.expr]) -> Iterator[int]:
    for decorator in decorators:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.row":
            yield from (int(ast.literal_eval(argument)) for argument in decorator.args)


def main(wanted: list[str]) -> int:
    """Print the table, of the wanted rows or of all."""
    rows, tests = read_rows(), find_tests()
    for row in rows:
        if wanted and str(row.number) not in wanted:
            continue
        shown = tests.get(row.number, [])
        left = f"  (left to: {row.later})" if row.later else ""
        print(f"{row.number:>3}  {row.priority:<8}  {row.says}{left}")
        for name in shown:
            print(f"       {name}")
    missing = find_missing(rows, tests)
    for row in missing:
        print(f"No test shows row {row.number}: {row.says}", file=sys.stderr)
    covered = sum(1 for row in rows if row.number in tests)
    print(f"{covered} of {len(rows)} rows have tests; {len(missing)} that need one have none.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
