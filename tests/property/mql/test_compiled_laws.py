"""What a compiled query gives, against what the plain evaluator says, on a real server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.mql.catalogue import CATALOGUE, NEW_YEAR, Json
from tests.property.mql.evaluator import evaluate, evaluate_datasets, evaluate_search, is_true
from tests.property.mql.forms import FACTS, every_form
from tests.property.mql.strategies import (
    conditions,
    dataset_queries,
    metadata,
    metadata_terms,
    query_searches,
    scopes,
    trees,
    whole_trees,
)

from sutler.catalog.mql import (
    Condition,
    Contains,
    DatasetQuery,
    FileQuery,
    MqlMeaningError,
    QualifiedName,
    QuerySearch,
    Scope,
    SelectedBy,
    Text,
    compile_datasets,
    compile_files,
    compile_search,
    names_in,
    parse,
)
from sutler.catalog.mql.conditions import compile_condition
from sutler.catalog.mql.jsonpath import quote
from sutler.catalog.mql.subjects import FILES
from sutler.catalog.operations.working_out import gather_ids_in, work_out_in
from sutler.database import Tx
from sutler.database.sql import Fragment, sql, value

against_server = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


async def run(connection: asyncpg.Connection, statement: Fragment) -> list[asyncpg.Record]:
    text, values = statement.render()
    return list(await connection.fetch(text, *values))


@against_server
@given(tree=trees, scope=scopes)
async def test_a_statement_gives_what_the_query_means(
    connection: asyncpg.Connection, tree: FileQuery, scope: Scope
) -> None:
    rows = await run(connection, compile_files(tree, scope))
    assert [row["fid"] for row in rows] == evaluate(tree, CATALOGUE, scope)


@against_server
@given(tree=whole_trees, scope=scopes)
async def test_filters_and_named_queries_give_what_the_query_means(
    connection: asyncpg.Connection, tree: FileQuery, scope: Scope
) -> None:
    tx = Tx(connection, NEW_YEAR)
    if any(not _is_visible(node.name, scope) for node in all_names(tree)):
        with pytest.raises(MqlMeaningError, match="no named query"):
            await work_out_in(tx, tree=tree, scope=scope)
        return
    done = await work_out_in(tx, tree=tree, scope=scope)
    keys = {file.number: file.key for file in CATALOGUE.files}
    assert [keys[number] for number in await gather_ids_in(tx, tree=done, scope=scope)] == evaluate(
        tree, CATALOGUE, scope
    )


def all_names(tree: FileQuery) -> list[SelectedBy]:
    """The named queries of a tree with those that stand in them."""
    found = list(names_in(tree))
    sources = {(q.namespace, q.name): parse(q.source, default_namespace=q.namespace) for q in CATALOGUE.queries}
    return found + [inner for node in found for inner in all_names(sources[node.name.namespace, node.name.name])]


def _is_visible(name: QualifiedName, scope: Scope) -> bool:
    return (scope.namespaces is None or name.namespace in scope.namespaces) and (
        scope.experiment_ids is None or 1 in scope.experiment_ids
    )


@against_server
@given(tree=dataset_queries, scope=scopes)
async def test_a_search_for_datasets_gives_what_it_means(
    connection: asyncpg.Connection, tree: DatasetQuery, scope: Scope
) -> None:
    names = {dataset.number: f"{dataset.namespace}:{dataset.name}" for dataset in CATALOGUE.datasets}
    rows = await run(connection, compile_datasets(tree, scope))
    assert [names[row["id"]] for row in rows] == evaluate_datasets(tree, CATALOGUE, scope)


@against_server
@given(tree=query_searches, scope=scopes)
async def test_a_search_for_named_queries_gives_what_it_means(
    connection: asyncpg.Connection, tree: QuerySearch, scope: Scope
) -> None:
    rows = await run(connection, compile_search(tree, scope))
    assert [f"{row['namespace']}:{row['name']}" for row in rows] == evaluate_search(tree, CATALOGUE, scope)


async def truths(
    connection: asyncpg.Connection, condition: Condition, cases: Sequence[Mapping[str, Json]]
) -> list[bool | None]:
    """What the server makes of a condition on each of some metadata."""
    rows = sql(" from unnest(") + value([json.dumps(case) for case in cases], "jsonb[]") + sql(") f(metadata)")
    return [record[0] for record in await run(connection, sql("select ") + compile_condition(condition, FILES) + rows)]


async def test_every_form_of_term_has_the_same_three_values(connection: asyncpg.Connection) -> None:
    for term in every_form():
        found = await truths(connection, term, FACTS)
        wrong = [
            (case, truth) for case, truth in zip(FACTS, found, strict=True) if truth is not is_true(term, case, {})
        ]
        assert not wrong, term


@against_server
@given(condition=conditions(metadata_terms), facts=metadata)
async def test_a_condition_on_metadata_has_the_same_three_values(
    connection: asyncpg.Connection, condition: Condition, facts: dict[str, Json]
) -> None:
    assert await truths(connection, condition, [facts]) == [is_true(condition, facts, {})]


@against_server
@given(key=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), data=st.data())
async def test_no_text_breaks_out_of_a_jsonpath_literal(
    connection: asyncpg.Connection, key: str, data: st.DataObject
) -> None:
    tricky = st.text("\"\\'/*$.@?()|&!=~ \n\tux01\U0001f600é{}[]", max_size=12)
    found, asked = data.draw(tricky), data.draw(tricky)
    path = f"$.{quote(key)} == {quote(asked)}"
    question = sql("select ") + value(json.dumps({key: found}), "jsonb") + sql(" @@ ") + value(path, "jsonpath")
    (record,) = await run(connection, question)
    assert record[0] is (found == asked)


@against_server
@given(part=st.text("\\.*[]()+?^$|ab /", max_size=8), whole=st.text("\\.*[]()+?^$|ab /", max_size=8))
async def test_a_text_looked_for_in_texts_is_taken_literally(
    connection: asyncpg.Connection, part: str, whole: str
) -> None:
    row = sql(" from (select ") + value(json.dumps({"c.a": whole}), "jsonb") + sql(" as metadata) f")
    (record,) = await run(connection, sql("select ") + compile_condition(Contains(Text(part), "c.a"), FILES) + row)
    assert record[0] is (part in whole)
