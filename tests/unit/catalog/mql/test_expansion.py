"""Putting what named queries say in the place of their names, and showing the whole as an outline."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sutler.catalog.mql import FileQuery, MqlMeaningError, QualifiedName, expand, outline, parse, parse_query, to_text
from sutler.catalog.mql.cursor import MAX_DEPTH


def known(**sources: str) -> Mapping[QualifiedName, FileQuery]:
    return {QualifiedName("t", name): parse(source) for name, source in sources.items()}


def test_names_are_replaced_wherever_they_stand() -> None:
    queries = known(a="files where x.y = 1", b="files selected by t:a - fids c")
    tree = parse("filter stride(2)(files selected by t:b) - parents(files selected by t:a limit 3)")
    assert to_text(expand(tree, queries)) == (
        "filter stride(2)(files where x.y = 1 - fids c) - parents(files where x.y = 1 limit 3)"
    )


def test_a_condition_on_a_named_query_comes_beside_its_own() -> None:
    tree = expand(parse("files selected by t:a where x.z = 2"), known(a="files where x.y = 1"))
    assert to_text(tree) == "(files where x.y = 1) where x.z = 2"


def test_a_query_that_selects_by_itself_is_refused_with_the_circle() -> None:
    queries = known(a="files selected by t:b", b="[fids x, files selected by t:c]", c="files selected by t:a")
    with pytest.raises(MqlMeaningError, match="cannot select by itself: t:a by t:b by t:c by t:a"):
        expand(parse("files selected by t:a"), queries)


def test_what_grows_too_large_is_refused_before_it_is_made() -> None:
    sources = {f"q{n}": f"[files selected by t:q{n - 1}, files selected by t:q{n - 1}]" for n in range(1, 40)}
    with pytest.raises(MqlMeaningError, match="made of more than 1000 sets"):
        expand(parse("files selected by t:q39"), known(q0="files", **sources))


def test_what_grows_too_deep_is_refused() -> None:
    sources = {f"q{n}": f"parents(files selected by t:q{n - 1})" for n in range(1, MAX_DEPTH + 1)}
    expand(parse(f"files selected by t:q{MAX_DEPTH - 1}"), known(q0="files", **sources))
    with pytest.raises(MqlMeaningError, match="nested more than 50 levels deep"):
        expand(parse(f"files selected by t:q{MAX_DEPTH}"), known(q0="files", **sources))


def test_an_outline_has_a_line_for_each_set() -> None:
    tree = parse(
        "filter mix(1, 2)(files from t:raw where x.y = 1 limit 3, files selected by t:a)"
        " - [parents(fids a, b, c, d, e, f), files t:x, u:y] skip 1 ordered"
    )
    assert outline(tree, known(a="files where x.y = 2")) == OUTLINE


OUTLINE = """\
ordered
  skip 1
    minus
      filter mix(1, 2)
        limit 3
          where x.y = 1
            files from t:raw
        files selected by t:a
          where x.y = 2
            all files
      union
        parents
          files by id: a, b, c, d, e and 1 more
        files by name: t:x, u:y"""


def test_a_search_is_its_own_outline() -> None:
    for text in ("datasets matching t:*", 'queries where creator = "ann"'):
        assert outline(parse_query(text), {}) == text
