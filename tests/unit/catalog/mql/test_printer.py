"""From tree to text."""

from __future__ import annotations

import pytest

from sutler.base.reading.cursor import MAX_DEPTH
from sutler.catalog.mql import GivenFiles, MqlMeaningError, parse_query, to_text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("files  # all", "files"),
        ("file a, u:b, c", "files n:a, u:b, u:c"),
        ("fid a", "fids a"),
        ("[files, {files, fids a}]", "union(files, join(files, fids a))"),
        ("files from datasets t:a with subsets recursively having x.y==1,matching t:b*",
         "files from t:a with subsets recursively having x.y = 1, matching t:b*"),
        ("files from matching regexp t:'a.b'", 'files from matching regexp t:"a.b"'),
        ("((fids a - (fids b)) - (fids c - fids d)) limit 3", "fids a - fids b - (fids c - fids d) limit 3"),
        ("(fids a limit 2) - (fids b limit 2)", "fids a limit 2 - (fids b limit 2)"),
        ("fids a - (fids b limit 2 where x.y = 1)", "fids a - (fids b limit 2 where x.y = 1)"),
        ("fids a - (fids b where x.y = 1)", "fids a - fids b where x.y = 1"),
        ("(files limit 2) where x.y = 1", "files limit 2 where x.y = 1"),
        ("(files where x.y = 1) where x.y = 2", "(files where x.y = 1) where x.y = 2"),
        ("files where ((x.y = 1 and x.y = 2) or x.y = 3) and !x.y=TRUE",
         "files where (x.y = 1 and x.y = 2 or x.y = 3) and !x.y = true"),
        ("files where (x.y = 1 and x.y = 2) and x.y = 3", "files where (x.y = 1 and x.y = 2) and x.y = 3"),
        ("files where x.y[any] in (a, 1.50) or x.y['k'] not in 1:2 or x.y not present or 5 not in x.y",
         'files where x.y[any] in ("a", 1.5) or x.y["k"] not in 1:2 or x.y not present or 5 not in x.y'),
        ("files where len(x.y) > 1 and x.t < datetime(2021-01-01)",
         'files where len(x.y) > 1 and x.t < datetime("2021-01-01T00:00:00+00:00")'),
        ("files where x.t = date(2021-01-01, '-05:30') or x.t = date('2021-01-01','+00:00')",
         'files where x.t = date("2021-01-01", "-05:30") or x.t = date("2021-01-01")'),
        ("filter mix( 1,2.50 )(files limit 3,fids a - fids b)", "filter mix(1, 2.5)(files limit 3, fids a - fids b)"),
        ("filter randomize(seed = 5,window=10)([files])where x.y=1",
         "filter randomize(seed=5, window=10)(union(files)) where x.y = 1"),
        ("filter randomize()(files) - files selected q limit 2",
         "filter randomize()(files) - files selected by n:q limit 2"),
        ("datasets t:a with subsets,matching t:b* having x.y=1",
         "datasets t:a with subsets, matching t:b* having x.y = 1"),
        ("queries", "queries"),
        ("queries matching regexp t:'^a' where creator=ann and x.y present",
         'queries matching regexp t:"^a" where creator = "ann" and x.y present'),
        ("queries where name like 'a%'", 'queries where name like "a%"'),
        ("children(parents(files skip 2 ordered))", "children(parents(files skip 2 ordered))"),
    ],
)  # fmt: skip
def test_a_query_has_one_canonical_form(text: str, canonical: str) -> None:
    tree = parse_query(text, default_namespace="n")
    assert to_text(tree) == canonical
    assert parse_query(canonical) == tree


def test_files_known_by_number_have_no_text() -> None:
    with pytest.raises(MqlMeaningError, match="known by their numbers only"):
        to_text(GivenFiles((1, 2)))


def test_a_query_as_deep_as_may_be_is_not_deeper_in_its_canonical_form() -> None:
    tree = parse_query("files where " + "!" * MAX_DEPTH + "x.y = 1")
    assert parse_query(to_text(tree)) == tree
