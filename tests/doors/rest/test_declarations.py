"""Declarations to a catalogue elsewhere, retried through the API and on the command line."""

from __future__ import annotations

import pytest
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings
from tests.integration.elsewhere import Elsewhere, name_elsewhere

from sutler import catalog, client
from sutler.auth import Role
from sutler.base.did import Did
from sutler.catalog import NewFile
from sutler.client import AsyncClient

__all__ = ["address", "run", "signed_in", "surroundings"]


async def _refuse(parts: Parts, *names: str) -> Elsewhere:
    """Keep files that the catalogue elsewhere refuses."""
    experiment_id = await name_elsewhere(parts.db, experiment="local")
    async with parts.db.write() as tx:
        await catalog.keep_outputs_in(
            tx,
            experiment_id=experiment_id,
            role=Role.PRODUCTION,
            files=[NewFile("far", name, 1) for name in names],
            dataset=None,
            share_id=None,
            username="admin",
        )
    far = Elsewhere(refusals=dict.fromkeys(names, "not now"))
    assert await catalog.send_declarations(parts.db, far, count=10) == len(names)
    far.refusals.clear()
    return far


async def test_refused_declarations_are_retried(parts: Parts, sutler: AsyncClient) -> None:
    far = await _refuse(parts, "a", "b")
    assert (await sutler.retry_declarations("local")).count == 2
    assert await catalog.send_declarations(parts.db, far, count=10) == 2
    assert set(far.files) == {Did("far", "a"), Did("far", "b")}
    assert (await sutler.retry_declarations("local")).count == 0


async def test_retrying_takes_the_role_production(anna: AsyncClient) -> None:
    with pytest.raises(client.NotPermittedError):
        await anna.retry_declarations("local")


async def test_an_unknown_experiment_has_none_to_retry(sutler: AsyncClient) -> None:
    with pytest.raises(client.NotFoundError):
        await sutler.retry_declarations("nowhere")


async def test_the_command_says_how_many_are_retried(parts: Parts, signed_in: Run) -> None:
    await _refuse(parts, "a")
    said = await ok(signed_in("submission", "retry-declarations", "local"))
    assert "1 refused declarations of local are tried once more." in said
