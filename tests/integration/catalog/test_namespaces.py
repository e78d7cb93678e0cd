"""Namespaces: whose they are, and that a name has one owner in the installation."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import World

from sutler.auth import Role
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import NamespaceTakenError, create_namespace, ensure_namespace_in, list_namespaces


async def test_a_namespace_belongs_to_its_maker(world: World) -> None:
    made = await create_namespace(world.db, world["bob"], experiment="demo_exp", name="bobs", description="mine")
    assert (made.owner_user_id, made.owner_role, made.created_by) == (world["bob"].user_id, None, "bob")
    assert (made.experiment_id, made.description) == (world.experiment_id, "mine")
    facts = await world.ask("SELECT facts, actor FROM database.events WHERE subject_id = 'bobs'")
    assert [dict(row) for row in facts] == [{"facts": {"name": "bobs"}, "actor": "bob"}]


async def test_a_namespace_may_belong_to_a_role_that_the_maker_has(world: World) -> None:
    made = await create_namespace(
        world.db, world["petra"], experiment="demo_exp", name="prod", owner_role=Role.PRODUCTION
    )
    assert (made.owner_user_id, made.owner_role) == (None, Role.PRODUCTION)
    with pytest.raises(NotPermittedError, match="production"):
        await create_namespace(
            world.db, world["alice"], experiment="demo_exp", name="prod2", owner_role=Role.PRODUCTION
        )


async def test_strangers_make_no_namespaces(world: World) -> None:
    with pytest.raises(NotPermittedError):
        await create_namespace(world.db, world["zoe"], experiment="demo_exp", name="zoes")


async def test_a_name_is_taken_for_all_experiments(world: World) -> None:
    with pytest.raises(NamespaceTakenError):
        await create_namespace(world.db, world["alice"], experiment="demo_exp", name="far")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "x" * 1001])
async def test_impossible_names_are_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidInputError):
        await create_namespace(world.db, world["alice"], experiment="demo_exp", name=name)


async def test_everybody_sees_the_namespaces_of_their_experiments(world: World) -> None:
    seen = {
        name: [space.name for space in await list_namespaces(world.db, world[name])] for name in ("bob", "zoe", "root")
    }
    assert seen == {"bob": ["demo", "made"], "zoe": ["far"], "root": ["demo", "far", "made"]}
    assert [space.name for space in await list_namespaces(world.db, world["root"], experiment="other_exp")] == ["far"]
    with pytest.raises(NotPermittedError):
        await list_namespaces(world.db, world["bob"], experiment="other_exp")


async def test_ensuring_a_namespace_at_once_makes_one(world: World) -> None:
    async def ensure(username: str) -> int | None:
        async with world.db.write() as tx:
            made = await ensure_namespace_in(
                tx,
                name="outputs",
                experiment_id=world.experiment_id,
                user_id=world[username].user_id,
                username=username,
            )
            return made.owner_user_id

    owners = await asyncio.gather(*(ensure(username) for username in ("alice", "bob", "petra", "alice")))
    assert len(set(owners)) == 1
    assert await world.count("SELECT count(*) FROM database.events WHERE subject_id = 'outputs'") == 1


async def test_a_namespace_of_another_experiment_cannot_be_ensured(world: World) -> None:
    with pytest.raises(NamespaceTakenError):
        async with world.db.write() as tx:
            await ensure_namespace_in(tx, name="far", experiment_id=world.experiment_id, user_id=1, username="alice")
