"""What the database says afterwards, compared with what the workers were told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg
from benchmarks.dispatching.generator import Load, LoadFigures, Mode

_TOLD_ATTEMPTS = """
SELECT count(*) AS told_count,
       count(*) FILTER (WHERE told.times > 1) AS again_count,
       count(*) FILTER (WHERE attempt.id IS NULL) AS unknown_count,
       count(DISTINCT attempt.position) AS position_count
FROM (SELECT said::bigint AS id, count(*) AS times FROM unnest($2::text[]) AS line (said) GROUP BY said) AS told
LEFT JOIN dispatch.attempts AS attempt
    ON attempt.id = told.id AND attempt.project_id = $1 AND attempt.outcome = 'done'
"""
_TOLD_NAMES = """
SELECT count(*) AS told_count,
       count(*) FILTER (WHERE told.times > 1) AS again_count,
       count(*) FILTER (WHERE handle.name IS NULL) AS unknown_count,
       count(DISTINCT handle.position) AS position_count
FROM (SELECT said AS name, count(*) AS times FROM unnest($2::text[]) AS line (said) GROUP BY said) AS told
LEFT JOIN dispatch.handles AS handle
    ON handle.project_id = $1 AND handle.name = told.name AND handle.state = 'done'
"""
_COUNTS = """
SELECT handle.total, handle.initial, handle.reserved, handle.done, handle.failed,
       attempt.done AS attempts_done, attempt.positions AS positions_done,
       (SELECT count(*) FROM dispatch.leases WHERE project_id = $1) AS leases,
       (SELECT count(*) FROM dispatch.ready WHERE project_id = $1) AS ready,
       project.total_count, project.initial_count, project.reserved_count, project.done_count, project.failed_count
FROM dispatch.projects AS project
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE state = 'initial') AS initial,
           count(*) FILTER (WHERE state = 'reserved') AS reserved,
           count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'failed') AS failed
    FROM dispatch.handles
    WHERE project_id = project.id
) AS handle
CROSS JOIN LATERAL (
    SELECT count(*) AS done, count(DISTINCT position) AS positions
    FROM dispatch.attempts
    WHERE project_id = project.id AND outcome = 'done'
) AS attempt
WHERE project.id = $1
"""


async def find_violations(
    connection: asyncpg.Connection, load: Load, figures: LoadFigures, said: Sequence[str]
) -> list[str]:
    """Return, in sentences, what is not as the workers were told, or not as it has to be.

    `said` are the lines of the journal.
    """
    statement = _TOLD_NAMES if load.mode is Mode.OLD else _TOLD_ATTEMPTS
    told = await connection.fetchrow(statement, load.project_id, said)
    counts = await connection.fetchrow(_COUNTS, load.project_id)
    assert told is not None
    assert counts is not None
    sentences = [*_compare(told, counts, figures, lines=len(said)), *_judge_answers(counts, figures)]
    return [f"project {load.project_id}: {sentence}" for sentence in sentences]


def _compare(told: Mapping[str, int], counts: Mapping[str, int], figures: LoadFigures, *, lines: int) -> list[str]:
    equal = {
        "handles that workers were told are done, and lines of the journal": (figures.done, lines),
        "lines of the journal, and those that differ": (lines, told["told_count"]),
        "lines that stand there twice": (told["again_count"], 0),
        "accepted as done, and not done by the record": (told["unknown_count"], 0),
        "accepted as done, and files that this was for": (told["told_count"], told["position_count"]),
        "accepted as done, and handles that are done": (told["told_count"], counts["done"]),
        "handles that are done, and attempts that ended so": (counts["done"], counts["attempts_done"]),
        "attempts that ended as done, and their handles": (counts["attempts_done"], counts["positions_done"]),
        "handles that are reserved, and leases": (counts["reserved"], counts["leases"]),
        "handles that are initial, and ready rows": (counts["initial"], counts["ready"]),
        **{
            f"handles and the project's count: {state}": (counts[state], counts[f"{state}_count"])
            for state in ("total", "initial", "reserved", "done", "failed")
        },
    }
    return [f"{what}: {one} and {other}" for what, (one, other) in equal.items() if one != other]


def _judge_answers(counts: Mapping[str, int], figures: LoadFigures) -> list[str]:
    never = {
        "reports that were not accepted": figures.refused,
        "answers other than 200": figures.errors,
        "connections that broke": figures.broken,
        "handles left free although a worker was told that there is none": figures.drained and counts["ready"],
    }
    return [f"{what}: {count}" for what, count in never.items() if count]
