"""The statements of the room and the functions that run them."""

import inspect
import re
from enum import StrEnum

import pytest

from sutler.auth import CredentialMethod, CredentialSide, Role, ServiceKind, TokenKind, store
from sutler.database import Database, Statement, load_statements
from sutler.database.sql import sql, value

FILES = ("people.sql", "services.sql", "tokens.sql")


def list_statements() -> list[Statement]:
    """Return the statements of the room."""
    return [statement for file in FILES for statement in load_statements("sutler.auth.store", file)]


def test_statements_and_functions_of_the_store_correspond_one_to_one() -> None:
    functions = {name for name, _ in inspect.getmembers(store, inspect.iscoroutinefunction)}
    assert functions == {statement.name for statement in list_statements()}
    assert functions == set(store.__all__)


async def test_every_statement_has_a_plan_with_its_parameters(db: Database) -> None:
    async with db.connection() as connection:
        for statement in list_statements():
            prepared = await connection.prepare(statement.text)
            assert len(prepared.get_parameters()) == len(statement.parameters), statement.name


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("memberships_role_check", Role),
        ("tokens_kind_check", TokenKind),
        ("services_kind_check", ServiceKind),
        ("service_credentials_side_check", CredentialSide),
        ("service_credentials_method_check", CredentialMethod),
    ],
)
async def test_the_words_that_a_column_allows_are_those_of_the_enum(
    db: Database, constraint: str, words: type[StrEnum]
) -> None:
    async with db.read() as tx:
        (row,) = await tx.composed(
            sql("SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = ") + value(constraint)
        )
    assert set(re.findall(r"'([^']+)'", row["text"])) == {word.value for word in words}
