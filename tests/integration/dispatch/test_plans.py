"""The plans of hot statements: the cost of a call must not depend on how many handles there are."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene

from sutler.database import load_statements

_SQL = load_statements("sutler.dispatch.store", "leases.sql")


async def test_reserving_reads_a_few_rows_of_50_000(scene: Scene) -> None:
    project = await scene.start(50_000)
    for share_id, index in ((None, "ready_pkey"), (project.share_id, "ready_share_idx")):
        given: dict[str, object] = {
            "project_id": project.project_id,
            "share_id": share_id,
            "count": 2,
            "first_rank": 0,
            "ready_from": 0,
            "worker_id": "w1",
            "site": None,
            "batch_job_id": None,
            "request_id": uuid4(),
            "lease_for": None,
            "now": NOON,
            "actor": "ada",
        }
        nodes = await _explain(scene, "reserve_handles", given)
        assert index in _list_indexes(nodes, "ready")
        assert _list_indexes(nodes, "handles") == {"handles_pkey"}
        assert _count_rows_read(nodes) < 200


async def test_ending_and_renewing_a_lease_read_a_few_rows_of_50_000(scene: Scene) -> None:
    project = await scene.start(50_000)
    for _ in range(5):
        await scene.take(project, count=1000)
    await scene.run("ANALYZE dispatch.leases")
    attempt_ids = await scene.column("SELECT attempt_id FROM dispatch.leases LIMIT 1")
    given: dict[str, object] = {
        "project_id": project.project_id,
        "attempt_ids": attempt_ids,
        "next_states": ["done"],
        "rest_until": [None],
        "count": 1,
        "worker_id": "w1",
        "outcome": "done",
        "reason": "",
        "measures": {},
        "log_tail": "",
        "now": NOON,
        "actor": "ada",
    }
    nodes = await _explain(scene, "end_leases", given)
    assert _list_indexes(nodes, "leases") == {"leases_pkey"}
    assert _list_indexes(nodes, "handles") == {"handles_pkey"}
    assert _count_rows_read(nodes) < 200
    nodes = await _explain(scene, "renew_leases", {"attempt_ids": attempt_ids, "worker_id": "w1", "now": NOON})
    assert _list_indexes(nodes, "leases") == {"leases_pkey"}
    assert _count_rows_read(nodes) < 200


def test_every_hot_statement_has_its_test() -> None:
    assert {statement.name for statement in _SQL if statement.is_hot} == {
        "reserve_handles",
        "end_leases",
        "renew_leases",
    }


async def _explain(scene: Scene, name: str, given: dict[str, object]) -> list[dict[str, object]]:
    """Run a statement, undo it, and return the nodes of its plan with what they really read."""
    statement = getattr(_SQL, name)
    async with scene.db.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            text = "EXPLAIN (ANALYZE, FORMAT JSON) " + statement.text
            (plan,) = await connection.fetchval(text, *statement.arguments(given))
        finally:
            await transaction.rollback()
    return list(_walk(plan["Plan"]))


def _walk(node: dict[str, object]) -> Iterator[dict[str, object]]:
    yield node
    below = node.get("Plans", [])
    assert isinstance(below, list)
    for child in below:
        yield from _walk(child)


def _list_indexes(nodes: list[dict[str, object]], table: str) -> set[object]:
    """The indexes through which a table is read; a scan of the whole table stands there as its node type."""
    aliases = {"handles": ("handles", "handle"), "leases": ("leases", "lease", "held"), "ready": ("ready",)}[table]
    reads = [n for n in nodes if n.get("Alias") in aliases and "Scan" in str(n["Node Type"])]
    assert reads
    return {node.get("Index Name", node["Node Type"]) for node in reads}


def _count_rows_read(nodes: list[dict[str, object]]) -> float:
    scans = [node for node in nodes if "Scan" in str(node["Node Type"])]
    given = sum(float(str(node["Actual Rows"])) * float(str(node["Actual Loops"])) for node in scans)
    return given + sum(float(str(node.get("Rows Removed by Filter", 0))) for node in scans)
