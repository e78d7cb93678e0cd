"""Namespaces that belong to groups, whose they are, and how much they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.integration.catalog.world import World

from sutler.auth import (
    GroupNotFoundError,
    Principal,
    Role,
    TokenKind,
    create_group,
    set_group_member,
    set_member,
)
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    NamespaceNotFoundError,
    NewFile,
    count_namespace,
    create_dataset,
    create_namespace,
    declare_files,
    ensure_namespace_in,
    get_namespace,
    list_namespaces,
    save_query,
    update_dataset,
)


@pytest.fixture
async def calibrator(world: World) -> Principal:
    """Bob, who is in the group `calibrators` of his experiment and the only one in it."""
    root = world["root"]
    await set_member(world.db, root, experiment="demo_exp", username="bob", role=Role.ANALYSIS)
    await create_group(world.db, root, experiment="demo_exp", name="calibrators")
    await set_group_member(world.db, root, name="calibrators", username="bob", is_member=True)
    return replace(world["bob"], groups=frozenset({"calibrators"}))


async def test_a_namespace_of_a_group_takes_what_its_members_make(world: World, calibrator: Principal) -> None:
    made = await create_namespace(world.db, calibrator, experiment="demo_exp", name="calib", owner_group="calibrators")
    assert (made.owner_group, made.owner_user_id, made.owner_role, made.owner_username) == (
        "calibrators",
        None,
        None,
        None,
    )
    did = Did("calib", "d")
    await create_dataset(world.db, calibrator, did=did)
    await declare_files(world.db, calibrator, files=[NewFile("calib", "f")], dataset=did)
    await update_dataset(world.db, calibrator, did=did, frozen=True)
    for stranger in ("bob", "alice", "petra"):
        with pytest.raises(NotPermittedError, match="group calibrators"):
            await declare_files(world.db, world[stranger], files=[NewFile("calib", "g")])


async def test_only_who_is_in_a_group_of_the_experiment_makes_namespaces_for_it(
    world: World, calibrator: Principal
) -> None:
    with pytest.raises(NotPermittedError, match="group calibrators"):
        await create_namespace(world.db, world["alice"], experiment="demo_exp", name="calib", owner_group="calibrators")
    with pytest.raises(GroupNotFoundError):
        await create_namespace(world.db, calibrator, experiment="demo_exp", name="calib", owner_group="nobody")
    with pytest.raises(InvalidInputError, match="not to both"):
        await create_namespace(
            world.db,
            calibrator,
            experiment="demo_exp",
            name="calib",
            owner_role=Role.ANALYSIS,
            owner_group="calibrators",
        )
    assert await world.count("SELECT count(*) FROM catalog.namespaces WHERE name = 'calib'") == 0
    by_root = await create_namespace(
        world.db, world["root"], experiment="demo_exp", name="calib", owner_group="demo_exp_analysis"
    )
    assert by_root.owner_group == "demo_exp_analysis"


async def test_a_group_of_another_experiment_owns_nothing_here(world: World, calibrator: Principal) -> None:
    with pytest.raises(GroupNotFoundError):
        await create_namespace(world.db, world["root"], experiment="other_exp", name="calib", owner_group="calibrators")


async def test_namespaces_are_found_by_their_owners(world: World, calibrator: Principal) -> None:
    await create_namespace(world.db, calibrator, experiment="demo_exp", name="calib", owner_group="calibrators")
    await create_namespace(world.db, calibrator, experiment="demo_exp", name="bobs")
    async with world.db.write() as tx:
        await ensure_namespace_in(
            tx,
            name="everybody",
            experiment_id=world.experiment_id,
            user_id=None,
            username="root",
            owner_role=Role.ANALYSIS,
        )

    async def find(**owner: object) -> list[str]:
        found = await list_namespaces(world.db, world["alice"], **owner)  # type: ignore[arg-type]
        return [namespace.name for namespace in found]

    assert await find(owner_user="bob") == ["bobs", "calib", "everybody"]
    assert await find(owner_user="bob", only_direct=True) == ["bobs"]
    assert await find(owner_group="calibrators") == ["calib"]
    assert await find(owner_user="nobody") == []
    assert await find(names=["made", "calib", "nosuch", "far"]) == ["calib", "made"]
    await world.ask("UPDATE auth.users SET is_active = false WHERE username = 'bob'")
    assert await find(owner_user="bob") == ["bobs"]


async def test_a_namespace_is_shown_with_its_owner_and_counted_without_retired_files(world: World) -> None:
    await world.declare("a", "b", "c")
    await world.ask("UPDATE catalog.files SET retired_at = now() WHERE name = 'c'")
    await save_query(world.db, world["alice"], namespace="demo", name="q", source="files from demo:reco")
    assert (await get_namespace(world.db, world["bob"], name="demo")).owner_username == "alice"
    counts = await count_namespace(world.db, world["bob"], name="demo")
    assert (counts.file_count, counts.dataset_count, counts.query_count) == (2, 1, 1)
    for operation in (get_namespace, count_namespace):
        with pytest.raises(NotPermittedError):
            await operation(world.db, world["zoe"], name="demo")
        with pytest.raises(NamespaceNotFoundError):
            await operation(world.db, world["bob"], name="nosuch")


async def test_the_token_of_a_job_declares_but_changes_nothing_else(world: World) -> None:
    job = replace(world["petra"], kind=TokenKind.JOB)
    await declare_files(world.db, job, files=[NewFile("demo", "x")], dataset=Did("demo", "reco"))
    with pytest.raises(NotPermittedError, match="token of a job"):
        await update_dataset(world.db, job, did=Did("demo", "reco"), frozen=True)
