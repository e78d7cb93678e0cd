"""Services of an experiment on the command line, against the API over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings
from tests.integration.replicas.rucio_stand_in import RucioStandIn

__all__ = ["address", "run", "signed_in", "surroundings"]

SECRET = "open sesame"


@pytest.fixture
async def rucio() -> AsyncIterator[RucioStandIn]:
    """A Rucio that knows `mia` as the account `dunepro`."""
    stand_in = RucioStandIn(passwords={("dunepro", "mia"): SECRET}, scopes={"dunepro": ["dune"]})
    async with stand_in.serve():
        yield stand_in


async def set_rucio(signed_in: Run, rucio: RucioStandIn) -> None:
    done = await ok(
        signed_in("experiment", "service", "set", "local", "rucio", rucio.url, "--account", "dunepro", "--timeout", "9")
    )
    assert f"local uses rucio at {rucio.url}" in done
    assert "sutler experiment credential set local rucio USER" in done


async def test_a_password_is_read_from_standard_input_and_the_check_goes_well(
    signed_in: Run, rucio: RucioStandIn
) -> None:
    await set_rucio(signed_in, rucio)
    arguments = ("experiment", "credential", "set", "local", "rucio", "mia", "--password-stdin")
    kept = await ok(signed_in(*arguments, stdin=f"{SECRET}\n"))
    assert "The password of mia is kept." in kept
    listed = await ok(signed_in("experiment", "service", "list", "local"))
    assert "mia (any, password)" in listed
    assert SECRET not in kept + listed
    checked = await ok(signed_in("experiment", "check", "local"))
    assert "It acts as dunepro" in checked
    assert json.loads(await ok(signed_in("experiment", "check", "local", "--json")))["state"] == "fine"


async def test_a_broken_line_ends_the_check_with_1(signed_in: Run, rucio: RucioStandIn) -> None:
    await set_rucio(signed_in, rucio)
    for arguments in (("experiment", "check", "local"), ("experiment", "check", "local", "--json")):
        done = await signed_in(*arguments)
        assert done.code == 1
        assert "broken" in done.out
        assert done.err == ""


async def test_without_services_there_is_nothing_to_check(signed_in: Run) -> None:
    assert "uses the catalogue and replicas of this installation" in await ok(signed_in("experiment", "check", "local"))
    assert (await signed_in("experiment", "check", "nowhere")).code == 3


async def test_services_and_credentials_are_removed(signed_in: Run, rucio: RucioStandIn) -> None:
    await set_rucio(signed_in, rucio)
    arguments = (
        "experiment",
        "credential",
        "set",
        "local",
        "rucio",
        "robot",
        "--method",
        "token",
        "--side",
        "analysis",
    )
    kept = json.loads(await ok(signed_in(*arguments, "--password-stdin", "--json", stdin="e30.e30.x\n")))
    assert (kept["method"], kept["side"]) == ("token", "analysis")
    await ok(signed_in("experiment", "credential", "remove", "local", "rucio", "--side", "analysis"))
    assert (await signed_in("experiment", "credential", "remove", "local", "rucio", "--side", "analysis")).code == 3
    await ok(signed_in("experiment", "service", "remove", "local", "rucio"))
    assert json.loads(await ok(signed_in("experiment", "service", "list", "local", "--json"))) == []


async def test_an_address_that_cannot_be_used_is_explained(signed_in: Run) -> None:
    done = await signed_in("experiment", "service", "set", "local", "metacat", "meta.example")
    assert done.code == 2
    assert "must begin with http:// or https://" in done.err
