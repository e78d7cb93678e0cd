"""Services of an experiment and what it signs in with, through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.contract.metacat.metacat_stand_in import MetacatStandIn
from tests.doors.rest.conftest import Parts, SutlerOf
from tests.integration.replicas.rucio_stand_in import RucioStandIn

from sutler import auth, client
from sutler.client import AsyncClient
from sutler.wire.auth import NewUser
from sutler.wire.services import NewCredential, NewService

SECRET = "open sesame"
HERE = "/experiments/local/services/metacat"
NEW = NewService("https://meta.example/dune")


@pytest.fixture
async def rucio() -> AsyncIterator[RucioStandIn]:
    """A Rucio that knows `mia` as the account `dunepro`."""
    stand_in = RucioStandIn(passwords={("dunepro", "mia"): SECRET}, scopes={"dunepro": ["dune"]})
    async with stand_in.serve():
        yield stand_in


async def test_a_service_is_set_listed_and_removed(sutler: AsyncClient) -> None:
    assert (await sutler.list_services("local")).items == ()
    kept = await sutler.set_service("local", "metacat", NEW)
    assert (kept.kind, kept.auth_url, kept.timeout_seconds) == ("metacat", "https://meta.example/dune/auth", 60.0)
    assert (kept.updated_by, kept.credentials) == ("admin", ())
    credential = await sutler.set_credential("local", "metacat", "production", NewCredential("dunepro", SECRET))
    assert (credential.service, credential.side, credential.method) == ("metacat", "production", "password")
    (listed,) = (await sutler.list_services("local")).items
    assert listed.credentials == (credential,)
    await sutler.remove_credential("local", "metacat", "production")
    with pytest.raises(client.NotFoundError, match="no credential of the side production"):
        await sutler.remove_credential("local", "metacat", "production")
    await sutler.remove_service("local", "metacat")
    with pytest.raises(client.NotFoundError, match="uses no metacat service"):
        await sutler.remove_service("local", "metacat")


async def test_a_service_that_moves_says_that_it_has_no_credentials_any_more(sutler: AsyncClient) -> None:
    await sutler.set_service("local", "metacat", NEW)
    await sutler.set_credential("local", "metacat", "any", NewCredential("dunepro", SECRET))
    moved = await sutler.set_service("local", "metacat", NewService("https://elsewhere.example"))
    assert moved.credentials == ()


async def test_a_secret_comes_back_in_no_answer(sutler: AsyncClient, admin: httpx.AsyncClient) -> None:
    await sutler.set_service("local", "metacat", NEW)
    kept = await admin.put(f"{HERE}/credentials/any", json={"username": "dunepro", "secret": SECRET})
    listed = await admin.get("/experiments/local/services")
    checked = await admin.put(f"{HERE}/credentials/any", json={"username": "", "secret": SECRET})
    wrong_shape = await admin.put(f"{HERE}/credentials/any", json={"username": 7, "secret": [SECRET]})
    unknown = await admin.put(f"{HERE}/credentials/any", json={"username": "mia", "secret": SECRET, "x": SECRET})
    too_long = await admin.put(f"{HERE}/credentials/any", json={"username": "mia", "secret": SECRET * 2000})
    replies = (kept, listed, checked, wrong_shape, unknown, too_long)
    assert [reply.status_code for reply in replies] == [200, 200, 422, 422, 422, 422]
    assert [reply.url.path for reply in replies if SECRET in reply.text] == []


async def test_everything_that_is_wrong_with_a_service_is_said_at_once(admin: httpx.AsyncClient) -> None:
    body = {"server_url": "ftp://x", "auth_url": "https://mia:pw@x", "account": "a b", "timeout_seconds": 7200}
    reply = await admin.put(HERE, json=body)
    assert reply.status_code == 422
    assert reply.json()["code"] == "base.invalid_input"
    named = [problem["where"] for problem in reply.json()["problems"]]
    assert named == ["server_url", "auth_url", "account", "timeout_seconds"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/experiments/local/services/samweb"),
        ("DELETE", "/experiments/local/services/samweb"),
        ("PUT", f"{HERE}/credentials/nobody"),
        ("DELETE", f"{HERE}/credentials/nobody"),
    ],
)
async def test_unknown_kinds_and_sides_are_refused(admin: httpx.AsyncClient, method: str, path: str) -> None:
    body = {"server_url": "https://x", "username": "mia", "secret": SECRET}
    reply = await admin.request(method, path, json=body if method == "PUT" else None)
    assert reply.status_code == 422
    assert SECRET not in reply.text


@pytest.mark.parametrize("seconds", ["0", "-1", "1e400", "NaN", "true", '"60"'])
async def test_a_time_out_that_is_no_sensible_time_is_refused(admin: httpx.AsyncClient, seconds: str) -> None:
    body = f'{{"server_url": "https://x", "timeout_seconds": {seconds}}}'
    reply = await admin.put(HERE, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422


async def test_a_superuser_of_the_experiment_may_do_all_of_it_and_members_only_look(
    sutler: AsyncClient, sutler_of: SutlerOf
) -> None:
    await sutler.create_experiment("nova")
    for username, role in (("sue", "superuser"), ("paul", "production")):
        await sutler.create_user(NewUser(username, f"{username}-password"))
        await sutler.set_member("nova", username, role)  # type: ignore[arg-type]  # a role of the wire
    sue, paul = await sutler_of("sue"), await sutler_of("paul")
    await sue.set_service("nova", "rucio", NewService("https://rucio.example"))
    await sue.set_credential("nova", "rucio", "any", NewCredential("mia", SECRET, "password"))
    (seen,) = (await paul.list_services("nova")).items
    assert (seen.server_url, seen.credentials) == ("https://rucio.example", None)
    for call in (
        lambda: paul.set_service("nova", "rucio", NEW),
        lambda: paul.remove_service("nova", "rucio"),
        lambda: paul.set_credential("nova", "rucio", "any", NewCredential("mia", SECRET)),
        lambda: paul.remove_credential("nova", "rucio", "any"),
        lambda: paul.check_services("nova"),
    ):
        with pytest.raises(client.NotPermittedError, match="role superuser"):
            await call()
    with pytest.raises(client.NotPermittedError):
        await sue.list_services("local")
    await sue.remove_service("nova", "rucio")


async def test_a_check_says_what_it_saw_and_the_worst_of_it(
    parts: Parts, sutler: AsyncClient, rucio: RucioStandIn
) -> None:
    empty = await sutler.check_services("local")
    assert (empty.state, empty.items) == ("fine", ())
    await sutler.set_service("local", "rucio", NewService(rucio.url, account="dunepro", timeout_seconds=10))
    await sutler.set_credential("local", "rucio", "any", NewCredential("mia", SECRET))
    good = await sutler.check_services("local")
    assert (good.state, {line.service for line in good.items}) == ("fine", {"rucio"})
    assert [line.part for line in good.items] == ["server", "credential any", "account dunepro", "scopes of dunepro"]
    rucio.passwords.clear()
    bad = await sutler.check_services("local")
    assert bad.state == "broken"
    assert [line.part for line in bad.items if line.state == "broken"] == ["credential any"]
    assert SECRET not in str(bad)


async def test_a_check_looks_at_both_services_and_shows_no_secret(sutler: AsyncClient, rucio: RucioStandIn) -> None:
    async with MetacatStandIn(passwords={"dunepro": SECRET}).serve() as metacat:
        await sutler.set_service("local", "metacat", NewService(metacat.url, timeout_seconds=10))
        await sutler.set_service("local", "rucio", NewService(rucio.url, account="dunepro", timeout_seconds=10))
        await sutler.set_credential("local", "metacat", "any", NewCredential("dunepro", SECRET))
        await sutler.set_credential("local", "rucio", "any", NewCredential("mia", SECRET))
        report = await sutler.check_services("local")
        assert {line.service for line in report.items} == {"metacat", "rucio"}
        assert [line.sentence for line in report.items if line.state == "broken"] == []
        await sutler.set_credential("local", "metacat", "any", NewCredential("dunepro", "wrong words"))
        broken = await sutler.check_services("local")
    assert [(line.service, line.part) for line in broken.items if line.state == "broken"] == [
        ("metacat", "credential any")
    ]
    assert SECRET not in str(report)
    assert "wrong words" not in str(broken)


async def test_a_lost_sealing_key_is_a_broken_line_and_mended_by_setting_the_password_anew(
    parts: Parts, sutler: AsyncClient, rucio: RucioStandIn
) -> None:
    await sutler.set_service("local", "rucio", NewService(rucio.url, account="dunepro", timeout_seconds=10))
    await sutler.set_credential("local", "rucio", "any", NewCredential("mia", SECRET))
    parts.sealer = auth.Sealer(auth.make_sealing_key(), key_file="/data/sealing.key")
    *_, line = (await sutler.check_services("local")).items
    assert (line.state, "/data/sealing.key" in line.sentence) == ("broken", True)
    await sutler.set_credential("local", "rucio", "any", NewCredential("mia", SECRET))
    assert (await sutler.check_services("local")).state == "fine"
