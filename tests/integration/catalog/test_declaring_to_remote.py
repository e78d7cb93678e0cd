"""Outputs that are declared elsewhere: kept with their outcome, sent until there is an answer, there once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.catalog.world import World
from tests.integration.elsewhere import PLACE, Elsewhere, name_elsewhere

from sutler import catalog
from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.catalog import (
    CredentialRefusedError,
    FileDeclaredOtherwiseError,
    NewFile,
    RemoteCatalogRefusedError,
    RemoteCatalogUnavailableError,
    Undeclared,
)
from sutler.database import Database

OUT = Did("far", "out.7")
AWAY = RemoteCatalogUnavailableError("metacat is away")


async def _keep(
    world: World,
    *names: str,
    parents: tuple[Did, ...] = (),
    size: int = 5,
    dataset: Did | None = OUT,
    role: Role = Role.PRODUCTION,
) -> list[int]:
    async with world.db.write() as tx:
        kept = await catalog.keep_outputs_in(
            tx,
            experiment_id=world.experiment_id,
            role=role,
            files=[NewFile("far", name, size, {"adler32": "0" * 8}, {"a.b": 1}, parents) for name in names],
            dataset=dataset,
            share_id=1,
            username="petra",
        )
    return [file.id for file in kept]


async def _send(world: World, far: Elsewhere) -> int:
    return await catalog.send_declarations(world.db, far, count=100)


async def _look(world: World) -> Undeclared | None:
    async with world.db.read() as tx:
        return await catalog.count_undeclared_in(tx, experiment_id=world.experiment_id, share_id=1)


@pytest.fixture
async def far(world: World) -> Elsewhere:
    """A catalogue elsewhere, named by the experiment."""
    await name_elsewhere(world.db, experiment="demo_exp")
    return Elsewhere()


async def test_files_are_declared_with_dataset_and_the_dataset_above_it(world: World, far: Elsewhere) -> None:
    async with world.db.write() as tx:
        await catalog.plan_dataset_in(tx, experiment_id=world.experiment_id, did=OUT, parent=Did("far", "out"))
    await _keep(world, "a", "b")
    assert await _look(world) == Undeclared(PLACE, 2, 0)
    assert await _send(world, far) == 2
    assert far.datasets == {Did("far", "out"): set(), OUT: {Did("far", "a"), Did("far", "b")}}
    assert far.dataset_parents == {OUT: Did("far", "out")}
    assert await _look(world) is None
    assert await _send(world, far) == 0


async def test_a_child_is_sent_after_its_parent_whatever_the_role(world: World, far: Elsewhere) -> None:
    await _keep(world, "parent", role=Role.PRODUCTION)
    await _keep(world, "child", parents=(Did("far", "parent"),), role=Role.ANALYSIS)
    sent = [await _send(world, far) for _ in range(2)]
    assert sum(sent) in (1, 2)
    world.db.clock.advance(timedelta(seconds=10))  # type: ignore[attr-defined]  # the clock of tests moves
    await _send(world, far)
    assert far.parents == {Did("far", "parent"): (), Did("far", "child"): (Did("far", "parent"),)}


async def test_a_refusal_stays_with_its_file_and_stops_no_other(world: World, far: Elsewhere) -> None:
    far.refusals["bad"] = "its metadata break a rule"
    await _keep(world, "bad", "good")
    assert await _send(world, far) == 2
    assert Did("far", "good") in far.files
    assert await _look(world) == Undeclared(PLACE, 0, 1, "", "its metadata break a rule")
    assert await _send(world, far) == 0, "a refusal is not repeated by itself"


async def test_what_was_refused_is_tried_once_more_on_request(world: World, far: Elsewhere) -> None:
    far.refusals["bad"] = "not yet"
    await _keep(world, "bad")
    await _send(world, far)
    far.refusals.clear()
    with pytest.raises(NotPermittedError):
        await catalog.retry_declarations(world.db, world["bob"], experiment="demo_exp")
    assert await catalog.retry_declarations(world.db, world["petra"], experiment="demo_exp") == 1
    assert await _send(world, far) == 1
    assert await _look(world) is None


async def test_all_wait_with_the_reason_while_the_place_is_away(
    world: World, far: Elsewhere, clock: MovableClock
) -> None:
    far.failure = AWAY
    await _keep(world, "a", "b")
    assert await _send(world, far) == 0
    assert await _look(world) == Undeclared(PLACE, 2, 0, "metacat is away")
    far.failure = None
    assert await _send(world, far) == 0, "it is left alone for a while"
    clock.advance(timedelta(minutes=2))
    assert await _send(world, far) == 2
    assert await _look(world) is None


async def test_a_credential_that_is_set_anew_is_tried_at_once(world: World, far: Elsewhere) -> None:
    far.failure = CredentialRefusedError(PLACE, "production", "wrong password")
    await _keep(world, "a")
    await _send(world, far)
    waiting = await _look(world)
    assert waiting is not None
    assert "wrong password" in waiting.reason
    far.failure = None
    await catalog.hurry_declarations(world.db, experiment_id=world.experiment_id)
    assert await _send(world, far) == 1


async def test_a_namespace_that_may_not_be_written_refuses_its_files_only(world: World, far: Elsewhere) -> None:
    far.failure = RemoteCatalogRefusedError(PLACE, "no permission for the namespace far", status=403)
    await _keep(world, "a")
    assert await _send(world, far) == 1
    refused = await _look(world)
    assert refused is not None
    assert (refused.pending_count, refused.refused_count) == (0, 1)
    assert "no permission" in refused.refusal


async def test_a_lost_answer_declares_nothing_twice(world: World, far: Elsewhere, clock: MovableClock) -> None:
    far.failure_after = AWAY
    await _keep(world, "a", "b")
    assert await _send(world, far) == 0
    assert far.declared_count == 2
    far.failure_after = None
    clock.advance(timedelta(minutes=2))
    assert await _send(world, far) == 2
    assert far.declared_count == 2
    assert await _look(world) is None


async def test_a_server_killed_before_it_could_record_repeats_without_harm(
    world: World, far: Elsewhere, clock: MovableClock
) -> None:
    far.failure_after = KeyboardInterrupt()  # type: ignore[assignment]  # nothing catches it, as nothing catches a kill
    await _keep(world, "a")
    with pytest.raises(KeyboardInterrupt):
        await _send(world, far)
    far.failure_after = None
    assert await _send(world, far) == 0, "for a while the queue may still be in somebody's hands"
    clock.advance(timedelta(minutes=2, seconds=1))
    assert await _send(world, far) == 1
    assert far.declared_count == 1


async def test_two_servers_do_not_send_the_same(world: World, far: Elsewhere, migrated_database: Database) -> None:
    await _keep(world, "a", "b", "c")
    migrated_database.clock = world.db.clock
    sent = 0
    held: list[int] = []

    async def declare(files: list[NewFile], *, dataset: Did | None) -> list[str | None]:
        held.append(await catalog.send_declarations(migrated_database, far, count=100))
        nonlocal sent
        sent += len(files)
        assert dataset == OUT
        return [None for _ in files]

    far.declare = declare  # type: ignore[method-assign,assignment]  # the other server comes in the middle
    assert await _send(world, far) == 3
    assert (sent, held) == (3, [0])


async def test_the_same_output_by_another_attempt_is_one_file(world: World, far: Elsewhere) -> None:
    far.add("p1", "p2")
    first = await _keep(world, "a", parents=(Did("far", "p1"),))
    assert await _keep(world, "a", parents=(Did("far", "p2"),)) == first
    with pytest.raises(FileDeclaredOtherwiseError):
        await _keep(world, "a", size=6)
    assert await _send(world, far) == 1
    assert far.parents[Did("far", "a")] == (Did("far", "p1"), Did("far", "p2"))
    assert await _keep(world, "a") == first
    assert await _send(world, far) == 0


async def test_an_output_that_was_refused_may_come_otherwise(world: World, far: Elsewhere) -> None:
    far.refusals["a"] = "no"
    first = await _keep(world, "a")
    await _send(world, far)
    far.refusals.clear()
    assert await _keep(world, "a", size=6) == first
    assert await _send(world, far) == 1
    assert far.files[Did("far", "a")].size_bytes == 6


async def test_what_changes_while_it_is_sent_is_sent_again(world: World, far: Elsewhere) -> None:
    far.add("p1")
    await _keep(world, "a")
    plain = far.declare

    async def declare(files: list[NewFile], *, dataset: Did | None) -> list[str | None]:
        await _keep(world, "a", parents=(Did("far", "p1"),))
        return await plain(files, dataset=dataset)

    far.declare = declare  # type: ignore[method-assign,assignment]  # another attempt reports in the middle
    await _send(world, far)
    waiting = await _look(world)
    assert waiting is not None
    assert waiting.pending_count == 1


async def test_without_a_service_files_wait_for_one(world: World, far: Elsewhere) -> None:
    await _keep(world, "a")
    assert await catalog.send_declarations(world.db, catalog.BuiltInOnly(), count=10) == 0
    waiting = await _look(world)
    assert waiting is not None
    assert "names no MetaCat server" in waiting.reason
    assert far.declared_count == 0
