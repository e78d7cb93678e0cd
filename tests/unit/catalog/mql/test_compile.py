"""The shape of statements. What they give is tested on a real server."""

from __future__ import annotations

import pytest

from sutler.catalog.mql import Scope, compile_files, parse

SCOPE = Scope(("t",), (1, 2))
HOSTILE = "x; drop table catalog.files --"


def compiled(text: str, scope: Scope = SCOPE) -> tuple[str, list[object]]:
    return compile_files(parse(text), scope).render()


def test_the_whole_statement_of_a_small_query() -> None:
    text, values = compiled("files from t:raw where core.run = 1 and size > 2 limit 5", Scope(None, (1,)))
    assert text == (
        "select f.id, f.fid, f.namespace, f.name, f.created_at from catalog.files f"
        " where f.retired_at is null and f.experiment_id = any($1::bigint[])"
        " and f.id in (select m.file_id from catalog.dataset_files m where m.dataset_id in"
        " (select d.id from catalog.datasets d where d.namespace = $2 and d.name = $3"
        " and d.experiment_id = any($4::bigint[])))"
        " and (f.size_bytes > $5::numeric and f.metadata @@ $6::jsonpath)"
        " order by f.created_at, f.fid limit $7::bigint"
    )
    assert values == [[1], "t", "raw", [1], 2, '$."core.run" == 1', 5]


@pytest.mark.parametrize(
    "text",
    [
        "files",
        "fids a",
        "files t:a",
        "files from matching t:* with subsets recursively having ds.x = 1",
        "files from t:a, t:b, t:c with subsets",
        "parents(children([files limit 2, {fids a, files t:b}] - files skip 1)) where name = x",
    ],
)
def test_every_access_to_files_and_datasets_is_restricted(text: str) -> None:
    statement, _ = compiled(text)
    assert statement.count("f.experiment_id = any(") >= statement.count("catalog.files f")
    assert statement.count("f.namespace = any(") >= statement.count("catalog.files f")
    assert statement.count("d.experiment_id = any(") >= statement.count("catalog.datasets d")
    assert statement.count("d.namespace = any(") >= statement.count("catalog.datasets d")


@pytest.mark.parametrize(
    "text",
    [
        f"files where core.run = '{HOSTILE}'",
        f"files where core.run['{HOSTILE}'] = 1",
        f"files where core.run ~ '{HOSTILE}' or '{HOSTILE}' in core.run",
        f"files where name in ('{HOSTILE}') and name like '{HOSTILE}'",
        f"files from matching regexp t:'{HOSTILE}'",
    ],
)
def test_no_value_stands_in_the_statement(text: str) -> None:
    statement, values = compiled(text)
    assert "drop" not in statement
    assert "drop" in str(values)


def test_conditions_on_metadata_stay_together_in_one_predicate() -> None:
    statement, values = compiled(
        "files where a.b = 1 and (a.c = x or !(a.d = true)) and a.e in (1, 2)", Scope(None, None)
    )
    assert statement.count("@@") == 1
    (path,) = values
    assert path == (
        '($."a.b" == 1 && (($."a.c" == "x" || !($."a.d" == true))'
        ' && exists($."a.e" ? (@.type() != "array" && (@ == 1 || @ == 2)))))'
    )


def test_a_scope_without_limits_adds_nothing() -> None:
    statement, values = compiled("files", Scope(None, None, include_retired=True))
    assert statement.endswith("from catalog.files f where true order by f.created_at, f.fid")
    assert values == []


def test_texts_sort_alike_on_every_server() -> None:
    statement, _ = compiled("files where name < b and creator in a:c and fid = d")
    assert 'f.name collate "C" <' in statement
    assert 'f.created_by collate "C" between' in statement
    assert "f.fid = " in statement
