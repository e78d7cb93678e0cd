"""The statements of the room and the functions that run them."""

import inspect
import re
from enum import StrEnum

import pytest

from sutler.auth import Role, TokenKind, store
from sutler.database import Database, load_statements
from sutler.database.sql import sql, value


def test_statements_and_functions_of_the_store_correspond_one_to_one() -> None:
    functions = {
        name
        for name, function in inspect.getmembers(store, inspect.iscoroutinefunction)
        if function.__module__ == store.__name__
    }
    assert functions == {statement.name for statement in load_statements("sutler.auth")}


async def test_every_statement_has_a_plan_with_its_parameters(db: Database) -> None:
    async with db.connection() as connection:
        for statement in load_statements("sutler.auth"):
            prepared = await connection.prepare(statement.text)
            assert len(prepared.get_parameters()) == len(statement.parameters), statement.name


@pytest.mark.parametrize(("constraint", "words"), [("memberships_role_check", Role), ("tokens_kind_check", TokenKind)])
async def test_the_words_that_a_column_allows_are_those_of_the_enum(
    db: Database, constraint: str, words: type[StrEnum]
) -> None:
    async with db.read() as tx:
        (row,) = await tx.composed(
            sql("SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = ") + value(constraint)
        )
    assert set(re.findall(r"'([^']+)'", row["text"])) == {word.value for word in words}
