"""The shape of statements. What they give is tested on a real server."""

from __future__ import annotations

import pytest

from sutler.catalog.mql import (
    DatasetQuery,
    GivenFiles,
    QuerySearch,
    Scope,
    compile_datasets,
    compile_files,
    compile_search,
    parse,
    parse_query,
)

SCOPE = Scope(("t",), (1, 2))
HOSTILE = "x; drop table catalog.files --"


def compiled(text: str, scope: Scope = SCOPE) -> tuple[str, list[object]]:
    return compile_files(parse(text), scope).render()


def test_the_whole_statement_of_a_small_query() -> None:
    text, values = compiled("files from t:raw where core.run = 1 and size > 2 limit 5", Scope(None, (1,)))
    assert text == (
        "select f.id, f.fid, f.namespace, f.name, f.created_at"
        " from catalog.dataset_files m join catalog.files f on f.id = m.file_id"
        " where m.dataset_id = catalog.find_dataset_id($1::text, $2::text, $3::bigint[], $4::text[])"
        " and f.retired_at is null and f.experiment_id = any($5::bigint[])"
        " and (f.size_bytes > $6::numeric and f.metadata @@ $7::jsonpath)"
        " order by m.created_at, f.fid limit $8::bigint"
    )
    assert values == ["t", "raw", [1], None, [1], 2, '$."core.run" == 1', 5]


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


def test_a_statement_grows_with_its_query_and_not_faster() -> None:
    def size(count: int) -> int:
        sets = ", ".join(f"files from t:d{number} where a.b = {number} limit 3" for number in range(count))
        terms = " and ".join(f"(a.c = {number} or a.d = {number})" for number in range(count))
        text, values = compiled(f"([{sets}] - children([{sets}])) where {terms}")
        return len(text) + len(str(values))

    assert size(400) < 4.5 * size(100)


@pytest.mark.parametrize("text", ["filter stride(2)(files)", "files - files selected by t:a"])
def test_what_has_to_be_worked_out_is_not_compiled(text: str) -> None:
    with pytest.raises(TypeError, match="must be worked out"):
        compiled(text)


def test_files_known_by_number_are_still_restricted() -> None:
    text, values = compile_files(GivenFiles((3, 1)), Scope(None, (1,))).render()
    assert "f.experiment_id = any($1::bigint[]) and f.id in (select unnest($2::bigint[]))" in text
    assert values == [[1], [3, 1]]


@pytest.mark.parametrize(
    "text",
    [
        f"datasets matching regexp t:'{HOSTILE}' having ds.x = '{HOSTILE}'",
        f"queries matching regexp t:'{HOSTILE}' where name = '{HOSTILE}' or q.x['{HOSTILE}'] = 1",
    ],
)
def test_no_value_stands_in_the_statement_of_a_search(text: str) -> None:
    tree = parse_query(text)
    found = compile_datasets(tree, SCOPE) if isinstance(tree, DatasetQuery) else None
    found = compile_search(tree, SCOPE) if isinstance(tree, QuerySearch) else found
    assert found is not None
    statement, values = found.render()
    assert "drop" not in statement
    assert "drop" in str(values)
