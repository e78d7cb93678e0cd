"""What refers to a file, a dataset or a namespace keeps it, though nothing is asked when rows come in."""

from __future__ import annotations

import asyncpg
import pytest
from tests.integration.catalog.world import World

from sutler.base.did import Did
from sutler.catalog import NewFile, declare_files, declare_files_in, delete_file
from sutler.database import StillInUseError


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM catalog.namespaces WHERE name = 'demo'", "the namespace demo stays"),
        ("UPDATE catalog.namespaces SET name = 'other' WHERE name = 'demo'", "the namespace demo stays"),
        ("DELETE FROM catalog.datasets WHERE name = 'reco'", "the dataset demo:reco has files"),
        ("DELETE FROM catalog.files WHERE name = 'member'", "the file demo:member is in a dataset"),
        ("DELETE FROM catalog.files WHERE name = 'parent'", "the file demo:parent is in a dataset or has relatives"),
        ("DELETE FROM catalog.files WHERE name = 'child'", "the file demo:child is in a dataset or has relatives"),
    ],
)
async def test_nothing_goes_that_something_refers_to(world: World, statement: str, said: str) -> None:
    await world.declare("member")
    await world.declare("parent", dataset=None)
    child = NewFile("demo", "child", parents=(Did("demo", "parent"),))
    await declare_files(world.db, world["alice"], files=[child])
    with pytest.raises(StillInUseError) as caught:
        await world.ask(statement)
    assert isinstance(caught.value.__cause__, asyncpg.ForeignKeyViolationError)
    assert said in str(caught.value.__cause__)
    assert await world.count("SELECT count(*) FROM catalog.files") == 3


async def test_a_namespace_can_be_given_to_somebody_else(world: World) -> None:
    await world.ask("UPDATE catalog.namespaces SET description = 'x', owner_user_id = NULL, owner_role = 'production'")
    assert await world.count("SELECT count(*) FROM catalog.namespaces WHERE owner_role = 'production'") == 3


async def test_a_file_goes_with_its_memberships_and_links(world: World) -> None:
    await world.declare("a")
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "b", parents=(Did("demo", "a"),))])
    await delete_file(world.db, world["alice"], key=Did("demo", "a"))
    assert await world.count("SELECT count(*) FROM catalog.dataset_files") == 0
    assert await world.count("SELECT count(*) FROM catalog.provenance") == 0


async def test_a_file_that_is_linked_again_cannot_be_deleted_meanwhile(world: World) -> None:
    await world.declare("a", "b", dataset=None)
    again = NewFile("demo", "b", size_bytes=1, parents=(Did("demo", "a"),))
    async with world.db.lone_connection() as other, world.db.write() as tx:
        await declare_files_in(tx, files=[again], dataset=None, username="alice")
        await other.execute("SET lock_timeout = '100ms'")
        for name in ("a", "b"):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.execute("DELETE FROM catalog.files WHERE name = $1", name)
    assert await world.count("SELECT count(*) FROM catalog.provenance") == 1
