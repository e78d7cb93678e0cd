"""Queries for the files of an experiment whose catalogue is a MetaCat server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.contract.metacat.bed import SECRET
from tests.contract.metacat.metacat_stand_in import MetacatStandIn
from tests.doors.rest.conftest import Parts

from sutler import client
from sutler.auth import (
    SYSTEM,
    CredentialMethod,
    CredentialSide,
    NewCredential,
    NewService,
    ServiceKind,
    set_credential,
    set_service,
)
from sutler.client import AsyncClient

OUT = "files from prod:out"


@pytest.fixture
async def metacat(parts: Parts) -> AsyncIterator[MetacatStandIn]:
    """The server that `local` uses, with three files; it answers nobody without a token."""
    stand_in = MetacatStandIn(passwords={"pro": SECRET}, is_closed=True, now=lambda: parts.db.clock.now().timestamp())
    stand_in.put_files("prod:out", "a", "b", "c")
    async with stand_in.serve():
        service = NewService(ServiceKind.METACAT, stand_in.url, timeout_for=timedelta(seconds=1))
        await set_service(parts.db, SYSTEM, experiment="local", service=service)
        credential = NewCredential(ServiceKind.METACAT, CredentialSide.ANY, CredentialMethod.PASSWORD, "pro", SECRET)
        await set_credential(parts.db, SYSTEM, parts.sealer, experiment="local", credential=credential)
        yield stand_in


async def test_lists_sums_and_streams_come_from_there(sutler: AsyncClient, metacat: MetacatStandIn) -> None:
    found = (await sutler.query_files(OUT, experiment="local", limit=2, with_metadata=True)).items
    assert [(one.fid, one.size_bytes, one.metadata, one.parents) for one in found] == [
        ("fid-a", 10, {}, None),
        ("fid-b", 10, {}, None),
    ]
    summary = await sutler.summarize_files(OUT, experiment="local")
    assert (summary.count, summary.size_bytes) == (3, 30)
    streamed = [file async for file in sutler.stream_files(OUT, experiment="local", with_provenance=True)]
    assert [(file.name, file.experiment, file.parents) for file in streamed] == [
        ("a", "local", ()),
        ("b", "local", ()),
        ("c", "local", ()),
    ]


async def test_files_are_looked_up_there(sutler: AsyncClient, metacat: MetacatStandIn) -> None:
    (found,) = (await sutler.query_files("fids fid-b", experiment="local")).items
    assert (found.namespace, found.name) == ("prod", "b")


async def test_without_the_experiment_the_built_in_catalogue_is_asked(
    sutler: AsyncClient, metacat: MetacatStandIn
) -> None:
    assert (await sutler.query_files(OUT)).items == ()
    assert metacat.calls == []


async def test_trouble_there_is_told_with_the_address(sutler: AsyncClient, metacat: MetacatStandIn) -> None:
    with pytest.raises(client.InvalidInputError, match="nonsense"):
        await sutler.query_files("nonsense", experiment="local")
    with pytest.raises(client.UpstreamError, match=f"{metacat.url}/data/query answered: 400"):
        await sutler.query_files("files where a.b = 1", experiment="local")
    metacat.passwords["pro"] = "another one"
    metacat.tokens.clear()
    with pytest.raises(client.UpstreamError, match="the password of pro"):
        await sutler.count_files(OUT, experiment="local")


async def test_what_only_the_built_in_catalogue_can_is_refused(sutler: AsyncClient, metacat: MetacatStandIn) -> None:
    with pytest.raises(client.InvalidInputError, match="cannot be used with the catalogue at"):
        await sutler.query_files(OUT, experiment="local", include_retired=True)
    with pytest.raises(client.InvalidInputError, match="must be between 1 and 100000"):
        await sutler.query_files(OUT, experiment="local", limit=0)
    with pytest.raises(client.ConflictError, match=f"The catalogue of local is at {metacat.url}"):
        await sutler.list_metadata_keys(OUT, experiment="local")
    with pytest.raises(client.ConflictError, match="Ask there"):
        await sutler.explain_query(OUT, experiment="local")
