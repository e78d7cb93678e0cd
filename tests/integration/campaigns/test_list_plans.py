"""The plans of lists beside many stages and submissions: they read the rows of their page, and little else."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from benchmarks.campaign_lists import COUNT, FILL
from tests.integration.campaigns.scene import Scene, set_scene
from tests.server import ServerUnderTest

from sutler import campaigns
from sutler.campaigns import NewCampaign, NewDependency, NewStage, StageSettings, listings, store
from sutler.database import Database, Tx
from sutler.database.migrate import upgrade

STAGES, SUBMISSIONS = 400, 20_000
PAGE = 100
LARGE = frozenset({"submissions", "stages", "shares", "stage_counts", "dependencies"})


@dataclass(frozen=True)
class Filled:
    """A large campaign, and who may look at it."""

    scene: Scene
    experiment_id: int
    campaign_id: int
    stage_ids: Sequence[int]


class Explaining(Tx):
    """A transaction that notes the plan of each statement it runs."""

    def __init__(self, connection: asyncpg.Connection, now: Any) -> None:  # noqa: ANN401
        super().__init__(_Connection(connection, self), now)
        self.plans: list[dict[str, Any]] = []


class _Connection:
    """What a transaction runs its statements on."""

    def __init__(self, connection: asyncpg.Connection, tx: Explaining) -> None:
        self._connection = connection
        self._tx = tx

    async def fetch(self, text: str, *given: object) -> list[Any]:
        """Explain a statement and run it."""
        explained = await self._connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, FORMAT JSON) {text}", *given
        )
        plan = json.loads(explained) if isinstance(explained, str) else explained
        self._tx.plans.append(plan[0]["Plan"])
        return list(await self._connection.fetch(text, *given))


@pytest.fixture(scope="module")
async def filled(postgres: ServerUnderTest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    """A database of its own with many stages and submissions of one campaign, beside other campaigns."""
    async with postgres.new_database(f"sutler_test_{secrets.token_hex(4)}") as fresh:
        db = await Database.open(fresh.connect, size=2)
        try:
            await upgrade(db)
            scene = await set_scene(db, Path(tmp_path_factory.mktemp("filled")))
            yield await _fill(scene)
        finally:
            await db.close()


async def _fill(scene: Scene) -> Filled:
    said = StageSettings(dataset_query="files")
    names = [f"s{number}" for number in range(STAGES)]
    new = NewCampaign(
        "nova",
        "large",
        stages=tuple(NewStage(name, "copy", "here", said) for name in names),
        dependencies=tuple(NewDependency(name, names[at + 1]) for at, name in enumerate(names[:-1])),
    )
    campaign = await campaigns.create_campaign(scene.db, scene.producer, new=new)
    for _ in range(20):
        await scene.make_campaign(NewStage("one", "copy", "here", settings=said))
    async with scene.db.connection() as connection:
        await connection.execute(FILL, campaign.experiment_id, scene.producer.user_id, campaign.id, SUBMISSIONS)
        await connection.execute(COUNT)
        await connection.execute("VACUUM (ANALYZE)")
    shown = await campaigns.list_stages(scene.db, scene.producer, campaign_id=campaign.id, limit=STAGES)
    return Filled(scene, campaign.experiment_id, campaign.id, [stage.id for stage in shown.items])


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def count_rows(plan: dict[str, Any]) -> int:
    """How many rows of large tables were read, those that were thrown away too."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes_of(plan)
        if node.get("Relation Name") in LARGE and node["Actual Loops"]
    )


async def explain(filled: Filled, ask: Any) -> dict[str, Any]:  # noqa: ANN401 - a call with a transaction
    """Return the plan of the one statement that a list runs."""
    async with filled.scene.db.connection() as connection, filled.scene.db.read() as tx:
        explaining = Explaining(connection, tx.now)
        await ask(explaining)
        [plan] = explaining.plans
        return plan


@pytest.mark.parametrize("place", ["first", "middle", "last"])
async def test_a_page_of_stages_reads_its_own_stages(filled: Filled, place: str) -> None:
    at = {"first": 0, "middle": STAGES // 2, "last": STAGES - 2}[place]
    page = await campaigns.list_stages(
        filled.scene.db, filled.scene.producer, campaign_id=filled.campaign_id, limit=at + 1
    )
    plan = await explain(
        filled,
        lambda tx: listings.list_stages(tx, campaign_id=filled.campaign_id, after=page.next_cursor, limit=PAGE),
    )
    assert not [node for node in nodes_of(plan) if node.get("Relation Name") in {"submissions", "shares"}]
    of_stages = [node for node in nodes_of(plan) if node.get("Relation Name") == "stages"]
    assert [(node["Node Type"], node["Index Name"]) for node in of_stages] == [("Index Scan", "stages_campaign_idx")]
    assert of_stages[0]["Actual Rows"] <= PAGE + 1


async def test_the_list_of_campaigns_reads_no_submission_that_has_ended(filled: Filled) -> None:
    plan = await explain(
        filled,
        lambda tx: listings.list_campaigns(
            tx, experiment_ids=[filled.experiment_id], wanted=listings.CampaignFilter(), after=None, limit=PAGE
        ),
    )
    of_submissions = [node for node in nodes_of(plan) if node.get("Relation Name") == "submissions"]
    assert {node.get("Index Name") for node in of_submissions} == {"submissions_going_idx"}
    assert count_rows(plan) <= 2 * SUBMISSIONS // 100
    assert not [node for node in nodes_of(plan) if node.get("Relation Name") == "stages"]


@pytest.mark.parametrize("about", ["campaign", "stage", "experiment"])
async def test_a_page_of_submissions_reads_its_own_submissions(filled: Filled, about: str) -> None:
    wanted: dict[str, Any] = {
        "campaign": {"campaign_id": filled.campaign_id},
        "stage": {"stage_id": filled.stage_ids[STAGES // 2]},
        "experiment": {},
    }[about]
    plan = await explain(
        filled, lambda tx: listings.list_submissions(tx, experiment_ids=[filled.experiment_id], limit=PAGE, **wanted)
    )
    of_submissions = [node for node in nodes_of(plan) if node.get("Relation Name") == "submissions"]
    assert sum(node["Actual Rows"] for node in of_submissions) <= PAGE + 1
    assert not [node for node in of_submissions if node["Node Type"] == "Seq Scan"]


async def test_dependencies_of_a_page_are_found_by_its_stages(filled: Filled) -> None:
    asked = filled.stage_ids[:3]
    plan = await explain(filled, lambda tx: store.list_touching_dependencies(tx, stage_ids=asked))
    of_dependencies = [node for node in nodes_of(plan) if node.get("Relation Name") == "dependencies"]
    assert not [node for node in of_dependencies if node["Node Type"] == "Seq Scan"]
    assert count_rows(plan) <= 4 * len(asked) * 3
