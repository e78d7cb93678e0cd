"""Storage elements and replicas."""

import asyncio
import inspect
from dataclasses import dataclass

import pytest

from sutler.auth import (
    SYSTEM,
    Action,
    Experiment,
    ExperimentNotFoundError,
    Principal,
    Role,
    TokenKind,
    create_experiment,
)
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.database import Database, list_history, load_statements
from sutler.database.sql import sql, value
from sutler.replicas import (
    InvalidReplicaError,
    NewReplica,
    RseExistsError,
    RseNotFoundError,
    add_replicas,
    add_replicas_in,
    create_rse,
    list_replicas,
    list_replicas_in,
    list_rses,
    store,
    update_rse,
)


@dataclass(frozen=True)
class Site:
    """An experiment `dune` with the storage elements DISK and TAPE, and an experiment `sbnd` with DISK."""

    db: Database
    dune: Experiment
    sbnd: Experiment

    def member(self, role: Role, *, kind: TokenKind = TokenKind.API) -> Principal:
        """Somebody with a role in `dune`."""
        return Principal(5, "mia", "Mia", False, {self.dune.id: role}, {self.dune.id: "dune"}, kind=kind)


@pytest.fixture
async def site(db: Database) -> Site:
    dune = await create_experiment(db, SYSTEM, name="dune")
    sbnd = await create_experiment(db, SYSTEM, name="sbnd")
    await create_rse(db, SYSTEM, experiment="dune", name="DISK", url_prefix="file:///data")
    await create_rse(db, SYSTEM, experiment="dune", name="TAPE", is_tape=True, preference=10)
    await create_rse(db, SYSTEM, experiment="sbnd", name="DISK")
    return Site(db, dune, sbnd)


def did(name: str) -> Did:
    return Did("dune", name)


def on(rse: str, name: str, *, url: str | None = None, is_staged: bool = True) -> NewReplica:
    return NewReplica(did(name), rse, url or f"file:///{rse}/{name}", is_staged)


async def read_usable(db: Database) -> list[tuple[str, str]]:
    async with db.read() as tx:
        rows = await tx.composed(sql("SELECT name, rse FROM replicas.usable ORDER BY name, rse"))
    return [(row["name"], row["rse"]) for row in rows]


async def test_production_makes_and_changes_storage_elements(site: Site) -> None:
    who = site.member(Role.PRODUCTION)
    made = await create_rse(site.db, who, experiment="dune", name="CACHE", description="fast", preference=-1)
    assert (made.is_enabled, made.is_available, made.is_tape, made.experiment_id) == (True, True, False, site.dune.id)
    changed = await update_rse(site.db, who, experiment="dune", name="CACHE", is_enabled=False, preference=3)
    assert (changed.is_enabled, changed.preference, changed.description) == (False, 3, "fast")
    listed = await list_rses(site.db, site.member(Role.ANALYSIS), experiment="dune")
    assert [(rse.name, rse.preference) for rse in listed] == [("DISK", 0), ("CACHE", 3), ("TAPE", 10)]
    assert listed[1] == changed
    assert [action for action, _ in who.consulted] == [Action.EDIT, Action.EDIT]


@pytest.mark.parametrize("role", [Role.ANALYSIS, Role.SHIFTER])
async def test_other_members_do_not(site: Site, role: Role) -> None:
    with pytest.raises(NotPermittedError, match="edit this storage element: it takes the role production"):
        await create_rse(site.db, site.member(role), experiment="dune", name="CACHE")
    with pytest.raises(NotPermittedError):
        await update_rse(site.db, site.member(role), experiment="dune", name="DISK", is_enabled=False)
    with pytest.raises(NotPermittedError):
        await list_rses(site.db, site.member(role), experiment="sbnd")


async def test_names_are_unique_within_their_experiment(site: Site) -> None:
    with pytest.raises(RseExistsError, match="DISK"):
        await create_rse(site.db, SYSTEM, experiment="dune", name="DISK")
    with pytest.raises(RseNotFoundError, match="no storage element MOON"):
        await update_rse(site.db, SYSTEM, experiment="dune", name="MOON", is_enabled=False)
    with pytest.raises(ExperimentNotFoundError):
        await list_rses(site.db, SYSTEM, experiment="nova")
    with pytest.raises(InvalidInputError):
        await create_rse(site.db, SYSTEM, experiment="dune", name="A B")
    with pytest.raises(InvalidInputError):
        await update_rse(site.db, SYSTEM, experiment="dune", name="DISK", url_prefix="a b")


async def test_changes_made_at_the_same_time_both_hold(site: Site) -> None:
    await asyncio.gather(
        update_rse(site.db, SYSTEM, experiment="dune", name="DISK", is_available=False),
        update_rse(site.db, SYSTEM, experiment="dune", name="DISK", preference=5),
        update_rse(site.db, SYSTEM, experiment="dune", name="DISK", description="spinning"),
    )
    disk = next(rse for rse in await list_rses(site.db, SYSTEM, experiment="dune") if rse.name == "DISK")
    assert (disk.is_available, disk.preference, disk.description) == (False, 5, "spinning")


async def test_the_history_of_a_storage_element_tells_what_changed_and_nothing_else(site: Site) -> None:
    await update_rse(site.db, SYSTEM, experiment="dune", name="TAPE", is_tape=True)
    await update_rse(site.db, SYSTEM, experiment="dune", name="TAPE", is_available=False)
    await add_replicas(
        site.db, site.member(Role.ANALYSIS), experiment="dune", replicas=[on("TAPE", "a"), on("TAPE", "b")]
    )
    await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("TAPE", "a")])
    async with site.db.read() as tx:
        history = await list_history(tx, subject_kind="rse", subject_id="TAPE")
    assert [(event.kind, event.actor, event.facts) for event in reversed(history)] == [
        ("replicas.rse_created", "sutler", {"name": "TAPE"}),
        ("replicas.rse_changed", "sutler", {"name": "TAPE", "is_enabled": True, "is_available": False}),
        ("replicas.replicas_added", "mia", {"rse": "TAPE", "count": 2}),
    ]
    assert {event.experiment_id for event in history} == {site.dune.id}


async def test_replicas_are_listed_in_the_order_of_the_files_and_the_preferred_first(site: Site) -> None:
    who = site.member(Role.ANALYSIS)
    replicas = [on("TAPE", "a"), on("DISK", "a"), on("DISK", "b", url="root://door//b")]
    assert await add_replicas(site.db, who, experiment="dune", replicas=replicas) == 3
    listed = await list_replicas(site.db, who, dids=[did("b"), did("unknown"), did("a")])
    assert [(replica.did, replica.rse, replica.url) for replica in listed] == [
        (did("b"), "DISK", "root://door//b"),
        (did("a"), "DISK", "file:///DISK/a"),
        (did("a"), "TAPE", "file:///TAPE/a"),
    ]
    assert who.consulted
    assert await list_replicas(site.db, who, dids=[]) == []


async def test_a_replica_is_usable_while_it_is_staged_and_its_storage_element_is_up(site: Site) -> None:
    replicas = [on("DISK", "a"), on("TAPE", "b", is_staged=False), on("TAPE", "c")]
    await add_replicas(site.db, SYSTEM, experiment="dune", replicas=replicas)

    async def list_usable() -> list[tuple[str, str]]:
        listed = await list_replicas(site.db, SYSTEM, dids=[did("a"), did("b"), did("c")])
        usable = [(replica.name, replica.rse) for replica in listed if replica.is_usable]
        assert usable == await read_usable(site.db)
        return usable

    assert await list_usable() == [("a", "DISK"), ("c", "TAPE")]
    await update_rse(site.db, SYSTEM, experiment="dune", name="TAPE", is_available=False)
    assert await list_usable() == [("a", "DISK")]
    await update_rse(site.db, SYSTEM, experiment="dune", name="TAPE", is_available=True)
    await update_rse(site.db, SYSTEM, experiment="dune", name="DISK", is_enabled=False)
    assert await list_usable() == [("c", "TAPE")]
    await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("TAPE", "b")])
    assert await list_usable() == [("b", "TAPE"), ("c", "TAPE")]


async def test_recording_the_same_again_changes_nothing(site: Site) -> None:
    who = site.member(Role.ANALYSIS)
    assert await add_replicas(site.db, who, experiment="dune", replicas=[on("DISK", "a"), on("DISK", "a")]) == 1
    assert await add_replicas(site.db, who, experiment="dune", replicas=[on("DISK", "a"), on("DISK", "b")]) == 1


async def test_one_bad_replica_refuses_the_whole_call(site: Site) -> None:
    for bad in (on("MOON", "b"), on("DISK", "b b"), on("DISK", "b", url="file:///b b")):
        with pytest.raises(InvalidReplicaError):
            await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("DISK", "a"), bad])
    assert await read_usable(site.db) == []


async def test_the_storage_element_of_another_experiment_is_not_found(site: Site) -> None:
    with pytest.raises(InvalidReplicaError, match="no storage element of that name"):
        await add_replicas(site.db, SYSTEM, experiment="sbnd", replicas=[on("TAPE", "a")])


@pytest.mark.parametrize("kind", [TokenKind.API, TokenKind.JOB])
async def test_members_and_jobs_add_replicas_but_do_not_redirect_those_of_others(site: Site, kind: TokenKind) -> None:
    who = site.member(Role.ANALYSIS, kind=kind)
    await add_replicas(site.db, who, experiment="dune", replicas=[on("DISK", "a")])
    moved = on("DISK", "a", url="file:///elsewhere/a")
    with pytest.raises(NotPermittedError, match="may not edit this recorded replica"):
        await add_replicas(site.db, who, experiment="dune", replicas=[on("DISK", "b"), moved])
    assert await read_usable(site.db) == [("a", "DISK")]
    assert await add_replicas(site.db, site.member(Role.PRODUCTION), experiment="dune", replicas=[moved]) == 1
    (replica,) = await list_replicas(site.db, who, dids=[did("a")])
    assert replica.url == "file:///elsewhere/a"


async def test_strangers_neither_add_nor_see_replicas(site: Site) -> None:
    await add_replicas(site.db, SYSTEM, experiment="sbnd", replicas=[on("DISK", "a")])
    await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("DISK", "a")])
    who = site.member(Role.SUPERUSER)
    with pytest.raises(NotPermittedError):
        await add_replicas(site.db, who, experiment="sbnd", replicas=[on("DISK", "b")])
    seen = await list_replicas(site.db, who, dids=[did("a")])
    assert [replica.experiment_id for replica in seen] == [site.dune.id]
    stranger = Principal(6, "bob", "Bob", False, {}, {})
    assert await list_replicas(site.db, stranger, dids=[did("a")]) == []
    assert stranger.consulted
    assert len(await list_replicas(site.db, SYSTEM, dids=[did("a")])) == 2


async def test_other_rooms_add_and_list_within_their_transaction(site: Site) -> None:
    with pytest.raises(RuntimeError, match="undone"):
        await add_and_fail(site)
    assert await read_usable(site.db) == []
    async with site.db.write() as tx:
        await add_replicas_in(tx, experiment_id=site.dune.id, replicas=[on("DISK", "a")])
        moved = on("DISK", "a", url="file:///retried/a")
        assert await add_replicas_in(tx, experiment_id=site.dune.id, replicas=[moved]) == 1
        assert [replica.url for replica in await list_replicas_in(tx, dids=[did("a")])] == ["file:///retried/a"]
        assert await add_replicas_in(tx, experiment_id=site.dune.id, replicas=[]) == 0
        assert tx.notices == {"rse/DISK"}


async def add_and_fail(site: Site) -> None:
    async with site.db.write() as tx:
        await add_replicas_in(tx, experiment_id=site.dune.id, replicas=[on("DISK", "a")])
        raise RuntimeError("undone")


async def test_calls_that_cross_each_other_do_not_wait_for_each_other_for_ever(site: Site) -> None:
    names = [f"f{number:03}" for number in range(300)]
    forward = [on("DISK", name) for name in names]
    backward = [on("DISK", name, url=f"file:///other/{name}") for name in reversed(names)]
    await asyncio.gather(
        *(add_replicas(site.db, SYSTEM, experiment="dune", replicas=batch) for batch in (forward, backward) * 5)
    )
    assert len(await read_usable(site.db)) == 300


async def test_ten_thousand_replicas_are_one_call(site: Site) -> None:
    names = [f"f{number:05}" for number in range(10_000)]
    stored = await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("DISK", name) for name in names])
    assert stored == 10_000
    listed = await list_replicas(site.db, SYSTEM, dids=[did(name) for name in reversed(names)])
    assert [replica.name for replica in listed] == names[::-1]


def test_statements_and_functions_of_the_store_correspond_one_to_one() -> None:
    functions = {
        name
        for name, function in inspect.getmembers(store, inspect.iscoroutinefunction)
        if function.__module__ == store.__name__
    }
    assert functions == {statement.name for statement in load_statements("sutler.replicas")}


async def test_looking_replicas_up_uses_their_key(site: Site) -> None:
    statement = load_statements("sutler.replicas").list_replicas
    names = [f"f{number:05}" for number in range(5000)]
    await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("DISK", name) for name in names])
    async with site.db.connection() as connection:
        await connection.execute("ANALYZE replicas.replicas")
        given: dict[str, object] = {"namespaces": ["dune"], "names": ["f00001"], "experiment_ids": None}
        rows = await connection.fetch(f"EXPLAIN {statement.text}", *statement.arguments(given))
    assert "replicas_pkey" in "\n".join(row[0] for row in rows)


async def test_a_storage_element_with_replicas_is_not_lost_from_sight(site: Site) -> None:
    await add_replicas(site.db, SYSTEM, experiment="dune", replicas=[on("DISK", "a")])
    async with site.db.read() as tx:
        rows = await tx.composed(
            sql("SELECT rse_id, preference FROM replicas.usable WHERE namespace = ") + value("dune")
        )
    disk = next(rse for rse in await list_rses(site.db, SYSTEM, experiment="dune") if rse.name == "DISK")
    assert [(row["rse_id"], row["preference"]) for row in rows] == [(disk.id, 0)]
