"""States: what a column's CHECK allows is what the enum knows."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from sutler.auth.model import CredentialMethod, CredentialSide, Role, ServiceKind, TokenKind
from sutler.campaigns.model import (
    BatchStatus,
    Cause,
    HoldKind,
    IntentionKind,
    IntentionState,
    Overlap,
    QueueState,
    RunState,
    Side,
    SplitKind,
    SubmissionStatus,
)
from sutler.catalog.model import DeclarationState, KeyIndexState, KeyKind
from sutler.database import Database
from sutler.dispatch.model import HandleState, Outcome, ProjectState
from sutler.launch.model import JobCause, JobState, LaunchState

COLUMNS: list[tuple[str, str, type[StrEnum]]] = [
    ("auth.memberships", "role", Role),
    ("auth.service_credentials", "method", CredentialMethod),
    ("auth.service_credentials", "side", CredentialSide),
    ("auth.services", "kind", ServiceKind),
    ("auth.tokens", "kind", TokenKind),
    ("campaigns.holds", "kind", HoldKind),
    ("campaigns.intentions", "kind", IntentionKind),
    ("campaigns.intentions", "state", IntentionState),
    ("campaigns.queued_launches", "state", QueueState),
    ("campaigns.schedule_runs", "state", RunState),
    ("campaigns.schedules", "overlap", Overlap),
    ("campaigns.split_positions", "kind", SplitKind),
    ("campaigns.submission_history", "side", Side),
    ("campaigns.submissions", "batch_status", BatchStatus),
    ("campaigns.submissions", "cause", Cause),
    ("campaigns.submissions", "status", SubmissionStatus),
    ("catalog.categories", "owner_role", Role),
    ("catalog.indexed_keys", "kind", KeyKind),
    ("catalog.indexed_keys", "state", KeyIndexState),
    ("catalog.namespaces", "owner_role", Role),
    ("catalog.remote_files", "state", DeclarationState),
    ("dispatch.attempts", "outcome", Outcome),
    ("dispatch.handles", "state", HandleState),
    ("dispatch.projects", "state", ProjectState),
    ("launch.batch_jobs", "cause", JobCause),
    ("launch.batch_jobs", "state", JobState),
    ("launch.launches", "state", LaunchState),
]
_WORD = re.compile(r"'([^']+)'::text")
UNTYPED = {
    "campaigns.campaigns.data_handler",
    "campaigns.launch_hosts.role",
    # Parts of an enum: what a handle can be when it leaves a share, and what ends a submission before its time.
    "campaigns.submissions.called_off_as",
    "dispatch.share_outcomes.state",
}


async def read_checks(db: Database) -> dict[str, set[str]]:
    """Return the words that each column of text is limited to."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT format('%s.%s.%s', namespace.nspname, relation.relname, attribute.attname) AS column,
                   pg_get_constraintdef(constraints.oid) AS definition
            FROM pg_constraint AS constraints
            JOIN pg_class AS relation ON relation.oid = constraints.conrelid
            JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
            JOIN pg_attribute AS attribute
                ON attribute.attrelid = relation.oid AND constraints.conkey = ARRAY[attribute.attnum]
            WHERE constraints.contype = 'c' AND pg_get_constraintdef(constraints.oid) ~ '= ANY|= ''|ARRAY'
            """
        )
    return {row["column"]: set(_WORD.findall(row["definition"])) for row in rows}


@pytest.mark.parametrize(
    ("table", "column", "enum"), COLUMNS, ids=[f"{table}.{column}" for table, column, _ in COLUMNS]
)
async def test_the_check_of_a_column_lists_the_words_of_its_enum(
    session_db: Database, table: str, column: str, enum: type[StrEnum]
) -> None:
    checks = await read_checks(session_db)
    assert checks[f"{table}.{column}"] == {word.value for word in enum if word.value}


async def test_every_column_with_a_list_of_words_has_an_enum(session_db: Database) -> None:
    known = {f"{table}.{column}" for table, column, _ in COLUMNS} | UNTYPED
    assert set(await read_checks(session_db)) == known
