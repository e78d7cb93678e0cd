"""Looking up files of an experiment whose catalogue is a MetaCat server."""

from __future__ import annotations

import pytest
from tests.contract.metacat.metacat_stand_in import Fault, MetacatStandIn
from tests.doors.rest.conftest import Parts, SutlerOf
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings
from tests.doors.rest.test_remote_queries import metacat

from sutler import client
from sutler.auth import SYSTEM, create_experiment
from sutler.client import AsyncClient
from sutler.wire.auth import NewUser
from sutler.wire.catalog import NewFile, NewNamespace

__all__ = ["address", "metacat", "run", "signed_in", "surroundings"]


@pytest.fixture
def family(metacat: MetacatStandIn) -> MetacatStandIn:
    """The server with `prod:b`, made from `prod:a`; `prod:c` was made from it, and so was one that nobody may see."""
    metacat.files["fid-b"] |= {
        "size": 12,
        "creator": "pro",
        "checksums": {"adler32": "0a0b0c0d"},
        "metadata": {"core.run": 7},
        "parents": [{"fid": "fid-a"}],
    }
    metacat.files["fid-c"]["parents"] = [{"fid": "fid-b"}, {"fid": "fid-hidden"}]
    return metacat


async def test_files_come_from_there_with_their_relatives(sutler: AsyncClient, family: MetacatStandIn) -> None:
    asked = ["prod:c", "fid-b", "prod:b", "prod:none", "fid-none"]
    found = (await sutler.list_files(asked, with_provenance=True, with_datasets=True, experiment="local")).items
    assert [view.file.fid for view in found] == ["fid-c", "fid-b"]
    file = found[1].file
    assert (file.namespace, file.name, file.experiment, file.size_bytes) == ("prod", "b", "local", 12)
    assert (file.checksums, file.metadata, file.created_by) == ({"adler32": "0a0b0c0d"}, {"core.run": 7}, "pro")
    assert (file.created_at.year, file.updated_at, file.retired_at) == (2022, None, None)
    assert [(one.fid, one.namespace, one.name, one.size_bytes) for one in found[1].parents] == [
        ("fid-a", "prod", "a", 10)
    ]
    assert [one.name for one in found[1].children] == ["c"]
    assert (found[1].datasets, found[1].dataset_count) == ((), 0)


async def test_a_relative_that_cannot_be_seen_there_is_only_counted(
    sutler: AsyncClient, family: MetacatStandIn
) -> None:
    (found,) = (await sutler.list_files(["prod:c"], with_provenance=True, experiment="local")).items
    assert ([one.fid for one in found.parents], found.parent_count) == (["fid-b"], 2)


async def test_one_file_comes_from_there_by_its_name_or_its_fid(sutler: AsyncClient, family: MetacatStandIn) -> None:
    found = await sutler.get_file("prod:b", experiment="local")
    assert found == await sutler.get_file_by_fid("fid-b", experiment="local")
    assert (found.file.metadata, found.file.size_bytes) == ({"core.run": 7}, 12)
    assert ([one.name for one in found.parents], [one.name for one in found.children]) == (["a"], ["c"])
    with pytest.raises(client.NotFoundError, match="There is no file prod:none"):
        await sutler.get_file("prod:none", experiment="local")
    with pytest.raises(client.NotFoundError, match="There is no file fid-none"):
        await sutler.get_file_by_fid("fid-none", experiment="local")
    with pytest.raises(client.NotFoundError):
        await sutler.get_file("prod:b")


async def test_what_is_not_asked_for_is_empty(sutler: AsyncClient, family: MetacatStandIn) -> None:
    (found,) = (await sutler.list_files(["prod:b"], with_metadata=False, experiment="local")).items
    assert (found.file.metadata, found.parents, found.parent_count) == ({}, (), 0)
    assert family.count("files") == 1


async def test_without_a_catalogue_elsewhere_the_built_in_one_is_asked(
    sutler: AsyncClient, parts: Parts, family: MetacatStandIn
) -> None:
    await create_experiment(parts.db, SYSTEM, name="nova")
    await sutler.create_namespace(NewNamespace("nova", "nova", "", "production"))
    await sutler.declare_files([NewFile("nova", "x", 1, fid="fid-x")])
    for experiment in (None, "nova"):
        found = (await sutler.list_files(["nova:x", "prod:b"], experiment=experiment)).items
        assert [view.file.fid for view in found] == ["fid-x"]
    assert family.calls == []


async def test_only_members_ask_in_the_name_of_an_experiment(
    sutler: AsyncClient, sutler_of: SutlerOf, family: MetacatStandIn
) -> None:
    await sutler.create_user(NewUser("bob", "bob-password", "Bob"))
    bob = await sutler_of("bob")
    with pytest.raises((client.NotFoundError, client.NotPermittedError)):
        await bob.list_files(["prod:b"], experiment="local")
    assert family.calls == []


async def test_trouble_there_is_told(sutler: AsyncClient, family: MetacatStandIn) -> None:
    family.faults.append(Fault("files", 400))
    with pytest.raises(client.UpstreamError, match=f"{family.url}/data/files answered: 400"):
        await sutler.list_files(["prod:b"], experiment="local")


async def test_a_file_is_shown_by_command(signed_in: Run, family: MetacatStandIn) -> None:
    shown = await ok(signed_in("file", "show", "prod:b", "--experiment", "local"))
    for words in ("fid-b", "0a0b0c0d", "by pro", "prod:a", "prod:c", "core.run"):
        assert words in shown
    missing = await signed_in("file", "show", "prod:none", "--experiment", "local")
    assert "There is no file prod:none." in missing.err
    assert missing.code == (await signed_in("file", "show", "prod:none")).code
