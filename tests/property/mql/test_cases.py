"""Queries written out with what they must give: on a real server, and by the plain evaluator that the laws rest on."""

from __future__ import annotations

import asyncpg
import pytest
from tests.property.mql.cases import CASES, EXAMPLE
from tests.property.mql.evaluator import evaluate

from sutler.catalog.mql import Scope, compile_files, parse

EVERYTHING = Scope(None, None)


def fids(numbers: str) -> list[str]:
    return [f"f{int(number):02}" for number in numbers.split()]


async def run(connection: asyncpg.Connection, text: str, scope: Scope) -> list[str]:
    statement, values = compile_files(parse(text), scope).render()
    return [row["fid"] for row in await connection.fetch(statement, *values)]


@pytest.mark.parametrize(("text", "numbers"), CASES.items())
async def test_a_query_gives_these_files(worked_example: asyncpg.Connection, text: str, numbers: str) -> None:
    assert await run(worked_example, text, EVERYTHING) == fids(numbers)


@pytest.mark.parametrize(("text", "numbers"), CASES.items())
def test_the_evaluator_knows_what_a_query_means(text: str, numbers: str) -> None:
    assert evaluate(parse(text), EXAMPLE, EVERYTHING) == fids(numbers)


async def test_retired_files_are_there_when_asked_for(worked_example: asyncpg.Connection) -> None:
    scope = Scope(None, None, include_retired=True)
    assert await run(worked_example, "files from t:raw", scope) == fids("1 2 3 4 5 6 7")
    assert await run(worked_example, "parents(files from u:mix)", scope) == fids("1 8 9 10")


async def test_files_of_other_namespaces_cannot_be_reached_through_links_or_names(
    worked_example: asyncpg.Connection,
) -> None:
    scope = Scope(("u",), (1,))
    for text in ("files from t:raw", "parents(files from u:mix)", "fids f01", "files t:raw_001.dat", "files limit 1"):
        assert not set(await run(worked_example, text, scope)) & set(fids("1 2 3 4 5 6 7 8 9 10 14"))
    assert await run(worked_example, "files from u:mix", scope) == fids("11 12 13")


async def test_files_of_other_experiments_cannot_be_reached(worked_example: asyncpg.Connection) -> None:
    assert await run(worked_example, "[files, fids f01, children(fids f01)]", Scope(None, (2,))) == []


async def test_a_statement_can_be_wrapped(worked_example: asyncpg.Connection) -> None:
    statement, values = compile_files(parse("files from t:raw limit 2"), EVERYTHING).render()
    assert await worked_example.fetchval(f"select count(*) from ({statement}) q", *values) == 2
    record = await worked_example.fetchrow(statement, *values)
    assert list(record.keys()) == ["id", "fid", "namespace", "name", "created_at"]


@pytest.mark.parametrize("text", ["files where core.a ~ '('", "files where name ~ '('"])
async def test_the_server_refuses_an_invalid_regular_expression(worked_example: asyncpg.Connection, text: str) -> None:
    with pytest.raises(asyncpg.InvalidRegularExpressionError):
        await run(worked_example, text, EVERYTHING)


@pytest.mark.parametrize(
    "condition",
    [
        "core.run = 5",
        "core.run in (1, 5)",
        "core.run = 5 and core.version = x",
        "core.run = 5 or core.run = 6 and core.ok = true",
        "core.runs[any] = 5",
        'det.cfg["muon"] = 5',
        "5 in core.runs",
        "core.run = 5 and core.events > 3 and name ~ raw",
    ],
)
async def test_an_equality_is_answered_by_the_metadata_index(
    worked_example: asyncpg.Connection, condition: str
) -> None:
    async with worked_example.transaction():
        await worked_example.execute("set local enable_seqscan = off; set local enable_indexscan = off")
        statement, values = compile_files(parse(f"files where {condition}"), EVERYTHING).render()
        plan = "\n".join(row[0] for row in await worked_example.fetch(f"explain {statement}", *values))
    assert "Bitmap Index Scan on files_metadata_idx" in plan


async def test_a_set_of_ten_thousand_values_is_no_trouble(worked_example: asyncpg.Connection) -> None:
    text = f"files where core.run in ({', '.join(str(n) for n in range(4, 10_004))})"
    assert await run(worked_example, text, EVERYTHING) == fids("4 14")
