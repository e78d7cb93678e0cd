"""Rewriting trees."""

from __future__ import annotations

import pytest

from sutler.catalog.mql import AllFiles, Limit, Skip, minus, parse, simplify, skip, to_text, where
from sutler.catalog.mql.passes import MAX_COUNT, MAX_PLACES
from sutler.catalog.mql.terms import Present


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("union(fids a, union(fids b, [fids c, fids a]))", "union(fids a, fids b, fids c)"),
        ("join(fids a, {fids b}, [fids c])", "join(fids a, fids b, fids c)"),
        ("union(join(fids a, fids b), fids c)", "union(join(fids a, fids b), fids c)"),
        ("union(fids a)", "fids a"),
        ("union(fids a, fids a)", "fids a"),
        ("files ordered limit 5 ordered limit 3", "files limit 3"),
        ("files limit 3 limit 5", "files limit 3"),
        ("files skip 3 skip 5", "files skip 8"),
        ("files skip 0", "files"),
        ("files limit 5 skip 2", "files skip 2 limit 3"),
        ("files limit 5 skip 7", "files skip 5 limit 0"),
        ("files skip 1 limit 5 skip 2 limit 9", "files skip 3 limit 3"),
        ("(files where a.b = 1 and a.b = 2) where a.b = 3", "files where a.b = 1 and a.b = 2 and a.b = 3"),
        ("(files where a.b = 1) where a.b = 2 or a.b = 3", "files where a.b = 1 and (a.b = 2 or a.b = 3)"),
        ("[fids a, fids b where a.b = 1] where a.b = 2",
         "union(fids a where a.b = 2, fids b where a.b = 1 and a.b = 2)"),
        ("(fids a - fids b) where a.b = 1", "fids a where a.b = 1 - fids b"),
        ("fids a limit 3 where a.b = 1", "fids a limit 3 where a.b = 1"),
        ("parents(files ordered) - children([fids a])", "parents(files) - children(fids a)"),
    ],
)  # fmt: skip
def test_a_tree_becomes_simpler(text: str, simple: str) -> None:
    assert to_text(simplify(parse(text))) == simple


def test_counts_stay_what_the_database_can_count() -> None:
    assert simplify(Limit(Skip(Skip(AllFiles(), MAX_COUNT), MAX_COUNT), 2**70)) == Limit(
        Skip(AllFiles(), MAX_COUNT), MAX_COUNT
    )


def test_programs_put_nodes_on_a_tree() -> None:
    tree = minus(where(skip(AllFiles(), 2), Present("a.b")), AllFiles())
    assert to_text(tree) == "files skip 2 where a.b present - files"


def test_a_condition_on_many_sets_stays_where_it_is() -> None:
    few, many = (f"[{', '.join(f'files limit {n}' for n in range(count))}]" for count in (MAX_PLACES, MAX_PLACES + 1))
    assert to_text(simplify(parse(f"{few} where a.b = 1"))).count("a.b") == MAX_PLACES
    assert to_text(simplify(parse(f"{many} where a.b = 1"))).count("a.b") == 1
    assert to_text(simplify(parse(f"({many} - fids x) where a.b = 1"))).count("a.b") == 1
    nested = f"[{few} where a.c = 1, {few} where a.c = 2] where a.b = 1"
    assert to_text(simplify(parse(nested))).count("a.b") == 1
