"""Texts by the grammar, and texts that are nearly queries, against the server: none of them becomes SQL text.

As many as there is time for, see `tests.fuzz.duration`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.fuzz import laws
from tests.fuzz.duration import fuzz_seconds, tell
from tests.property.mql.catalogue import CATALOGUE, NEW_YEAR
from tests.property.mql.conftest import opened
from tests.property.mql.grammar import DIGITS, MARK, rename, texts
from tests.property.mql.strategies import scopes
from tests.server import ServerUnderTest

from sutler.catalog import store
from sutler.catalog.errors import FilterTooLargeError, QueryTooSlowError, UnreadableQueryError
from sutler.catalog.mql import (
    DatasetQuery,
    FileQuery,
    MqlError,
    Query,
    QuerySearch,
    Scope,
    compile_datasets,
    compile_search,
    is_in_order,
    parse_query,
    selection,
)
from sutler.catalog.mql.compile import select_in_order
from sutler.catalog.operations.working_out import work_out_in
from sutler.database import Tx
from sutler.database.sql import Fragment, sql

EXAMPLES_AT_ONCE = 250
WAYS = 7
_MARKED = re.compile(f"{MARK}|{DIGITS}|drop table", re.IGNORECASE)
_CHECKSUM = """
select md5(string_agg(rows, '|' order by rows)) from (
    select 'files' || f::text from catalog.files f
    union all select 'datasets' || d::text from catalog.datasets d
    union all select 'members' || m::text from catalog.dataset_files m
    union all select 'subsets' || c::text from catalog.dataset_children c
    union all select 'queries' || q::text from catalog.named_queries q
    union all select 'links' || p::text from catalog.provenance p
    union all select 'ledgers' || l::text from catalog.ledger_entries l
) everything (rows)
"""


@dataclass
class Server:
    """A connection with the small catalogue, what was sent over it, and what came of it."""

    loop: asyncio.AbstractEventLoop
    connection: asyncpg.Connection
    sent: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def ask(self, tree: Query, scope: Scope, way: int, text: str) -> None:
        """Run a query in one of the ways in which it can be run."""
        self.sent.clear()
        self.loop.run_until_complete(self._ask(tree, scope, way, text))

    async def _ask(self, tree: Query, scope: Scope, way: int, text: str) -> None:
        async with self.connection.transaction(readonly=True):
            tx = Tx(self.connection, NEW_YEAR)
            await store.begin_query(tx)
            try:
                # A savepoint, so that the transaction is of use after an error.
                async with self.connection.transaction():
                    if not isinstance(tree, DatasetQuery | QuerySearch):
                        tree = await work_out_in(tx, tree=tree, scope=scope, text=text)
                    rows = await store.run_selection(tx, statement=_compile(tree, scope, way))
                    self.counts["with files"] += bool(rows)
            except (MqlError, UnreadableQueryError, QueryTooSlowError, FilterTooLargeError) as error:
                laws.check_words(str(error), text)
                self.counts[type(error).__name__] += 1

    def checksum(self) -> str:
        """One for all that queries are about."""
        return str(self.loop.run_until_complete(self.connection.fetchval(_CHECKSUM)))


def _compile(tree: Query, scope: Scope, way: int) -> Fragment:
    if isinstance(tree, DatasetQuery):
        return compile_datasets(tree, scope)
    return compile_search(tree, scope) if isinstance(tree, QuerySearch) else _compile_files(tree, scope, way)


def _compile_files(tree: FileQuery, scope: Scope, way: int) -> Fragment:
    ways = (
        lambda: selection.select_files(tree, scope, limit=10, with_metadata=True),
        lambda: selection.gather_ids(tree, scope),
        lambda: selection.gather_candidates(tree, scope),
        lambda: selection.summarize_files(tree, scope),
        lambda: selection.count_files(tree, scope),
        lambda: selection.gather_keys(tree, scope),
        lambda: select_in_order(sql("f.id"), tree, scope, after=laws.PLACE, count=5),
    )
    way = 0 if way == WAYS - 1 and not is_in_order(tree) else way
    return ways[way]()


@pytest.fixture
def server(postgres: ServerUnderTest) -> Iterator[Server]:
    """A database of its own, asked from a test without a loop: the examples come one by one from inside a function."""
    loop = asyncio.new_event_loop()
    context = opened(postgres, CATALOGUE)
    connection = loop.run_until_complete(context.__aenter__())
    found = Server(loop, connection)
    connection.add_query_logger(lambda record: found.sent.append(record.query))
    loop.run_until_complete(connection.execute("set sutler.query_timeout = '3s'"))
    try:
        yield found
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()


@pytest.mark.timeout(fuzz_seconds() + 240)
def test_no_text_becomes_sql_or_fails_without_words(server: Server) -> None:
    """Each text is an error with a place, or statements of our words only that run and change nothing."""
    counts, before = server.counts, server.checksum()

    @settings(
        max_examples=EXAMPLES_AT_ONCE, deadline=None, database=None, phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(text=texts, scope=scopes, way=st.integers(0, WAYS - 1))
    def try_some(text: str, scope: Scope, way: int) -> None:
        counts["texts"] += 1
        outcome = laws.check_text(text, scope)
        if outcome.tree is None:
            counts["errors with a place"] += 1
            return
        counts["statements"] += len(outcome.statements)
        counts["with marks among their values"] += any(_has_mark(one) for one in outcome.statements)
        check_marks(outcome.statements, text, scope)
        server.ask(outcome.tree, scope, way, text)
        assert not [statement for statement in server.sent if _MARKED.search(statement)]

    ends_at = time.monotonic() + fuzz_seconds()
    while time.monotonic() < ends_at:
        try_some()
        assert server.checksum() == before
    tell(f"grammar: {', '.join(f'{count} {what}' for what, count in counts.most_common())}; no findings")
    assert counts["errors with a place"]
    assert counts["with marks among their values"]
    assert counts["with files"]


def check_marks(statements: list[Fragment], text: str, scope: Scope) -> None:
    """No statement has a mark in it, and a query about other things has the same statements."""
    rendered = [statement.render()[0] for statement in statements]
    assert not [one for one in rendered if _MARKED.search(one)]
    other = rename(text)
    if other != text:
        tree = parse_query(other, default_namespace=laws.DEFAULT_NAMESPACE)
        assert [statement.render()[0] for statement in laws.compile_all(tree, scope)] == rendered


def _has_mark(statement: Fragment) -> bool:
    return bool(_MARKED.search(str(statement.values)))
