"""Checking the Rucio of an experiment, against a small stand-in for the server."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.integration.replicas.rucio_stand_in import RucioStandIn, refuse, reply

from sutler.auth import (
    SYSTEM,
    CredentialMethod,
    CredentialSide,
    NewCredential,
    NewService,
    Sealer,
    ServiceKind,
    create_experiment,
    make_sealing_key,
    set_credential,
    set_service,
)
from sutler.base.check_lines import CheckState
from sutler.database import Database
from sutler.replicas import check_rucio

FINE, DOUBTFUL, BROKEN = CheckState.FINE, CheckState.DOUBTFUL, CheckState.BROKEN
SECRET = "open sesame"


@dataclass
class Checked:
    """An experiment `dune` and the Rucio that it may use."""

    db: Database
    sealer: Sealer
    rucio: RucioStandIn
    experiment_id: int

    async def connect(self, *, url: str = "", account: str = "dunepro", seconds: float = 5) -> None:
        """Name the Rucio of the experiment."""
        timeout_for = timedelta(seconds=seconds)
        service = NewService(ServiceKind.RUCIO, url or self.rucio.url, account=account, timeout_for=timeout_for)
        await set_service(self.db, SYSTEM, experiment="dune", service=service)

    async def sign_in(
        self,
        secret: str = SECRET,
        *,
        side: CredentialSide = CredentialSide.ANY,
        method: CredentialMethod = CredentialMethod.PASSWORD,
    ) -> None:
        """Set a credential of the user `mia`."""
        credential = NewCredential(ServiceKind.RUCIO, side, method, "mia", secret)
        await set_credential(self.db, SYSTEM, self.sealer, experiment="dune", credential=credential)

    async def check(self) -> list[tuple[str, CheckState, str]]:
        """Return the lines."""
        lines = await check_rucio(self.db, self.sealer, experiment_id=self.experiment_id)
        return [(line.part, line.state, line.sentence) for line in lines]


@pytest.fixture
async def checked(db: Database) -> AsyncIterator[Checked]:
    experiment = await create_experiment(db, SYSTEM, name="dune")
    rucio = RucioStandIn(passwords={("dunepro", "mia"): SECRET}, scopes={"dunepro": ["dune", "user.dunepro"]})
    async with rucio.serve():
        yield Checked(db, Sealer(make_sealing_key(), key_file="sealing.key"), rucio, experiment.id)


def make_jwt(expires_at: datetime) -> str:
    said = base64.urlsafe_b64encode(json.dumps({"exp": expires_at.timestamp()}).encode()).decode().rstrip("=")
    return f"e30.{said}.c2lnbmF0dXJl"


async def test_without_a_rucio_there_is_nothing_to_check(checked: Checked) -> None:
    assert await checked.check() == []
    assert checked.rucio.asked == []


async def test_a_rucio_that_works_says_version_token_account_and_scopes(checked: Checked) -> None:
    await checked.connect()
    await checked.sign_in()
    assert await checked.check() == [
        ("server", FINE, f"{checked.rucio.url} answers: Rucio 41.5.1."),
        (
            "credential any",
            FINE,
            "The password of mia is taken: it gives tokens, this one good until 2026-03-01 13:00 UTC.",
        ),
        ("account dunepro", FINE, "It acts as dunepro, whose status is ACTIVE."),
        ("scopes of dunepro", FINE, "It owns 2: dune, user.dunepro."),
    ]
    shown = {path for path, headers in checked.rucio.asked if SECRET in headers.values()}
    assert shown == {"/auth/userpass"}


async def test_each_side_is_tried_once(checked: Checked) -> None:
    await checked.connect()
    await checked.sign_in()
    await checked.sign_in("wrong words", side=CredentialSide.PRODUCTION)
    lines = {part: state for part, state, _ in await checked.check() if part.startswith("credential")}
    assert lines == {"credential any": FINE, "credential production": BROKEN}


async def test_a_wrong_password_is_broken_with_what_rucio_said_and_without_the_password(checked: Checked) -> None:
    await checked.connect()
    await checked.sign_in("wrong words")
    *_, (part, state, sentence) = await checked.check()
    assert (part, state) == ("credential any", BROKEN)
    assert "The password of mia was refused." in sentence
    assert "401 CannotAuthenticate: Cannot authenticate to account dunepro with …" in sentence
    assert "wrong words" not in sentence


async def test_a_bearer_token_is_shown_as_it_is_and_warns_before_it_ends(checked: Checked) -> None:
    token = make_jwt(checked.db.clock.now() + timedelta(days=2))
    checked.rucio.bearers[token] = "dunepro"
    await checked.connect()
    await checked.sign_in(token, method=CredentialMethod.TOKEN)
    lines = {part: (state, sentence) for part, state, sentence in await checked.check()}
    assert lines["credential any"] == (
        DOUBTFUL, "The token of mia is taken; it is good until 2026-03-03 12:00 UTC. Set a new one before.",
    )  # fmt: skip
    assert "/auth/userpass" not in {path for path, _ in checked.rucio.asked}


async def test_a_bearer_token_that_ended_is_broken(checked: Checked) -> None:
    await checked.connect()
    await checked.sign_in(make_jwt(checked.db.clock.now() - timedelta(days=2)), method=CredentialMethod.TOKEN)
    *_, (part, state, sentence) = await checked.check()
    assert (part, state) == ("credential any", BROKEN)
    assert "The token of mia was refused." in sentence


async def test_an_account_without_scopes_or_rights_is_doubtful(checked: Checked) -> None:
    checked.rucio.scopes.clear()
    checked.rucio.statuses["dunepro"] = "SUSPENDED"
    await checked.connect()
    await checked.sign_in()
    states = {part: state for part, state, _ in await checked.check()}
    assert states["account dunepro"] == states["scopes of dunepro"] == DOUBTFUL


async def test_acting_as_another_account_than_the_one_set_is_doubtful(checked: Checked) -> None:
    token = make_jwt(checked.db.clock.now() + timedelta(days=20))
    checked.rucio.bearers[token] = "somebody"
    await checked.connect()
    await checked.sign_in(token, method=CredentialMethod.TOKEN)
    lines = {part: (state, sentence) for part, state, sentence in await checked.check()}
    assert lines["account somebody"] == (DOUBTFUL, "It acts as somebody, not as dunepro, which is set.")


async def test_many_scopes_are_counted_and_the_first_named(checked: Checked) -> None:
    checked.rucio.scopes["dunepro"] = [f"scope{number:02}" for number in range(12)]
    await checked.connect()
    await checked.sign_in()
    *_, (_, _, sentence) = await checked.check()
    assert sentence.startswith("It owns 12: scope00, ")
    assert sentence.endswith("scope09 and 2 more.")


async def test_without_a_credential_the_check_says_that_one_is_needed(checked: Checked) -> None:
    await checked.connect()
    assert [(part, state) for part, state, _ in await checked.check()] == [("server", FINE), ("credentials", BROKEN)]


async def test_a_secret_under_another_key_says_so(checked: Checked) -> None:
    await checked.connect()
    await checked.sign_in()
    checked.sealer = Sealer(make_sealing_key(), key_file="/data/sealing.key")
    *_, (part, state, sentence) = await checked.check()
    assert (part, state) == ("credentials", BROKEN)
    assert "/data/sealing.key" in sentence


async def test_a_server_that_is_not_there_is_one_broken_line(checked: Checked) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        await checked.connect(url=url)
        await checked.sign_in()
        ((part, state, sentence),) = await checked.check()
    assert (part, state) == ("server", BROKEN)
    assert sentence.startswith(f"{url}/ping cannot be reached: ")


async def test_a_server_that_does_not_answer_is_given_up_in_time(checked: Checked) -> None:
    checked.rucio.is_silent = True
    await checked.connect(seconds=1)
    ((part, state, sentence),) = await checked.check()
    assert (part, state) == ("server", BROKEN)
    assert "/ping did not answer within 1 seconds." in sentence or "/ping cannot be reached" in sentence


@pytest.mark.parametrize(
    ("path", "raw", "part", "said"),
    [
        ("/ping", reply(200, "<html>hello</html>"), "server", "not JSON: <html>hello</html>"),
        ("/ping", reply(200, {"v": 1}), "server", "names no version"),
        ("/ping", reply(302, "", Location="http://127.0.0.1:1/ping"), "server", "302"),
        ("/ping", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "server", "cannot be reached"),
        ("/ping", reply(200, "x" * (4 * 1024 * 1024 + 1)), "server", "more than 4194304 bytes"),
        ("/auth/userpass", reply(200, ""), "credential any", "without a token"),
        ("/auth/userpass", refuse(503, "DatabaseException", "no connections left"), "credential any", "503 Database"),
        ("/accounts/whoami", reply(200, "[]"), "credential any", "without the name of an account"),
        ("/accounts/dunepro/scopes/", reply(200, {}), "scopes of dunepro", "no list of scopes"),
        ("/accounts/dunepro/scopes/", refuse(401, "AccessDenied", "no"), "scopes of dunepro", "401 AccessDenied: no"),
    ],
)
async def test_an_answer_that_cannot_be_right_is_broken_and_repeated_in_short(
    checked: Checked, path: str, raw: bytes, part: str, said: str
) -> None:
    checked.rucio.raw[path] = raw
    await checked.connect()
    await checked.sign_in()
    found = [(name, sentence) for name, state, sentence in await checked.check() if state is BROKEN]
    assert len(found) == 1
    assert found[0][0] == part
    assert said in found[0][1]
    assert len(found[0][1]) < 500
    assert SECRET not in found[0][1]


async def test_an_account_that_is_described_at_once_is_understood_too(checked: Checked) -> None:
    checked.rucio.raw["/accounts/whoami"] = reply(200, {"account": "dunepro", "status": "ACTIVE"})
    await checked.connect()
    await checked.sign_in()
    assert {state for _, state, _ in await checked.check()} == {FINE}


async def test_a_password_is_not_sent_over_the_network_for_all_to_read(checked: Checked) -> None:
    service = NewService(ServiceKind.RUCIO, checked.rucio.url, "http://auth.invalid", timeout_for=timedelta(seconds=1))
    await set_service(checked.db, SYSTEM, experiment="dune", service=service)
    await checked.sign_in()
    server, (part, state, sentence) = await checked.check()
    assert server[1] is FINE
    assert (part, state) == ("address", BROKEN)
    assert sentence == "No password or token is sent to http://auth.invalid for all to read: use https."
    assert [path for path, _ in checked.rucio.asked] == ["/ping"]


async def test_letters_outside_of_ascii_reach_the_server_whole(checked: Checked) -> None:
    checked.rucio.passwords["dunepro", "mia"] = "Grüße"
    await checked.connect()
    await checked.sign_in("Grüße")
    assert {state for _, state, _ in await checked.check()} == {FINE}
