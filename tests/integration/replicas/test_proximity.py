"""The map of distances, and storage elements that come and go."""

from __future__ import annotations

import pytest

from sutler.auth import SYSTEM, Principal, Role, create_experiment
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.database import Database
from sutler.replicas import (
    InvalidProximityError,
    NewReplica,
    Proximity,
    RseInUseError,
    RseNotFoundError,
    add_replicas,
    create_rse,
    delete_rse,
    get_rse,
    list_proximity,
    list_replicas,
    set_proximity,
    update_rse,
)


@pytest.fixture
async def experiment_id(db: Database) -> int:
    """The number of an experiment `dune` with the storage element TAPE."""
    made = await create_experiment(db, SYSTEM, name="dune")
    await create_rse(
        db, SYSTEM, experiment="dune", name="TAPE", is_tape=True, pin_url="https://pin.dune", interface="dcache"
    )
    return made.id


def member(experiment_id: int, role: Role) -> Principal:
    return Principal(5, "mia", "Mia", False, {experiment_id: role}, {experiment_id: "dune"})


async def test_what_staging_needs_is_kept_and_changed(db: Database, experiment_id: int) -> None:
    made = await get_rse(db, member(experiment_id, Role.ANALYSIS), experiment="dune", name="TAPE")
    assert (made.pin_url, made.poll_url, made.interface) == ("https://pin.dune", None, "dcache")
    changed = await update_rse(
        db, SYSTEM, experiment="dune", name="TAPE", poll_url="https://poll", add_prefix="/pnfs", pin_url=""
    )
    assert (changed.pin_url, changed.poll_url, changed.add_prefix) == ("", "https://poll", "/pnfs")
    assert await get_rse(db, SYSTEM, experiment="dune", name="TAPE") == changed
    with pytest.raises(RseNotFoundError):
        await get_rse(db, SYSTEM, experiment="dune", name="MOON")


async def test_a_storage_element_is_deleted_only_without_replicas(db: Database, experiment_id: int) -> None:
    production = member(experiment_id, Role.PRODUCTION)
    with pytest.raises(NotPermittedError):
        await delete_rse(db, member(experiment_id, Role.ANALYSIS), experiment="dune", name="TAPE")
    await add_replicas(db, SYSTEM, experiment="dune", replicas=[NewReplica(Did("dune", "a"), "TAPE", "file:///a")])
    with pytest.raises(RseInUseError, match="disabled"):
        await delete_rse(db, production, experiment="dune", name="TAPE")
    await create_rse(db, SYSTEM, experiment="dune", name="DISK")
    await delete_rse(db, production, experiment="dune", name="DISK")
    with pytest.raises(RseNotFoundError):
        await delete_rse(db, production, experiment="dune", name="DISK")


async def test_a_replica_says_whether_it_is_staged_and_its_storage_available(db: Database, experiment_id: int) -> None:
    replica = NewReplica(Did("dune", "a"), "TAPE", "file:///a", is_staged=False)
    await add_replicas(db, SYSTEM, experiment="dune", replicas=[replica])
    await update_rse(db, SYSTEM, experiment="dune", name="TAPE", is_available=False)
    [listed] = await list_replicas(db, member(experiment_id, Role.ANALYSIS), dids=[Did("dune", "a")])
    assert (listed.is_staged, listed.is_rse_available, listed.is_usable) == (False, False, False)


async def test_a_map_replaces_the_one_before_or_changes_nothing(db: Database, experiment_id: int) -> None:
    production = member(experiment_id, Role.PRODUCTION)
    assert await set_proximity(db, production, experiment="dune", text="A,TAPE,5\nDEFAULT,DEFAULT,100\n") == 2
    with pytest.raises(InvalidProximityError, match="line 2"):
        await set_proximity(db, production, experiment="dune", text="B,TAPE,1\nB,TAPE,far\n")
    assert len(await list_proximity(db, production, experiment="dune")) == 2
    assert await set_proximity(db, production, experiment="dune", text="B,TAPE,1") == 1
    listed = await list_proximity(db, member(experiment_id, Role.ANALYSIS), experiment="dune")
    assert listed == [Proximity("B", "TAPE", 1)]
    with pytest.raises(NotPermittedError):
        await set_proximity(db, member(experiment_id, Role.ANALYSIS), experiment="dune", text="")
