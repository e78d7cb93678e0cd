"""What a search finds on a real server, against what the plain evaluator says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import NOON
from tests.property.dispatch.search_projects import PROJECTS, is_true

from sutler.database import Database
from sutler.database.sql import sql
from sutler.dispatch.search import (
    And,
    Attribute,
    Compare,
    Condition,
    Contains,
    Element,
    Every,
    Field,
    InRange,
    InSet,
    Length,
    Member,
    Not,
    Number,
    Op,
    Or,
    Present,
    Some,
    Text,
    Truth,
    compile_condition,
    parse,
)

TRUTHS = sql(" FROM dispatch.projects AS project JOIN auth.users AS owner ON owner.id = project.owner_id ORDER BY id")
ORDERS = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
EQUALITIES = (Op.EQ, Op.NE)

_numbers = st.sampled_from(
    ["-1", "0", "0.1", "0.5", "1", "2", "3", "5", "5.0", "10", "1e1", "60", "86400", "1e20"]
).map(lambda written: Number(Decimal(written), written))
_texts = st.sampled_from(["raw", "Raw", "reco", "", "r.w", "5", "10", "a", "ada", "done", "Ω", '"', "\\", "é", "dc4:"])
_text_constants = _texts.map(Text)
_truths = st.booleans().map(lambda truth: Truth(truth, str(truth).lower()))
_constants = st.one_of(_numbers, _text_constants, _truths)
_regexps = st.sampled_from(["raw", "^r", "r.w$", "[0-9]+", "^$", "W", "a|o", r"\.", "Ω"]).map(Text)
_instants = st.sampled_from(
    ["2026-03-01", "2026-03-01 12:00:00", "2026-03-01T13:00:00+01:00", "2026-03-02 12:00", "2026-04-10T12:00:00Z"]
).map(Text) | st.sampled_from([NOON.timestamp(), 0]).map(lambda s: Number(Decimal(str(s)), str(s)))

_keys = st.sampled_from(["n", "t", "l", "none"])
_operands = st.one_of(
    st.builds(Attribute, _keys),
    st.builds(Some, _keys),
    st.builds(Every, _keys),
    st.builds(Element, _keys, st.integers(-4, 3)),
    st.builds(Member, _keys, st.sampled_from(["k", "m", "none"])),
)
_flags = st.booleans()
_fields = {
    _text_constants | _numbers | _truths: (Field.OWNER, Field.STATE, Field.QUERY),
    _numbers: (Field.ID, Field.WORKER_TIMEOUT, Field.IDLE_TIMEOUT),
    _instants: (Field.CREATED, Field.ENDED),
}
_terms = st.one_of(
    st.builds(Compare, _operands, st.sampled_from(ORDERS), _numbers | _text_constants),
    st.builds(Compare, _operands, st.sampled_from(EQUALITIES), _truths),
    st.builds(
        Compare,
        _operands | st.sampled_from([Field.OWNER, Field.STATE, Field.QUERY]),
        st.sampled_from([op for op in Op if op.is_regexp]),
        _regexps,
    ),
    st.builds(InSet, _operands, st.lists(_constants, min_size=1, max_size=4).map(tuple), _flags),
    st.builds(InRange, _operands, _numbers, _numbers, _flags),
    st.builds(InRange, _operands, _text_constants, _text_constants, _flags),
    st.builds(Contains, _constants, st.builds(Attribute, _keys) | st.sampled_from([Field.QUERY, Field.OWNER]), _flags),
    st.builds(Present, _keys, _flags),
    *(
        strategy
        for constants, fields in [*_fields.items(), (_numbers, [Length("l"), Length("n")])]
        for strategy in (
            st.builds(Compare, st.sampled_from(fields), st.sampled_from(ORDERS), constants),
            st.builds(InSet, st.sampled_from(fields), st.lists(constants, min_size=1, max_size=3).map(tuple), _flags),
            st.builds(InRange, st.sampled_from(fields), constants, constants, _flags),
        )
    ),
)
_conditions: st.SearchStrategy[Condition] = st.recursive(
    _terms,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: And(tuple(items))),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: Or(tuple(items))),
    ),
    max_leaves=6,
)


@pytest.fixture
async def connection(db: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the projects that searches are about."""
    async with db.connection() as connection:
        await connection.execute("INSERT INTO auth.experiments (name, created_at) VALUES ('local', $1)", NOON)
        for name in sorted({project.owner for project in PROJECTS}):
            await connection.execute("INSERT INTO auth.users (username, created_at) VALUES ($1, $2)", name, NOON)
        for project in PROJECTS:
            await connection.execute(
                """
                INSERT INTO dispatch.projects (
                    id, experiment_id, owner_id, owner_role, state, query, attributes, worker_timeout, idle_timeout,
                    created_at, active_at, ended_at
                ) OVERRIDING SYSTEM VALUE
                SELECT $1, experiment.id, owner.id, 'production', $2, $3, $4, $5, $6, $7, $7, $8
                FROM auth.users AS owner CROSS JOIN auth.experiments AS experiment WHERE owner.username = $9
                """,
                project.id,
                project.state,
                project.query,
                project.attributes,
                project.worker_timeout,
                project.idle_timeout,
                project.created_at,
                project.ended_at,
                project.owner,
            )
        yield connection


async def ask(connection: asyncpg.Connection, condition: Condition) -> dict[int, bool | None]:
    """What the server makes of a condition on each project."""
    text, values = (sql("SELECT project.id, ") + compile_condition(condition) + sql(" AS truth") + TRUTHS).render()
    return {row["id"]: row["truth"] for row in await connection.fetch(text, *values)}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(condition=_conditions)
async def test_a_search_is_true_or_false_of_each_project_as_it_means(
    connection: asyncpg.Connection, condition: Condition
) -> None:
    assert await ask(connection, condition) == {project.id: is_true(condition, project) for project in PROJECTS}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("n in 1:10", {1, 2, 3, 8}),
        ("n not in 1:10", {4, 5, 6, 7, 9, 10, 11, 12, 13}),
        ("t ~* RAW", {1, 2, 8, 12}),
        ("t !~* raw", {3, 4, 8, 11, 13}),
        ("worker_timeout < 3600", {3, 12}),
        ("worker_timeout = 43200", {4}),
        ("idle_timeout in 86400:90000", {13}),
        ("l[0] = 1", {1, 5, 8}),
        ("l[-1] = 3", {1, 8}),
        ('t["k"] = raw', {9}),
        ('l["k"] = raw', {9}),
        ("l[any] = raw", {4, 5}),
        ("l[all] ~* raw", {3, 4}),
        ("len(l) > 2", {1, 5, 9}),
        ("n = 5", {2, 8}),
        ("n = '5'", {5}),
        ("!(n = 5)", set(range(1, 14)) - {2, 8}),
        ("n != 5", {1, 3, 4, 8, 11, 12, 13}),
        ("raw in l", {4, 5}),
        ("aw in t", {1, 2, 12}),
        ("dc4: in query", {1, 3}),
        ("owner = bob and state in (done, failed)", {2}),
        ("created > 2026-03-01T12:00:00", {7, 13}),
        ("ended >= '2026-03-01 14:00:00+02:00' and ! (state = done)", {6, 8}),
    ],
)
async def test_a_search_finds(connection: asyncpg.Connection, text: str, found: set[int]) -> None:
    assert {number for number, truth in (await ask(connection, parse(text))).items() if truth} == found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(key=st.text("\"\\'/*$.@?()|&!=~ \n\tux01\U0001f600é{}[]", max_size=12), data=st.data())
async def test_no_text_breaks_out_of_its_place(connection: asyncpg.Connection, key: str, data: st.DataObject) -> None:
    tricky = st.text("\"\\'/*$.@?()|&!=~ \n\tux01\U0001f600é{}[]", max_size=12)
    text = Text(data.draw(tricky))
    for condition in (
        Compare(Attribute(key), Op.EQ, text),
        Compare(Member("t", key), Op.EQ, text),
        Contains(text, Attribute("t")),
        Contains(text, Field.QUERY),
    ):
        assert await ask(connection, condition) == {project.id: is_true(condition, project) for project in PROJECTS}


async def test_an_attribute_is_found_by_its_index(connection: asyncpg.Connection) -> None:
    text, values = (
        sql("EXPLAIN SELECT id FROM dispatch.projects AS project WHERE ")
        + compile_condition(parse("n = 5 and t in (raw, reco)"))
    ).render()
    await connection.execute("SET enable_seqscan = off")
    try:
        plan = "\n".join(row[0] for row in await connection.fetch(text, *values))
    finally:
        await connection.execute("RESET enable_seqscan")
    assert "projects_attributes_idx" in plan
